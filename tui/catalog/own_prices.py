"""A person's own price file, laid on top of the list: contracts, gateways, fine-tunes.

    {"prices": [{"provider": "my-gateway", "model": "coder", "input": "1.5", "output": "6",
                 "cache_read": "0.15", "since": "2026-01-01"}]}

Dollars per million tokens. `model` is the id as it is called there; the latest `since` that has
begun counts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from tui.catalog.sheets import MILLION, Rate
from tui.money import product

_LIMIT = 4 * 1024 * 1024


class OwnPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model's price; a class that is left out has no price."""

    provider: str
    model: str
    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    since: date = date.min

    def __post_init__(self) -> None:
        for amount in self._amounts().values():
            if not amount.is_finite() or amount < 0:
                raise ValueError("a price is a finite number, 0 or more")

    def rates(self) -> dict[str, Rate]:
        """The token classes in dollars a token."""
        rates = {name: Rate(product(usd, MILLION)) for name, usd in self._amounts().items()}
        if "cache_write" in rates:
            rates["cache_write_5m"] = rates["cache_write"]
        return rates

    def _amounts(self) -> dict[str, Decimal]:
        fields = msgspec.structs.asdict(self)
        return {name: value for name, value in fields.items() if isinstance(value, Decimal)}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prices: tuple[OwnPrice, ...]


class OwnPrices:
    """What a price file says. `problem` tells why it could not be read; then it says nothing."""

    def __init__(self, prices: tuple[OwnPrice, ...] = (), problem: str | None = None) -> None:
        self.problem = problem
        self._prices = tuple(sorted(prices, key=lambda price: price.since))

    @classmethod
    def read(cls, path: Path) -> OwnPrices:
        """Read a file; one that cannot be read or does not parse is reported, not fatal."""
        try:
            with path.open("rb") as file:
                data = file.read(_LIMIT + 1)
            if len(data) > _LIMIT:
                return cls(problem=f"{path}: larger than {_LIMIT // 1024 // 1024} MiB")
            return cls(msgspec.json.decode(data, type=_File).prices)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            return cls(problem=f"{path}: {error}")

    def find(self, provider: str, model: str, at: datetime) -> OwnPrice | None:
        """The price of exactly this provider and model at a moment, or None."""
        day = at.astimezone(UTC).date()
        found = None
        for price in self._prices:
            if (price.provider, price.model) == (provider, model) and price.since <= day:
                found = price
        return found
