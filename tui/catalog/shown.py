"""Prices as people choose by them: dollars per million tokens, in strings (pure)."""

from __future__ import annotations

import msgspec

from tui.catalog.sheets import NoPrice, Rate, Sheet
from tui.money import plain, product

MILLION = 1_000_000
WRITTEN = ("cache_write_5m", "cache_write")
"""What is written to a cache as our requests ask for it, the first that has a price."""


class ShownStep(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars per million of prompts longer than `above` tokens; None: not known."""

    above: int
    input: str | None
    output: str | None
    cache_read: str | None
    cache_write: str | None


class ShownPrices(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars per million tokens as decimal strings, below any length tier; None: not known.

    `steps`: the tiers of longer prompts, the shortest first. `cache_write` is None too where what
    is written costs as input does.
    """

    input: str | None = None
    output: str | None = None
    cache_read: str | None = None
    cache_write: str | None = None
    steps: tuple[ShownStep, ...] = ()


def shown_prices(sheet: Sheet | NoPrice) -> ShownPrices:
    """A model's sheet as it is shown."""
    if isinstance(sheet, NoPrice):
        return ShownPrices()
    rates = sheet.rates
    written = next((rates[name] for name in WRITTEN if name in rates), None)
    columns = [rates.get("input"), rates.get("output"), rates.get("cache_read"), written]
    starts = sorted({start for rate in columns if rate is not None for start, _ in rate.steps})
    given, made, read, write = (_at(rate, 0) for rate in columns)
    steps = [[_at(rate, start + 1) for rate in columns] for start in starts]
    return ShownPrices(
        input=given, output=made, cache_read=read, cache_write=write,
        steps=tuple(
            ShownStep(above=start, input=one[0], output=one[1], cache_read=one[2],
                      cache_write=one[3])
            for start, one in zip(starts, steps, strict=True)
        ),
    )  # fmt: skip


def _at(rate: Rate | None, prompt: int) -> str | None:
    price = None if rate is None else rate.at(prompt)
    return None if price is None else plain(product(price, MILLION))
