"""Credits on the real engine: a turn takes some, and what is left follows the service's word."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest import mock

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.console_world import engine_environ, on_engine
from tests.fake_credits import FakeOpenRouter

pytestmark = pytest.mark.long

KEY = made_up_key("sk-or-v1-")
SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}


async def test_a_turn_on_credits_moves_what_is_left_in_the_status_bar(tmp_path: Path):
    home, folder = tmp_path / "home", tmp_path / "work"
    folder.mkdir()
    with FakeOpenRouter(keys={KEY}, bought="20") as fake, mock.patch("tui.process.harden"):
        fake.cost = "1.25"
        said = await asyncio.to_thread(run_command,
            "credits", "add", "openrouter", "--base-url", fake.base_url, "--yes", stdin=KEY,
            environ={**SEALED, "OWNKEY_HOME": str(home)},
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
        environ = engine_environ(home, fake, **SEALED)
        async with on_engine(environ, folder, model="auto-genius") as seen:

            def left() -> str:
                return seen.text(seen.app.status).rstrip()

            await seen.until(lambda: left().endswith("20 credits"))
            await seen.type("hello", "enter")
            await seen.until(lambda: "You said: hello" in seen.text())
            await seen.until(lambda: left().endswith("18.75 credits"))
            await seen.until(lambda: "18.75 left" in seen.text(seen.app.picker))
            assert "$1.25" in left()
        assert fake.requests[-1].body["model"] == "anthropic/claude-opus-4.7"
