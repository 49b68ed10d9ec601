"""What was spent, over all sessions: sums by day, model, key, folder, session or payer; receipts.

Read over a connection of its own, so that no turn waits for it. Days are UTC's. Forks and going
back change nothing: each request that was really made is there once. A deleted session's money
stays counted, also when the session is removed for good; then its receipts have no lines any more.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from tui.errors import StoreError
from tui.events import codec
from tui.events.money import ChargeLine, ChargeRecorded
from tui.store.rows import any_text, from_micros, to_micros
from tui.store.trouble import SEE_CHECK, explained

Group = Literal["day", "model", "key", "folder", "session", "payer"]
GROUPS: tuple[Group, ...] = get_args(Group)
MOST_RECEIPTS = 2_000
UNTITLED = "untitled"
DAY = dt.timedelta(days=1)
_DAY_MICROS = DAY // dt.timedelta(microseconds=1)

_KEYS: dict[Group, str] = {
    "day": f"at / {_DAY_MICROS}",
    "model": "model",
    "key": "connection",
    "folder": "folder",
    "session": "session",
    "payer": "payer",
}


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Which charges: those that fit all that is not None.

    Args:
        since, until: From the one on, before the other.
        key: The id of a connection.
    """

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    model: str | None = None
    key: str | None = None
    folder: str | None = None
    session: str | None = None
    payer: str | None = None

    def within(self, by: Group, key: str) -> Slice:
        """The part of it that one row of a table by `by` stands for."""
        if by != "day":
            return msgspec.structs.replace(self, **{by: key})
        began = dt.datetime.fromisoformat(key).replace(tzinfo=dt.UTC)
        since = began if self.since is None else max(began, self.since)
        until = began + DAY if self.until is None else min(began + DAY, self.until)
        return msgspec.structs.replace(self, since=since, until=until)


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sum. Money in nano-dollars of what is known; `unknown` counts the charges that are not.

    Args:
        key: The group: a day (`2026-11-24`), an id, a folder; empty where that is not known.
        name: The key's label or the session's title; empty where the session was removed.
        payer: Whose money all of it was; None where there are several.
        input, output, cache_read: Tokens; None where no request told them.
        untold: Requests that did not tell their tokens.
    """

    key: str
    name: str = ""
    payer: str | None = None
    requests: int = 0
    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    untold: int = 0
    nano: int = 0
    unknown: int = 0


class DaySum(msgspec.Struct, frozen=True, kw_only=True):
    """What one payer paid on one day."""

    day: str
    payer: str
    nano: int
    unknown: int


class UsageTable(msgspec.Struct, frozen=True, kw_only=True):
    """Days are the latest first, other groups the dearest first."""

    rows: tuple[UsageRow, ...]
    total: UsageRow
    days: tuple[DaySum, ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one charge was for; see `tui.store.charging.ChargeRow`.

    Args:
        title: Of its session.
        lines: None: its session was removed for good, and the lines with it.
    """

    at: dt.datetime
    session: str
    title: str
    seq: int
    request: str
    theirs: str
    side: str
    model: str
    key: str
    label: str
    folder: str
    payer: str
    requests: int
    input: int | None
    output: int | None
    cache_read: int | None
    nano: int | None
    lines: tuple[ChargeLine, ...] | None = None
    priced_by: str = ""
    sureness: str = ""


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
    with _reading(path) as db:
        if db is None:
            return UsageTable(rows=(), total=UsageRow(key="total"))
        found = db.execute(
            f"SELECT {_KEYS[by]}, label, max(at),"
            " CASE WHEN min(payer) = max(payer) THEN min(payer) END,"
            " sum(requests), sum(input), sum(output), sum(cache_read),"
            " sum(requests) - count(input), coalesce(sum(nano), 0), count(*) - count(nano)"
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
    with _reading(path) as db:
        if db is None:
            return ()
        found = db.execute(
            "SELECT c.at, c.session, CASE WHEN m.session THEN coalesce(m.title, ?) ELSE '' END, c.seq, c.request, c.theirs, c.side,"
            " c.model, c.connection, c.label, c.folder, c.payer, c.requests, c.input, c.output,"
            " c.cache_read, c.nano, e.body, e.version"
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


def total_of(rows: Iterable[UsageRow]) -> UsageRow:
    """All of them in one."""
    total = UsageRow(key="total")
    payers: set[str | None] = set()
    for row in rows:
        payers.add(row.payer)
        total = msgspec.structs.replace(
            total,
            requests=total.requests + row.requests,
            input=_sum(total.input, row.input),
            output=_sum(total.output, row.output),
            cache_read=_sum(total.cache_read, row.cache_read),
            untold=total.untold + row.untold,
            nano=total.nano + row.nano,
            unknown=total.unknown + row.unknown,
        )
    return msgspec.structs.replace(total, payer=payers.pop() if len(payers) == 1 else None)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


@contextmanager
def _reading(path: Path) -> Generator[sqlite3.Connection | None]:
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
    key, label, _, payer, requests, given, made, cached, untold, nano, unknown = found
    name = label if by == "key" else titles.get(key, "") if by == "session" else ""
    return UsageRow(
        key=_day(key) if by == "day" else key, name=name, payer=payer, requests=requests,
        input=given, output=made, cache_read=cached, untold=untold, nano=nano, unknown=unknown,
    )  # fmt: skip


def _day(number: int) -> str:
    return from_micros(number * _DAY_MICROS).date().isoformat()


def _receipt(row: tuple[Any, ...]) -> Receipt:
    body, version = row[17:]
    charge = None if body is None else _charge(body, version)
    return Receipt(
        at=from_micros(row[0]), session=row[1], title=row[2], seq=row[3], request=row[4],
        theirs=row[5], side=row[6], model=row[7], key=row[8], label=row[9], folder=row[10],
        payer=row[11], requests=row[12], input=row[13], output=row[14], cache_read=row[15],
        nano=row[16],
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
