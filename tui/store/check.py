"""`ownkey sessions check`: is the whole store what it should be?"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from tui.errors import StoreError
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.session import SessionCreated, SessionForked
from tui.events.turn import TurnFinished, TurnStarted
from tui.store.charging import ChargeRow, Charging
from tui.store.rows import any_text, charge_row, summary_row, to_record
from tui.store.summary import Summary
from tui.store.trouble import DAMAGE


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    sessions: int
    events: int
    problems: tuple[str, ...]


def check_store(path: Path) -> CheckReport:
    """Read everything and say what is wrong; changes nothing.

    Held against the store: SQLite's own check; sequence numbers from 1 without a gap; every
    event decodes; the first is `session_created`; each turn ends at most once; summaries and
    charges equal the fold of the events. All of it is read as of one moment, so that others may
    write meanwhile.
    """
    if not path.exists():
        return CheckReport(sessions=0, events=0, problems=())
    problems: list[str] = []
    sessions = events = 0
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    db.text_factory = any_text
    try:
        db.execute("BEGIN")
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            problems.append(f"database: {verdict}")
        for table, _, _, _ in db.execute("PRAGMA foreign_key_check"):
            problems.append(f"{table}: a row of no session")
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and not problems:
            return CheckReport(sessions=0, events=0, problems=())  # made, and never written to
        for row, session in db.execute("SELECT row, id FROM sessions ORDER BY row").fetchall():
            sessions += 1
            check = _SessionCheck(SessionId(str(session)))
            try:
                check.read(db, row)
            except DAMAGE as error:
                check.problems.append(f"database: {error}")
            events += check.count
            problems += [f"{session}: {problem}" for problem in check.problems]
    except DAMAGE as error:
        problems.append(f"database: {error}")
    finally:
        db.close()
    return CheckReport(sessions=sessions, events=events, problems=tuple(problems))


class _SessionCheck:
    """One session's events, folded and held against what is kept beside them."""

    def __init__(self, session: SessionId) -> None:
        self.session = session
        self.problems: list[str] = []
        self.count = 0
        self._fold: Summary | None = None
        self._charging = Charging()
        self._charges: dict[int, tuple[Any, ...]] = {}
        self._open_turn: int | None = None

    def read(self, db: sqlite3.Connection, row: int) -> None:
        for found in db.execute(
            "SELECT seq, at, turn, version, body FROM events WHERE session = ? ORDER BY seq", (row,)
        ):
            self.count += 1
            if found[0] != self.count:
                self.problems.append(f"event {self.count} is missing (found {found[0]})")
                break
            try:
                record = to_record(self.session, found)
            except StoreError as error:
                self.problems.append(f"event {self.count}: {error.message}")
            else:
                self._take(record)
        self._compare_summary(db, row)
        # What was held for a charge stands in no event.
        told = f"SELECT {','.join(ChargeRow._fields)} FROM charges WHERE session = ?"
        kept = db.execute(told, (self.session,))
        if {one[1]: one for one in kept} != self._charges:
            self.problems.append("charges differ from the events")

    def _take(self, record: Recorded) -> None:
        if self._fold is None:
            self._fold = Summary(id=self.session, created=record.at, updated=record.at)
        self._fold.apply(record)
        self._charges |= {row.seq: charge_row(row) for row in self._charging.apply(record)}
        event, turn = record.event, record.turn
        if record.seq == 1 and not isinstance(event, SessionCreated):
            self.problems.append("does not begin with session_created")
        match event:
            case TurnStarted():
                if self._open_turn is not None:
                    self.problems.append(f"turn {turn} begins before turn {self._open_turn} ended")
                self._open_turn = turn
            case TurnFinished():
                if self._open_turn != turn:
                    self.problems.append(f"turn {turn} ends twice or without a beginning")
                self._open_turn = None
            case SessionForked():
                self._charges.clear()  # they are the other session's
            case _:
                pass

    def _compare_summary(self, db: sqlite3.Connection, row: int) -> None:
        kept = db.execute(
            "SELECT cwd, title, branch, model, payer, state, messages, nano, unknown, updated, seq"
            " FROM summaries WHERE session = ?",
            (row,),
        ).fetchone()
        if self._fold is None:
            self.problems.append("has no events")
        elif kept != summary_row(self._fold):
            self.problems.append(
                f"summary {kept} differs from its events {summary_row(self._fold)}"
            )
