"""Makers' cost reports read exactly, and held against our own sums a UTC day (pure).

Anthropic tells cents as decimal strings, OpenAI dollars as numbers; both in daily buckets. What a
report does not tell is unknown, and what it tells as nothing is $0: the two are never mixed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import msgspec

from tui.errors import ProtocolBroken
from tui.money import product, to_nano, total

_MOST_USD = Decimal(10) ** 9
DAY = dt.timedelta(days=1)


class OurDay(msgspec.Struct, frozen=True, kw_only=True):
    """Our sum of one day in nano-dollars; `unknown` requests are not in it."""

    day: str
    nano: int
    unknown: int


class DayDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC day.

    Args:
        day: `2026-11-24`.
        theirs: Nano-dollars that the provider tells; None: it tells none for this day.
        ours: Nano-dollars of our receipts.
        unknown: Requests of ours whose cost is not known, and not in `ours`.
        partial: The day is not over: both may still grow.
        drift: Percent by which ours is above (or below, negative) theirs, to a tenth; None where
            it cannot be said.
    """

    day: str
    theirs: int | None
    ours: int
    unknown: int = 0
    partial: bool = False
    drift: Decimal | None = None


def costs_by_day(provider: str, pages: Iterable[Mapping[str, Any]]) -> dict[str, int | None]:
    """Nano-dollars a day out of a report's pages, whose numbers are Decimals.

    None: the day is there, and something in it is not in dollars.

    Raises:
        ProtocolBroken: it is no report of this maker's form.
    """
    days: dict[str, list[Decimal | None]] = {}
    for page in pages:
        for bucket in _objects(page.get("data")):
            amounts = [_amount(provider, one) for one in _objects(bucket.get("results"))]
            days.setdefault(_day(provider, bucket), []).extend(amounts)
    return {
        day: None if None in amounts else to_nano(total(one for one in amounts if one is not None))
        for day, amounts in days.items()
    }


def drift(
    theirs: Mapping[str, int | None], ours: Iterable[OurDay], since: dt.datetime, now: dt.datetime
) -> tuple[DayDrift, ...]:
    """Every day from `since` (a midnight) to today, the latest first."""
    mine = {one.day: one for one in ours}
    days: list[DayDrift] = []
    at, today = since, now.date().isoformat()
    while at <= now:
        day = at.date().isoformat()
        own = mine.get(day, OurDay(day=day, nano=0, unknown=0))
        told = theirs.get(day)
        days.append(
            DayDrift(
                day=day, theirs=told, ours=own.nano, unknown=own.unknown, partial=day == today,
                drift=percent(told, own.nano),
            )
        )  # fmt: skip
        at += DAY
    return tuple(reversed(days))


def sum_of(days: Iterable[DayDrift]) -> DayDrift:
    """All days whose cost the provider tells, in one; the others count nowhere."""
    told = [one for one in days if one.theirs is not None]
    theirs = sum(one.theirs or 0 for one in told) if told else None
    ours = sum(one.ours for one in told)
    return DayDrift(
        day="total", theirs=theirs, ours=ours, unknown=sum(one.unknown for one in told),
        partial=any(one.partial for one in told), drift=percent(theirs, ours),
    )  # fmt: skip


def percent(theirs: int | None, ours: int) -> Decimal | None:
    """How far ours is above theirs, to a tenth of a percent; None where nothing can be said."""
    if theirs is None or (theirs == 0 and ours != 0):
        return None
    if theirs == 0:
        return Decimal("0.0")
    return (Decimal(ours - theirs) * 100 / Decimal(theirs)).quantize(Decimal("0.1"))


def dollars(value: Any) -> Decimal | None:  # noqa: ANN401 - any JSON value
    """A finite amount as a Decimal, from a decimal string or a Decimal; None for anything else."""
    if not isinstance(value, str | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < _MOST_USD else None


def _amount(provider: str, result: Mapping[str, Any]) -> Decimal | None:
    """The dollars of one result; None where it is in another currency.

    Raises ProtocolBroken where there is no amount at all.
    """
    if provider == "anthropic":
        value, currency = dollars(result.get("amount")), result.get("currency", "USD")
        value = None if value is None else product(value, Decimal("0.01"))
    else:
        amount = result.get("amount")
        fields = cast("dict[str, Any]", amount) if isinstance(amount, dict) else {}
        value, currency = dollars(fields.get("value")), fields.get("currency", "usd")
    if value is None:
        raise ProtocolBroken("the cost report has an amount that cannot be read")
    return value if isinstance(currency, str) and currency.lower() == "usd" else None


def _day(provider: str, bucket: Mapping[str, Any]) -> str:
    """The UTC day that a bucket is of."""
    began = bucket.get("starting_at" if provider == "anthropic" else "start_time")
    try:
        if isinstance(began, str):
            at = dt.datetime.fromisoformat(began)
        elif isinstance(began, Decimal):
            at = dt.datetime.fromtimestamp(int(began), dt.UTC)
        else:
            raise ValueError("no time")
        at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
        return at.astimezone(dt.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise ProtocolBroken("the cost report has a day that cannot be read") from error


def _objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    if not isinstance(value, list):
        raise ProtocolBroken("the cost report has not the form of one")
    return [one for one in cast("list[Any]", value) if isinstance(one, dict)]
