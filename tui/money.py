"""Money: integer nano-dollars for totals, exact Decimals for what is inside a receipt.

Rule 21 of the billing rules: never float; a request's lines are added unrounded and its total is
rounded once, half-even; sums add rounded totals (design.md §5).
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NewType

NanoUsd = NewType("NanoUsd", int)
"""A billionth of a US dollar."""

NANO = Decimal("1e-9")
_EXACT = decimal.Context(prec=60)
_CREDITS = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


def product(*factors: Decimal | int) -> Decimal:
    """Multiply exactly: no rounding below 60 significant digits."""
    value = Decimal(1)
    for factor in factors:
        value = _EXACT.multiply(value, factor)
    return value


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add exactly, so that the order of the amounts changes nothing."""
    value = Decimal(0)
    for amount in amounts:
        value = _EXACT.add(value, amount)
    return value


def plain(amount: Decimal) -> str:
    """A decimal as a program reads it: all its digits, no exponent, no zeros behind."""
    return f"{amount.normalize(_EXACT):f}"


def to_nano(usd: Decimal) -> NanoUsd:
    """Round dollars once, half-even, to nano-dollars."""
    scaled = _EXACT.multiply(usd, Decimal(1_000_000_000))
    return NanoUsd(int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN, context=_EXACT)))


def parse_usd(text: str) -> NanoUsd:
    """Read an amount in dollars as a person or a file writes it (`0.50`, `$3`, `1e-3`).

    Raises:
        ValueError: not a finite number.
    """
    try:
        value = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except decimal.InvalidOperation as error:
        raise ValueError(f"not an amount in dollars: {text!r}") from error
    if not value.is_finite():
        raise ValueError(f"not an amount in dollars: {text!r}")
    return to_nano(value)


def usd_string(nano: int) -> str:
    """The contract's form in JSON: decimal string in dollars with nine places."""
    sign = "-" if nano < 0 else ""
    whole, part = divmod(abs(nano), 1_000_000_000)
    return f"{sign}{whole}.{part:09d}"


def credits_string(nano: int) -> str:
    """Nano-credits in the contract's form: a decimal string with nine places."""
    return usd_string(nano)


def nano_credits(text: str | None) -> int | None:
    """Nano-credits out of an amount that `credits_string` wrote; None where it is not known."""
    return None if text is None or _CREDITS.fullmatch(text) is None else parse_usd(text)


def show_credits(nano: int) -> str:
    """Nano-credits for a person: `1 204 credits`, `≈ 18.5 credits` where digits are left out."""
    size = Decimal(abs(nano)) * NANO
    places = 0 if size >= 100 else 2 if size >= 1 else 4
    if 0 < size < Decimal("0.01"):
        places = min(9, 1 - size.adjusted())
    shown = size.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    about = "" if shown == size else "≈ "
    text = f"{shown:,f}".replace(",", " ")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    one = "credit" if text == "1" else "credits"
    return f"{about}{'-' if nano < 0 else ''}{text} {one}"


def show_sum(nano: int | None, unknown: int, *, sure: bool = True) -> str:
    """A sum that may not be known whole: `$0.0132 + ?`, and `?` where no part of it is known.

    Args:
        nano: The known parts; None where not even they are known.
        unknown: How many parts are not.
        sure: Whether the known parts are settled and no estimate.
    """
    if nano is None or (unknown and nano == 0):
        return "?"
    known = show_usd(nano, sure=sure)
    return f"{known} + ?" if unknown else known


def show_usd(nano: int | None, *, sure: bool = True) -> str:
    """An amount for a person: `$0.0132`, `~$0.0132` while estimated, `?` where unknown.

    Four places below ten dollars, two above; an amount too small for them shows what it is
    (`$0.000021`), so that nothing that cost money reads as `$0`.
    """
    if nano is None:
        return "?"
    mark = "" if sure else "~"
    sign = "-" if nano < 0 else ""
    size = abs(nano)
    if size == 0:
        return f"{mark}$0"
    places = 2 if size >= 10_000_000_000 else 4
    if size < 100_000:  # under a hundredth of a cent: two significant digits
        places = 9 - len(str(size)) + 2
        places = min(places, 9)
    shown = (Decimal(size) * NANO).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return f"{mark}{sign}${shown:f}"
