"""`ownkey sessions check`: is the whole store what it should be?"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from tui.errors import StoreError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.session import SessionCreated
from tui.events.turn import TurnFinished, TurnStarted
from tui.store.log import from_micros
from tui.store.summary import Summary


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    sessions: int
    events: int
    problems: tuple[str, ...]


def check_store(path: Path) -> CheckReport:
    """Read everything and say what is wrong; changes nothing.

    Held against the store: SQLite's own check; sequence numbers from 1 without a gap; every
    event decodes; the first is `session_created`; each turn ends at most once; the summaries
    equal the fold of the events.
    """
    if not path.exists():
        return CheckReport(sessions=0, events=0, problems=())
    problems: list[str] = []
    sessions = events = 0
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            problems.append(f"database: {verdict}")
        for row, session in db.execute("SELECT row, id FROM sessions ORDER BY row").fetchall():
            sessions += 1
            count, found = _check_session(db, row, session)
            events += count
            problems += [f"{session}: {problem}" for problem in found]
    except sqlite3.DatabaseError as error:
        problems.append(f"database: {error}")
    finally:
        db.close()
    return CheckReport(sessions=sessions, events=events, problems=tuple(problems))


def _check_session(db: sqlite3.Connection, row: int, session: str) -> tuple[int, list[str]]:
    problems: list[str] = []
    summary: Summary | None = None
    open_turn: int | None = None
    count = 0
    for seq, at, turn, version, body in db.execute(
        "SELECT seq, at, turn, version, body FROM events WHERE session = ? ORDER BY seq", (row,)
    ):
        count += 1
        if seq != count:
            problems.append(f"event {count} is missing (found {seq})")
            break
        try:
            event = codec.decode(body, version)
        except StoreError as error:
            problems.append(f"event {seq}: {error.message}")
            continue
        record = Recorded(
            session=SessionId(session), seq=seq, at=from_micros(at), turn=turn, event=event
        )
        summary = summary or Summary(id=session, created=record.at, updated=record.at)
        summary.apply(record)
        if seq == 1 and not isinstance(event, SessionCreated):
            problems.append("does not begin with session_created")
        if isinstance(event, TurnStarted):
            if open_turn is not None:
                problems.append(f"turn {turn} begins before turn {open_turn} ended")
            open_turn = turn
        if isinstance(event, TurnFinished):
            if open_turn != turn:
                problems.append(f"turn {turn} ends twice or without a beginning")
            open_turn = None
    problems += _check_summary(db, row, summary)
    return count, problems


def _check_summary(db: sqlite3.Connection, row: int, fold: Summary | None) -> list[str]:
    kept = db.execute(
        "SELECT state, messages, nano, unknown, seq FROM summaries WHERE session = ?", (row,)
    ).fetchone()
    if fold is None:
        return ["has no events"] if kept is None else ["has a summary and no events"]
    told = (fold.state, fold.messages, fold.nano, fold.unknown, fold.seq)
    return [] if kept == told else [f"summary {kept} differs from its events {told}"]
