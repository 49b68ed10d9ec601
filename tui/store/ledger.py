"""The house ledger: double-entry, in whole nano-credits, beside the sessions in one store.

Each step is one transaction whose entries add up to 0. Accounts of a service:

    granted    where credits come from; never above 0
    plan       a bucket for each moment of expiry
    addon      the same
    held       for requests that are not settled
    spent      by requests
    expired    what was left in a bucket at its end
    owed       what was charged above all that there was; never above 0

A request is held from the plan first, then from add-ons, in each the soonest to expire first. Its
charge comes out of what was held, in that order, and the rest goes back where it came from. A
charge above its hold takes what is left, and what is missing then is owed: the next credits that
come in pay it before anything else. Every step has a key: again with the same key and amount it
changes nothing and gives the first answer, with another amount it is refused.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from tui.errors import OwnkeyError, UsageError
from tui.store.ledger_accounts import NEVER, Accounts, Bucket, State, Step
from tui.store.rows import to_micros

MOST = 10**18
"""Nano-credits of a billion credits: neither a grant nor a charge is larger."""
MOST_GRANTED = 4 * MOST


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did.

    Args:
        nano: Nano-credits granted, held, charged or let go of.
        left: What the service's buckets had afterwards.
        owed: Of a charge: what there was not enough for.
    """

    step: Step
    key: str
    service: str
    nano: int
    left: int
    owed: int = 0


class NotEnough(OwnkeyError):
    """A hold that does not fit; nothing was held.

    Args:
        left: Nano-credits that there are.
        needs: Nano-credits that were asked for.
    """

    def __init__(self, left: int, needs: int) -> None:
        super().__init__("there are not enough credits", hint="`ownkey credits grant` adds some.")
        self.left, self.needs = left, needs


class KeyReused(UsageError):
    """The same key with another amount."""


