from __future__ import annotations

import os

import pytest
from textual.geometry import Offset
from textual.selection import Selection

from tests.bench.world import LONG, SHORT, write_session
from tests.console_world import on_engine
from tests.transcript_pane import Screen, screen, talk
from tests.transcript_world import Script
from tui.console.transcript.blocks import Notice, Prompt, ToolCard
from tui.console.transcript.selection import row_of

pytestmark = pytest.mark.long

TURNS = 60
TAIL = 12


def end_of(script: Script, turns: int = TAIL) -> list:
    first = max(record.turn for record in script.records) - turns
    return [record for record in script.records if record.turn > first]


async def preview(seen: Screen, script: Script) -> None:
    seen.view.preview(end_of(script))
    await seen.settle()


async def read_on(seen: Screen, script: Script, slice: int = 50) -> None:
    records = script.records
    for start in range(0, len(records), slice):
        seen.view.feed(records[start : start + slice])
    await seen.settle()


def shown(seen: Screen) -> list[str]:
    return [row for row in seen.rows() if row]


async def test_the_end_of_a_session_is_shown_before_the_rest_is_there():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        assert f"answer {TURNS - 1}" in seen.text()
        assert seen.view.recalling


async def test_nothing_moves_when_the_rest_is_there():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        seen.view.scroll_lines(-20)
        before = seen.rows()
        await read_on(seen, script)
        assert not seen.view.recalling
        assert seen.rows() == before


async def test_all_of_it_can_be_scrolled_to_once_it_is_there():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        await read_on(seen, script)
        seen.view.action_start()
        await seen.settle()
        assert "question 0" in seen.text()
        prompts = [one.text for one in seen.view.model.blocks if isinstance(one, Prompt)]
        assert prompts == [f"question {number}" for number in range(TURNS)]


async def test_the_end_is_still_followed_when_the_rest_is_there():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        await read_on(seen, script)
        script.turn("one more", "the newest answer")
        seen.view.feed(script.records[-8:])
        await seen.settle()
        assert seen.view.following
        assert "the newest answer" in seen.text()


async def test_what_came_meanwhile_is_shown_behind_the_end():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        script.turn("one more", "the newest answer")
        await read_on(seen, script, 7)
        assert "the newest answer" in seen.text()


async def test_the_cursor_stays_on_its_block():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        seen.view.focus()
        await seen.press("up", "up")
        before = seen.view.model.blocks[seen.view._cursor or 0]
        await read_on(seen, script)
        after = seen.view.model.blocks[seen.view._cursor or 0]
        assert getattr(after, "text", None) == getattr(before, "text", None)
        assert type(after) is type(before)


async def test_a_card_that_was_opened_stays_open():
    script = talk(TURNS)
    script.prompt("look").route().tool("read", {"path": "a.txt"}, "what stands in it").done()
    async with screen(Script()) as seen:
        await preview(seen, script)
        card = next(one for one in seen.view.model.blocks if isinstance(one, ToolCard))
        seen.view.toggle(card.id)
        before = seen.rows()
        await read_on(seen, script)
        assert seen.rows() == before
        assert "what stands in it" in seen.text()


async def test_a_selection_stays_on_its_text():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        place = seen.view._window.first
        y = row_of(place)
        chosen = Selection(Offset(0, y), Offset(80, y + 6))
        seen.app.screen.selections = {seen.view: chosen}
        before = seen.app.screen.get_selected_text()
        await read_on(seen, script)
        assert before
        assert seen.app.screen.get_selected_text() == before


async def test_what_the_console_said_meanwhile_stands_at_the_end():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        seen.view.note("the engine stopped", "warn")
        await read_on(seen, script)
        last = seen.view.model.blocks[-1]
        assert isinstance(last, Notice)
        assert last.text == "the engine stopped"
        assert "the engine stopped" in seen.text()


async def test_a_session_that_is_left_meanwhile_is_kept_from_its_first_record():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        half = len(script.records) // 2
        seen.view.feed(script.records[:half])
        kept = seen.view.put_aside()
        seen.view.clear()
        for record in script.records[half:]:
            kept.model.apply(record)
        seen.view.take_up(kept)
        await seen.settle()
        assert f"answer {TURNS - 1}" in seen.text()
        seen.view.action_start()
        assert "question 0" in seen.text()


async def test_a_turn_that_a_kill_left_open_is_not_said_to_run():
    script = talk(TURNS).prompt("one more").route().say("half of")
    async with screen(Script()) as seen:
        script.wait(3600)
        await preview(seen, script)
        assert "Esc stops" not in seen.text()


async def test_resized_meanwhile_it_is_laid_out_for_the_width_of_now():
    script = talk(TURNS)
    async with screen(Script()) as seen:
        await preview(seen, script)
        await seen.pilot.resize_terminal(50, 24)
        await read_on(seen, script)
        assert max(map(len, seen.rows())) <= 50
        assert f"answer {TURNS - 1}" in seen.text()


async def test_a_session_of_thousands_of_pieces_is_whole_when_it_was_opened(tmp_path):
    home = tmp_path / "home"
    write_session(home, LONG, 400, tmp_path)
    environ = {"PATH": os.environ["PATH"], "OWNKEY_HOME": str(home), "OWNKEY_KEYRING": "env"}
    async with on_engine(environ, tmp_path, session="last", ready=False) as seen:
        await seen.until(lambda: seen.app.state.turn == 200 and not seen.app.transcript.recalling)
        prompts = [one for one in seen.app.transcript.model.blocks if isinstance(one, Prompt)]
        assert len(prompts) == 200
        await seen.until_said("all of r00200")
        assert seen.app.state is seen.app.open_sessions.here.state
        assert seen.app.state.session_nano == 200 * seen.app.state.turn_nano
        assert len(seen.app.open_sessions.here.past.prompts) == 200


async def test_a_long_session_is_opened_from_the_list_by_its_end(tmp_path):
    home = tmp_path / "home"
    write_session(home, LONG, 2_000, tmp_path)
    write_session(home, SHORT, 4, tmp_path)
    environ = {"PATH": os.environ["PATH"], "OWNKEY_HOME": str(home), "OWNKEY_KEYRING": "env"}
    async with on_engine(environ, tmp_path, session=SHORT, ready=False) as seen:
        await seen.until(lambda: seen.app.state.turn == 2 and not seen.app.transcript.recalling)
        looks: list[tuple[bool, bool]] = []  # whether a turn is said to run, and the end is shown
        feed = seen.app.transcript.feed

        def watched(records) -> None:
            feed(records)
            shown = [one for one in seen.app.transcript.model.blocks if isinstance(one, Prompt)]
            looks.append((seen.app.state.working, "p01000" in shown[-1].text))

        seen.app.transcript.feed = watched
        assert await seen.app.open_session(LONG)
        await seen.until(lambda: seen.app.state.turn == 1_000 and not seen.app.transcript.recalling)
        assert len(looks) > 3
        assert set(looks) == {(False, True)}
        assert seen.app.state is seen.app.open_sessions.here.state
        assert seen.app.state.session_nano == 1_000 * seen.app.state.turn_nano
        await seen.until_said("all of r01000")
