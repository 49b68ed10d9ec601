"""What is left at a service, in its unit and in dollars, and how old that word is (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

import msgspec

from tui.credits.amounts import amount_of, credits_in, usd_of
from tui.credits.records import CreditService


class Ledger(Protocol):
    """Our own books of a `house`."""

    def balance(self, service: str) -> Decimal:
        """Credits that are left at a service; blocks."""
        ...


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What is left; None where it is not known, never 0 for that.

    Args:
        credits: In the service's own unit; None too where it has none.
        usd: In dollars.
        endless: It says that there is no limit.
        as_of: When it was told; None: it is our own ledger's, or was never told.
    """

    credits: Decimal | None = None
    usd: Decimal | None = None
    endless: bool = False
    as_of: dt.datetime | None = None

    @property
    def for_routes(self) -> Decimal | None:
        """What the route rules go by: above 0 is credits left."""
        if self.endless:
            return Decimal("Infinity")
        return self.usd if self.credits is None else self.credits


def balance_of(service: CreditService, ledger: Ledger | None = None) -> Balance:
    """What is left at a service: its own word, and of a `house` our ledger's."""
    rate = service.rate
    if service.adapter == "house":
        credits = None if ledger is None else ledger.balance(service.name)
        return Balance(credits=credits, usd=usd_of(credits, rate))
    told, amount = service.told, service.balance
    credits = None if amount is None or rate is None else credits_in(amount, rate)
    return Balance(credits=credits, usd=amount, endless=told.endless, as_of=told.as_of)


def age(as_of: dt.datetime, now: dt.datetime) -> str:
    """How old a word is: `just now`, `4 min ago`, `3 h ago`, `2 days ago`."""
    minutes = int((now - as_of).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Plan, people and platform rate, and whose word each is: a service's name, or ""."""

    plan: str
    org_size: int
    platform_rate: Decimal | None
    plan_by: str = ""
    org_size_by: str = ""
    platform_rate_by: str = ""


def standing(services: Iterable[CreditService], of_settings: Standing) -> Standing:
    """What holds: what the first service tells that tells it, else the settings."""
    plan = size = rate = None
    for one in services:
        if plan is None and one.told.plan is not None:
            plan = (one.told.plan, one.name)
        if size is None and one.told.org_size is not None:
            size = (one.told.org_size, one.name)
        told = amount_of(one.told.platform_rate)  # the file may have been edited by hand
        if rate is None and told is not None:
            rate = (told, one.name)
    return Standing(
        plan=plan[0] if plan else of_settings.plan,
        org_size=size[0] if size else of_settings.org_size,
        platform_rate=rate[0] if rate else of_settings.platform_rate,
        plan_by=plan[1] if plan else "",
        org_size_by=size[1] if size else "",
        platform_rate_by=rate[1] if rate else "",
    )
