from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from textual.events import MouseScrollUp
from textual.geometry import Region
from textual.widgets import Input

from tests.transcript_pane import Pane, Screen, screen, talk
from tests.transcript_world import REPLY_OF_TWELVE_LINES, Script, long_session
from tui.console import theme
from tui.console.transcript.blocks import BlockId
from tui.console.transcript.view import TranscriptView
from tui.events.turn import MessageQueued


async def test_the_end_is_in_sight_when_a_session_is_opened():
    async with screen(talk(30)) as seen:
        assert "answer 29" in seen.text()
        assert seen.view.following


async def test_what_comes_is_followed():
    async with screen(talk(30)) as seen:
        seen.script.turn("one more", "the newest answer")
        await seen.feed()
        assert "the newest answer" in seen.text()


async def test_scrolled_up_the_place_is_held():
    async with screen(talk(30)) as seen:
        seen.view.action_page(-1)
        before = seen.rows()
        seen.script.turn("one more", "the newest answer")
        await seen.feed()
        assert seen.rows()[:-1] == before[:-1]
        assert seen.rows()[-1].endswith("3 new ↓")


async def test_the_line_of_what_is_new_jumps_to_the_end():
    async with screen(talk(30)) as seen:
        seen.view.action_page(-1)
        seen.script.turn("one more", "the newest answer")
        await seen.feed()
        await seen.click("3 new")
        assert "the newest answer" in seen.text()
        assert seen.view.following


async def test_a_reply_that_grows_out_of_sight_is_told_of():
    script = talk(30).prompt("x").route().say("a\n\n" * 40)
    async with screen(script) as seen:
        seen.view.action_page(-1)
        seen.script.say("b")
        await seen.feed()
        assert seen.rows()[-1].endswith("more ↓")


async def test_scrolling_back_to_the_end_follows_again():
    async with screen(talk(30)) as seen:
        seen.view.action_page(-1)
        seen.view.action_page(1)
        await seen.settle()
        assert seen.view.following


@pytest.mark.long
@pytest.mark.parametrize(
    ("act", "first", "last"),
    [
        (lambda v: v.action_start(), "question 0", ""),
        (lambda v: v.scroll_home(animate=False), "question 0", ""),
        (lambda v: (v.action_start(), v.follow_end()), "", "answer 29"),
        (lambda v: (v.action_start(), v.scroll_end(animate=False)), "", "answer 29"),
    ],
)
async def test_home_and_end_reach_the_ends(
    act: Callable[[TranscriptView], object], first: str, last: str
):
    async with screen(talk(30)) as seen:
        act(seen.view)
        await seen.settle()
        assert first in seen.text()
        assert last in seen.text()


async def test_paging_up_and_down_shows_every_line_once():
    async with screen(talk(30)) as seen:
        step = seen.view.size.height - 2
        whole: list[str] = seen.rows()
        while seen.view.scroll_offset.y:
            at = seen.view.scroll_offset.y
            seen.view.action_page(-1)
            moved = min(step, at)
            whole = [*seen.rows()[: moved or 0], *whole]
        text = "\n".join(whole)
        assert all(
            text.count(f"question {n}\n") + text.count(f"question {n} ") == 1 for n in range(30)
        )


async def test_the_wheel_scrolls_real_lines():
    async with screen(talk(30)) as seen:
        before = seen.rows()
        await seen.pilot._post_mouse_events([MouseScrollUp], seen.view)  # pyright: ignore
        await seen.settle()
        assert seen.rows()[3:] == before[:-3]


async def test_another_width_keeps_the_place():
    script = Script()
    for number in range(40):
        script.turn(f"question {number}", f"answer {number} " + "with many words " * 30)
    async with screen(script) as seen:
        seen.view.action_start()
        seen.view.scroll_lines(101)
        top = next(row for row in seen.rows() if "answer" in row).split()[1]
        await seen.pilot.resize_terminal(60, 24)
        await seen.settle()
        assert f"answer {top} " in seen.text()


