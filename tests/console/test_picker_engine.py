"""The picker on the real engine, which talks with a fake provider on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.console_world import (
    ANTHROPIC_KEY,
    GOOGLE_KEY,
    OPENAI_KEY,
    Seen,
    engine_environ,
    on_engine,
)
from tests.fake_provider import MODELS, FakeProvider
from tui.console.dialogs.key_entry import KeyDialog
from tui.console.panels.choices import DEAF_S
from tui.console.sidebar.marker import glyph
from tui.secret import Secret
from tui.session.commands import AddKey, ChangeKey

pytestmark = pytest.mark.long

SONNET = "anthropic/claude-sonnet-4-6"


@pytest.fixture
def fake():
    with FakeProvider(keys={ANTHROPIC_KEY, OPENAI_KEY, GOOGLE_KEY}) as provider:
        yield provider


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def with_keys(tmp_path, fake) -> dict[str, str]:
    return engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="env",
        ANTHROPIC_API_KEY=ANTHROPIC_KEY, OPENAI_API_KEY=OPENAI_KEY,
    )  # fmt: skip


def picker(seen: Seen) -> str:
    return seen.text(seen.app.picker)


async def say(seen: Seen, text: str) -> None:
    await seen.paste(text)
    await seen.press("enter")


async def pick(seen: Seen, words: str) -> None:
    await seen.press("f2")
    await seen.type(words, "enter")


async def test_the_marker_appears_the_moment_a_key_is_saved(tmp_path, fake, folder):
    environ = engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="sealed", OWNKEY_PASSPHRASE="correct horse"
    )
    async with on_engine(environ, folder) as seen:
        mark = glyph("own_key", letters=seen.app.letters)
        await seen.until_said("How do you want to begin?")
        assert f"{mark} Claude" not in picker(seen)
        await seen.paste(ANTHROPIC_KEY)
        await seen.until(lambda: isinstance(seen.app.screen, KeyDialog))
        await seen.press("enter")
        await seen.until(lambda: f"{mark} Claude" in picker(seen))
        head = next(row for row in seen.rows(seen.app.picker) if "Anthropic" in row)
        assert head.split() == ["Anthropic", "main"]
        served = {row.provider for row in seen.app.models if row.key}
        assert served == {"anthropic"}


async def test_the_picker_names_the_key_that_is_pinned_to_the_folder(
    tmp_path, fake, folder, monkeypatch
):
    environ = engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="sealed", OWNKEY_PASSPHRASE="correct horse"
    )

    def label(seen: Seen) -> str:
        return next((row.label for row in seen.app.models if row.key), "")

    async with on_engine(environ, folder) as seen:
        await seen.until_said("How do you want to begin?")
        await seen.app.asked(AddKey(provider="anthropic", pasted=Secret(ANTHROPIC_KEY)))
        other = await seen.app.asked(
            AddKey(provider="anthropic", pasted=Secret(ANTHROPIC_KEY + "x"), label="work",
                   unchecked=True)
        )  # fmt: skip
        await seen.until(lambda: label(seen) == "main")
        pin = ChangeKey(id=other.row.id, action="pin", folder=str(folder))
        await seen.app.asked(pin)
        seen.app.load()
        await seen.until(lambda: label(seen) == "work")
        head = next(row for row in seen.rows(seen.app.picker) if "Anthropic" in row)
        assert head.split() == ["Anthropic", "work"]


async def test_models_that_only_the_makers_own_list_names_can_be_picked(tmp_path, fake, folder):
    environ = engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="sealed", OWNKEY_PASSPHRASE="correct horse"
    )
    async with on_engine(environ, folder) as seen:
        await seen.until_said("How do you want to begin?")
        await seen.paste(ANTHROPIC_KEY)
        await seen.until(lambda: isinstance(seen.app.screen, KeyDialog))
        await seen.press("enter")
        await seen.until(lambda: any(row.key for row in seen.app.models))
        listed = {row.id for row in seen.app.models if row.key}
        assert {f"anthropic/{id}" for id in MODELS} <= listed
        await seen.until(lambda: len(seen.app.screen_stack) == 1)
        await pick(seen, MODELS[0])
        await seen.until(lambda: seen.app.state.model == f"anthropic/{MODELS[0]}")


async def test_favourites_are_the_same_in_all_consoles(fake, folder, with_keys):
    file = Path(with_keys["OWNKEY_HOME"]) / "config" / "favourites.json"
    async with on_engine(with_keys, folder) as one, on_engine(with_keys, folder) as other:
        await one.press("f2")
        await one.type("sonnet 4.6", "*")
        await one.until(lambda: one.app.marks.favourites == (SONNET,))
        await one.until(lambda: SONNET in file.read_text("utf-8") if file.exists() else False)
        await other.press("f2")
        await other.until(lambda: "Favourites" in picker(other))
        await other.type("sonnet 4.6", "*")
        await other.until(lambda: other.app.marks.favourites == ())
        await one.until(lambda: SONNET not in file.read_text("utf-8"))
        await one.press("escape", "escape", "f2")
        await one.until(lambda: one.app.marks.favourites == ())


async def test_models_used_in_one_session_are_the_last_used_of_the_next(fake, folder, with_keys):
    async with on_engine(with_keys, folder) as seen:
        for model, words in (("opus 4.7", "one"), ("gpt-5.5", "two")):
            await pick(seen, model)
            await say(seen, words)
            await seen.until_said(f"You said: {words}")
        await seen.until(lambda: not seen.app.state.working)
    async with on_engine(with_keys, folder) as seen:
        await seen.until(lambda: bool(seen.app.marks.recent))
        assert seen.app.marks.recent[:2] == ("openai/gpt-5.5", "anthropic/claude-opus-4-7")
        await seen.until(lambda: "Recent" in picker(seen))


async def test_a_fork_instead_keeps_the_first_session_on_its_warm_model(fake, folder, with_keys):
    usage = {"input": 60_000, "output": 10, "cache_write": 59_000}
    fake.script([{"text": "I know it all.", "usage": usage}])
    async with on_engine(with_keys, folder) as seen:
        await seen.until(lambda: any(row.steps or row.cache_write_usd for row in seen.app.models))
        await pick(seen, "opus 4.7")
        await say(seen, "read it all")
        await seen.until_said("I know it all.")
        await seen.until(lambda: not seen.app.state.working)
        first = seen.app.bridge.session
        await pick(seen, "gpt-5.5")
        await seen.until_said("Leave a warm cache worth")
        assert "$0.3392" in seen.text()  # 59,000 × (6.25 - 0.5) dollars a million
        await asyncio.sleep(DEAF_S)
        await seen.press("2")
        await seen.until(lambda: seen.app.bridge.session != first)
        await seen.until(lambda: seen.app.state.model == "openai/gpt-5.5")
        await seen.press("f6")
        await seen.until(lambda: seen.app.bridge.session == first)
        assert seen.app.state.model == "anthropic/claude-opus-4-7"
