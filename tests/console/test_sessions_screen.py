"""The list of the sessions, by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import scenes
from tests.console_world import Seen, hand_fed
from tests.sessions_world import line, many, of, titled
from tests.transcript_world import START, Script
from tui.console.sessions.screen import SessionsScreen
from tui.errors import UsageError
from tui.events.base import CallId, SessionId
from tui.events.tool import FileChanged
from tui.session.commands import (
    DeleteSession,
    ForkSession,
    ListSessions,
    RenameSession,
    RewindSession,
)
from tui.session.replies import Forked, SessionOpened, Sessions
from tui.store.log import Store


@asynccontextmanager
async def listed(
    folder: Path, *, script: Script | None = None, **fields: Any
) -> AsyncIterator[Seen]:
    """The console with many sessions, the list open and loaded."""
    async with hand_fed(folder, script=script or titled("fix the login test"), **fields) as seen:
        seen.bridge.answers[ListSessions] = Sessions(sessions=many())
        await seen.press("f5")
        await seen.until_said("11 sessions")
        yield seen


def asked(seen: Seen, kind: type) -> list[Any]:
    return [one for one in seen.bridge.sent if isinstance(one, kind)]


@pytest.mark.long
async def test_typing_filters_and_enter_opens_the_best(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.type("haiku")
        assert "1 of 11" in seen.text()
        await seen.press("enter")
        await seen.settle()
        assert seen.bridge.session == "g"
        assert not isinstance(seen.app.screen, SessionsScreen)


@pytest.mark.long
async def test_enter_at_once_goes_to_who_waits(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await seen.app.open_session("b")
        seen.bridge.tell(of("b", scenes.asking().records))
        await seen.settle()
        await seen.press("f6", "f5", "enter")
        await seen.settle()
        assert seen.bridge.session == "b"
        assert seen.app.choices.display


@pytest.mark.long
async def test_f5_again_and_esc_leave_everything_as_it_was(tmp_path):
    async with listed(tmp_path) as seen:
        for key in ("f5", "f5", "escape"):
            await seen.press(key)
        assert not isinstance(seen.app.screen, SessionsScreen)
        assert seen.bridge.session == "s"
        await seen.type("hi")
        assert seen.prompt == "hi"


@pytest.mark.long
async def test_esc_clears_the_search_before_it_leaves(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.type("xyzzy")
        assert "none is called that" in seen.text()
        await seen.press("escape")
        assert "11 sessions" in seen.text()


async def test_letters_type_in_the_search_and_act_in_the_list(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.type("draft")
        assert not asked(seen, DeleteSession)
        await seen.press("down", "d")
        assert asked(seen, DeleteSession) == [DeleteSession(session=SessionId("h"))]


async def test_a_title_is_typed_in_its_place(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.type("haiku")
        await seen.press("down", "r")
        field = seen.row_of("a haiku about rain")
        assert "SmolLM2" in field
        await seen.type(" and snow", "enter")
        assert asked(seen, RenameSession)[-1].title == "a haiku about rain and snow"


@pytest.mark.long
async def test_esc_in_the_field_changes_nothing(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.press("down", "r")
        await seen.type("x")
        await seen.press("escape")
        assert isinstance(seen.app.screen, SessionsScreen)
        assert not asked(seen, RenameSession)


@pytest.mark.long
async def test_a_fork_is_opened(tmp_path):
    async with listed(tmp_path) as seen:
        seen.bridge.answers[ForkSession] = Forked(session=SessionId("f2"))
        await seen.type("haiku")
        await seen.press("down", "f")
        await seen.settle()
        assert asked(seen, ForkSession) == [ForkSession(session=SessionId("g"))]
        assert seen.bridge.session == "f2"


async def test_what_was_deleted_can_be_brought_back_also_later(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.type("haiku")
        await seen.press("down", "d")
        assert "“a haiku about rain” is deleted" in seen.text()
        await seen.press("f5", "f5")
        await seen.settle()
        assert "“a haiku about rain” is deleted" in seen.text()
        await seen.press("down", "u")
        assert asked(seen, DeleteSession)[-1] == DeleteSession(session=SessionId("g"), undo=True)
        assert "is back" in seen.text()
        assert not seen.app.deleted


@pytest.mark.long
async def test_what_works_is_not_deleted(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.app.open_session("w")
        script = scenes.opened().prompt("add pages").route().opened()
        seen.bridge.tell(of("w", script.records))
        await seen.settle()
        await seen.type("add pages")
        await seen.press("down", "d")
        assert "press Esc, then it can be deleted" in seen.text()
        assert not asked(seen, DeleteSession)


@pytest.mark.long
async def test_deleting_the_session_that_is_shown_shows_another(tmp_path):
    async with hand_fed(tmp_path, script=titled("mine")) as seen:
        seen.bridge.answers[ListSessions] = Sessions(sessions=(line("s", "mine"),))
        await seen.press("f5")
        await seen.until_said("1 session")
        await seen.press("down", "d")
        await seen.settle()
        assert seen.bridge.session == "new"
        assert seen.bridge.closed == ["s"]
        assert seen.app.welcome.display


@pytest.mark.long
async def test_what_the_engine_refuses_is_said_in_the_list(tmp_path):
    async with listed(tmp_path) as seen:
        refused = UsageError("this session is driven by another ownkey", hint="Close that one.")
        seen.bridge.answers[RenameSession] = refused
        await seen.press("down", "r")
        await seen.type("x", "enter")
        assert "This session is driven by another ownkey. Close that one." in seen.text()


@pytest.mark.long
async def test_n_begins_a_new_session(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.press("down", "n")
        await seen.settle()
        assert seen.bridge.session == "new"


async def exported(seen: Seen, name: str) -> None:
    await seen.press("e", "ctrl+u")
    await seen.type(name, "enter")
    await seen.app.workers.wait_for_complete()
    await seen.settle()


@pytest.mark.long
@pytest.mark.parametrize("form", ["md", "json", "html"])
async def test_a_session_is_exported_to_a_named_file(tmp_path, form):
    script = titled("a question", says="An answer.")
    async with hand_fed(tmp_path, script=script) as seen:
        seen.app.folder = tmp_path
        store = Store(seen.app.paths.store_file)
        store.append(SessionId("s"), [(r.event, r.turn) for r in script.records], START)
        store.close()
        await seen.press("f5", "down")
        await exported(seen, f"out.{form}")
        text = (tmp_path / f"out.{form}").read_text("utf-8")
        assert "An answer." in text and "Written to" in seen.text()
        if form == "json":
            assert json.loads(text)["title"] == "a question"


@pytest.mark.long
async def test_a_file_that_is_there_is_written_over_only_after_a_second_enter(tmp_path):
    script = titled("a question")
    async with hand_fed(tmp_path, script=script) as seen:
        seen.app.folder = tmp_path
        store = Store(seen.app.paths.store_file)
        store.append(SessionId("s"), [(r.event, r.turn) for r in script.records], START)
        store.close()
        (tmp_path / "mine.md").write_text("precious", "utf-8")
        await seen.press("f5", "down")
        await exported(seen, "mine.md")
        assert "Enter again writes over it" in seen.text()
        assert (tmp_path / "mine.md").read_text("utf-8") == "precious"
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        assert "a question" in (tmp_path / "mine.md").read_text("utf-8")


@pytest.mark.long
async def test_a_name_that_says_no_form_is_refused(tmp_path):
    async with listed(tmp_path) as seen:
        await seen.press("down")
        await exported(seen, "mine.doc")
        assert "End it in .md, .json or .html." in seen.text()


@pytest.mark.long
async def test_a_click_on_the_count_opens_the_list(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await seen.app.open_session("b")
        seen.bridge.tell(of("b", titled("two").records))
        await seen.settle()
        at = seen.rows()[0].index("2 sessions")
        await seen.pilot.click(offset=(at + 2, 0))
        await seen.settle()
        assert isinstance(seen.app.screen, SessionsScreen)


@pytest.mark.long
async def test_a_list_that_fails_leaves_the_console_working(tmp_path, monkeypatch):
    def broken(*_: object, **__: object) -> list[tuple[str, str]]:
        raise ValueError("no cells")

    monkeypatch.setattr("tui.console.sessions.list.pieces", broken)
    async with listed(tmp_path) as seen:
        assert "The list failed (ValueError" in seen.text()
        await seen.press("escape")
        await seen.type("on")
        assert seen.prompt == "on"


@pytest.mark.long
async def test_others_are_looked_for_while_it_is_open(tmp_path):
    async with listed(tmp_path) as seen:
        fresh = line("z", "made elsewhere")
        seen.bridge.answers[ListSessions] = Sessions(sessions=(fresh, *many()))
        seen.app.screen.reload()
        await seen.until_said("made elsewhere")


# Going back.


def worked() -> Script:
    script = titled("first thing").wait(60)
    script.prompt("second thing").route().opened().say("Done.").close()
    script.add(FileChanged(call=CallId("c"), path="/w/shop/app.py", before=b"a", after=b"b"))
    return script.finished().usage().charge().done()


@pytest.mark.long
async def test_going_back_takes_the_chat_alone(tmp_path):
    async with hand_fed(tmp_path, script=worked()) as seen:
        await seen.type("/rewind", "enter")
        assert "second thing" in seen.row_of("1 file")
        await seen.press("enter")
        await seen.until_said("/w/shop/app.py")
        await seen.press("1")
        await seen.settle()
        sent = asked(seen, RewindSession)[-1]
        prompt = next(r.seq for r in worked().records if "second" in getattr(r.event, "prompt", ""))
        assert sent == RewindSession(session=SessionId("s"), to=prompt - 1, files=False)
        assert seen.prompt == "second thing"
        assert "/rewind still has what stood before" in seen.status


@pytest.mark.long
async def test_going_back_with_the_files_says_so(tmp_path):
    async with hand_fed(tmp_path, script=worked()) as seen:
        await seen.type("/rewind", "enter")
        await seen.press("enter", "2")
        await seen.settle()
        assert asked(seen, RewindSession)[-1].files is True


@pytest.mark.long
async def test_a_fork_begins_there_with_the_prompt(tmp_path):
    async with hand_fed(tmp_path, script=worked()) as seen:
        seen.bridge.answers[ForkSession] = Forked(session=SessionId("f2"))
        await seen.type("/rewind", "enter")
        await seen.press("down", "enter")
        await seen.press("3")
        await seen.settle()
        assert asked(seen, ForkSession)[-1].at == 2
        assert seen.bridge.session == "f2" and seen.prompt == "first thing"


@pytest.mark.long
async def test_without_changed_files_there_are_two_ways(tmp_path):
    async with hand_fed(tmp_path, script=titled("only")) as seen:
        await seen.type("/rewind", "enter")
        await seen.press("enter", "3")
        assert not asked(seen, RewindSession) and not asked(seen, ForkSession)
        await seen.press("1")
        await seen.settle()
        assert asked(seen, RewindSession)[-1].files is False


@pytest.mark.long
async def test_what_stood_before_going_back_is_had_again_as_a_fork(tmp_path):
    from tui.events.session import SessionRewound

    script = worked()
    last = script.records[-1].seq
    script.add(SessionRewound(to=2))
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.answers[ForkSession] = Forked(session=SessionId("f2"))
        await seen.type("/rewind", "enter")
        assert "what stood before going back" in seen.text()
        await seen.press("home", "enter")
        await seen.settle()
        assert asked(seen, ForkSession)[-1].at == last


@pytest.mark.long
async def test_nobody_goes_back_under_a_working_agent(tmp_path):
    script = titled("one").prompt("two").route().opened()
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.type("/rewind", "enter")
        assert "Esc stops it, then you can go back" in seen.status


@pytest.mark.long
async def test_a_session_that_is_only_followed_is_not_gone_back_in(tmp_path):
    async with hand_fed(tmp_path, script=worked()) as seen:
        seen.app.on_session(SessionOpened(session=SessionId("s"), driving=False, seq=9, model=None))
        await seen.settle()
        await seen.type("/rewind", "enter")
        assert "it can only be read here" in seen.status
