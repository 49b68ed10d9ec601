"""What a request used and what it cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from tui.events.base import Event, RequestId

ChargePayer = Literal[
    "own_key", "endpoint", "cloud_account", "credits", "platform_credits", "nobody"
]


IN_CREDITS: tuple[ChargePayer, ...] = ("credits", "platform_credits")
"""Who pays in credits."""


class UsageReported(Event, tag="usage", frozen=True, kw_only=True):
    """Tokens the provider billed for one request; None where it does not say."""

    request: RequestId
    input: int | None  # all prompt tokens, cached ones included
    output: int | None  # all billed output tokens, reasoning included
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None
    raw: dict[str, Any]


class ChargeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a receipt; prices in dollars, exact."""

    what: str
    quantity: Decimal
    unit_usd: Decimal | None
    usd: Decimal | None


class ChargeRecorded(Event, tag="charge", frozen=True, kw_only=True):
    """One request's receipt. `nano` is None where the price is unknown, never 0.

    `credits`: the same in credits of the service that took them, an exact decimal string; None
    where no credits paid, or the price or the rate is unknown.
    """

    request: RequestId
    payer: ChargePayer
    nano: int | None
    lines: tuple[ChargeLine, ...]
    priced_by: str
    sureness: Literal["exact", "priced", "estimated", "unknown"]
    credits: str | None = None


class LimitSeen(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    limit: int | None
    remaining: int | None
    reset_s: float | None


class LimitsReported(Event, tag="limits", frozen=True, kw_only=True):
    """The rate limits that a response's headers told."""

    request: RequestId
    limits: tuple[LimitSeen, ...]
