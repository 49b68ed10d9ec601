"""Requests that a house ledger pays: routers that say so, and what the ledger says then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from unittest import mock

import msgspec

from tests.session.scripted import ScriptedRouter
from tui.routing.connections import Connection
from tui.routing.policy import Situation
from tui.runtime.router import LiveRouter
from tui.session.ports import Decision
from tui.store.ledger_read import LedgerRead, read_ledgers
from tui.store.log import Store

TEAM = "team"
RATE = "0.003"
"""Dollars per credit; not every nano-dollar is a whole number of nano-credits at it."""


def paid_by_ledger(decision: Decision, rate: str = RATE) -> Decision:
    """The same request on the credits of a service whose books are kept here."""
    route = msgspec.structs.replace(decision.route, payer="credits")
    return msgspec.structs.replace(decision, route=route, ledger=TEAM, usd_per_credit=rate)


class LedgerRouter(ScriptedRouter):
    """Every model on the ledger, but `openai/own`; the rate may change."""

    def __init__(self, rate: str = RATE, context: int | None = None) -> None:
        super().__init__(context)
        self.rate = rate

    def decide(self, model: str, folder: str = "", *, via: str = "") -> Decision:
        decision = super().decide(model, folder, via=via)
        return decision if model == "openai/own" else paid_by_ledger(decision, self.rate)

    def situation(self, model: str, *, folder: str = "") -> Situation:
        team = Connection(
            id=TEAM, kind="credits", label=TEAM, models=(model,), balance=Decimal("0.000002")
        )
        return Situation(model=model, connections=(team,))


@contextmanager
def live_ledger() -> Iterator[None]:
    """Every route of a real runtime is on the ledger meanwhile."""
    real, opening = LiveRouter.decide, LiveRouter.open

    def decided(self, model, folder="", *, via=""):
        return paid_by_ledger(real(self, model, folder, via=via))

    def opened(self, decision):
        route = msgspec.structs.replace(decision.route, payer="own_key")
        return opening(self, msgspec.structs.replace(decision, route=route))

    with (
        mock.patch.object(LiveRouter, "decide", decided),
        mock.patch.object(LiveRouter, "open", opened),
    ):
        yield


def fill(path: Path, nano: int, *, expires: dt.datetime | None = None, key: str = "first") -> None:
    """Grant so many nano-credits in the store at `path`."""
    store = Store(path)
    store.ledger.grant(TEAM, nano, expires=expires, key=key, at=dt.datetime.now(dt.UTC))
    store.close()


def ledger_of(path: Path, now: dt.datetime | None = None) -> LedgerRead:
    """The team's books."""
    [found] = read_ledgers(path, now or dt.datetime.now(dt.UTC), service=TEAM)
    return found