async def test_another_width_still_follows_the_end():
    async with screen(talk(30)) as seen:
        await seen.pilot.resize_terminal(50, 15)
        await seen.settle()
        assert "more of it" in seen.text()
        assert seen.view.following


@pytest.mark.long
@pytest.mark.parametrize("size", [(20, 5), (8, 3), (60, 18), (200, 60)])
async def test_any_size_can_be_shown(size: tuple[int, int]):
    script = talk(3).turn("x", REPLY_OF_TWELVE_LINES + "\n|a|b|\n|-|-|\n|1|2|\n")
    async with screen(script, size) as seen:
        assert seen.rows()


@pytest.mark.long
async def test_a_click_opens_a_card_and_another_closes_it():
    script = Script().prompt("x").route().tool("read", {"path": "a.py"}, "first\nsecond")
    async with screen(script) as seen:
        await seen.click("read a.py")
        assert "│ second" in seen.text()
        await seen.click("read a.py")
        assert "│ second" not in seen.text()


async def test_an_opened_card_stays_where_it_was_on_the_screen():
    script = talk(10).prompt("x").route().tool("read", {"path": "a.py"}, "out\n" * 100)
    async with screen(script) as seen:
        before = seen.row("read a.py")
        await seen.click("read a.py")
        assert seen.row("read a.py") == before


async def test_the_cursor_goes_from_block_to_block_and_opens_one():
    script = Script().prompt("x").route().tool("read", {"path": "a.py"}, "one\ntwo").say("text")
    async with screen(script) as seen:
        seen.view.focus()
        await seen.press("up", "up")
        assert seen.rows()[seen.row("read a.py")].startswith("  ▎ ")
        await seen.press("enter")
        assert "│ two" in seen.text()


async def test_the_cursor_is_not_drawn_without_the_focus():
    script = Script().prompt("x").route().say("text")
    async with screen(script) as seen:
        seen.view.focus()
        await seen.press("up")
        seen.app.query_one(Input).focus()
        await seen.settle()
        assert not seen.rows()[seen.row("text")].startswith("  ▎")


async def test_the_cursor_brings_its_block_into_sight():
    async with screen(talk(30)) as seen:
        seen.view.focus()
        await seen.press(*["up"] * 40)
        assert seen.rows()[seen.row("▎ question 17") :][0]


@pytest.mark.long
async def test_a_higher_prompt_lays_nothing_out_anew():
    async with screen(talk(30)) as seen:
        laid = seen.view._flow._laid  # pyright: ignore[reportPrivateUsage]
        before = dict(laid)
        seen.app.query_one(Input).styles.height = 5
        await seen.settle()
        assert "more of it" in seen.text()
        assert all(laid[id] is before[id] for id in before)


async def test_a_click_on_a_link_asks_for_it():
    async with screen(Script().turn("x", "see [docs](https://docs.python.org/3) now")) as seen:
        await seen.click("docs")
        assert seen.app.sent == ["https://docs.python.org/3"]


@pytest.mark.long
async def test_a_click_on_an_unsafe_link_does_nothing():
    async with screen(Script().turn("x", "see [docs](javascript:alert(1)) now")) as seen:
        await seen.click("docs")
        assert seen.app.sent == []


async def test_copying_takes_the_last_reply_as_it_was_written():
    async with screen(Script().turn("x", "**bold** text")) as seen:
        seen.view.action_copy()
        await seen.press()
        assert seen.app.sent == ["**bold** text"]


async def test_the_last_code_of_a_reply_can_be_copied_alone():
    async with screen(Script().turn("x", REPLY_OF_TWELVE_LINES)) as seen:
        seen.view.action_copy_code()
        await seen.press()
        (code,) = seen.app.sent
        assert str(code).startswith("def refresh(session):\n")


async def test_a_selection_with_the_mouse_is_what_is_copied():
    async with screen(Script().turn("x", "one two three\nfour five")) as seen:
        y = seen.row("one two three")
        await seen.drag((8, y), (7, y + 1))
        assert seen.app.screen.get_selected_text() == "two three\nfour"


