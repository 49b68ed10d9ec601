from __future__ import annotations

import pytest
from textual.events import Key

from tests.console_world import hand_fed
from tests.transcript_world import Script

KEYS = {"<": "backspace", "^": "ctrl+u", "(": "left", ">": "enter"}


@pytest.mark.parametrize(
    ("typed", "prompt", "sent"),
    [
        ("ab<c", "ac", []),
        ("ab<<<cd<e", "ce", []),
        ("abc^d", "d", []),
        ("ac(b", "abc", []),
        ("ab<c>d", "d", ["ac"]),
        ("a>b>", "", ["a", "b"]),
    ],
)
async def test_keys_that_come_faster_than_they_are_taken_keep_their_order(
    tmp_path, typed, prompt, sent
):
    async with hand_fed(tmp_path) as seen:
        for key in typed:
            name = KEYS.get(key, key)
            seen.app.post_message(Key(name, key if name == key else None))
        await seen.pilot.pause()
        await seen.until(lambda: seen.prompt == prompt)
        assert [one.prompt for one in seen.bridge.sent if hasattr(one, "prompt")] == sent


@pytest.mark.parametrize("before", [[], ["escape"], ["escape", "escape"]])
async def test_what_is_typed_behind_the_key_for_the_models_filters_them(tmp_path, before):
    async with hand_fed(tmp_path) as seen:
        for name in [*before, "f2", *"gpt"]:
            seen.app.post_message(Key(name, name if len(name) == 1 else None))
        await seen.pilot.pause()
        await seen.until(lambda: "/ gpt" in seen.text())
        assert seen.prompt == ""
        assert seen.app.focused is seen.app.picker.list


async def test_letters_are_the_conversations_keys_only_on_a_block(tmp_path):
    words = "Look:\n\n```\nx = 1\n```"
    script = Script().prompt("go").route().opened().say(words).close()
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.tell(script.take())
        await seen.until(lambda: "x = 1" in seen.text())
        seen.app.set_focus(seen.app.transcript)
        await seen.type("y", "o", "u")
        assert (seen.prompt, seen.app.clipboard) == ("you", "")
        seen.app.set_focus(seen.app.transcript)
        await seen.pilot.press("up", "c")
        await seen.until(lambda: seen.app.clipboard == "x = 1")
        await seen.pilot.press("y")
        await seen.until(lambda: seen.app.clipboard == words)
        assert seen.prompt == "you"


async def test_keys_of_the_conversation_that_come_at_once_are_done_one_after_another(tmp_path):
    script = Script().prompt("go").route().opened().say("all of it").close()
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.tell(script.take())
        await seen.until(lambda: "all of it" in seen.text())
        seen.app.set_focus(seen.app.transcript)
        for key in ("up", "y"):
            seen.app.post_message(Key(key, key if key == "y" else None))
        await seen.until(lambda: seen.app.clipboard == "all of it")
        assert seen.prompt == ""
