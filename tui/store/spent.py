"""What was spent, as values: a part of it, its sums, its receipts; `tui.store.usage` reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from tui.events.money import ChargeLine

Group = Literal["day", "model", "key", "folder", "session", "payer"]
GROUPS: tuple[Group, ...] = get_args(Group)
DAY = dt.timedelta(days=1)
MOST_RECEIPTS = 2_000
"""So many are read at once, the latest."""


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
        credits: Nano-credits of what credits paid, as far as it is known.
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
    credits: int = 0


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
    credits: int | None = None


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
            credits=total.credits + row.credits,
        )
    return msgspec.structs.replace(total, payer=payers.pop() if len(payers) == 1 else None)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other
