from __future__ import annotations

from pathlib import Path

import pytest

from tests import scenes
from tests.console_world import ANTHROPIC_KEY, OPENAI_KEY, Seen, hand_fed
from tui.console.dialogs.help import HelpScreen
from tui.console.dialogs.key_entry import KeyDialog
from tui.errors import StoreError
from tui.events.turn import MessageUnqueued, TurnStarted
from tui.session.commands import Interrupt, RetryNow, StartTurn, Unqueue


def prompts(seen: Seen) -> list[str]:
    return [one.prompt for one in seen.bridge.sent if isinstance(one, StartTurn)]


def remembered(folder: Path) -> str:
    file = folder / "home" / "state" / "prompts.jsonl"
    return file.read_text("utf-8") if file.exists() else ""


async def test_enter_sends_what_was_typed(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("hello there", "enter")
        assert prompts(seen) == ["hello there"]
        assert seen.prompt == ""


@pytest.mark.long
@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter"])
async def test_a_new_line_is_no_sending(tmp_path, key):
    async with hand_fed(tmp_path) as seen:
        await seen.type("one", key)
        await seen.type("two", "enter")
        assert prompts(seen) == ["one\ntwo"]


async def test_an_empty_prompt_sends_nothing_at_rest(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.press("enter", "space", "enter")
        assert seen.bridge.commands() == []


@pytest.mark.long
async def test_what_was_sent_comes_back_by_up_and_the_draft_by_down(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("first", "enter")
        await seen.type("second", "enter")
        await seen.type("draft", "up", "up")
        assert seen.prompt == "first"
        await seen.press("down", "down")
        assert seen.prompt == "draft"


@pytest.mark.long
async def test_prompts_are_kept_for_the_next_console(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("kept", "enter")
    async with hand_fed(tmp_path) as seen:
        await seen.press("up")
        assert seen.prompt == "kept"


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (["ctrl+a", "x"], "xone two three"),
        (["ctrl+a", "ctrl+e", "x"], "one two threex"),
        (["ctrl+b", "ctrl+b", "x"], "one two thrxee"),
        (["ctrl+a", "ctrl+f", "x"], "oxne two three"),
        (["ctrl+a", "ctrl+d"], "ne two three"),
        (["ctrl+h"], "one two thre"),
        (["alt+b", "x"], "one two xthree"),
        (["ctrl+a", "alt+f", "x"], "onex two three"),
        (["ctrl+w"], "one two "),
        (["ctrl+u"], ""),
        (["ctrl+a", "ctrl+k"], ""),
        (["ctrl+w", "ctrl+a", "ctrl+y"], "threeone two "),
        (["ctrl+u", "ctrl+y", "ctrl+y"], "one two threeone two three"),
    ],
)
async def test_readline_keys_edit(tmp_path, keys, left):
    async with hand_fed(tmp_path) as seen:
        await seen.paste("one two three")
        await seen.press(*keys)
        assert seen.prompt == left


async def test_cutting_at_a_lines_end_joins_the_next(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste("one\ntwo")
        await seen.press("up", "end", "ctrl+k")
        assert seen.prompt == "onetwo"


async def test_pasted_lines_are_one_prompt(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste("def f():\n\treturn 1\n")
        await seen.press("enter")
        assert prompts(seen) == ["def f():\n\treturn 1\n"]


async def test_control_characters_of_a_paste_become_marks(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste("a\x1b[2Jb\x07\u202ec")
        assert not set("\x1b\x07\u202e") & set(seen.prompt)
        assert {"a", "b", "c"} <= set(seen.prompt)


@pytest.mark.long
@pytest.mark.parametrize(
    "pasted", [ANTHROPIC_KEY, f'export ANTHROPIC_API_KEY="{ANTHROPIC_KEY}"\n', f" {OPENAI_KEY}\n"]
)
async def test_a_pasted_key_opens_the_key_dialog_and_is_never_sent(tmp_path, pasted):
    async with hand_fed(tmp_path) as seen:
        await seen.paste(pasted)
        assert isinstance(seen.app.screen, KeyDialog)
        assert seen.prompt == ""
        assert prompts(seen) == []


async def test_the_dialog_of_a_pasted_key_is_its_makers(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste(OPENAI_KEY)
        assert "OpenAI API key" in seen.text()


async def test_a_typed_key_is_neither_sent_nor_remembered(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type(ANTHROPIC_KEY, "enter")
        assert isinstance(seen.app.screen, KeyDialog)
        await seen.press("escape", "up")
        assert seen.prompt == ""
        assert prompts(seen) == []
        assert ANTHROPIC_KEY not in remembered(tmp_path)


@pytest.mark.long
async def test_a_key_never_stands_readable_on_the_screen(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste(ANTHROPIC_KEY)
        assert ANTHROPIC_KEY[12:] not in seen.text()


@pytest.mark.long
async def test_a_command_is_done_and_not_sent(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("/help", "enter")
        assert isinstance(seen.app.screen, HelpScreen)
        assert seen.bridge.commands() == []


@pytest.mark.long
@pytest.mark.parametrize("key", ["f1", "question_mark"])
async def test_help_opens_by_key_and_closes_by_esc(tmp_path, key):
    async with hand_fed(tmp_path) as seen:
        await seen.press(key)
        assert "every" not in seen.prompt
        assert isinstance(seen.app.screen, HelpScreen)
        await seen.press("escape")
        assert len(seen.app.screen_stack) == 1


async def test_a_question_mark_in_a_sentence_is_text(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("why?")
        assert seen.prompt == "why?"
        assert len(seen.app.screen_stack) == 1


async def test_an_unknown_command_is_said_and_given_back(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("/modle", "enter")
        assert "No such command: /modle" in seen.status
        assert seen.prompt == "/modle"
        assert seen.bridge.commands() == []


@pytest.mark.long
@pytest.mark.parametrize("text", ["/usr/bin/env", "/tmp", "/key is what?"])
async def test_a_path_or_a_sentence_with_a_slash_is_sent(tmp_path, text):
    async with hand_fed(tmp_path) as seen:
        await seen.paste(text)
        await seen.press("enter")
        assert prompts(seen) == [text]


@pytest.mark.long
async def test_commands_are_listed_as_they_are_typed_and_completed_by_tab(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("/")
        assert "/model" in seen.text(seen.app.composer)
        await seen.type("mo", "tab")
        assert seen.prompt == "/mode"
        await seen.type("l", "tab")
        assert seen.prompt == "/model"


async def test_tab_sends_nothing_at_rest(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("half a thou", "tab")
        assert prompts(seen) == []
        assert seen.prompt == "half a thou"


@pytest.mark.long
@pytest.mark.parametrize("key", ["tab", "enter"])
async def test_while_the_agent_works_a_message_queues(tmp_path, key):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        await seen.type("and then", key)
        assert prompts(seen) == ["and then"]


async def test_up_takes_the_last_queued_message_back(tmp_path):
    script = scenes.queued()
    async with hand_fed(tmp_path, script=script) as seen:
        assert "2 messages are queued" in seen.text()
        await seen.press("up")
        sent = seen.bridge.commands()[-1]
        assert isinstance(sent, Unqueue)
        assert sent.message == "q2"
        assert seen.prompt == ""
        seen.bridge.tell(script.add(MessageUnqueued(message="q2")).take())
        await seen.settle()
        assert seen.prompt == "and run ruff"
        assert "1 message is queued" in seen.text()


async def test_a_message_that_went_out_meanwhile_is_not_taken_back(tmp_path):
    script = scenes.queued()
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.press("up")
        script.add(MessageUnqueued(message="q2"), TurnStarted(prompt="and run ruff"))
        seen.bridge.tell(script.take())
        await seen.settle()
        assert seen.prompt == ""


async def test_what_could_not_be_sent_comes_back_with_the_reason_in_the_flow(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[StartTurn] = StoreError("the disk is full", hint="Make room.")
        await seen.type("hello", "enter")
        assert seen.prompt == "hello"
        assert "Not sent: the disk is full. Make room." in seen.text(seen.app.transcript)


async def test_enter_in_an_empty_prompt_goes_on_with_what_broke_off(tmp_path):
    async with hand_fed(tmp_path, script=scenes.broken_off()) as seen:
        assert "Enter go on" in seen.text(seen.app.composer)
        await seen.press("enter")
        assert prompts(seen) == [""]


@pytest.mark.long
async def test_enter_tries_now_while_a_retry_is_waited_for(tmp_path):
    async with hand_fed(tmp_path, script=scenes.limited()) as seen:
        assert "Enter try now" in seen.text(seen.app.composer)
        await seen.press("enter")
        assert isinstance(seen.bridge.commands()[-1], RetryNow)


async def test_esc_stops_what_runs(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        await seen.press("escape")
        assert isinstance(seen.bridge.commands()[-1], Interrupt)


async def test_esc_at_rest_keeps_what_was_typed(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.type("draft", "escape")
        assert seen.prompt == "draft"
        assert seen.bridge.commands() == []


async def test_the_empty_prompt_says_what_a_program_can_wait_for(tmp_path):
    async with hand_fed(tmp_path) as seen:
        assert "Type a message" in seen.text()
        await seen.type("x")
        assert "Type a message" not in seen.text()


async def test_typing_over_the_conversation_goes_to_the_prompt(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.transcript.focus()
        await seen.settle()
        await seen.type("hello")
        assert seen.prompt == "hello"


async def test_a_paste_over_the_conversation_goes_to_the_prompt(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.transcript.focus()
        await seen.settle()
        await seen.paste("pasted")
        assert seen.prompt == "pasted"


async def test_a_fresh_session_says_what_this_is_until_something_was_said(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        assert "runs on your own API keys" in seen.text()
        seen.bridge.tell(scenes.answered().records[2:])
        await seen.settle()
        assert "runs on your own API keys" not in seen.text()
        assert "Why does test_login fail" in seen.text()
