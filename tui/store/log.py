"""The store: one SQLite file in WAL mode, an append-only log of events for each session.

What is committed survives kill -9 of any process. `synchronous=NORMAL` keeps a power cut to the
loss of a tail of the log, never a hole in it (reliability.md, promise 2). Calls block: the engine
makes them in one thread of its own.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.errors import StoreError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import AnyEvent, Recorded
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.paths import private_folder
from tui.store.charging import ChargeRow, Charging
from tui.store.holds import Holds, settle
from tui.store.ledger import Ledger
from tui.store.merged import Row, merged
from tui.store.rows import any_text, charge_row, summary_row, to_micros, to_record, to_summary
from tui.store.summary import Summary
from tui.store.trouble import SEE_CHECK, explained
from tui.store.usage import spent_since

BUSY_TIMEOUT_S = 5.0
PAGE = 8_000
"""Rows that are read at once of a log that is read whole."""
_SUMMARIES = (
    "SELECT id, created, cwd, title, branch, model, payer, state, messages, nano,"
    " unknown, updated, seq FROM summaries JOIN sessions ON row = session"
)
_CHARGE = (
    f"INSERT INTO charges ({','.join(ChargeRow._fields)})"
    f" VALUES ({','.join('?' * len(ChargeRow._fields))}) ON CONFLICT DO UPDATE SET "
    + ",".join(f"{one} = excluded.{one}" for one in ChargeRow._fields)
)
"""What was held for a charge stays with it."""
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """All sessions of one person.

    Args:
        path: The database file; made, with its folder, for this user alone.
        scrub: Takes every stored key's bytes out of what is written (`tui.keys.redact`).
        migrations: Folder of the numbered steps from one version of the store to the next.

    Raises:
        StoreError: cannot be opened: locked, damaged, newer, or the disk refuses.

    Attributes:
        holds: What open requests may cost.
        ledger: The credits of the services that we keep the books of.
    """

    def __init__(
        self,
        path: Path,
        scrub: Callable[[bytes], bytes] = bytes,
        *,
        migrations: Path = MIGRATIONS,
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._scrub = scrub
        self._summaries: dict[SessionId, Summary] = {}
        self._charging: dict[SessionId, Charging] = {}
        self._rows: dict[SessionId, int] = {}
        with explained(path):
            private_folder(path.parent)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._db = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._db.text_factory = any_text
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate()
        self.holds = Holds(path, self._db, self._transaction)
        self.ledger = Ledger(self._db, self._transaction)

    def _migrate(self) -> None:
        steps = sorted(self._migrations.glob("*.sql"))
        (have,) = self._db.execute("PRAGMA user_version").fetchone()
        if have > len(steps):
            raise StoreError(
                "this store was written by a newer ownkey",
                hint="Update ownkey; nothing was changed.",
            )
        if have == len(steps):
            return
        with self._transaction():  # a kill in here leaves the old version whole
            (have,) = self._db.execute("PRAGMA user_version").fetchone()
            for number, step in enumerate(steps[have:], start=have + 1):
                for statement in step.read_text("utf-8").split(";"):
                    if statement.strip():
                        self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have rolled it back already
                    with suppress(sqlite3.Error):
                        self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        self._db.close()

    def append(
        self, session: SessionId, events: Sequence[tuple[AnyEvent, int]], at: dt.datetime
    ) -> tuple[Recorded, ...]:
        """Write events with their turn numbers in one step and return them as recorded: masked.

        The first event of a new session is `SessionCreated`. On return they survive a kill.

        Raises:
            StoreError: nothing of it was written; or another process writes this session.
        """
        summary = self._summary(session) or Summary(id=session, created=at, updated=at)
        bodies, records = list[bytes](), list[Recorded]()
        for seq, (event, turn) in enumerate(events, start=summary.seq + 1):
            body, clean = codec.written(event, self._scrub)
            bodies.append(body)
            records.append(Recorded(session=session, seq=seq, at=at, turn=turn, event=clean))
        fresh = _copy(summary)
        charging = self._charging.setdefault(session, Charging())
        charges: list[ChargeRow] = []
        for record in records:
            fresh.apply(record)
            charges += charging.apply(record)
        try:
            with self._transaction():
                self._insert(session, records, bodies, fresh)
                self._charge(charges)
                for record in records:
                    if isinstance(record.event, ChargeRecorded | RouteDecided):
                        settle(self._db, record, record.event)
        except BaseException:
            self._rows.pop(session, None)  # a new session's row went with the rest
            self.forget_cached(session)
            raise
        self._summaries[session] = fresh
        return tuple(records)

    def copy(
        self,
        source: SessionId,
        target: SessionId,
        upto: int,
        events: Sequence[tuple[AnyEvent, int]],
        at: dt.datetime,
    ) -> None:
        """Make a session out of another's events up to `upto`, and `events` behind them.

        Charges among the copied ones are no spending: the last event is a `SessionForked`.

        Raises:
            StoreError: nothing of it was written.
        """
        summary = Summary(id=target, created=at, updated=at)
        records, bodies = list[Recorded](), list[bytes]()
        for seq, (event, turn) in enumerate(events, start=upto + 1):
            body, clean = codec.written(event, self._scrub)
            bodies.append(body)
            records.append(Recorded(session=target, seq=seq, at=at, turn=turn, event=clean))
        charging = Charging()
        for page in self.load(source):
            for record in page:
                if record.seq <= upto:
                    summary.apply(record)
                    charging.apply(record)
        for record in records:
            summary.apply(record)
            charging.apply(record)
        try:
            with self._transaction():
                self._insert(target, [], [], summary)
                self._db.execute(
                    "INSERT INTO events (session, seq, at, turn, version, body)"
                    " SELECT ?, seq, at, turn, version, body FROM events"
                    " WHERE session = ? AND seq <= ?",
                    (self._row(target), self._row(source), upto),
                )
                self._insert(target, records, bodies, summary)
        except BaseException:
            self._rows.pop(target, None)
            raise
        self._summaries[target], self._charging[target] = summary, charging

    def _insert(
        self,
        session: SessionId,
        records: Sequence[Recorded],
        bodies: Sequence[bytes],
        summary: Summary,
    ) -> None:
        row = self._row(session)
        if row is None:
            created = to_micros(summary.created)
            insert = "INSERT INTO sessions (id, created) VALUES (?, ?)"
            row = self._db.execute(insert, (session, created)).lastrowid
            assert row is not None
            self._rows[session] = row
        self._db.executemany(
            "INSERT INTO events (session, seq, at, turn, version, body) VALUES (?,?,?,?,?,?)",
            [
                (row, r.seq, to_micros(r.at), r.turn, codec.VERSION, body)
                for r, body in zip(records, bodies, strict=True)
            ],
        )
        self._write_summary(row, summary)

    def _charge(self, charges: Sequence[ChargeRow]) -> None:
        self._db.executemany(_CHARGE, [charge_row(one) for one in charges])

    def _write_summary(self, row: int, s: Summary) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO summaries VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (row, *summary_row(s)),
        )

    def _row(self, session: SessionId) -> int | None:
        if session not in self._rows:
            found = self._db.execute("SELECT row FROM sessions WHERE id = ?", (session,)).fetchone()
            if found is None:
                return None
            self._rows[session] = found[0]
        return self._rows[session]

    def _summary(self, session: SessionId) -> Summary | None:
        if session not in self._summaries:
            for _ in self.load(session):
                pass
        return self._summaries.get(session)

    def load(self, session: SessionId) -> Iterator[list[Recorded]]:
        """The whole log in pages, its streams joined; what an append needs of it is kept."""
        summary: Summary | None = None
        charging = Charging()
        for rows in self.pages(session):
            page = [to_record(session, row) for row in rows]
            for record in page:
                summary = summary or Summary(id=session, created=record.at, updated=record.at)
                summary.apply(record)
                charging.apply(record)
            yield page
        if summary is not None:
            self._summaries[session], self._charging[session] = summary, charging

    def pages(self, session: SessionId, after: int = 0) -> Iterator[list[Row]]:
        """Rows above `after` up to the end, in pages, streams joined: see `tui.store.merged`."""
        while rows := self._rows_above(session, after, PAGE):
            after = rows[-1][0]
            yield list(merged(rows))

    def newest(self, session: SessionId) -> int:
        """The number of a session's last event; 0 where there is none."""
        with explained(self.path):
            found = self._db.execute(
                "SELECT max(seq) FROM events WHERE session = ?", (self._row(session),)
            ).fetchone()
        return found[0] or 0

    def forget_cached(self, session: SessionId) -> None:
        """Another process may have written since: read afresh before the next append."""
        self._summaries.pop(session, None)
        self._charging.pop(session, None)

    def read(self, session: SessionId, after: int = 0, limit: int | None = None) -> list[Recorded]:
        """Events with a sequence number above `after`, in order, at most `limit` of them."""
        return [to_record(session, row) for row in self._rows_above(session, after, limit)]

    def _rows_above(self, session: SessionId, after: int, limit: int | None) -> list[Row]:
        with explained(self.path):
            row = self._row(session)
            if row is None:
                return []
            return self._db.execute(
                "SELECT seq, at, turn, version, body FROM events"
                " WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?",
                (row, after, -1 if limit is None else limit),
            ).fetchall()

    def tail(self, session: SessionId, most: int, size: int) -> list[Row]:
        """The last events, streams joined: whole turns where there is one within the bounds.

        Args:
            session: Whose.
            most: Rows of the log.
            size: Bytes of their bodies.
        """
        rows: list[Row] = []
        with explained(self.path):
            found = self._db.execute(
                "SELECT seq, at, turn, version, body FROM events"
                " WHERE session = ? ORDER BY seq DESC LIMIT ?",
                (self._row(session), most),
            )
            for row in found:
                size -= len(row[4])
                if size < 0 and rows:
                    break
                rows.append(row)
            found.close()
        rows.reverse()
        if rows and rows[0][0] > 1:
            whole = [row for row in rows if row[2] > rows[0][2]]
            rows = whole or rows
        return list(merged(rows))

    def summary(self, session: SessionId) -> Summary | None:
        """What is kept of one session for lists; None where nothing was written."""
        with explained(self.path):
            found = self._db.execute(f"{_SUMMARIES} WHERE id = ?", (session,)).fetchone()
        try:
            return None if found is None else to_summary(found)
        except (TypeError, OverflowError) as error:
            raise StoreError(f"a damaged summary: {error}", hint=SEE_CHECK) from error

    def has(self, session: SessionId) -> bool:
        """Whether there is a session of exactly this id, even one in which nothing was said."""
        with explained(self.path):
            return self._row(session) is not None

    def summaries(self, *, deleted: bool = False) -> list[Summary]:
        """Every session in which something was said, the latest first.

        Args:
            deleted: Only those that were deleted and can be brought back.
        """
        with explained(self.path):
            found = self._db.execute(
                f"{_SUMMARIES} WHERE deleted IS {'NOT ' if deleted else ''}NULL AND messages > 0"
                " ORDER BY updated DESC, row DESC"
            ).fetchall()
        try:
            return [to_summary(row) for row in found]
        except (TypeError, OverflowError) as error:
            raise StoreError(f"a damaged summary: {error}", hint=SEE_CHECK) from error

    def mark_deleted(self, session: SessionId, at: dt.datetime | None) -> bool:
        """Hide a session, or bring it back with None; whether there was one to change."""
        with self._transaction():
            state = "IS NULL" if at is not None else "IS NOT NULL"
            done = self._db.execute(
                f"UPDATE sessions SET deleted = ? WHERE id = ? AND deleted {state}",
                (None if at is None else to_micros(at), session),
            )
            return done.rowcount == 1

    def purge_deleted(self, before: dt.datetime) -> int:
        """Remove for good what was deleted before `before`; how many sessions.

        Their charges stay: what was spent is spent.
        """
        with self._transaction():
            done = self._db.execute("DELETE FROM sessions WHERE deleted < ?", (to_micros(before),))
            return done.rowcount

    def spent_since(self, at: dt.datetime) -> tuple[int, int]:
        """Nano-dollars of all sessions' known charges since `at`, and how many were unknown."""
        with explained(self.path):
            return spent_since(self._db, at)


def _copy(summary: Summary) -> Summary:
    import msgspec

    return msgspec.structs.replace(summary)
