"""Screens of the prompt held against files; `UPDATE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import scenes
from tests.console_world import Seen, hand_fed
from tests.screenshot import svg_of
from tests.transcript_world import Script

FOLDER = Path(__file__).parent / "snapshots" / "composer"
FILES = ("README.md", "src/app.py", "src/session.py", "tests/test_app.py", "tests/test_login.py")
LIGHT = {"settings": {"appearance.theme": "ownkey-light"}}
LETTERS = {"settings": {"appearance.glyphs": "letters"}}
WIDE, MIDDLE, NARROW = (132, 42), (100, 30), (80, 24)


async def name_a_file(seen: Seen) -> None:
    await seen.type("look at @te")
    await seen.until(lambda: "test_login.py" in seen.text(seen.app.composer))


async def list_commands(seen: Seen) -> None:
    await seen.type("/", "down")


async def attach(seen: Seen) -> None:
    await seen.paste("line\n" * 312)
    await seen.type("compare @src/app.py with @shot.png, not @gone.py ")
    await seen.until(lambda: "no such file" in seen.text(seen.app.composer))


async def choose_a_chip(seen: Seen) -> None:
    await attach(seen)
    await seen.press("ctrl+a", "left")


async def choose_a_queued(seen: Seen) -> None:
    await seen.press("ctrl+up")


async def search_what_was_sent(seen: Seen) -> None:
    for text in ("run the tests", "why does the deploy fail?", "deploy to staging"):
        await seen.type(text, "enter")
    await seen.press("ctrl+r")
    await seen.type("depl")


async def write_a_command(seen: Seen) -> None:
    await seen.type("!git status")


class Situation(NamedTuple):
    name: str
    do: Callable[[Seen], Awaitable[None]]
    size: tuple[int, int] = MIDDLE
    script: Callable[[], Script] = scenes.answered
    fields: dict[str, Any] = {}  # noqa: RUF012 - never changed


SITUATIONS = [
    Situation("files", name_a_file, WIDE),
    Situation("files-narrow-light", name_a_file, NARROW, fields=LIGHT),
    Situation("commands", list_commands, WIDE),
    Situation("commands-narrow", list_commands, NARROW),
    Situation("chips", attach, WIDE),
    Situation("chips-light", choose_a_chip, fields=LIGHT),
    Situation("chips-narrow", attach, NARROW),
    Situation("queue", choose_a_queued, WIDE, scenes.queued),
    Situation("queue-letters", choose_a_queued, NARROW, scenes.queued, LETTERS),
    Situation("history", search_what_was_sent),
    Situation("shell", write_a_command, NARROW),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_prompt_looks_as_it_did(tmp_path, situation):
    shop = tmp_path / "shop"
    for name in FILES:
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text("x = 1\n" * 700)
    (shop / "shot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 120_000)
    async with hand_fed(
        tmp_path, script=situation.script(), size=situation.size, **situation.fields
    ) as seen:
        seen.app.state.cwd = str(shop)
        await situation.do(seen)
        for _ in range(3):
            await seen.app.workers.wait_for_complete()
            await seen.rest()
            await seen.until(lambda: seen.app.weighed)
        made, file = svg_of(seen.app), FOLDER / f"{situation.name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    same = file.is_file() and made == file.read_text(encoding="utf-8")
    assert same, f"{file.name} looks different: run with UPDATE_SNAPSHOTS=1 and look at both"
