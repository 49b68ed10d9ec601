"""A price sheet: what one model costs at one moment under one set of terms."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from tui.money import product

MILLION = Decimal("1e-6")


class Rate(msgspec.Struct, frozen=True):
    """Dollars for one unit, by the length of the whole prompt.

    `steps`: above this many prompt tokens (exactly so many is still below) the other price counts;
    None there: not known.
    """

    base: Decimal
    steps: tuple[tuple[int, Decimal | None], ...] = ()

    def at(self, prompt: int) -> Decimal | None:
        """The price for a request whose prompt has this many tokens, cached ones included."""
        price: Decimal | None = self.base
        for start, higher in self.steps:
            if prompt > start:
                price = higher
        return price

    def times(self, factor: Decimal) -> Rate:
        """The same with every price multiplied, exactly."""
        return Rate(
            product(self.base, factor),
            tuple((start, None if p is None else product(p, factor)) for start, p in self.steps),
        )


class ToolFee(msgspec.Struct, frozen=True):
    """Dollars for one use of a server tool, and what counts as a use."""

    usd: Decimal
    per: Literal["call", "query", "prompt"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What bears on a price beside provider, model and time (billing rules 10 to 15).

    Args:
        tier: The tier that served, lower case; "standard" where none is named.
        batch: Sent through the batch API.
        speed: Anthropic's `speed`, None for standard.
        geo: Anthropic's `inference_geo`.
        region: Of a cloud account.
        deployment: Azure's kind of deployment.
        host: Where the request went, lower case.
    """

    tier: str = "standard"
    batch: bool = False
    speed: str | None = None
    geo: str | None = None
    region: str | None = None
    deployment: str | None = None
    host: str | None = None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of one model: token classes in dollars a token, server tools in dollars a use.

    `folds` names classes that are priced as another one on this model.
    """

    model: str
    rates: dict[str, Rate]
    fees: dict[str, ToolFee]
    priced_by: str
    folds: dict[str, str] = {}

    def unit(self, what: str, prompt: int) -> Decimal | None:
        """Dollars for one token of a class in a request of this prompt; None: no price."""
        rate = self.rates.get(what)
        return None if rate is None else rate.at(prompt)


class NoPrice(msgspec.Struct, frozen=True):
    """There is no known price, and why."""

    why: str
