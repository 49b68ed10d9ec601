"""The ledger as it is shown, and whether it is sound."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tui.store.ledger_accounts import NEVER, State
from tui.store.rows import any_text, from_micros, to_micros
from tui.store.trouble import explained

OPEN: tuple[State, ...] = ("open", "sent", "unsettled")
MOST_ENTRIES = 200


class BucketLeft(msgspec.Struct, frozen=True, kw_only=True):
    """What one bucket has, in nano-credits; `expires` None: never."""

    kind: str
    left: int
    expires: dt.datetime | None


class LedgerHold(msgspec.Struct, frozen=True, kw_only=True):
    """What is held for one request; `unsettled`: nobody can say what it cost."""

    key: str
    session: str
    at: dt.datetime
    nano: int
    state: State


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: what a step moved into (above 0) or out of an account."""

    number: int
    at: dt.datetime
    step: str
    key: str | None
    account: str
    expires: dt.datetime | None
    nano: int


class LedgerRead(msgspec.Struct, frozen=True, kw_only=True):
    """One service's ledger, in nano-credits.

    Args:
        buckets: In the order in which they are spent; those that are used up are left out.
        owed: Charged above all that there was; the next credits pay it first.
        holds: Of requests that are not settled.
        lines: The latest entries, the last first.
    """

    service: str
    buckets: tuple[BucketLeft, ...] = ()
    granted: int = 0
    held: int = 0
    spent: int = 0
    expired: int = 0
    owed: int = 0
    holds: tuple[LedgerHold, ...] = ()
    lines: tuple[LedgerLine, ...] = ()

    @property
    def left(self) -> int:
        """What a hold may take."""
        return sum(bucket.left for bucket in self.buckets)


def read_ledgers(
    path: Path, now: dt.datetime, *, service: str | None = None, lines: int = MOST_ENTRIES
) -> tuple[LedgerRead, ...]:
    """Every service that ever had credits, by name; what has expired by now counts as expired.

    Args:
        path: The store; no ledger where there is none.
        now: Aware.
        service: Only this one.
        lines: How many entries at most.

    Raises:
        StoreError: it cannot be read.
    """
    if not path.exists():
        return ()
    with explained(path):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            db.text_factory = any_text
            db.execute("BEGIN")  # all of it as of one moment
            names = [
                name
                for (name,) in db.execute(
                    "SELECT DISTINCT service FROM ledger_accounts ORDER BY service"
                )
                if service in (None, name)
            ]
            return tuple(_read(db, name, to_micros(now), lines) for name in names)
        finally:
            db.close()


def _read(db: sqlite3.Connection, service: str, now: int, most: int) -> LedgerRead:
    sums = dict.fromkeys(("granted", "held", "spent", "expired", "owed"), 0)
    buckets: list[BucketLeft] = []
    for kind, expires, nano in db.execute(
        "SELECT kind, expires, nano FROM ledger_accounts WHERE service = ?"
        " ORDER BY kind = 'addon', expires, account",
        (service,),
    ):
        if kind in sums:
            sums[kind] += abs(nano)
        elif expires <= now:
            sums["expired"] += nano
        elif nano:
            buckets.append(BucketLeft(kind=kind, left=nano, expires=_moment(expires)))
    holds = db.execute(
        "SELECT key, session, at, nano, state FROM ledger_holds WHERE service = ?"
        f" AND state IN {OPEN} ORDER BY at, key",
        (service,),
    )
    lines = db.execute(
        "SELECT number, t.at, t.kind, t.key, a.kind, a.expires, e.nano FROM ledger_entries e"
        " JOIN ledger_transactions t USING (number) JOIN ledger_accounts a USING (account)"
        " WHERE t.service = ? ORDER BY number DESC, e.nano DESC LIMIT ?",
        (service, most),
    )
    return LedgerRead(
        service=service, buckets=tuple(buckets), **sums,
        holds=tuple(
            LedgerHold(key=key, session=session, at=from_micros(at), nano=nano, state=state)
            for key, session, at, nano, state in holds
        ),
        lines=tuple(
            LedgerLine(
                number=number, at=from_micros(at), step=step, key=key, account=account,
                expires=_moment(expires), nano=nano,
            )
            for number, at, step, key, account, expires, nano in lines
        ),
    )  # fmt: skip


def ledger_problems(db: sqlite3.Connection) -> Iterator[str]:
    """What is not as it must be: entries that do not add up, balances and holds that differ."""
    for (number,) in db.execute(
        "SELECT number FROM ledger_entries GROUP BY number HAVING sum(nano) <> 0"
    ):
        yield f"transaction {number} does not add up to 0"
    for service, kind in db.execute(
        "SELECT service, kind FROM ledger_accounts a WHERE nano <>"
        " (SELECT coalesce(sum(e.nano), 0) FROM ledger_entries e WHERE e.account = a.account)"
    ):
        yield f"{service}: the balance of {kind} differs from its entries"
    for service, kind in db.execute(
        "SELECT service, kind FROM ledger_accounts"
        " WHERE CASE WHEN kind IN ('granted', 'owed') THEN nano > 0 ELSE nano < 0 END"
    ):
        yield f"{service}: {kind} has less than nothing"
    for (service,) in db.execute(
        "SELECT service FROM ledger_accounts a WHERE kind = 'held' AND nano <> (SELECT"
        " coalesce(sum(h.nano), 0) FROM ledger_holds h WHERE h.service = a.service"
        f" AND state IN {OPEN})"
    ):
        yield f"{service}: what is held differs from the holds"
    for (service,) in db.execute(
        "SELECT service FROM ledger_accounts a WHERE kind = 'spent' AND nano <> (SELECT"
        " coalesce(sum(charged), 0) FROM ledger_holds h WHERE h.service = a.service)"
    ):
        yield f"{service}: what is spent differs from the charges"


def _moment(expires: int) -> dt.datetime | None:
    return None if expires == NEVER else from_micros(expires)
