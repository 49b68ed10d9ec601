from __future__ import annotations

import pytest
from textual.events import Key

from tests.console_world import hand_fed

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
