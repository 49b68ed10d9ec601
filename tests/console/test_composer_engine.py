"""What goes with a prompt, on the real engine and over a maker's wire."""

from __future__ import annotations

import base64

import pytest

from tests.console_world import ANTHROPIC_KEY, OPENAI_KEY, engine_environ, on_engine
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.soak, pytest.mark.long]

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture
def fake():
    with FakeProvider(keys={ANTHROPIC_KEY, OPENAI_KEY}) as provider:
        yield provider


@pytest.fixture
def environ(tmp_path, fake):
    return engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY
    )


async def test_files_and_pastes_reach_the_model_and_stored_keys_do_not(fake, environ, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a note.txt").write_text(f"the treasure\n{ANTHROPIC_KEY}\n")
    (folder / "shot.png").write_bytes(PNG)
    async with on_engine(environ, folder) as seen:
        await seen.until(lambda: bool(seen.app.state.cwd))
        await seen.paste("pasted line\n" * 30)
        await seen.type('see @"a note.txt" and @shot.png ', "enter")
        await seen.until(lambda: "on your Anthropic key" in seen.text())
        body = str(fake.requests[-1].body)
    assert "the treasure" in body
    assert body.count("pasted line") == 30
    assert base64.b64encode(PNG).decode() in body
    assert ANTHROPIC_KEY not in body


async def test_words_that_steer_join_the_turn_and_queued_ones_follow_it(fake, environ, tmp_path):
    (tmp_path / "notes.txt").write_text("words\n")
    call = {"tool_calls": [{"name": "read", "args": {"path": "notes.txt"}}]}
    fake.script([
        {"text": "looking " * 30, "rate": 8, **call},
        {"text": "done as you said"},
        {"text": "and the next"},
    ])  # fmt: skip
    async with on_engine(environ, tmp_path) as seen:
        await seen.until(lambda: bool(seen.app.state.cwd))
        await seen.type("begin", "enter")
        await seen.until(lambda: seen.app.state.working)
        await seen.type("queued words", "tab")
        await seen.type("steering words", "enter")
        await seen.until_said("and the next", 30)
        second, third = (str(one.body) for one in fake.requests[1:3])
    assert ("steering words" in second, "queued words" in second) == (True, False)
    assert "queued words" in third


async def test_a_command_of_the_persons_own_is_run_and_told_with_the_next_prompt(
    fake, environ, tmp_path
):
    async with on_engine(environ, tmp_path) as seen:
        await seen.until(lambda: bool(seen.app.state.cwd))
        await seen.type("!echo $((41+1)) treasures", "enter")
        await seen.until_said("42 treasures")
        await seen.type("well?", "enter")
        await seen.until(lambda: "on your Anthropic key" in seen.text())
        assert "42 treasures" in str(fake.requests[-1].body)
