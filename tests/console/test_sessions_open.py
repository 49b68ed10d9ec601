"""Several sessions side by side: each keeps what is its own, whichever is shown."""

from __future__ import annotations

import pytest

from tests import scenes
from tests.console_world import Seen, hand_fed
from tests.sessions_world import of, streaming, titled
from tests.transcript_world import Script
from tui.console.sessions.open_sessions import MOST_RESTING, OpenSessions
from tui.errors import NetworkFailed, OwnkeyError
from tui.events.base import CallId, SessionId
from tui.events.session import SessionCreated
from tui.session.commands import Interrupt, ListKeys, ListModels, StartTurn
from tui.session.replies import SessionOpened

pytestmark = pytest.mark.long


async def beside(seen: Seen, session: str, script: Script) -> None:
    """Open another session and let it tell what has been."""
    await seen.app.open_session(session)
    seen.bridge.tell(of(session, script.take()))
    await seen.settle()


async def test_another_session_takes_the_screen_and_the_first_comes_back_as_it_was(tmp_path):
    async with hand_fed(tmp_path, script=titled("What is here?", says="A shop.")) as seen:
        await beside(seen, "b", titled("And there?", says="A garden."))
        assert "A garden." in seen.text() and "A shop." not in seen.text()
        await seen.press("f6")
        assert "A shop." in seen.text() and "A garden." not in seen.text()
        assert "What is here?" in seen.rows()[0]


async def test_models_and_keys_are_asked_for_anew_where_a_session_lies_in_another_folder(tmp_path):
    def asked(kind):
        return [one.folder for one in seen.bridge.sent if isinstance(one, kind)][-1]

    async with hand_fed(tmp_path, script=titled("What is here?")) as seen:
        other = Script().add(SessionCreated(cwd="~/src/garden", version="1", branch=None))
        await beside(seen, "b", other)
        assert (asked(ListModels), asked(ListKeys)) == ("~/src/garden", "~/src/garden")
        await seen.press("f6")
        assert (asked(ListModels), asked(ListKeys)) == ("~/src/shop", "~/src/shop")


async def test_one_streams_while_another_is_read(tmp_path):
    script = streaming("count")
    async with hand_fed(tmp_path, script=script) as seen:
        await beside(seen, "b", titled("And there?"))
        script.say(" still counting")
        seen.bridge.tell(script.take())
        await seen.settle()
        assert "still counting" not in seen.text()
        assert "1 works" in seen.rows()[0]
        await seen.press("alt+up")
        assert "I am at it still counting" in seen.text()


