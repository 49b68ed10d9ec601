"""The console's side of many sessions: which is shown, what the others tell, going between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType

from tui.console.calling import Calling
from tui.console.panels.asking import Asking
from tui.console.sessions.open_sessions import OpenSessions
from tui.console.sessions.view import Draft, SessionView, news_of
from tui.errors import OwnkeyError
from tui.events.base import SessionId, utc_now
from tui.events.codec import Recorded
from tui.events.turn import TurnStarted
from tui.paths import Paths
from tui.session.replies import SessionOpened
from tui.store.summary import Summary
from tui.text import neutralise, truncate

Result = TypeVar("Result")

TITLE_CELLS = 32


class SessionsDesk(Asking[Result], Calling[Result], inherit_bindings=False):
    """The part of the console that has many sessions open.

    What belongs to one session stands in its `SessionView`; while it is shown, the console's own
    attributes (`state`, `waiting`, `driving` …) are those of the view.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "sessions", "Sessions", show=False, priority=True),
        Binding("f6", "wanted_session", "Who waits", show=False, priority=True),
        Binding("alt+down", "beside(1)", "Next session", show=False, priority=True),
        Binding("alt+up", "beside(-1)", "Session before", show=False, priority=True),
    ]

    _sent = False
    _taking_back: tuple[str, str] | None = None

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self.open_sessions = OpenSessions()
        self.folder = folder
        self.listed: Sequence[Summary] = ()
        self.deleted: list[tuple[SessionId, str]] = []  # in this run, with their titles
        self.sessions_shown: Callable[[], None] | None = None  # of the list, while it is open
        self._show_attributes(self.open_sessions.here)

    # What the engine tells.

    def took_session(self, opened: SessionOpened) -> bool:
        """The engine has opened a session, for the first time or anew; whether it is shown."""
        view = self.open_sessions.took(opened.session, driving=opened.driving)
        here = view is self.open_sessions.here
        if here:
            self.driving, self.free = view.driving, view.free
        return here

    def can_take_over(self, session: SessionId) -> None:
        """Who drove a session that is only followed here has gone."""
        view = self.open_sessions.find(session)
        if view is None or view.driving:
            return
        view.free = True
        if view is self.open_sessions.here:
            self.free = True
            self.refresh_status()

    def records_here(self, records: Sequence[Recorded]) -> list[Recorded]:
        """Those of the session that is shown; the others are folded, and what counts is said."""
        here, others = self.open_sessions.split(records)
        self.open_sessions.here.follow(here)
        for session, theirs in others.items():
            if (view := self.open_sessions.find(session)) is not None:
                view.fold(theirs)
                self._tell(view, theirs)
        if others or any(isinstance(one.event, TurnStarted) for one in here):
            self.call_later(self._count)  # behind what is told of the session that is shown
        return here

    def _tell(self, view: SessionView, records: Sequence[Recorded]) -> None:
        self.call_back(records)
        news = news_of(records)
        if news is None or (news != "asks" and view.waits):
            return
        view.news = news
        did = {"asks": "asks you", "ended": "has ended", "failed": "has failed"}[news]
        self.flash(f"{self.title_of(view)} {did}: F6 goes there")

    def title_of(self, view: SessionView) -> str:
        """What a session is called in a sentence."""
        title = truncate(neutralise(view.state.title or "", strict=True), TITLE_CELLS)
        return f"“{title}”" if title else "A new session"

    def show_sessions(self, sessions: Sequence[Summary]) -> None:
        self.listed = sessions
        self._count()
        if self.sessions_shown is not None:
            self.sessions_shown()

    def name_of(self, model: str) -> str:
        """A model's name for people."""
        return self.names.model(model)

    def _count(self) -> None:
        """Count in the header: what is open here is known better than the list has it."""
        views = {view.id: view for view in self.open_sessions}
        others = [one for one in self.listed if one.id not in views]
        fresh = [one for one in views.values() if one.state.turn]
        beside = self.open_sessions.others
        self.header.show_counts(
            total=len(others) + len(fresh),
            working=sum(one.state == "working" for one in others) + sum(v.works for v in beside),
            waiting=sum(one.state == "waiting" for one in others) + sum(v.waits for v in beside),
        )

    # Going between them.

    def show_session(self, view: SessionView) -> None:
        """Show an open session as it was left."""
        here = self.open_sessions.here
        if view is here or view.id is None:
            return
        if self.transcript.recalling:
            self.flash("The start of this session is still being read: a moment.")
            return
        self._put_aside(here)
        for closed in self.open_sessions.choose(view):
            if closed.id is not None:
                self.bridge.close(closed.id)
        self.bridge.choose(view.id)
        self._show_attributes(view)
        self.choices.close()
        if view.kept is not None:
            self.transcript.take_up(view.kept)
        else:
            self.show_unread(view)
        view.kept, view.unread = None, []
        self._give_draft(view.draft)
        self.end_flash()
        self.show_welcome()
        self.follow_folder()
        self.ask_what_waits()
        self.refresh_status()
        self._count()

    def show_unread(self, view: SessionView) -> None:
        """Show a session for the first time."""
        self.transcript.clear()
        self.transcript.feed(view.unread)

    def _put_aside(self, view: SessionView) -> None:
        editor = self.composer.editor
        view.draft = Draft(editor.text, editor.cursor_location)
        view.words, view.mode_sent = self._words, self._mode_sent
        view.sent, view.taking_back = self._sent, self._taking_back
        view.kept = self.transcript.put_aside()

    def _show_attributes(self, view: SessionView) -> None:
        self.state, self.waiting = view.state, view.waiting
        self.driving, self.free = view.driving, view.free
        self._words, self._mode_sent = view.words, view.mode_sent
        self._sent, self._taking_back = view.sent, view.taking_back

    def _give_draft(self, draft: Draft) -> None:
        editor = self.composer.editor
        editor.text = draft.text
        editor.move_cursor(draft.cursor)

    def action_wanted_session(self) -> None:
        """F6: who waits for the person, else who has ended, else the session shown before."""
        self._go(self.open_sessions.wanted())

    def action_beside(self, step: int) -> None:
        """Alt+Down, Alt+Up: the next open session, or the one before."""
        self._go(self.open_sessions.beside(step))

    def _go(self, view: SessionView | None) -> None:
        if len(self.screen_stack) > 1:
            return
        if view is None:
            self.flash("No other session is open: F5 lists all, /new begins one.")
        else:
            self.show_session(view)

    def action_new_session(self) -> None:
        self.run_worker(self.open_session(None), group="open session", exclusive=True)

    async def open_session(self, session: str | None) -> bool:
        """Show a session by its id, opened where it is not yet, or a new one; whether it is."""
        known = None if session is None else self.open_sessions.find(SessionId(session))
        if known is None:
            try:
                opened = await self.bridge.open(session)
            except OwnkeyError as error:
                self.say_error(error)
                return False
            known = self.open_sessions.find(opened.session)
        if known is not None:
            self.show_session(known)
            self.focus_prompt()
        return known is not None

    # What comes too late for the session that is shown.

    def could_not_send(self, view: SessionView, text: str, error: OwnkeyError) -> None:
        """A prompt was not taken: said and given back where it was written."""
        if view is self.open_sessions.here:
            self.say_error(error, "Not sent: ")
            self.composer.editor.put_back(text)
            return
        if not view.draft.text:
            view.draft = Draft(text)
        if view.kept is not None:
            hint = f" {error.hint}" if error.hint else ""
            view.kept.model.note(f"Not sent: {error.message.rstrip('.')}.{hint}", "bad")
        self.flash(f"{self.title_of(view)}: not sent, {error.message}. F6 goes there")
        view.news = "failed"
