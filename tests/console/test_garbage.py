"""Looking for garbage stops the console: it is done while nobody waits."""

from __future__ import annotations

import gc

import pytest

from tests.console_world import hand_fed
from tests.transcript_world import Script
from tui.console import garbage

pytestmark = pytest.mark.long


@pytest.fixture
def looks(monkeypatch):
    """Every look at all that lives."""
    monkeypatch.setattr(garbage, "QUIET_S", 1.0)
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            seen.append(1)

    gc.callbacks.append(note)
    kept = gc.get_threshold()
    gc.set_threshold(kept[0], kept[1], 1_000_000)
    yield seen
    gc.set_threshold(*kept)
    gc.callbacks.remove(note)


async def test_garbage_is_looked_for_once_a_turn_has_ended(tmp_path, looks):
    script = Script().prompt("go").route().opened().say("one two")
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.tell(script.take())
        await seen.until(lambda: "two" in seen.text())
        await seen.pilot.pause(1.5)
        assert not looks
        script.close().done()
        seen.bridge.tell(script.take())
        await seen.until(lambda: bool(looks))
        await seen.pilot.pause(1.5)
        assert len(looks) == 1


async def test_garbage_is_not_looked_for_while_someone_types(tmp_path, looks):
    script = Script().prompt("go").route().opened().say("one two").close().done()
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.tell(script.take())
        for _ in range(16):
            await seen.pilot.pause(0.1)
            await seen.pilot.press("a")
        assert not looks
        await seen.until(lambda: bool(looks))