async def test_each_session_has_a_draft_of_its_own(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await seen.type("half a thought")
        await seen.press("left", "left")
        await beside(seen, "b", titled("two"))
        assert seen.prompt == ""
        await seen.type("another")
        await seen.press("alt+down")
        assert seen.prompt == "half a thought"
        await seen.type("!")
        assert seen.prompt == "half a thoug!ht"
        await seen.press("alt+down")
        assert seen.prompt == "another"


async def test_a_prompt_goes_to_the_session_that_is_shown(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await beside(seen, "b", titled("two"))
        await seen.type("hello", "enter")
        assert seen.bridge.commands()[-1] == StartTurn(session=SessionId("b"), prompt="hello")


async def test_esc_stops_only_the_session_that_is_shown(tmp_path):
    async with hand_fed(tmp_path, script=streaming("one")) as seen:
        await beside(seen, "b", titled("two"))
        await seen.press("escape")
        assert not any(isinstance(one, Interrupt) for one in seen.bridge.sent)
        await seen.press("f6", "escape")
        assert seen.bridge.commands()[-1] == Interrupt(session=SessionId("s"))


async def test_the_scroll_place_is_kept_and_what_came_is_counted(tmp_path):
    script = titled("one", says="\n\n".join(f"line {number}" for number in range(80)))
    async with hand_fed(tmp_path, script=script, size=(100, 30)) as seen:
        await seen.press("ctrl+home")
        await beside(seen, "b", titled("two"))
        script.prompt("more").route(label="work").opened().say("and more").close()
        seen.bridge.tell(script.take())
        await seen.settle()
        await seen.press("f6")
        assert "line 2" in seen.text() and "line 79" not in seen.text()
        assert "new ↓" in seen.text()


async def test_a_session_comes_back_in_the_width_of_now(tmp_path):
    script = titled("one", says="word " * 60)
    async with hand_fed(tmp_path, script=script) as seen:
        await beside(seen, "b", titled("two"))
        await seen.pilot.resize_terminal(80, 24)
        await seen.settle()
        await seen.press("f6")
        lines = [row for row in seen.rows(seen.app.transcript) if "word word" in row]
        assert max(map(len, lines)) <= 80 and len(lines) > 3


async def test_a_background_session_that_asks_is_said_and_f6_goes_to_its_panel(tmp_path):
    script = scenes.asking()
    told, asks = script.records[:-1], script.records[-1:]
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await seen.app.open_session("b")
        seen.bridge.tell(of("b", told))
        await seen.settle()
        await seen.press("f6")
        seen.bridge.tell(of("b", asks))
        await seen.settle()
        assert "asks you: F6 goes there" in seen.status
        assert "1 waits for you" in seen.rows()[0]
        assert not seen.app.choices.display
        await seen.press("f6")
        assert seen.app.choices.display
        await seen.press("f6")
        assert not seen.app.choices.display
        assert "1 waits for you" in seen.rows()[0]


async def test_a_background_session_that_ends_is_said_once(tmp_path):
    script = streaming("count")
    async with hand_fed(tmp_path, script=script) as seen:
        await beside(seen, "b", titled("two"))
        assert "F6" not in seen.status
        script.close().finished().usage().charge().done()
        seen.bridge.tell(script.take())
        await seen.settle()
        assert "“count” has ended: F6 goes there" in seen.status
        await seen.press("f6")
        assert "F6" not in seen.status


async def test_f6_goes_to_who_waits_before_who_was_shown_last():
    opened = OpenSessions()
    views = [opened.took(SessionId(id), driving=True) for id in "abc"]
    for view in views[1:]:
        opened.choose(view)
    assert opened.wanted() is views[1]
    views[1].news = "ended"
    views[0].fold(of("a", scenes.asking().records))
    assert opened.wanted() is views[0]


async def test_a_question_of_another_session_is_not_answered_from_here(tmp_path):
    async with hand_fed(tmp_path, script=scenes.asking()) as seen:
        await beside(seen, "b", titled("two"))
        before = list(seen.bridge.commands())
        await seen.type("1")
        assert seen.bridge.commands() == before
        assert seen.prompt == "1"


async def test_a_prompt_that_could_not_be_sent_comes_back_where_it_was_written(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        view = seen.app.open_sessions.here
        await beside(seen, "b", titled("two"))
        seen.app.could_not_send(view, "lost?", NetworkFailed("the disk is full"))
        await seen.settle()
        assert seen.prompt == ""
        await seen.press("f6")
        assert seen.prompt == "lost?"
        assert "Not sent: the disk is full." in seen.text()


async def test_a_session_that_cannot_be_opened_leaves_the_one_that_is_shown(tmp_path, monkeypatch):
    async def refuse(session: str | None) -> SessionOpened:
        raise OwnkeyError("that session is broken", hint="See `ownkey sessions check`.")

    async with hand_fed(tmp_path, script=titled("one", says="Still here.")) as seen:
        monkeypatch.setattr(seen.bridge, "open", refuse)
        await seen.app.open_session("b")
        await seen.settle()
        assert "that session is broken. See" in seen.text()
        assert "Still here." in seen.text()


async def test_the_folder_shown_is_the_sessions_own(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        script = Script()
        from tui.events.session import SessionCreated

        script.add(SessionCreated(cwd="/elsewhere/garden", version="1", branch="trunk"))
        await beside(seen, "b", script)
        assert "/elsewhere/garden   trunk" in seen.rows()[0]


async def test_what_rests_is_closed_when_too_many_are_open(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        for number in range(MOST_RESTING + 2):
            await beside(seen, f"b{number}", titled("again"))
        assert seen.bridge.closed == ["s", "b0"]
        assert len(seen.app.open_sessions) == MOST_RESTING + 1


@pytest.mark.parametrize("busy", ["draft", "works", "asks"])
def test_what_would_be_missed_is_never_closed(busy):
    opened = OpenSessions()
    first = opened.took(SessionId("a"), driving=True)
    if busy == "draft":
        first.draft = first.draft._replace(text="mine")
    else:
        first.fold((streaming("x") if busy == "works" else scenes.asking()).records)
    for number in range(MOST_RESTING + 3):
        opened.choose(opened.took(SessionId(f"b{number}"), driving=True))
    assert first in list(opened)


async def test_a_new_session_counts_from_its_first_prompt(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await seen.app.open_session("b")
        await seen.settle()
        assert "2 sessions" not in seen.rows()[0]
        seen.bridge.tell(of("b", titled("two").records))
        await seen.settle()
        assert "2 sessions" in seen.rows()[0]


async def test_slash_new_begins_a_session_beside(tmp_path):
    async with hand_fed(tmp_path, script=titled("one")) as seen:
        await seen.type("/new", "enter")
        assert seen.bridge.session == "new"
        assert seen.app.welcome.display


async def test_words_for_a_no_wait_in_their_own_session(tmp_path):
    async with hand_fed(tmp_path, script=scenes.asking()) as seen:
        await seen.until(lambda: not seen.app.choices.deaf)
        number = next(c.key for c in seen.app.choices._choices if "why" in str(c))
        await seen.press(number)
        await seen.type("because")
        await beside(seen, "b", titled("two"))
        assert seen.prompt == ""
        await seen.press("f6")
        assert seen.prompt == "because"
        await seen.press("enter")
        last = seen.bridge.commands()[-1]
        assert last.session == "s" and last.said == "because" and last.call != CallId("")
