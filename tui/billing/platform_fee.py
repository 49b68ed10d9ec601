"""The fee for running the agent, by the time that it works (pure).

Rule: routes/README.md, 8: platform credits meter the agent's active time only.
"""

from __future__ import annotations

import decimal
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from tui.events.base import RequestId
from tui.events.money import ChargeLine, ChargeRecorded
from tui.money import credits_string, product, to_nano

_HOUR_S = 3600
_PLACES = Decimal("1e-9")
_EXACT = decimal.Context(prec=60)
_MOST = Decimal(10**9)
"""Credits an hour, and dollars of a credit: what is more is nonsense, and counts as unknown."""


class PlatformRate(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour of the agent's active time costs; None: not known.

    Args:
        credits: Platform credits an hour.
        usd_per_credit: What one of them is worth.
        by: Whose word the rate is: a credit service's name; empty: the settings'.
    """

    credits: Decimal | None = None
    usd_per_credit: Decimal | None = None
    by: str = ""


def platform_fee(request: RequestId, seconds: float, rate: PlatformRate) -> ChargeRecorded:
    """The charge for so many seconds of active time; hours and credits have nine places."""
    hours = _rounded(_EXACT.divide(Decimal(round(seconds * 1000)), Decimal(1000 * _HOUR_S)))
    if rate.credits is None or not 0 <= rate.credits <= _MOST:
        line = ChargeLine(what="agent_hours", quantity=hours, unit_usd=None, usd=None)
        return ChargeRecorded(
            request=request, payer="platform_credits", nano=None, lines=(line,),
            priced_by="no platform rate is known", sureness="unknown",
        )  # fmt: skip
    unit = None if rate.usd_per_credit is None else product(rate.credits, rate.usd_per_credit)
    if unit is not None and not 0 <= unit <= _MOST:
        unit = None
    usd = None if unit is None else product(hours, unit)
    credits = int(_rounded(product(hours, rate.credits)).scaleb(9))
    whose = f"{rate.by}'s word" if rate.by else "the settings"
    return ChargeRecorded(
        request=request,
        payer="platform_credits",
        nano=None if usd is None else to_nano(usd),
        lines=(ChargeLine(what="agent_hours", quantity=hours, unit_usd=unit, usd=usd),),
        priced_by=f"platform rate by {whose}",
        sureness="unknown" if usd is None else "priced",
        credits=credits_string(credits),
    )


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_PLACES, ROUND_HALF_EVEN, _EXACT)
