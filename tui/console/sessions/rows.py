"""What the list of the sessions shows, in words, columns and an order (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from tui.console.header import short_path
from tui.console.sessions.view import SessionView
from tui.events.base import SessionId
from tui.money import show_sum, show_usd
from tui.session.projection import SessionState
from tui.store.summary import Summary
from tui.text import neutralise
from tui.text.filter import best

RowState = Literal["working", "waiting", "failed", "interrupted", "done", "new"]
STATE_WORDS: dict[RowState, tuple[str, str]] = {
    "working": ("working", "good"),
    "waiting": ("waits for you", "warn"),
    "failed": ("failed", "bad"),
    "interrupted": ("interrupted", "mute"),
    "done": ("done", "faint"),
    "new": ("new", "faint"),
}
_STATES: dict[str, RowState] = {
    "working": "working", "waiting": "waiting", "failed": "failed", "interrupted": "interrupted",
}  # fmt: skip
UNTITLED = "untitled"
LEAST_BURNING_S = 5
"""A rate over less than this says nothing."""


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session. Texts are neutral; money is in nano-dollars.

    Args:
        cwd: Its folder, as it is.
        folder: The same for people.
        nano: Known charges; None where not even they are known.
        unknown: How many others there are.
        sure: Whether the sum is settled.
        burn: Dollars per hour in the turn that runs, in nano-dollars; None: none runs, or unknown.
        messages: Prompts and replies; None: not known yet.
        here: Whether it is the one that is shown.
        open: Whether it is open in this console.
    """

    id: SessionId
    title: str
    cwd: str
    folder: str
    branch: str
    model: str
    payer: str | None
    nano: int | None
    unknown: int
    sure: bool
    burn: int | None
    created: dt.datetime
    updated: dt.datetime
    messages: int | None
    state: RowState
    here: bool
    open: bool

    @property
    def words(self) -> str:
        """What the filter looks in."""
        return f"{self.title} {self.folder} {self.branch} {self.model}".lower()

    @property
    def cost(self) -> str:
        """As everywhere: `~` before an estimate, `?` for what is unknown."""
        return show_sum(self.nano, self.unknown, sure=self.sure)

    @property
    def burns(self) -> str:
        """What an hour of this would cost, or nothing."""
        return "" if self.burn is None else f"{show_usd(self.burn, sure=False)}/h"


class Line(msgspec.Struct, frozen=True):
    """One line of the list: a section's head, a session by its place in the rows, or air."""

    head: str | None = None
    right: str = ""
    row: int | None = None


class RowMaker:
    """Makes rows out of what the engine lists; what is open here is known better, and fresher.

    What has not changed since the last time is not made again.

    Args:
        name: A model's name for people.
    """

    def __init__(self, name: Callable[[str], str]) -> None:
        self._name = name
        self._made: dict[str, tuple[Summary, SessionRow]] = {}
        self._folders: dict[str, str] = {}

    def rows(
        self,
        listed: Iterable[Summary],
        views: Iterable[SessionView],
        here: SessionView,
        *,
        now: dt.datetime,
    ) -> list[SessionRow]:
        """Rows, the latest first.

        Args:
            listed: The latest first.
            views: What is open in this console.
            here: The one that is shown.
            now: For rates.
        """
        opened = {view.id: view for view in views if view.id is not None}
        rows: list[SessionRow] = []
        for one in listed:
            view = opened.pop(SessionId(one.id), None)
            rows.append(self._listed(one) if view is None else self._open(view, one, here, now))
        fresh = [self._open(view, None, here, now) for view in opened.values() if view.state.seq]
        return fresh + rows

    def _listed(self, one: Summary) -> SessionRow:
        before = self._made.get(one.id)
        if before is not None and before[0] == one:
            return before[1]
        row = SessionRow(
            id=SessionId(one.id),
            title=_one_line(one.title or UNTITLED),
            cwd=one.cwd,
            folder=self._folder(one.cwd),
            branch=_one_line(one.branch or ""),
            model=self._model(one.model),
            payer=one.payer,
            nano=one.nano,
            unknown=one.unknown,
            sure=True,
            burn=None,
            created=one.created,
            updated=one.updated,
            messages=one.messages,
            state=_STATES.get(one.state, "done"),
            here=False,
            open=False,
        )
        self._made[one.id] = one, row
        return row

    def _open(
        self, view: SessionView, one: Summary | None, here: SessionView, now: dt.datetime
    ) -> SessionRow:
        state, live = view.state, view.state.live_nano
        assert view.id is not None
        payer = None if state.route is None else state.route.payer
        return SessionRow(
            id=view.id,
            title=_one_line(state.title or (one.title if one else None) or "a new session"),
            cwd=state.cwd,
            folder=self._folder(state.cwd),
            branch=_one_line(state.branch or ""),
            model=self._model(state.model),
            payer=payer or (None if one is None else one.payer),
            nano=None if live is None else state.session_nano + live,
            unknown=state.session_unknown,
            sure=live == 0,
            burn=burn_rate(state, now) if view.works else None,
            created=now if one is None else one.created,
            updated=view.at or now,
            messages=None if one is None else one.messages,
            state=_state(view, one),
            here=view is here,
            open=True,
        )

    def _model(self, model: str | None) -> str:
        return "" if model is None else _one_line(self._name(model))

    def _folder(self, cwd: str) -> str:
        if cwd not in self._folders:
            self._folders[cwd] = folder_words(cwd)
        return self._folders[cwd]


