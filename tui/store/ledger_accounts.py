"""The ledger's accounts and entries: what each step of `tui.store.ledger` is made of."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from tui.store.rows import to_micros

Bucket = Literal["plan", "addon"]
Kind = Literal["granted", "plan", "addon", "held", "spent", "expired", "owed"]
Step = Literal["grant", "hold", "settle", "release", "expire", "repay"]
State = Literal["open", "sent", "unsettled", "settled", "released"]

NEVER = (1 << 63) - 1
_IN_ORDER = "kind = 'addon', expires, account"
"""Plan first, then by expiry, the soonest first."""


class Accounts:
    """Accounts of all services, within a transaction of the caller's.

    Args:
        db: The store's connection.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def write(
        self, step: Step, key: str | None, service: str, at: dt.datetime,
        asked: Mapping[str, Any], entries: Mapping[int, int],
    ) -> int:  # fmt: skip
        """Write a transaction; its number. Its entries, nano-credits by account, add up to 0."""
        assert sum(entries.values()) == 0, f"{step}: {entries}"
        number = self._db.execute(
            "INSERT INTO ledger_transactions (service, kind, key, at, asked, answered)"
            " VALUES (?,?,?,?,?,'')",
            (service, step, key, to_micros(at), msgspec.json.encode(asked).decode()),
        ).lastrowid
        assert number is not None
        moved = [(account, nano) for account, nano in entries.items() if nano]
        self._db.executemany(
            "INSERT INTO ledger_entries (number, account, nano) VALUES (?,?,?)",
            [(number, account, nano) for account, nano in moved],
        )
        self._db.executemany(
            "UPDATE ledger_accounts SET nano = nano + ? WHERE account = ?",
            [(nano, account) for account, nano in moved],
        )
        return number

    def expire(self, service: str, at: dt.datetime) -> None:
        """What is left in a bucket at its end goes, by a transaction of its own."""
        found = self._db.execute(
            "SELECT account, nano FROM ledger_accounts WHERE service = ? AND nano > 0"
            " AND kind IN ('plan', 'addon') AND expires <= ?",
            (service, to_micros(at)),
        ).fetchall()
        for account, nano in found:
            into = self.account(service, "expired")
            self.write("expire", None, service, at, {}, {account: -nano, into: nano})

    def repay(self, service: str, at: dt.datetime) -> None:
        """What is owed is paid out of what there is."""
        owing = self.account(service, "owed")
        owed = -self.balance(owing)
        if owed and (left := self.left(service)):
            entries, _ = self.drawn(service, min(owed, left))
            entries[owing] = min(owed, left)
            self.write("repay", None, service, at, {}, entries)

    def drawn(self, service: str, nano: int) -> tuple[dict[int, int], int]:
        """What each bucket gives for an amount, and how much of it none has."""
        entries: dict[int, int] = {}
        for account, has in self._buckets(service):
            if nano and has:
                entries[account] = -min(nano, has)
                nano -= min(nano, has)
        return entries, nano

    def given_back(self, key: str, nano: int) -> dict[int, int]:
        """Which buckets get back so much of a hold: those first that it took last."""
        entries: dict[int, int] = {}
        found = self._db.execute(
            "SELECT account, -e.nano FROM ledger_entries e JOIN ledger_accounts USING (account)"
            " JOIN ledger_transactions USING (number)"
            " WHERE ledger_transactions.kind = 'hold' AND key = ? AND e.nano < 0"
            f" ORDER BY ledger_accounts.{_IN_ORDER}",
            (key,),
        ).fetchall()
        for account, took in reversed(found):
            if nano:
                entries[account] = min(nano, took)
                nano -= min(nano, took)
        return entries

    def left(self, service: str) -> int:
        """Nano-credits in all buckets."""
        return sum(has for _, has in self._buckets(service))

    def _buckets(self, service: str) -> list[tuple[int, int]]:
        return self._db.execute(
            "SELECT account, nano FROM ledger_accounts"
            f" WHERE service = ? AND kind IN ('plan', 'addon') ORDER BY {_IN_ORDER}",
            (service,),
        ).fetchall()

    def balance(self, account: int) -> int:
        """The sum of an account's entries."""
        (nano,) = self._db.execute(
            "SELECT nano FROM ledger_accounts WHERE account = ?", (account,)
        ).fetchone()
        return nano

    def account(self, service: str, kind: Kind, expires: int = NEVER) -> int:
        """An account's number; made where there is none. `expires` in microseconds."""
        self._db.execute(
            "INSERT OR IGNORE INTO ledger_accounts (service, kind, expires) VALUES (?,?,?)",
            (service, kind, expires),
        )
        (account,) = self._db.execute(
            "SELECT account FROM ledger_accounts WHERE (service, kind, expires) = (?,?,?)",
            (service, kind, expires),
        ).fetchone()
        return account
