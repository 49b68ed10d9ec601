"""Our own sums in the form in which providers tell theirs: a day, and a generation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path

import msgspec

from tui.store.rows import from_micros, to_micros
from tui.store.usage import reading

_DAY_MICROS = 86_400_000_000


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One request with the provider's own id of it; `nano` is None where its cost is unknown."""

    theirs: str
    day: str
    nano: int | None


def own_key_days(
    path: Path, provider: str, since: dt.datetime, without: Collection[str] = ()
) -> tuple[tuple[str, int, int], ...]:
    """Day, nano-dollars of known cost, and requests of unknown cost, paid by own keys of a maker.

    Args:
        path: The store; blocks.
        provider: The maker.
        since: From then on.
        without: Ids of keys that are sent elsewhere.

    Raises:
        StoreError: it cannot be read.
    """
    marks = ", ".join("?" * len(without))
    with reading(path) as db:
        if db is None:
            return ()
        found = db.execute(
            f"SELECT at / {_DAY_MICROS}, coalesce(sum(nano), 0), count(*) - count(nano)"
            " FROM charges WHERE at >= ? AND payer = 'own_key' AND substr(model, 1, ?) = ?"
            f" AND connection NOT IN ({marks}) GROUP BY 1 ORDER BY 1",
            (to_micros(since), len(provider) + 1, f"{provider}/", *without),
        ).fetchall()
    return tuple((_day(day), nano, unknown) for day, nano, unknown in found)


def generations(
    path: Path, connection: str, since: dt.datetime, most: int
) -> tuple[tuple[Generation, ...], int]:
    """The latest requests over a connection that carry the provider's id, and how many there are.

    Raises StoreError; blocks.
    """
    where = "FROM charges WHERE at >= ? AND connection = ? AND theirs LIKE 'gen-%'"
    values = (to_micros(since), connection)
    with reading(path) as db:
        if db is None:
            return (), 0
        found = db.execute(
            f"SELECT theirs, max(at) / {_DAY_MICROS},"
            " CASE WHEN count(*) = count(nano) THEN sum(nano) END"
            f" {where} GROUP BY theirs ORDER BY max(at) DESC LIMIT ?",
            (*values, most),
        ).fetchall()
        (count,) = db.execute(f"SELECT count(DISTINCT theirs) {where}", values).fetchone()
    rows = tuple(Generation(theirs=id, day=_day(day), nano=nano) for id, day, nano in found)
    return rows, count


def _day(number: int) -> str:
    return from_micros(number * _DAY_MICROS).date().isoformat()
