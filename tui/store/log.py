"""The store: one SQLite file in WAL mode, an append-only log of events for each session.

What is committed survives kill -9 of any process. `synchronous=NORMAL` keeps a power cut to the
loss of a tail of the log, never a hole in it (reliability.md, promise 2). Calls block: the engine
makes them in one thread of its own.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tui.errors import StoreError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import AnyEvent, Recorded
from tui.events.money import ChargeRecorded
from tui.paths import private_folder
from tui.store.summary import Summary
from tui.store.trouble import SEE_CHECK, explained

BUSY_TIMEOUT_S = 5.0
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MIGRATIONS = Path(__file__).parent / "migrations"
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(at: dt.datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_micros(at: int) -> dt.datetime:
    return _EPOCH + at * _MICROSECOND


def any_text(data: bytes) -> str:
    """Text out of the database, also where damage has made it no UTF-8."""
    return data.decode("utf-8", "replace")


class Store:
    """All sessions of one person.

    Args:
        path: The database file; made, with its folder, for this user alone.
        scrub: Takes every stored key's bytes out of what is written (`tui.keys.redact`).
        migrations: Folder of the numbered steps from one version of the store to the next.

    Raises:
        StoreError: cannot be opened: locked, damaged, newer, or the disk refuses.
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
        for record in records:
            fresh.apply(record)
        try:
            with self._transaction():
                self._insert(session, records, bodies, fresh)
        except BaseException:
            self._rows.pop(session, None)  # a new session's row went with the rest
            raise
        self._summaries[session] = fresh
        return tuple(records)

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
        self._db.executemany(
            "INSERT INTO charges (session, seq, at, nano) VALUES (?,?,?,?)",
            [
                (row, r.seq, to_micros(r.at), r.event.nano)
                for r in records
                if isinstance(r.event, ChargeRecorded)
            ],
        )
        self._write_summary(row, summary)

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
            summary: Summary | None = None
            for record in self.read(session):
                summary = summary or Summary(id=session, created=record.at, updated=record.at)
                summary.apply(record)
            if summary is None:
                return None
            self._summaries[session] = summary
        return self._summaries[session]

    def forget_cached(self, session: SessionId) -> None:
        """Another process may have written since: read afresh before the next append."""
        self._summaries.pop(session, None)

    def read(self, session: SessionId, after: int = 0, limit: int | None = None) -> list[Recorded]:
        """Events with a sequence number above `after`, in order, at most `limit` of them."""
        with explained(self.path):
            row = self._row(session)
            if row is None:
                return []
            found = self._db.execute(
                "SELECT seq, at, turn, version, body FROM events"
                " WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?",
                (row, after, -1 if limit is None else limit),
            ).fetchall()
        return [to_record(session, row) for row in found]

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
                "SELECT id, created, cwd, title, branch, model, payer, state, messages, nano,"
                " unknown, updated, seq FROM summaries JOIN sessions ON row = session"
                f" WHERE deleted IS {'NOT ' if deleted else ''}NULL AND messages > 0"
                " ORDER BY updated DESC, row DESC"
            ).fetchall()
        try:
            return [_to_summary(row) for row in found]
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
        """Remove for good what was deleted before `before`; how many sessions."""
        with self._transaction():
            done = self._db.execute("DELETE FROM sessions WHERE deleted < ?", (to_micros(before),))
            return done.rowcount

    def spent_since(self, at: dt.datetime) -> tuple[int, int]:
        """Nano-dollars of all sessions' known charges since `at`, and how many were unknown."""
        with explained(self.path):
            row = self._db.execute(
                "SELECT coalesce(sum(nano), 0), count(*) - count(nano) FROM charges WHERE at >= ?",
                (to_micros(at),),
            ).fetchone()
        return int(row[0]), int(row[1])


def to_record(session: SessionId, row: tuple[Any, ...]) -> Recorded:
    """An event out of its row: seq, at, turn, version, body.

    Raises:
        StoreError: it is damaged, or written by a newer ownkey.
    """
    seq, at, turn, version, body = row
    try:
        event = codec.decode(body, version)
        return Recorded(session=session, seq=seq, at=from_micros(at), turn=turn, event=event)
    except (TypeError, OverflowError) as error:  # a cell of another type than was written
        raise StoreError(f"a damaged event: {error}", hint=SEE_CHECK) from error


def summary_row(s: Summary) -> tuple[Any, ...]:
    """A summary as it is kept, behind its session's row."""
    texts = (s.cwd, s.title, s.branch, s.model, s.payer, s.state)
    numbers = (s.messages, s.nano, s.unknown, to_micros(s.updated), s.seq)
    return (*(_storable(text) for text in texts), *numbers)


def _to_summary(r: tuple[Any, ...]) -> Summary:
    return Summary(
        id=r[0], created=from_micros(r[1]), cwd=r[2], title=r[3], branch=r[4], model=r[5],
        payer=r[6], state=r[7], messages=r[8], nano=r[9], unknown=r[10],
        updated=from_micros(r[11]), seq=r[12],
    )  # fmt: skip


def _storable(text: str | None) -> str | None:
    """SQLite's text takes no lone surrogates; lists show them as marks anyway."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def _copy(summary: Summary) -> Summary:
    import msgspec

    return msgspec.structs.replace(summary)
