"""What was spent, over all sessions: sums by day, model, key, folder, session or payer; receipts.

Read over a connection of its own, so that no turn waits for it. Days are UTC's. Forks and going
back change nothing: each request that was really made is there once. A deleted session's money
stays counted, also when the session is removed for good; then its receipts have no lines any more.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui.errors import StoreError
from tui.events import codec
from tui.events.money import ChargeRecorded
from tui.store.rows import any_text, from_micros, to_micros
from tui.store.spent import (
    DAY,
    MOST_RECEIPTS,
    DaySum,
    Group,
    Receipt,
    Slice,
    UsageRow,
    UsageTable,
    total_of,
)
from tui.store.trouble import SEE_CHECK, explained

UNTITLED = "untitled"
_DAY_MICROS = DAY // dt.timedelta(microseconds=1)

_KEYS: dict[Group, str] = {
    "day": f"at / {_DAY_MICROS}",
    "model": "model",
    "key": "connection",
    "folder": "folder",
    "session": "session",
    "payer": "payer",
}


def read_usage(path: Path, by: Group, part: Slice) -> UsageTable:
    """Sum what fits `part`, grouped; by day and payer beside it. Blocks.

    Args:
        path: The store; nothing is spent where there is none.
        by: What a row is of.
        part: What is summed.

    Raises:
        StoreError: it cannot be read.
    """
    where, values = _where(part)
    with reading(path) as db:
        if db is None:
            return UsageTable(rows=(), total=UsageRow(key="total"))
        found = db.execute(
            f"SELECT {_KEYS[by]}, label, max(at),"
            " CASE WHEN min(payer) = max(payer) THEN min(payer) END,"
            " sum(requests), sum(input), sum(output), sum(cache_read),"
            " sum(requests) - count(input), coalesce(sum(nano), 0), count(*) - count(nano),"
            " coalesce(sum(credits), 0)"
            f" FROM charges {where} GROUP BY 1",
            values,
        ).fetchall()
        days = db.execute(
            f"SELECT at / {_DAY_MICROS}, payer, coalesce(sum(nano), 0), count(*) - count(nano)"
            f" FROM charges {where} GROUP BY 1, 2 ORDER BY 1, 2",
            values,
        ).fetchall()
        titles = _titles(db) if by == "session" else {}
    rows = [_row(by, one, titles) for one in found]
    if by == "day":
        rows.sort(key=lambda row: row.key, reverse=True)
    else:
        rows.sort(key=lambda row: (-row.nano, -row.unknown, -row.requests, row.key))
    return UsageTable(
        rows=tuple(rows),
        total=total_of(rows),
        days=tuple(
            DaySum(day=_day(day), payer=payer, nano=nano, unknown=unknown)
            for day, payer, nano, unknown in days
        ),
    )


def read_receipts(path: Path, part: Slice, most: int = MOST_RECEIPTS) -> tuple[Receipt, ...]:
    """The receipts that fit `part`, the latest first. Blocks.

    Raises:
        StoreError: they cannot be read.
    """
    where, values = _where(part, "c.")
    with reading(path) as db:
        if db is None:
            return ()
        found = db.execute(
            "SELECT c.at, c.session, CASE WHEN m.session THEN coalesce(m.title, ?) ELSE '' END,"
            " c.seq, c.request, c.theirs, c.side,"
            " c.model, c.connection, c.label, c.folder, c.payer, c.requests, c.input, c.output,"
            " c.cache_read, c.nano, c.credits, e.body, e.version"
            " FROM charges c LEFT JOIN sessions s ON s.id = c.session"
            " LEFT JOIN summaries m ON m.session = s.row"
            " LEFT JOIN events e ON e.session = s.row AND e.seq = c.seq"
            f" {where} ORDER BY c.at DESC, c.session DESC, c.seq DESC LIMIT ?",
            (UNTITLED, *values, most),
        ).fetchall()
    return tuple(_receipt(row) for row in found)


def spent_since(db: sqlite3.Connection, at: dt.datetime) -> tuple[int, int]:
    """Nano-dollars of all known charges since `at`, and how many were unknown."""
    row = db.execute(
        "SELECT coalesce(sum(nano), 0), count(*) - count(nano) FROM charges WHERE at >= ?",
        (to_micros(at),),
    ).fetchone()
    return int(row[0]), int(row[1])


def platform_used(path: Path) -> int | None:
    """Nano-credits that running the agent has cost so far; None: not all of it is known. Blocks.

    Raises:
        StoreError: it cannot be read.
    """
    with reading(path) as db:
        if db is None:
            return 0
        used, unknown = db.execute(
            "SELECT coalesce(sum(credits), 0), count(*) - count(credits) FROM charges"
            " WHERE payer = 'platform_credits'"
        ).fetchone()
    return None if unknown else int(used)


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection | None]:
    """A connection of its own that only reads; None where there is no store."""
    if not path.exists():
        yield None
        return
    with explained(path):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            db.text_factory = any_text
            yield db
        finally:
            db.close()


def _where(part: Slice, table: str = "") -> tuple[str, tuple[Any, ...]]:
    terms: list[tuple[str, Any]] = [
        ("at >= ?", None if part.since is None else to_micros(part.since)),
        ("at < ?", None if part.until is None else to_micros(part.until)),
        ("model = ?", part.model),
        ("connection = ?", part.key),
        ("folder = ?", part.folder),
        ("session = ?", part.session),
        ("payer = ?", part.payer),
    ]
    meant = [(term, value) for term, value in terms if value is not None]
    if not meant:
        return "", ()
    words = " AND ".join(table + term for term, _ in meant)
    return f"WHERE {words}", tuple(value for _, value in meant)


def _titles(db: sqlite3.Connection) -> dict[str, str]:
    found = db.execute("SELECT id, title FROM summaries JOIN sessions ON row = session")
    return {id: title or UNTITLED for id, title in found}


def _row(by: Group, found: tuple[Any, ...], titles: dict[str, str]) -> UsageRow:
    key, label, _, payer, requests, given, made, cached, untold, nano, unknown, credits = found
    name = label if by == "key" else titles.get(key, "") if by == "session" else ""
    return UsageRow(
        key=_day(key) if by == "day" else key, name=name, payer=payer, requests=requests,
        input=given, output=made, cache_read=cached, untold=untold, nano=nano, unknown=unknown,
        credits=credits,
    )  # fmt: skip


def _day(number: int) -> str:
    return from_micros(number * _DAY_MICROS).date().isoformat()


def _receipt(row: tuple[Any, ...]) -> Receipt:
    body, version = row[18:]
    charge = None if body is None else _charge(body, version)
    return Receipt(
        at=from_micros(row[0]), session=row[1], title=row[2], seq=row[3], request=row[4],
        theirs=row[5], side=row[6], model=row[7], key=row[8], label=row[9], folder=row[10],
        payer=row[11], requests=row[12], input=row[13], output=row[14], cache_read=row[15],
        nano=row[16],
        credits=row[17],
        lines=None if charge is None else charge.lines,
        priced_by="" if charge is None else charge.priced_by,
        sureness="" if charge is None else charge.sureness,
    )  # fmt: skip


def _charge(body: bytes, version: int) -> ChargeRecorded | None:
    try:
        event = codec.decode(body, version)
    except (TypeError, OverflowError) as error:
        raise StoreError(f"a damaged event: {error}", hint=SEE_CHECK) from error
    return event if isinstance(event, ChargeRecorded) else None
