"""The sessions that are open side by side, and which one is shown. No Textual, no engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui.console.sessions.view import SessionView
from tui.events.base import SessionId
from tui.events.codec import Recorded

MOST_RESTING = 8
"""So many sessions stay open that nothing goes on in; the others are opened anew when wanted."""


class OpenSessions:
    """At least one: the first has no id until the engine has made it."""

    def __init__(self) -> None:
        self.here = SessionView()
        self._all: list[SessionView] = [self.here]  # in the order in which they were opened
        self._used: list[SessionView] = [self.here]  # the last one shown at the end

    def __iter__(self) -> Iterator[SessionView]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def others(self) -> list[SessionView]:
        """All but the one that is shown."""
        return [one for one in self._all if one is not self.here]

    def find(self, session: SessionId | None) -> SessionView | None:
        """The view of a session, where it is open."""
        return next((one for one in self._all if one.id == session), None)

    def took(self, session: SessionId, *, driving: bool) -> SessionView:
        """The engine has opened a session: the one that has no id yet, a known or a new one."""
        view = self.find(session)
        if view is None and self.here.id is None:
            view = self.here
            view.id = session
        if view is None:
            view = SessionView(session)
            self._all.append(view)
            self._used.insert(0, view)
        view.driving, view.free = driving, False
        return view

    def choose(self, view: SessionView) -> list[SessionView]:
        """Show this one; what was closed for it."""
        self.here = view
        view.news = None
        self._used.remove(view)
        self._used.append(view)
        resting = [one for one in self._used[:-1] if one.rests]
        closed = resting[: max(0, len(resting) - MOST_RESTING)]
        for one in closed:
            self.forget(one)
        return closed

    def forget(self, view: SessionView) -> None:
        """Have it open no longer; never the one that is shown."""
        self._all.remove(view)
        self._used.remove(view)

    def split(
        self, records: Sequence[Recorded]
    ) -> tuple[list[Recorded], dict[SessionId, list[Recorded]]]:
        """Records of the session that is shown, and those of each other one."""
        here: list[Recorded] = []
        others: dict[SessionId, list[Recorded]] = {}
        for record in records:
            if self.here.id in (None, record.session):
                here.append(record)
            else:
                others.setdefault(record.session, []).append(record)
        return here, others

    def wanted(self) -> SessionView | None:
        """Where to go now: who waits for the person, who has ended, the one shown before."""
        latest = list(reversed([one for one in self._used if one is not self.here]))
        for fits in (_waits, _has_news, _any):
            if (found := next(filter(fits, latest), None)) is not None:
                return found
        return None

    def beside(self, step: int) -> SessionView | None:
        """The next or the one before in the order in which they were opened, round and round."""
        if len(self._all) < 2:
            return None
        return self._all[(self._all.index(self.here) + step) % len(self._all)]


def _waits(view: SessionView) -> bool:
    return view.waits


def _has_news(view: SessionView) -> bool:
    return view.news is not None


def _any(_: SessionView) -> bool:
    return True