async def test_a_wrapped_line_is_copied_as_one():
    words = " ".join(f"word{i}" for i in range(30))
    async with screen(Script().turn("x", words)) as seen:
        y = seen.row("word0 ")
        await seen.drag((4, y), (70, y + 3))
        assert str(seen.app.screen.get_selected_text()).startswith(words)


async def test_what_is_ours_is_not_copied():
    script = Script().turn("x", "1. *a*\n\n> quoted\n\n```py\ncode\n```")
    async with screen(script) as seen:
        await seen.drag((1, 0), (70, seen.row("code")))
        assert seen.app.screen.get_selected_text() == "x\n\n1. a\n\nquoted\n\ncode"


async def test_a_selection_does_not_move_when_heights_above_it_change():
    script = (
        Script().prompt("x").route().tool("read", {"path": "a.py"}, "o\n" * 3).say("pick me up")
    )
    async with screen(script) as seen:
        y = seen.row("pick me")
        await seen.drag((4, y), (7, y))
        seen.view.toggle(BlockId(1))
        await seen.settle()
        assert seen.app.screen.get_selected_text() == "pick"


async def test_two_clicks_select_one_block_and_not_the_session():
    async with screen(Script().turn("x", "all of this\n\nand this")) as seen:
        await seen.click("all of this", times=2)
        assert seen.app.screen.get_selected_text() == "all of this\n\nand this"


async def test_a_drag_over_a_card_opens_nothing():
    script = Script().prompt("x").route().tool("read", {"path": "a.py"}, "first\nsecond")
    async with screen(script) as seen:
        y = seen.row("read a.py")
        await seen.drag((6, y), (14, y))
        assert "second" not in seen.text()


async def test_the_caret_stands_behind_what_streams_and_goes_with_its_end():
    script = Script().prompt("x").route().say("growing")
    async with screen(script) as seen:
        assert "growing▎" in seen.text()
        seen.script.close()
        await seen.feed()
        assert "growing▎" not in seen.text()


async def test_the_caret_has_the_colour_of_who_pays():
    script = Script().prompt("x").route(payer="credits").say("growing")
    async with screen(script) as seen:
        (strip,) = seen.view.render_lines(Region(0, seen.row("growing"), seen.view.size.width, 1))
        caret = next(segment for segment in strip if segment.text == "▎")
        wanted = seen.view.painter.style("credits")
        assert caret.style is not None
        assert caret.style.color == wanted.color


async def test_the_working_line_stands_below_and_goes_when_the_turn_ends():
    script = Script().prompt("x").route().say("a")
    async with screen(script) as seen:
        assert "writing · 0 s" in seen.text()
        seen.script.done()
        await seen.feed()
        assert "Esc stops" not in seen.text()


async def test_queued_messages_are_told_of():
    script = Script().prompt("x").route().add(MessageQueued(message="1", text="then this"))
    async with screen(script) as seen:
        assert "1 message is queued" in seen.text()


@pytest.mark.long
async def test_seconds_tick_while_a_turn_runs_and_nothing_ticks_after():
    script = Script().prompt("x").route().say("a")
    async with screen(script) as seen:
        painted: list[int] = []
        seen.view.refresh = lambda *regions, **_: painted.append(len(regions))  # pyright: ignore
        script.wait(7)
        await asyncio.sleep(1.2)
        assert "writing · 7 s" in seen.text()
        assert painted
        script.done()
        seen.view.feed(script.take())
        painted.clear()
        await asyncio.sleep(1.2)
        assert not painted


async def test_a_tick_paints_the_rows_that_changed_and_no_other():
    script = talk(30).prompt("x").route().say("a").call("shell", {"command": "make"}).allow()
    async with screen(script) as seen:
        painted: list[Region] = []
        seen.view.refresh = lambda *regions, **_: painted.extend(regions)  # pyright: ignore
        script.wait(3)
        seen.view._tick()  # pyright: ignore[reportPrivateUsage]
        rows = [(region.y, region.height) for region in painted]
        assert rows == [(seen.row("run  make"), 1), (seen.row("Esc stops"), 1)]


