"""Balances in words, the same in the console and on the command line (pure)."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from tui.credits.balance import Balance


def amount_words(left: Balance) -> str:
    """`1 204 credits left`, `$12.04 left`, `no limit`, `not told`."""
    if left.endless:
        return "no limit"
    if left.credits is not None:
        return f"{credits_words(left.credits)} credits left"
    return "not told" if left.usd is None else f"{usd_words(left.usd)} left"


def short_words(left: Balance) -> str:
    """As `amount_words`, for a head: `1 204 left`, `$12.04 left`, `no limit`, `not told`."""
    return amount_words(left).replace(" credits left", " left")


def credits_words(credits: Decimal) -> str:
    """Whole credits in groups of three from 100 on, below with two places.

    Rounded down: what is shown can be spent.
    """
    if abs(credits) >= 100:
        return f"{int(credits.to_integral_value(rounding=ROUND_FLOOR)):,}".replace(",", " ")
    shown = credits.quantize(Decimal("0.01"), rounding=ROUND_FLOOR)
    return f"{shown.normalize():f}" if shown == shown.to_integral_value() else f"{shown:f}"


def about_credits(credits: Decimal) -> str:
    """A forecast, rounded to the nearest: `≈ 19`, from ten on without places; `< 0.01`."""
    if 0 < credits < Decimal("0.005"):
        return "< 0.01"
    places = Decimal(1) if credits >= 10 else Decimal("0.01")
    shown = credits.quantize(places, rounding=ROUND_HALF_EVEN)
    text = f"{shown:,f}".replace(",", " ")
    return f"≈ {text.rstrip('0').rstrip('.') if '.' in text else text}"


def usd_words(usd: Decimal) -> str:
    """Dollars with cents, rounded down."""
    shown = usd.quantize(Decimal("0.01"), rounding=ROUND_FLOOR)
    return f"-${-shown:,f}" if shown < 0 else f"${shown:,f}"
