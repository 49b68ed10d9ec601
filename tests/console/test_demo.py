from __future__ import annotations

import os

import pytest

from tests.console_world import hand_fed, on_engine
from tui.demo.world import VARIABLE, DemoWorld

pytestmark = pytest.mark.long

SCREENS = ("f1", "f3", "f4", "f5", "ctrl+p")


def marked(seen) -> bool:
    """Whether the first line says it where the header has it."""
    return seen.rows()[0][10:16] == " DEMO "


async def test_every_screen_says_demo_and_a_scene_is_played_to_its_question():
    with DemoWorld(os.environ) as world:
        async with on_engine(world.environ, world.folder) as seen:
            await seen.until_said("each prompt plays the next scene")
            assert marked(seen)
            for key in SCREENS:
                await seen.press(key)
                await seen.until(lambda: len(seen.app.screen_stack) == 2)
                await seen.settle()
                assert marked(seen), seen.text()
                await seen.press("escape")
                await seen.until(lambda: len(seen.app.screen_stack) == 1)
            await seen.type("anything", "enter")
            sums = set()
            await seen.until(lambda: sums.add(seen.status) or "Change this file?" in seen.text())
            assert marked(seen)
            assert any("turn ~$0.0" in status for status in sums)
            assert len(sums) > 3


async def test_the_key_dialog_and_the_narrow_picker_say_demo():
    with DemoWorld(os.environ) as world:
        async with on_engine(world.environ, world.folder, size=(80, 24)) as seen:
            await seen.press("f2")
            await seen.until_said("Enter pick")
            assert marked(seen)
            await seen.press("escape")
            await seen.type("/key", "enter")
            await seen.until_said("the demo's memory")
            assert marked(seen)


async def test_the_console_of_a_persons_own_home_never_says_demo(tmp_path):
    async with hand_fed(tmp_path) as seen:
        assert VARIABLE not in seen.app.environ
        for key in SCREENS:
            await seen.press(key)
            assert "DEMO" not in seen.text()
            await seen.press("escape")
