"""Dollars and credits, exact: credits are dollars by a service's own rate (pure)."""

from __future__ import annotations

import decimal
from decimal import ROUND_HALF_EVEN, Decimal

from tui.money import NANO, plain, product

MOST_USD = Decimal(10) ** 12
"""Nobody has more: a number beyond it is nonsense, and so is its negative."""

_MOST_PLACES, _MOST_DIGITS = 40, 60
"""A number of more would fill the screen that shows it."""

_MOST_CREDITS = Decimal(10) ** 10
_EXACT = decimal.Context(prec=60)


def credits_of(nano: int | None, usd_per_credit: Decimal | str | None) -> Decimal | None:
    """What an amount is in credits: dollars by dollars per credit.

    Args:
        nano: Nano-dollars; None: unknown.
        usd_per_credit: The service's rate; None, or what is no rate: not known.

    Returns:
        Credits, exact up to 60 digits; None where either is not known, never 0 for that.
    """
    rate = rate_of(usd_per_credit)
    if nano is None or rate is None:
        return None
    return credits_in(product(Decimal(nano), NANO), rate)


def credits_in(usd: Decimal, usd_per_credit: Decimal) -> Decimal:
    """Dollars as credits at a rate above 0."""
    return _EXACT.divide(usd, usd_per_credit)


def credits_text(credits: Decimal | None) -> str | None:
    """Credits as a charge keeps them: a decimal string of at most nine places.

    Rounded once, half-even, as a total in dollars is. None where they are not known, and for
    more than ten digits before the point: no request took those.
    """
    if credits is None or not 0 <= credits < _MOST_CREDITS:
        return None
    return plain(credits.quantize(NANO, rounding=ROUND_HALF_EVEN, context=_EXACT))


def usd_of(credits: Decimal | None, usd_per_credit: Decimal | str | None) -> Decimal | None:
    """What credits are in dollars; None where either is not known."""
    rate = rate_of(usd_per_credit)
    return None if credits is None or rate is None else product(credits, rate)


def rate_of(value: Decimal | str | None) -> Decimal | None:
    """Dollars per credit: a finite number above 0, or None for what is no rate."""
    found = amount_of(value) if isinstance(value, str) else value
    if found is None or not found.is_finite() or not 0 < found <= MOST_USD:
        return None
    return found


def amount_of(value: object) -> Decimal | None:
    """A number out of an answer that anybody may have written.

    Takes numbers and decimal strings. What is none, is not finite, or is beyond `MOST_USD` either
    way is None: not known.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = value.strip() if isinstance(value, str) else repr(value)
    if isinstance(value, Decimal):
        found = value
    elif not text.isascii() or len(text) > 60 or "_" in text:
        return None
    else:
        try:
            found = Decimal(text)
        except decimal.InvalidOperation:
            return None
    if not found.is_finite() or abs(found) > MOST_USD:
        return None
    digits, exponent = found.as_tuple()[1:]
    fine = isinstance(exponent, int) and exponent >= -_MOST_PLACES and len(digits) <= _MOST_DIGITS
    return found if fine else None
