"""Medians, percentiles and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed.

    Raises:
        ValueError: no values, or no share.
    """
    if not values:
        raise ValueError("nothing was measured")
    if not 0 < share <= 1:
        raise ValueError(f"{share} is no share")
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number the mean of the two in the middle."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def per(amount: float, counted: float, unit: float) -> float:
    """`amount` for each `unit` of what was counted: CPU seconds for each 10,000 tokens.

    Raises:
        ValueError: nothing was counted.
    """
    if counted <= 0:
        raise ValueError("nothing was counted")
    return amount * unit / counted


def milliseconds(seconds: float) -> str:
    """`4.2 ms`, `164 ms`."""
    value = seconds * 1000
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def megabytes(count: float) -> str:
    """`84.2 MB`, of a million bytes each."""
    return f"{count / 1e6:.1f} MB"
