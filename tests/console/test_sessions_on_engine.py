"""Many sessions on the real engine, and two engines on one store."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.console_world import ANTHROPIC_KEY, Seen, engine_environ, on_engine
from tests.fake_provider import FakeProvider
from tui.console.sessions.screen import SessionsScreen

pytestmark = [pytest.mark.soak, pytest.mark.long]


@pytest.fixture
def fake():
    with FakeProvider(keys={ANTHROPIC_KEY}) as provider:
        yield provider


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def environ(tmp_path, fake) -> dict[str, str]:
    return engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY
    )


async def say(seen: Seen, text: str) -> None:
    await seen.paste(text)
    await seen.press("enter")


async def the_list(seen: Seen) -> None:
    await seen.press("f5")
    await seen.until(lambda: isinstance(seen.app.screen, SessionsScreen))


async def test_two_sessions_answer_each_its_own_prompt_side_by_side(fake, folder, environ):
    async with on_engine(environ, folder) as seen:
        fake.script([{"text": "slow " * 400, "rate": 40}])
        await say(seen, "first")
        await seen.until_said("slow slow")
        first = seen.bridge.session
        await say(seen, "/new")
        await seen.until(lambda: seen.bridge.session != first)
        await say(seen, "second")
        await seen.until_said("You said: second")
        assert "1 works" in seen.rows()[0]
        await seen.until(lambda: "“first” has ended: F6 goes there" in seen.status, 30)
        await seen.press("f6")
        await seen.until_said("slow slow")
        assert seen.bridge.session == first


async def test_a_session_is_renamed_forked_deleted_and_brought_back(fake, folder, environ):
    async with on_engine(environ, folder) as seen:
        await say(seen, "one")
        await seen.until_said("You said: one")
        await the_list(seen)
        await seen.until_said("1 session")
        await seen.press("down", "r", "ctrl+u")
        await seen.type("my title", "enter")
        await seen.until_said("my title")
        source = seen.bridge.session
        await seen.press("f")
        await seen.until(lambda: seen.bridge.session != source)
        await seen.until_said("You said: one")
        await the_list(seen)
        await seen.until_said("2 sessions")
        fork = seen.bridge.session
        await seen.press("down")
        while seen.app.screen.list.chosen.id != source:
            await seen.press("down")
        await seen.press("d")
        await seen.until_said("is deleted")
        await seen.until(lambda: seen.app.screen.list.total == 1)
        await seen.press("u")
        await seen.until_said("2 sessions")
        assert seen.bridge.session == fork


async def test_going_back_gives_the_prompt_and_asks_without_what_was_taken_out(
    fake, folder, environ
):
    async with on_engine(environ, folder) as seen:
        for word in ("one", "two"):
            await say(seen, word)
            await seen.until_said(f"You said: {word}")
        await say(seen, "/rewind")
        await seen.press("enter", "1")
        await seen.until(lambda: seen.prompt == "two")
        await seen.until(lambda: "You said: two" not in seen.text())
        await seen.press("enter")
        await seen.until_said("You said: two")
        sent = [m["role"] for m in fake.requests[-1].body["messages"]]
        assert sent == ["user", "assistant", "user"]


async def test_a_deleted_session_says_how_it_is_brought_back(fake, folder, environ):
    async with on_engine(environ, folder) as seen:
        await say(seen, "one")
        await seen.until_said("You said: one")
        deleted = seen.bridge.session
        await the_list(seen)
        await seen.until_said("1 session")
        await seen.press("down", "d")
        await seen.until_said("is deleted")
    async with on_engine(environ, folder, session=deleted, ready=False) as seen:
        await seen.until_said("was deleted")
        assert f"sessions delete {deleted} --undo" in " ".join(seen.text().split())
        await say(seen, "/new")
        await seen.until(lambda: seen.bridge.session not in (None, deleted))


async def test_who_follows_is_told_that_the_driver_was_killed_and_enter_takes_over(
    fake, folder, environ
):
    async with on_engine(environ, folder) as first:
        await say(first, "one")
        await first.until_said("You said: one")
        async with on_engine(environ, folder, session="last") as second:
            await second.until(lambda: "read only" in second.status)
            assert "takes over" not in second.status
            await say(first, "two")
            await second.until_said("You said: two")
            first.app.bridge._restarts = [float("inf")] * 9  # its console does not start another
            os.kill(first.bridge.engine_pid, signal.SIGKILL)
            await second.until(lambda: "Enter takes over" in second.status, 10)
            await say(second, "three")
            await second.until_said("You said: three")
            assert "read only" not in second.status


async def test_every_open_session_is_read_on_after_the_engine_was_killed(fake, folder, environ):
    async with on_engine(environ, folder) as seen:
        await say(seen, "one")
        await seen.until_said("You said: one")
        first = seen.bridge.session
        await say(seen, "/new")
        await seen.until(lambda: seen.bridge.session != first)
        await say(seen, "two")
        await seen.until_said("You said: two")
        os.kill(seen.bridge.engine_pid, signal.SIGKILL)
        await seen.until_said("starting again")
        await say(seen, "three")
        await seen.until_said("You said: three")
        await seen.press("f6")
        await say(seen, "four")
        await seen.until_said("You said: four")
        assert seen.bridge.session == first and "You said: one" in seen.text()
