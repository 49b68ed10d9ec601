from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests import scenes
from tests.console_world import ANTHROPIC_KEY, Seen, hand_fed
from tests.transcript_world import Script
from tui.console.prompt.drafts import Drafts, Written
from tui.errors import UsageError
from tui.events.turn import MessageQueued, MessageUnqueued
from tui.session.commands import (
    ChooseMode,
    ChooseModel,
    EditQueued,
    RenameSession,
    RunShell,
    StartTurn,
    Unqueue,
)
from tui.store.history import KEEP, History

pytestmark = pytest.mark.long


def sent(seen: Seen, kind: type):
    return [one for one in seen.bridge.sent if isinstance(one, kind)]


def drafts(folder: Path) -> list[Path]:
    return list((folder / "home" / "state" / "drafts").glob("*.json"))


# Commands.


@pytest.mark.parametrize(
    ("typed", "kind", "holds"),
    [
        ("/model sonnet", ChooseModel, {"model": "anthropic/claude-sonnet-4-6"}),
        ("/mode edit", ChooseMode, {"mode": "edit"}),
        ("/rename the login test", RenameSession, {"title": "the login test"}),
    ],
)
async def test_a_command_takes_words(tmp_path, typed, kind, holds):
    async with hand_fed(tmp_path) as seen:
        await seen.paste(typed)
        await seen.press("enter")
        (one,) = sent(seen, kind)
        assert {name: getattr(one, name) for name in holds} == holds


async def test_values_of_a_command_are_listed_and_done_by_enter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("/mode r")
        assert "read only" in seen.text(seen.app.composer.suggestions)
        await seen.press("enter")
        assert sent(seen, ChooseMode)[0].mode == "read"


async def test_a_command_that_is_chosen_in_the_list_is_done_by_enter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("/", "down", "enter")
        assert len(sent(seen, ChooseMode)) == 1
        assert seen.prompt == ""


