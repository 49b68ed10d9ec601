from __future__ import annotations

import asyncio

import pytest

from tests import scenes
from tests.console_world import hand_fed
from tests.transcript_world import START, Script
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.session.commands import Interrupt
from tui.session.replies import Remark, SessionOpened, Trouble


async def test_ctrl_c_stops_what_runs(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        await seen.press("ctrl+c")
        assert isinstance(seen.bridge.commands()[-1], Interrupt)
        assert seen.app.is_running


@pytest.mark.long
async def test_ctrl_c_at_rest_says_that_a_second_one_leaves(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.press("ctrl+c")
        assert "Ctrl+C again leaves." in seen.status
        assert seen.app.return_value is None


@pytest.mark.long
async def test_a_session_that_opens_meanwhile_does_not_hide_it(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.press("ctrl+c")
        seen.app.on_session(SessionOpened(session=SessionId("s"), driving=True, seq=0, model=None))
        await seen.settle()
        assert "Ctrl+C again leaves." in seen.status


@pytest.mark.long
async def test_ctrl_c_twice_leaves_with_the_sessions_id(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.pilot.press("ctrl+c", "ctrl+c")
    assert seen.app.return_value == "s"


@pytest.mark.long
async def test_ctrl_c_copies_what_is_selected_in_the_prompt(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        await seen.type("copy me", "shift+home", "ctrl+c")
        assert seen.app.clipboard == "copy me"
        assert "the selection" in seen.status
        assert "7 characters" in seen.status
        assert seen.bridge.commands() == []


@pytest.mark.long
async def test_ctrl_c_copies_what_is_selected_in_the_conversation(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        row = next(n for n, line in enumerate(seen.rows()) if "test_login fail" in line)
        await seen.pilot.mouse_down(offset=(36, row))
        await seen.pilot.hover(offset=(44, row))
        await seen.pilot.mouse_up(offset=(44, row))
        await seen.settle()
        await seen.press("ctrl+c")
        assert seen.app.clipboard in "Why does test_login fail, and can you fix it?"
        assert len(seen.app.clipboard) >= 8


async def test_ctrl_d_leaves_from_an_empty_prompt(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.pilot.press("ctrl+d")
    assert seen.app.return_value == "s"


async def test_ctrl_d_in_a_text_deletes(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("ab", "ctrl+a", "ctrl+d")
        assert seen.prompt == "b"


@pytest.mark.parametrize("command", ["/quit", "/q"])
async def test_leaving_has_a_command(tmp_path, command):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.pilot.press(*command, "enter")
        await asyncio.sleep(0.1)
    assert seen.app.return_value == "s"


async def test_ctrl_q_does_nothing(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("ctrl+q")
        assert seen.app.is_running


@pytest.mark.long
async def test_page_keys_scroll_the_conversation_while_the_prompt_has_the_focus(tmp_path):
    script = Script()
    for number in range(40):
        script.turn(f"question {number}", f"answer {number}")
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.press("pageup")
        assert "answer 39" not in seen.text()
        assert seen.app.focused is seen.app.composer.editor
        await seen.press("pagedown")
        assert "answer 39" in seen.text()


@pytest.mark.long
async def test_the_first_and_the_last_message_are_one_key_away(tmp_path):
    script = Script()
    for number in range(40):
        script.turn(f"question {number}", f"answer {number}")
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.press("ctrl+home")
        assert "question 0" in seen.text()
        await seen.press("ctrl+end")
        assert "answer 39" in seen.text()


async def test_page_keys_scroll_the_help_that_does_not_fit(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered(), size=(80, 24)) as seen:
        await seen.press("f1")
        assert "/quit" not in seen.text()
        await seen.press(*["pagedown"] * 4)
        await seen.until_said("/quit", 3)


async def test_an_engine_that_dies_is_said_in_the_flow_at_once(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        seen.app.on_engine_died(restarting=True)
        await seen.settle()
        said = seen.text(seen.app.transcript)
        assert "The engine stopped; it is starting again. Nothing shown is lost." in said


async def test_an_engine_that_keeps_dying_names_the_next_step(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_engine_died(restarting=False)
        await seen.settle()
        assert "ownkey doctor" in seen.text(seen.app.transcript)


async def test_trouble_outside_a_session_stays_in_the_flow(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_notice(Trouble(message="the disk is full", hint="Make room."))
        await seen.settle()
        assert "the disk is full. Make room." in seen.text(seen.app.transcript)


async def test_a_remark_stays_in_the_flow_with_what_is_to_know(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_notice(Remark(message="a credit is $0.02 now", hint="Charges count by it."))
        await seen.settle()
        assert "a credit is $0.02 now. Charges count by it." in seen.text(seen.app.transcript)


async def test_a_failure_is_one_sentence_with_its_hint(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_failure(OwnkeyError("the store is damaged.", hint="Run `sessions check`."))
        await seen.settle()
        assert "the store is damaged. Run sessions check." in seen.text(seen.app.transcript)


@pytest.mark.long
async def test_what_another_console_drives_is_read_only_and_keeps_what_was_typed(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_session(SessionOpened(session="s", driving=False, seq=9, model=None))
        await seen.settle()
        assert "read only" in seen.status
        await seen.type("hello", "enter")
        assert seen.prompt == "hello"
        assert seen.bridge.commands() == []
        assert "it can only be read here" in seen.status


@pytest.mark.long
async def test_the_palette_has_every_command(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.press("ctrl+p")
        await seen.type("lea")
        await seen.until_said("/quit     leave (Ctrl+D)", 5)


@pytest.mark.long
async def test_a_link_is_copied_whole_and_not_opened(tmp_path):
    script = Script(START).turn("?", "See [the docs](https://example.org/a/long/path).")
    async with hand_fed(tmp_path, script=script) as seen:
        await asyncio.sleep(0.2)
        await seen.settle()
        row = next(n for n, line in enumerate(seen.rows()) if "the docs" in line)
        at = seen.rows()[row].index("the docs") + 2
        await seen.pilot.click(offset=(at, row))
        await seen.settle()
        assert seen.app.clipboard == "https://example.org/a/long/path"
        assert "https://example.org/a/long/path" in seen.status
