"""Dollars and the credits of one service, each a whole number of billionths (pure).

A charge is rounded once, half-even, to nano-credits; what is held is rounded up and what is left
is rounded down, so that a charge within its worst case is never above what was held for it.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec

from tui.events.money import IN_CREDITS, ChargeRecorded
from tui.money import credits_string, nano_credits, product

_EXACT = decimal.Context(prec=60)
_MOST = 10**18
"""Nano-credits: what is more is nonsense, and counts as unknown."""


class Purse(msgspec.Struct, frozen=True, kw_only=True):
    """A service's credits.

    Args:
        service: Its name.
        rate: Dollars per credit, above 0.
    """

    service: str
    rate: Decimal

    def held(self, nano: int) -> int:
        """Nano-credits to hold for so many nano-dollars, rounded up."""
        return _whole(_EXACT.divide(nano, self.rate), ROUND_CEILING)

    def worth(self, left: int) -> int:
        """Nano-dollars that so many nano-credits pay for, rounded down."""
        return _whole(product(self.rate, left), ROUND_FLOOR)


def rate_of(text: str) -> Decimal | None:
    """Dollars per credit out of a decimal string; None for what is no rate."""
    try:
        rate = Decimal(text)
    except decimal.InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None


def in_credits(charge: ChargeRecorded, rate: Decimal | None) -> ChargeRecorded:
    """A charge with what it is in credits, where credits pay and both price and rate are known."""
    if charge.payer != "credits" or charge.nano is None or rate is None or charge.nano < 0:
        return charge
    credits = _whole(_EXACT.divide(charge.nano, rate), ROUND_HALF_EVEN)
    if credits > _MOST:
        return charge
    return msgspec.structs.replace(charge, credits=credits_string(credits))


def credits_sum(charges: Iterable[ChargeRecorded]) -> str | None:
    """The sum of what credits paid, `0` where they paid nothing; None: not all of it is known."""
    told = [nano_credits(one.credits) for one in charges if one.payer in IN_CREDITS]
    known = [one for one in told if one is not None]
    if len(known) < len(told):
        return None
    return credits_string(sum(known)) if told else "0"


def _whole(number: Decimal, rounding: str) -> int:
    return int(number.to_integral_value(rounding, _EXACT))
