"""Keys that come faster than what they open."""

from __future__ import annotations

from textual import events

from tests import scenes
from tests.console_world import Seen, hand_fed
from tui.session.commands import StartTurn


def at_once(seen: Seen, *keys: str) -> None:
    """Type without a frame in between."""
    for key in keys:
        seen.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_what_is_typed_while_the_settings_open_is_searched(tmp_path):
    async with hand_fed(tmp_path) as seen:
        at_once(seen, "f3", *"byok")
        await seen.until(lambda: "⌕  byok" in seen.text())
        assert seen.app.composer.editor.text == ""


async def test_escape_that_comes_while_a_screen_opens_closes_it(tmp_path):
    async with hand_fed(tmp_path) as seen:
        at_once(seen, "f3", "escape")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        await seen.until(lambda: len(seen.app.screen_stack) == 1)


async def test_words_that_are_typed_right_behind_f8_are_looked_for_and_never_sent(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        at_once(seen, "f8", *"cookie", "enter")
        await seen.until(lambda: seen.app.find_line is not None)
        await seen.until(lambda: seen.app.find_line.words.value == "cookie")
        assert seen.app.composer.editor.text == ""
        assert not [one for one in seen.bridge.sent if isinstance(one, StartTurn)]


async def test_a_key_right_behind_f9_is_the_conversations(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        at_once(seen, "f9", "up", "y")
        await seen.until(lambda: "2 lines" in seen.status)
        assert seen.app.composer.editor.text == ""
