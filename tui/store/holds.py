"""Money that requests may still cost, held against budgets before their first byte leaves.

A hold is placed in one transaction with the sums that it is judged by, so that of two programs
on one store only one can pass. It goes in the transaction that writes the request's charge, which
counts from then on by the later of the two moments: a clock that was set back over midnight
meanwhile takes nothing out of the day by whose budget the request was let through. One whose
program was killed counts with all that it held on the day on which it was made: nobody can say
what it cost.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol

import msgspec

from tui.events.base import RequestId, SessionId
from tui.events.codec import Recorded
from tui.events.money import ChargeRecorded
from tui.events.route import Payer, RouteDecided
from tui.money import nano_credits
from tui.store.ledger import Book, KeyReused
from tui.store.rows import from_micros, to_micros
from tui.store.trouble import explained

Mark = tuple[str, str, str]
"""A budget and its time: scope, subject (a key, a folder; else empty), span (`2026-11-30`)."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which charges a sum has; None: whichever.

    Args:
        since: Those from a moment on.
        folder: Those of a folder and of what lies in it.
    """

    since: dt.datetime | None = None
    session: SessionId | None = None
    connection: str | None = None
    folder: str | None = None


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What a span's requests have cost and may cost, in nano-dollars.

    Args:
        spent: Known charges.
        unknown: The most that requests of unknown cost can have cost.
        held: The most that open requests can cost.
    """

    spent: int = 0
    unknown: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        return self.spent + self.unknown + self.held


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is held for; of one that its program left, also whether it was sent."""

    request: RequestId
    session: SessionId
    at: dt.datetime
    payer: Payer
    connection: str
    folder: str
    sent: bool = False


Decide = Callable[[Sequence[Used], Mapping[Mark, int], int], int | None]
"""From the spans' sums, the raised limits and the credits that are left (nano-credits; 0 where no
ledger pays) to what is to be held; None: nothing is."""


class Credits(Protocol):
    """In which credits a request is held, too."""

    @property
    def service(self) -> str: ...

    def held(self, nano: int) -> int:
        """Nano-credits to hold for so many nano-dollars."""
        ...


class Holds:
    """The holds of one store; calls block.

    Args:
        path: The store's file, for errors.
        db: Its connection.
        transaction: Its write transaction.
    """

    def __init__(
        self,
        path: Path,
        db: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._path = path
        self._db = db
        self._transaction = transaction
        self._book = Book(db)

    def place(
        self, hold: Hold, spans: Sequence[Span], marks: Sequence[Mark], decide: Decide,
        credits: Credits | None = None,
    ) -> bool:  # fmt: skip
        """Hold what `decide` says, all in one step; whether anything is held now.

        Where `credits` of a ledger pay it is held in those in the same step.

        Raises:
            StoreError: it cannot be written.
        """
        with self._transaction():
            left = 0 if credits is None else self._book.left(credits.service, hold.at)
            nano = decide([self._used(span) for span in spans], self._raised(marks), left)
            if nano is None:
                return False
            if credits is not None:
                self._book.hold(
                    credits.service, credits.held(nano), key=hold.request,
                    session=hold.session, at=hold.at,
                )  # fmt: skip
            self._db.execute(
                "INSERT INTO holds (request, session, at, payer, connection, folder, nano)"
                " VALUES (?,?,?,?,?,?,?)",
                (
                    hold.request, hold.session, to_micros(hold.at), hold.payer,
                    hold.connection, _storable(hold.folder), nano,
                ),
            )  # fmt: skip
        return True

    def used(
        self, spans: Sequence[Span], marks: Sequence[Mark]
    ) -> tuple[list[Used], dict[Mark, int]]:
        """The spans' sums, and the raised limits."""
        with explained(self._path):
            return [self._used(span) for span in spans], self._raised(marks)

    def release(self, request: RequestId, at: dt.datetime) -> None:
        """It has cost nothing."""
        with self._transaction():
            if self._book.holds(request):
                self._book.release(request, at)
            self._db.execute("DELETE FROM holds WHERE request = ?", (request,))

    def left(self, session: SessionId, at: dt.datetime) -> list[Hold]:
        """What a program that is gone left in this session; what was never sent is let go of."""
        with self._transaction():
            self._book.leave(session, at)
            self._db.execute("DELETE FROM holds WHERE session = ? AND NOT sent", (session,))
            self._db.execute("UPDATE holds SET gone = 1 WHERE session = ?", (session,))
            found = self._db.execute(
                "SELECT request, payer, connection, folder, at FROM holds WHERE session = ?",
                (session,),
            ).fetchall()
        return [
            Hold(
                request=request, session=session, payer=payer, connection=connection,
                folder=folder, at=from_micros(at), sent=True,
            )
            for request, payer, connection, folder, at in found
        ]  # fmt: skip

    def open_elsewhere(self, session: SessionId) -> list[SessionId]:
        """Other sessions with requests that count as open."""
        with explained(self._path):
            found = self._db.execute(
                "SELECT DISTINCT session FROM holds WHERE NOT gone AND session <> ?", (session,)
            ).fetchall()
        return [SessionId(id) for (id,) in found]

    def raise_limit(self, mark: Mark, nano: int) -> None:
        """Another limit for one budget in one span, in place of the setting's."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO raises VALUES (?,?,?,?)", (*mark, nano))

    def warn(self, mark: Mark, limit: int) -> bool:
        """Note that a budget is nearly used up; false where that was said of it already."""
        with self._transaction():
            said = self._db.execute(
                "SELECT nano FROM warnings WHERE (scope, subject, span) = (?,?,?)", mark
            ).fetchone()
            if said is not None and said[0] >= limit:
                return False
            self._db.execute("INSERT OR REPLACE INTO warnings VALUES (?,?,?,?)", (*mark, limit))
        return True

    def _used(self, span: Span) -> Used:
        where, values = self._where(span)
        since = -(1 << 62) if span.since is None else to_micros(span.since)
        (spent,) = self._db.execute(
            f"SELECT coalesce(sum(nano), 0) FROM charges WHERE (at >= ? OR held_at >= ?){where}",
            (since, since, *values),
        ).fetchone()
        (unknown,) = self._db.execute(
            f"SELECT coalesce(sum(held), 0) FROM charges WHERE held_at >= ?{where}",
            (since, *values),
        ).fetchone()
        # An open one counts whenever it was made: its charge comes now or later.
        held, gone = self._db.execute(
            "SELECT coalesce(sum(nano) FILTER (WHERE NOT gone), 0),"
            " coalesce(sum(nano) FILTER (WHERE gone), 0)"
            f" FROM holds WHERE (at >= ? OR NOT gone){where}",
            (since, *values),
        ).fetchone()
        return Used(spent=spent, unknown=unknown + gone, held=held)

    def _where(self, span: Span) -> tuple[str, list[int | str]]:
        where, values = "", list[int | str]()
        if span.session is not None:
            where += " AND session = ?"
            values.append(span.session)
        if span.connection is not None:
            where += " AND connection = ?"
            values.append(span.connection)
        if span.folder is not None:
            folder = _storable(span.folder)
            inside = folder.rstrip("/") + "/"
            where += " AND (folder = ? OR substr(folder, 1, ?) = ?)"
            values += [folder, len(inside), inside]
        return where, values

    def _raised(self, marks: Sequence[Mark]) -> dict[Mark, int]:
        found: dict[Mark, int] = {}
        for mark in marks:
            row = self._db.execute(
                "SELECT nano FROM raises WHERE (scope, subject, span) = (?,?,?)", mark
            ).fetchone()
            if row is not None:
                found[mark] = row[0]
        return found


_THE_CHARGE = (
    " FROM holds h WHERE h.request = :request"
    " AND (charges.at, charges.session, charges.seq) = (:at, :session, :seq)"
)
_LATER_KNOWN = f"UPDATE charges SET held_at = h.at{_THE_CHARGE} AND h.at > :at"
_LATER_UNKNOWN = (
    "UPDATE charges SET held = h.nano,"
    f" held_at = CASE WHEN h.gone THEN h.at ELSE max(h.at, :at) END{_THE_CHARGE}"
)


def settle(db: sqlite3.Connection, record: Recorded, event: ChargeRecorded | RouteDecided) -> None:
    """Within the transaction that writes the event: its hold becomes the charge, or is sent."""
    book = Book(db)
    if isinstance(event, RouteDecided):
        book.sent(event.request)
        db.execute("UPDATE holds SET sent = 1 WHERE request = ?", (event.request,))
        return
    if event.payer == "credits" and book.holds(event.request):
        credits = nano_credits(event.credits)
        if credits is None:
            book.unsettle(event.request)
        else:
            with suppress(KeyReused):  # told twice and not alike: what was told first counts
                book.settle(event.request, credits, record.at)
    db.execute(
        _LATER_KNOWN if event.nano is not None else _LATER_UNKNOWN,
        {
            "at": to_micros(record.at), "session": record.session, "seq": record.seq,
            "request": event.request,
        },
    )  # fmt: skip
    db.execute("DELETE FROM holds WHERE request = ?", (event.request,))


def _storable(text: str) -> str:
    """SQLite's text takes no lone surrogates: a folder's odd bytes become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")
