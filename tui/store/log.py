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
from contextlib import contextmanager
from pathlib import Path

from tui.errors import StoreError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import AnyEvent, Recorded
from tui.events.money import ChargeRecorded
from tui.paths import private_folder
from tui.store.summary import Summary

BUSY_TIMEOUT_S = 5.0
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MIGRATIONS = Path(__file__).parent / "migrations"
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(at: dt.datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_micros(at: int) -> dt.datetime:
    return _EPOCH + at * _MICROSECOND


class Store:
    """All sessions of one person.

    Args:
        path: The database file; made, with its folder, for this user alone.
        scrub: Takes every stored key's bytes out of what is written (`tui.keys.redact`).

    Raises:
        StoreError: cannot be opened: locked, damaged, newer, or the disk refuses.
    """

    def __init__(self, path: Path, scrub: Callable[[bytes], bytes] = bytes) -> None:
        self.path = path
        self._scrub = scrub
        self._summaries: dict[SessionId, Summary] = {}
        self._rows: dict[SessionId, int] = {}
        with _explained(path):
            private_folder(path.parent)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._db = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate()

    def _migrate(self) -> None:
        steps = sorted(_MIGRATIONS.glob("*.sql"))
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
        with _explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    def append(
        self, session: SessionId, events: Sequence[tuple[AnyEvent, int]], at: dt.datetime
    ) -> tuple[Recorded, ...]:
        """Write events with their turn numbers in one step and return them as recorded.

        The first event of a new session is `SessionCreated`. On return they survive a kill.

        Raises:
            StoreError: nothing of it was written; or another process writes this session.
        """
        summary = self._summary(session) or Summary(id=session, created=at, updated=at)
        records = tuple(
            Recorded(session=session, seq=summary.seq + 1 + n, at=at, turn=turn, event=event)
            for n, (event, turn) in enumerate(events)
        )
        fresh = _copy(summary)
        for record in records:
            fresh.apply(record)
        stamp = to_micros(at)
        with self._transaction():
            row = self._row(session)
            if row is None:
                self._db.execute(
                    "INSERT INTO sessions (id, created) VALUES (?, ?)", (session, stamp)
                )
                row = self._row(session)
            self._db.executemany(
                "INSERT INTO events (session, seq, at, turn, version, body) VALUES (?,?,?,?,?,?)",
                [
                    (row, r.seq, stamp, r.turn, codec.VERSION, self._scrub(codec.encode(r.event)))
                    for r in records
                ],
            )
            self._db.executemany(
                "INSERT INTO charges (session, seq, at, nano) VALUES (?,?,?,?)",
                [
                    (row, r.seq, stamp, r.event.nano)
                    for r in records
                    if isinstance(r.event, ChargeRecorded)
                ],
            )
            self._write_summary(row or 0, fresh)
        self._summaries[session] = fresh
        return records

    def _write_summary(self, row: int, s: Summary) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO summaries VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (row, _storable(s.cwd), _storable(s.title), s.branch, s.model, s.payer, s.state,
             s.messages, s.nano, s.unknown, to_micros(s.updated), s.seq),
        )  # fmt: skip

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
        with _explained(self.path):
            row = self._row(session)
            if row is None:
                return []
            found = self._db.execute(
                "SELECT seq, at, turn, version, body FROM events"
                " WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?",
                (row, after, -1 if limit is None else limit),
            ).fetchall()
        return [
            Recorded(
                session=session, seq=seq, at=from_micros(at), turn=turn,
                event=codec.decode(body, version),
            )
            for seq, at, turn, version, body in found
        ]  # fmt: skip

    def has(self, session: SessionId) -> bool:
        """Whether there is a session of exactly this id, even one in which nothing was said."""
        with _explained(self.path):
            return self._row(session) is not None

    def summaries(self, *, deleted: bool = False) -> list[Summary]:
        """Every session in which something was said, the latest first.

        Args:
            deleted: Only those that were deleted and can be brought back.
        """
        with _explained(self.path):
            found = self._db.execute(
                "SELECT id, created, cwd, title, branch, model, payer, state, messages, nano,"
                " unknown, updated, seq FROM summaries JOIN sessions ON row = session"
                f" WHERE deleted IS {'NOT ' if deleted else ''}NULL AND messages > 0"
                " ORDER BY updated DESC, row DESC"
            ).fetchall()
        return [
            Summary(
                id=r[0], created=from_micros(r[1]), cwd=r[2], title=r[3], branch=r[4], model=r[5],
                payer=r[6], state=r[7], messages=r[8], nano=r[9], unknown=r[10],
                updated=from_micros(r[11]), seq=r[12],
            )
            for r in found
        ]  # fmt: skip

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
        with _explained(self.path):
            row = self._db.execute(
                "SELECT coalesce(sum(nano), 0), count(*) - count(nano) FROM charges WHERE at >= ?",
                (to_micros(at),),
            ).fetchone()
        return int(row[0]), int(row[1])


def _storable(text: str | None) -> str | None:
    """SQLite's text takes no lone surrogates; lists show them as marks anyway."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def _copy(summary: Summary) -> Summary:
    import msgspec

    return msgspec.structs.replace(summary)


@contextmanager
def _explained(path: Path) -> Generator[None]:
    """Turn what SQLite and the disk say into one sentence with the next step."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StoreError(
            "another ownkey writes to this session", hint="Close the other one, or wait for it."
        ) from error
    except (sqlite3.Error, OSError) as error:
        raise _explain(error, path) from error


def _explain(error: Exception, path: Path) -> StoreError:
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return StoreError(
            "another program holds the store and does not let go",
            hint="Close the other ownkey (or the backup that reads it), then try again.",
        )
    if "full" in text or "no space" in text:
        return StoreError(
            "the disk is full: nothing was sent, what was shown is kept",
            hint="Free some room, then try again.",
        )
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return StoreError(
            f"the store is damaged ({path.name})",
            hint="`ownkey sessions check` says what can be read; move the file away to start anew.",
        )
    if "readonly" in text or "read-only" in text or "permission" in text:
        return StoreError(
            f"the store may not be written ({path.name})",
            hint="Check who owns the folder, or set OWNKEY_HOME to another.",
        )
    return StoreError(f"the store does not work: {error}", hint="`ownkey doctor` tells more.")
