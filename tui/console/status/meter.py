"""Numbers of the status bar as short words: tokens, shares, money, clocks."""

from __future__ import annotations

from tui.money import show_sum

MONEY_CELLS = 8


def tokens(count: int) -> str:
    """`812`, `41.2k`, `1.3M`."""
    if count < 1_000:
        return str(count)
    if count < 999_500:
        return f"{count / 1_000:.1f}".removesuffix(".0") + "k"
    return f"{count / 1_000_000:.1f}".removesuffix(".0") + "M"


def share(part: int | None, whole: int | None) -> str | None:
    """Percent of `whole`, or None where either is unknown."""
    if part is None or not whole:
        return None
    return f"{min(100, round(100 * part / whole))}%"


def money(nano: int | None, unknown: int = 0, *, sure: bool = True) -> str:
    """A sum in a column that keeps its width while it counts: `$0.0000` where it is none."""
    said = "$0.0000" if nano == 0 and not unknown else show_sum(nano, unknown, sure=sure)
    return f"{said:>{MONEY_CELLS}}"


def clock(seconds: float) -> str:
    """`0:41`, `12:05`."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