@pytest.mark.long
async def test_a_piece_of_a_reply_paints_its_last_row_alone():
    async with screen(Script().prompt("x").route().say("one\n\ntwo\n\nthr")) as seen:
        painted: list[Region] = []
        seen.view.refresh = lambda *regions, **_: painted.extend(regions)  # pyright: ignore
        seen.view.feed(seen.script.say("ee").take())
        assert [(region.y, region.height) for region in painted] == [(seen.row("three"), 1)]


@pytest.mark.long
async def test_another_theme_repaints_what_was_painted():
    async with screen(Script().turn("x", "text")) as seen:
        region = Region(0, seen.row("text"), seen.view.size.width, 1)
        dark = [segment.style for segment in seen.view.render_lines(region)[0]]
        seen.app.theme = theme.LIGHT
        await seen.settle()
        light = [segment.style for segment in seen.view.render_lines(region)[0]]
        assert dark[1] is not None
        assert light[1] is not None
        assert dark[1].color != light[1].color


@pytest.mark.long
async def test_every_builtin_theme_has_our_colours():
    async with screen(Script().turn("x", "text `code`")) as seen:
        for name in ("textual-light", "nord", "dracula"):
            seen.app.theme = name
            await seen.settle()
            assert "text code" in seen.text()


@pytest.mark.long
async def test_another_session_starts_empty():
    async with screen(talk(5)) as seen:
        seen.view.clear()
        await seen.settle()
        assert seen.text().strip() == ""
        seen.view.feed(Script().turn("hello", "**again**").records)
        await seen.settle()
        assert "again" in seen.text()
        assert "**" not in seen.text()


async def test_what_was_fed_before_the_first_layout_is_shown():
    script = talk(3)
    app = Pane(script)
    app.view.feed(script.take())
    async with app.run_test(size=(80, 24)) as pilot:
        seen = Screen(app, pilot, script)
        await seen.settle()
        assert "answer 2" in seen.text()


@pytest.mark.long
async def test_long_code_gets_its_colours_a_little_later():
    code = "def f():\n    return 1\n" * 200
    async with screen(Script().turn("x", f"```python\n{code}```")) as seen:
        await seen.settle()
        row = seen.row("return 1")
        (strip,) = seen.view.render_lines(Region(0, row, seen.view.size.width, 1))
        wanted = seen.view.painter.style("code-keyword")
        colours = {segment.text: segment.style.color for segment in strip if segment.style}
        assert colours["return"] == wanted.color


@pytest.mark.long
async def test_two_sizes_of_session_cost_the_same_to_scroll_and_to_grow():
    async def cost(messages: int) -> tuple[float, float, float]:
        script = Script()
        script.records = long_session(messages)
        script.now = script.records[-1].at
        async with screen(Script(), (132, 42)) as seen:
            opening = time.process_time()
            seen.view.feed(script.take())
            seen.rows()
            opened = time.process_time()
            for _ in range(5):
                seen.view.action_page(-1)
                seen.rows()
            paged = time.process_time()
            seen.view.follow_end()
            script.prompt("more").route()
            for _ in range(50):
                seen.view.feed(script.say("word ").take())
                seen.rows()
            grown = time.process_time()
            return opened - opening, (paged - opened) / 5, (grown - paged) / 50

    small, large = await cost(100), await cost(10_000)
    for name, a, b in zip(("open", "page", "append"), small, large, strict=True):
        print(f"{name}: {a * 1000:.1f} ms at 100 messages, {b * 1000:.1f} ms at 10,000")
    assert large[1] < 20 * small[1] + 0.02
    assert large[2] < 20 * small[2] + 0.02


@pytest.mark.long
def test_importing_the_view_imports_neither_parser_nor_lexers():
    code = (
        "import sys, tui.console.transcript.view;"
        "print([n for n in ('markdown_it', 'pygments', 'anthropic', 'openai') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