class Book:
    """The steps, within a transaction of the caller's.

    Args:
        db: The store's connection.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._accounts = Accounts(db)

    def grant(
        self, service: str, nano: int, *, bucket: Bucket, expires: dt.datetime | None, key: str,
        at: dt.datetime,
    ) -> Posted:  # fmt: skip
        """Credits come in. Raises UsageError for an amount or expiry that cannot be."""
        until = NEVER if expires is None else to_micros(expires)
        asked = {"service": service, "nano": nano, "bucket": bucket, "expires": until}
        if (first := self._first("grant", key, asked)) is not None:
            return first
        if not 0 < nano <= MOST:
            raise UsageError("a grant is above 0 and at most a billion credits")
        if until <= to_micros(at):
            raise UsageError("these credits would have expired already")
        self._accounts.expire(service, at)
        granted = self._accounts.account(service, "granted")
        if nano - self._accounts.balance(granted) > MOST_GRANTED:
            raise UsageError("no ledger holds that many credits")
        into = self._accounts.account(service, bucket, until)
        return self._post("grant", key, service, at, asked, {granted: -nano, into: nano}, nano)

    def left(self, service: str, at: dt.datetime) -> int:
        """Nano-credits that a hold may take now; what has expired by then is gone."""
        self._accounts.expire(service, at)
        return self._accounts.left(service)

    def hold(self, service: str, nano: int, *, key: str, session: str, at: dt.datetime) -> Posted:
        """Put nano-credits aside for a request. Raises NotEnough."""
        asked = {"service": service, "nano": nano}
        if (first := self._first("hold", key, asked)) is not None:
            return first
        if nano < 0:
            raise UsageError("a hold is not below 0")
        left = self.left(service, at)
        if nano > left:
            raise NotEnough(left, nano)
        entries, _ = self._accounts.drawn(service, nano)
        entries[self._accounts.account(service, "held")] = nano
        self._db.execute(
            "INSERT INTO ledger_holds (key, service, session, at, nano, state)"
            " VALUES (?,?,?,?,?,'open')",
            (key, service, session, to_micros(at), nano),
        )
        return self._post("hold", key, service, at, asked, entries, nano)

    def sent(self, key: str) -> None:
        """The request's bytes may leave from now on."""
        self._db.execute(
            "UPDATE ledger_holds SET state = 'sent' WHERE key = ? AND state = 'open'", (key,)
        )

    def unsettle(self, key: str) -> None:
        """Nobody can say what it cost: it stays held, and is seen to be."""
        self._db.execute(
            "UPDATE ledger_holds SET state = 'unsettled' WHERE key = ?"
            " AND state IN ('open', 'sent')",
            (key,),
        )

    def settle(self, key: str, nano: int, at: dt.datetime) -> Posted:
        """A request's charge. Raises UsageError where nothing was ever held for it."""
        service, held, state = self._hold_of(key)
        if (first := self._first("settle", key, {"nano": nano})) is not None:
            return first
        if not 0 <= nano <= MOST:
            raise UsageError("a charge is not below 0, and at most a billion credits")
        if state == "released":  # it was billed after all
            held = 0
        self._accounts.expire(service, at)
        entries = {self._accounts.account(service, "spent"): nano}
        owed = 0
        if held:
            entries[self._accounts.account(service, "held")] = -held
            entries |= self._accounts.given_back(key, held - min(nano, held))
        if nano > held:
            more, owed = self._accounts.drawn(service, nano - held)
            entries |= more
            entries[self._accounts.account(service, "owed")] = -owed
        self._db.execute(
            "UPDATE ledger_holds SET state = 'settled', charged = ?, owed = ? WHERE key = ?",
            (nano, owed, key),
        )
        return self._post("settle", key, service, at, {"nano": nano}, entries, nano, owed)

    def release(self, key: str, at: dt.datetime) -> Posted:
        """It has cost nothing. What was settled stays so, and nothing is let go of."""
        service, held, state = self._hold_of(key)
        if (first := self._first("release", key, {})) is not None:
            return first
        if state == "settled":
            left = self._accounts.left(service)
            return Posted(step="release", key=key, service=service, nano=0, left=left)
        entries = {
            self._accounts.account(service, "held"): -held,
            **self._accounts.given_back(key, held),
        }
        self._db.execute("UPDATE ledger_holds SET state = 'released' WHERE key = ?", (key,))
        return self._post("release", key, service, at, {}, entries, held)

    def leave(self, session: str, at: dt.datetime) -> None:
        """A program is gone: what it sent is unsettled, what it never sent is let go of."""
        found = self._db.execute(
            "SELECT key, state FROM ledger_holds WHERE session = ? AND state IN ('open', 'sent')",
            (session,),
        ).fetchall()
        for key, state in found:
            if state == "open":
                self.release(key, at)
            else:
                self.unsettle(key)

    def holds(self, key: str) -> bool:
        """Whether anything was ever held under this key."""
        found = self._db.execute("SELECT 1 FROM ledger_holds WHERE key = ?", (key,)).fetchone()
        return found is not None

    def _hold_of(self, key: str) -> tuple[str, int, State]:
        found = self._db.execute(
            "SELECT service, nano, state FROM ledger_holds WHERE key = ?", (key,)
        ).fetchone()
        if found is None:
            raise UsageError(
                f"nothing was held for {key}", hint="`ownkey credits ledger` lists the holds."
            )
        return found

    def _first(self, step: Step, key: str, asked: Mapping[str, Any]) -> Posted | None:
        found = self._db.execute(
            "SELECT asked, answered FROM ledger_transactions WHERE kind = ? AND key = ?",
            (step, key),
        ).fetchone()
        if found is None:
            return None
        if msgspec.json.decode(found[0]) != asked:
            raise KeyReused(
                f"the key {key} was used before, for another {step}",
                hint="Nothing was changed; another key makes it another step.",
            )
        return msgspec.json.decode(found[1], type=Posted)

    def _post(
        self, step: Step, key: str, service: str, at: dt.datetime, asked: Mapping[str, Any],
        entries: Mapping[int, int], nano: int, owed: int = 0,
    ) -> Posted:  # fmt: skip
        number = self._accounts.write(step, key, service, at, asked, entries)
        self._accounts.expire(
            service, at
        )  # what went back into a bucket that has expired meanwhile
        self._accounts.repay(service, at)
        answer = Posted(
            step=step,
            key=key,
            service=service,
            nano=nano,
            left=self._accounts.left(service),
            owed=owed,
        )
        self._db.execute(
            "UPDATE ledger_transactions SET answered = ? WHERE number = ?",
            (msgspec.json.encode(answer).decode(), number),
        )
        return answer


class Ledger:
    """The ledger of one store, each step in a transaction of its own; calls block.

    Args:
        db: The store's connection.
        transaction: Its write transaction.
    """

    def __init__(
        self, db: sqlite3.Connection, transaction: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._book = Book(db)
        self._transaction = transaction

    def grant(
        self, service: str, nano: int, *, bucket: Bucket = "addon",
        expires: dt.datetime | None = None, key: str, at: dt.datetime,
    ) -> Posted:  # fmt: skip
        """See `Book.grant`. Raises StoreError, too."""
        with self._transaction():
            return self._book.grant(service, nano, bucket=bucket, expires=expires, key=key, at=at)

    def hold(self, service: str, nano: int, *, key: str, session: str, at: dt.datetime) -> Posted:
        """See `Book.hold`."""
        with self._transaction():
            return self._book.hold(service, nano, key=key, session=session, at=at)

    def settle(self, key: str, nano: int, at: dt.datetime) -> Posted:
        """See `Book.settle`."""
        with self._transaction():
            return self._book.settle(key, nano, at)

    def release(self, key: str, at: dt.datetime) -> Posted:
        """See `Book.release`."""
        with self._transaction():
            return self._book.release(key, at)

    def unsettle(self, key: str) -> None:
        """See `Book.unsettle`."""
        with self._transaction():
            self._book.unsettle(key)
