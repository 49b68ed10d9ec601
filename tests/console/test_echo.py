"""A key is painted when it is pressed; nothing waits for a frame but what nobody typed."""

from __future__ import annotations

import asyncio

from textual.screen import Screen

from tests.console_world import hand_fed
from tests.transcript_world import Script
from tui.console.dialogs.key_entry import KeyDialog


class Stopped:
    """Frames that never come."""

    def resume(self) -> None: ...
    def pause(self) -> None: ...


async def paintings(seen, monkeypatch):
    """Grows with each painting of the screen from now on; no frame comes any more."""
    times: list[object] = []
    monkeypatch.setattr(Screen, "_update_timer", Stopped())
    shown = type(seen.app)._display
    monkeypatch.setattr(
        type(seen.app), "_display", lambda app, *what: (times.append(what), shown(app, *what))
    )
    await seen.pilot.pause(0.1)  # what is on its way
    times.clear()
    return times


async def painted_by_keys(seen, monkeypatch, *keys):
    """How often the screen is painted by these keys alone."""
    times = await paintings(seen, monkeypatch)
    for key in keys:
        await seen.pilot.press(key)
    await seen.pilot.pause()
    return len(times)


async def test_key_does_not_wait_for_a_frame(tmp_path, monkeypatch):
    async with hand_fed(tmp_path) as seen:
        assert await painted_by_keys(seen, monkeypatch, *"abc") >= 3
        assert "abc" in seen.text()


async def test_end_of_a_reply_does_not_wait_for_a_frame(tmp_path, monkeypatch):
    script = Script().prompt("go").route().opened().say("one two")
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.tell(script.take())
        await seen.until(lambda: "two" in seen.text())
        times = await paintings(seen, monkeypatch)
        script.say(" three")
        seen.bridge.tell(script.take())
        await asyncio.sleep(0.2)  # a pilot's pause would paint
        assert times == []
        script.close()
        seen.bridge.tell(script.take())
        await asyncio.sleep(0.2)
        assert times


async def test_key_that_changes_nothing_paints_nothing(tmp_path, monkeypatch):
    async with hand_fed(tmp_path) as seen:
        assert await painted_by_keys(seen, monkeypatch, "ctrl+shift+f9") == 0


async def test_key_in_a_dialog_does_not_wait_for_a_frame(tmp_path, monkeypatch):
    async with hand_fed(tmp_path) as seen:
        seen.app.push_screen(KeyDialog(seen.app.bridge, "openai"))
        await seen.until(lambda: isinstance(seen.app.screen, KeyDialog))
        assert await painted_by_keys(seen, monkeypatch, *"abc") >= 3