async def test_a_command_that_needs_words_waits_for_them(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("/rena", "enter")
        assert seen.prompt == "/rename "


# A command of the person's own.


async def test_a_shell_command_says_where_it_runs_and_is_run(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("!git status")
        assert "runs on this machine, as you" in seen.text(seen.app.composer)
        await seen.press("enter")
        assert [one.command for one in sent(seen, RunShell)] == ["git status"]
        assert sent(seen, StartTurn) == []
        await seen.press("up")
        assert seen.prompt == "!git status"


async def test_a_shell_command_that_could_not_run_comes_back(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[RunShell] = UsageError("not now")
        await seen.type("!ls", "enter")
        assert seen.prompt == "!ls"


# Steering and the queue.


@pytest.mark.parametrize(("key", "steers"), [("enter", True), ("tab", False)])
async def test_enter_steers_and_tab_queues_while_the_agent_works(tmp_path, key, steers):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        await seen.type("and then", key)
        assert [one.steer for one in sent(seen, StartTurn)] == [steers]


async def test_at_rest_nothing_steers(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("go", "enter")
        assert [one.steer for one in sent(seen, StartTurn)] == [False]


async def test_what_is_queued_stands_above_the_prompt(tmp_path):
    async with hand_fed(tmp_path, script=scenes.queued()) as seen:
        assert "1 also check that admin sessions end" in seen.text(seen.app.composer.queue)


async def test_a_queued_message_is_changed_in_its_place_and_the_draft_stays(tmp_path):
    script = scenes.queued()
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.type("draft", "ctrl+up", "enter")
        assert seen.prompt == "and run ruff"
        await seen.type(" and mypy", "enter")
        (one,) = sent(seen, EditQueued)
        assert (one.message, one.text, seen.prompt) == ("q2", "and run ruff and mypy", "draft")
        seen.bridge.tell(script.add(MessageQueued(message="q2", text=one.text)).take())
        await seen.settle()
        assert "2 and run ruff and mypy" in seen.text(seen.app.composer.queue)


async def test_esc_leaves_the_change_and_gives_the_draft_back(tmp_path):
    async with hand_fed(tmp_path, script=scenes.queued()) as seen:
        await seen.type("draft", "ctrl+up", "enter")
        await seen.type("x", "escape")
        assert (seen.prompt, sent(seen, EditQueued)) == ("draft", [])


async def test_a_message_that_went_out_while_it_was_changed_is_a_draft(tmp_path):
    script = scenes.queued()
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.press("ctrl+up", "enter")
        seen.bridge.tell(script.add(MessageUnqueued(message="q2")).take())
        await seen.settle()
        await seen.press("enter")
        assert (seen.prompt, sent(seen, EditQueued)) == ("and run ruff", [])


async def test_backspace_takes_a_queued_message_out(tmp_path):
    async with hand_fed(tmp_path, script=scenes.queued()) as seen:
        await seen.press("ctrl+up", "up", "backspace")
        assert [one.message for one in sent(seen, Unqueue)] == ["q1"]


async def test_shift_and_an_arrow_put_a_message_in_front(tmp_path):
    async with hand_fed(tmp_path, script=scenes.queued()) as seen:
        await seen.press("ctrl+up", "shift+up")
        assert [(one.message, one.text) for one in sent(seen, EditQueued)] == [
            ("q2", "also check that admin sessions end"),
            ("q1", "and run ruff"),
        ]


# History.


async def test_history_is_searched_in_a_field_that_is_seen(tmp_path):
    async with hand_fed(tmp_path) as seen:
        for text in ("deploy one", "other", "deploy two"):
            await seen.type(text, "enter")
        await seen.type("draft", "ctrl+r")
        await seen.type("depl")
        assert "/ depl" in seen.text(seen.app.composer)
        await seen.press("ctrl+r", "enter")
        assert (seen.prompt, len(sent(seen, StartTurn))) == ("deploy one", 3)


async def test_esc_leaves_the_search_and_the_draft(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("draft", "ctrl+r")
        await seen.type("x", "escape")
        assert seen.prompt == "draft"


def test_a_prompt_is_kept_once_where_it_was_sent_last(tmp_path):
    history = History(tmp_path / "prompts.jsonl")
    for text in ("one", "two", "one"):
        history.add(text)
        history.keep(text)
    assert history.latest() == ["one", "two"]
    assert History(tmp_path / "prompts.jsonl").latest() == ["one", "two"]


def test_the_file_of_prompts_does_not_grow_for_ever(tmp_path):
    file = tmp_path / "prompts.jsonl"
    history = History(file)
    for number in range(2 * KEEP + 1):
        history.keep(f"prompt {number}")
    assert len(History(file).latest()) == KEEP
    assert len(file.read_text("ascii").splitlines()) == KEEP
    assert file.stat().st_mode & 0o077 == 0


async def test_a_prompt_with_a_key_in_it_is_not_written_down(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste(f"why is {ANTHROPIC_KEY} refused?")
        await asyncio.sleep(0.5)
        await seen.press("enter")
    state = tmp_path / "home" / "state"
    files = [one for one in state.rglob("*") if one.is_file()] if state.exists() else []
    assert [one for one in files if ANTHROPIC_KEY.encode() in one.read_bytes()] == []


# Drafts.


async def test_what_is_typed_is_back_in_the_next_console(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.paste("line\n" * 30)
        await seen.type("half a thought")
    async with hand_fed(tmp_path) as seen:
        await seen.until(lambda: seen.prompt == "half a thought")
        assert len(seen.app.composer.chips.pasted) == 1


async def test_a_draft_is_private_and_goes_when_it_is_sent(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.type("half a thought")
        await seen.until(lambda: bool(drafts(tmp_path)))
        assert drafts(tmp_path)[0].stat().st_mode & 0o077 == 0
        await seen.press("enter")
        await seen.until(lambda: not drafts(tmp_path))


async def test_a_draft_of_an_untouched_session_is_taken_up_in_the_same_folder(tmp_path):
    kept = Written(text="orphan", cwd="/repo", fresh=True, pid=2**22 + 1)
    Drafts(tmp_path / "home" / "state" / "drafts").write("gone", kept)
    script = Script()
    async with hand_fed(tmp_path) as seen:
        seen.app.folder = Path("/repo")
        seen.bridge.tell(script.add(MessageUnqueued(message="none")).take())
        await seen.until(lambda: seen.prompt == "orphan")
        assert not (tmp_path / "home" / "state" / "drafts" / "gone.json").exists()


@pytest.mark.parametrize("field", ["pid", "cwd", "fresh"])
def test_a_draft_that_is_anothers_stays(tmp_path, field):
    mine = Written(text="x", cwd="/repo", fresh=True, pid=2**22 + 1)
    fields = {"pid": os.getppid(), "cwd": "/elsewhere", "fresh": False}
    store = Drafts(tmp_path)
    store.write("s", Written(**{
        "text": mine.text, "cwd": mine.cwd, "fresh": mine.fresh, "pid": mine.pid,
        field: fields[field],
    }))  # fmt: skip
    assert store.adopt("/repo") is None
    assert store.read("s") is not None


@pytest.mark.parametrize("session", ["../s", "", "a/b", "x" * 100])
def test_a_draft_lies_nowhere_else(tmp_path, session):
    Drafts(tmp_path / "drafts").write(session, Written(text="x"))
    assert list(tmp_path.rglob("*.json")) == []


def test_a_damaged_draft_is_none(tmp_path):
    (tmp_path / "s.json").write_text("{")
    assert Drafts(tmp_path).read("s") is None


async def test_the_cursor_blinks_for_a_while_after_a_key_and_then_stands_still(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tui.console.prompt.editor.BLINKS_S", 0.0)
    async with hand_fed(tmp_path) as seen:
        editor = seen.app.composer.editor
        editor.cursor_blink = True
        await seen.until(lambda: not editor.blink_timer._active.is_set())
        assert editor._cursor_visible
        monkeypatch.setattr("tui.console.prompt.editor.BLINKS_S", 60.0)
        await seen.press("a")
        assert editor.blink_timer._active.is_set()
        await seen.until(lambda: not editor._cursor_visible)
