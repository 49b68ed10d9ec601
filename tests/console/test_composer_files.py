from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from tests import scenes
from tests.console_world import Seen, hand_fed
from tui.console.prompt.pasted import MOST_CHARACTERS
from tui.errors import StoreError
from tui.events.turn import MessageUnqueued
from tui.session.commands import StartTurn

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 200_000


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("x = 1\n")
    (folder / "src" / "session.py").write_text("y = 2\n")
    (folder / "two words.txt").write_text("words\n")
    (folder / "shot.png").write_bytes(PNG)
    return folder


@asynccontextmanager
async def in_shop(shop, **how):
    async with hand_fed(shop.parent, **how) as seen:
        seen.app.state.cwd = str(shop)
        yield seen


def turns(seen: Seen) -> list[StartTurn]:
    return [one for one in seen.bridge.sent if isinstance(one, StartTurn)]


async def sent(seen: Seen) -> StartTurn:
    await seen.until(lambda: bool(turns(seen)))
    return turns(seen)[-1]


async def listed(seen: Seen, *, query: str, piece: str) -> None:
    await seen.type(query)
    await seen.until(lambda: piece in seen.text(seen.app.composer.suggestions))


@pytest.mark.parametrize("key", ["tab", "enter"])
async def test_a_file_is_found_by_its_letters_and_completed(shop, key):
    async with in_shop(shop) as seen:
        await listed(seen, query="look at @sap", piece="app.py")
        await seen.press(key)
        assert (seen.prompt, turns(seen)) == ("look at @src/app.py ", [])


async def test_a_name_with_blanks_is_completed_in_quotes(shop):
    async with in_shop(shop) as seen:
        await listed(seen, query="@wor", piece="two words.txt")
        await seen.press("tab")
        assert seen.prompt == '@"two words.txt" '


async def test_arrows_choose_and_esc_leaves_the_list(shop):
    async with in_shop(shop) as seen:
        await listed(seen, query="@s", piece="session.py")
        first = seen.app.composer.completer
        await seen.press("down")
        assert seen.prompt == "@s"
        await seen.press("escape")
        assert not first.open
        await seen.type("rc")
        assert not first.open


async def test_a_file_that_is_named_goes_with_its_text(shop):
    async with in_shop(shop) as seen:
        await seen.type("explain @src/app.py please", "enter")
        turn = await sent(seen)
        assert turn.prompt == "explain @src/app.py please"
        assert [(one.name, one.data) for one in turn.attachments] == [("src/app.py", b"x = 1\n")]


async def test_a_chip_shows_each_file_with_its_size(shop):
    async with in_shop(shop) as seen:
        await seen.type("@shot.png and @gone.py ")
        await seen.until_said("PNG 200 kB")
        await seen.until_said("gone.py  no such file")


async def test_backspace_on_a_chip_takes_its_name_out(shop):
    async with in_shop(shop) as seen:
        await seen.type("see @shot.png now ")
        await seen.until_said("PNG 200 kB")
        await seen.press("ctrl+a", "left", "backspace")
        assert seen.prompt == "see now "


async def test_a_missing_file_stops_the_prompt_until_enter_says_it_is_a_word(shop):
    async with in_shop(shop) as seen:
        await seen.type("see @gone.py now", "enter")
        await seen.until_said("not sent: gone.py: no such file. Enter again")
        assert (seen.prompt, turns(seen)) == ("see @gone.py now", [])
        await seen.press("enter")
        assert (await sent(seen)).attachments == ()


async def test_prompts_keep_their_order_while_a_file_is_read(shop):
    async with in_shop(shop) as seen:
        for text in ("first @src/app.py x", "second"):
            seen.app.composer.editor.text = text
            seen.app.composer.editor.action_submit()
        await seen.until(lambda: len(turns(seen)) == 2)
        assert [one.prompt for one in turns(seen)] == ["first @src/app.py x", "second"]


async def test_a_pasted_path_of_a_picture_is_offered(shop):
    async with in_shop(shop) as seen:
        await seen.paste(f"{shop}/shot.png")
        assert seen.prompt == f"{shop}/shot.png"
        assert "Tab attach shot.png" in seen.text(seen.app.composer)
        await seen.press("tab")
        assert seen.prompt == f"@{shop}/shot.png "


async def test_a_long_paste_is_a_chip_and_is_sent_whole(shop):
    text = "line\n" * 312
    async with in_shop(shop) as seen:
        await seen.paste(text)
        assert seen.prompt == ""
        assert "pasted 312 lines" in seen.text(seen.app.composer.chips)
        await seen.type("why?", "enter")
        turn = await sent(seen)
        assert (turn.prompt, turn.attachments[0].data) == ("why?", text.encode())
        assert not seen.app.composer.chips.display


async def test_a_paste_alone_can_be_sent(shop):
    async with in_shop(shop) as seen:
        await seen.paste("line\n" * 30)
        await seen.press("enter")
        assert (await sent(seen)).prompt == "[pasted 30 lines]"


async def test_backspace_at_the_beginning_chooses_a_paste_and_then_removes_it(shop):
    async with in_shop(shop) as seen:
        await seen.paste("line\n" * 30)
        await seen.press("backspace")
        assert "Backspace remove" in seen.text(seen.app.composer)
        await seen.press("backspace")
        assert seen.app.composer.chips.pasted == ()


async def test_what_could_not_be_sent_comes_back_with_its_paste(shop):
    async with in_shop(shop) as seen:
        seen.bridge.answers[StartTurn] = StoreError("the disk is full", hint="Make room.")
        await seen.paste("line\n" * 30)
        await seen.type("why?", "enter")
        await seen.until(lambda: seen.prompt == "why?")
        assert len(seen.app.composer.chips.pasted) == 1


async def test_what_was_taken_back_comes_with_its_paste(shop):
    script = scenes.streaming()
    async with in_shop(shop, script=script) as seen:
        await seen.paste("line\n" * 30)
        await seen.type("why?", "tab")
        await sent(seen)
        seen.app.state.queued["q1"] = "why?"
        seen.app.refresh_status()
        await seen.press("up")
        seen.bridge.tell(script.add(MessageUnqueued(message="q1")).take())
        await seen.until(lambda: seen.prompt == "why?")
        assert len(seen.app.composer.chips.pasted) == 1


@pytest.mark.long
async def test_a_paste_of_10_mb_holds_nobody_up_and_is_not_sent_where_it_does_not_fit(shop):
    text = "0123456789abcde\n" * 655_360
    async with in_shop(shop, script=scenes.answered()) as seen:
        began = time.process_time()
        await seen.paste(text)
        assert time.process_time() - began < 5 * 0.05
        assert "about 5M tokens" in seen.text(seen.app.composer)
        await seen.press("enter")
        await seen.until_said("not sent: about 5M tokens")
        assert turns(seen) == []


async def test_a_paste_beyond_all_bounds_is_said_and_not_taken(shop):
    async with in_shop(shop) as seen:
        await seen.paste("x" * (MOST_CHARACTERS + 1))
        assert "20 MB, and 20 are taken at most" in seen.status
        assert seen.app.composer.chips.pasted == ()


async def test_a_picture_that_the_model_does_not_take_is_said(shop):
    async with in_shop(shop) as seen:
        seen.app.state.model = "local/smollm2-135m"
        await seen.type("@shot.png what is it?", "enter")
        await seen.until_said("SmolLM2 135M takes no pictures")
        assert turns(seen) == []
        await asyncio.sleep(0)