def _state(view: SessionView, one: Summary | None) -> RowState:
    if view.waits:
        return "waiting"
    if view.state.working:
        return "working"
    if not view.state.turn:
        return "new"
    ended = view.ended or (one.state if one is not None else "")
    return _STATES.get(ended, "done") if ended not in {"working", "waiting"} else "done"


def burn_rate(state: SessionState, now: dt.datetime) -> int | None:
    """Nano-dollars per hour of the turn that runs; None where none does, or it is not known."""
    live = state.live_nano
    if not state.working or state.turn_began is None or live is None or state.turn_unknown:
        return None
    seconds = (now - state.turn_began).total_seconds()
    spent = state.turn_nano + live
    if seconds < LEAST_BURNING_S or not spent:
        return None
    return round(Fraction(spent) * 3600 / Fraction(seconds))


def lines_of(
    rows: Sequence[SessionRow], cwd: str, query: str = "", words: Sequence[str] = ()
) -> list[Line]:
    """The list: who works or waits, then this folder, then others; with a query, best first.

    Args:
        rows: The latest first.
        cwd: The folder of the session that is shown.
        query: Words, each of which must fit title, folder, branch or model.
        words: Of each row, what the query is looked for in.
    """
    order = best(query, words) if query.split() else list(range(len(rows)))
    busy = [at for at in order if rows[at].state in {"working", "waiting"}]
    busy.sort(key=lambda at: rows[at].state != "waiting")
    rest = [at for at in order if rows[at].state not in {"working", "waiting"}]
    here = [at for at in rest if rows[at].cwd == cwd]
    others = [at for at in rest if rows[at].cwd != cwd]
    lines: list[Line] = []
    for head, right, found in (
        ("Now", "", busy),
        ("This folder", folder_words(cwd), here),
        ("Other folders", "", others),
    ):
        if found:
            lines += [Line()] if lines else []
            lines.append(Line(head=head, right=right))
            lines += [Line(row=at) for at in found]
    return lines


def age(since: dt.timedelta) -> str:
    """How long ago, in a column: `now`, `2 min`, `3 h`, `1 day`, `9 days`, `5 wk`, `2 yr`."""
    minutes = max(0, int(since.total_seconds() // 60))
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    days = minutes // (24 * 60)
    if days < 14:
        return "1 day" if days == 1 else f"{days} days"
    return f"{days // 7} wk" if days < 365 else f"{days // 365} yr"


def folder_words(cwd: str) -> str:
    """A folder for people, the home folder as `~`."""
    return _one_line(short_path(Path(cwd))) if cwd else ""


def _one_line(text: str) -> str:
    return neutralise(" ".join(text.split()), strict=True)
