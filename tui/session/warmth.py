"""What of a conversation lies in a provider's prompt cache, and for how long (pure).

A cache is known by what a response's usage told: tokens read from it or written to it. It belongs
to one model and one account; every request that reads it begins its time anew.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from tui.events.money import UsageReported
from tui.events.route import RouteDecided

KEPT = dt.timedelta(minutes=5)
"""Anthropic's default lifetime, which our requests ask for, and the least that OpenAI states
(5 to 10 minutes of inactivity). Google states none."""
SURE_OF = frozenset({"anthropic", "openai"})
"""Makers that state how long they keep it."""


class WarmCache(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of a conversation that a model has in its cache since a moment."""

    model: str
    connection: str
    tokens: int
    at: dt.datetime

    def left(self, now: dt.datetime) -> dt.timedelta:
        """How long it is warm still; zero when it is cold."""
        return max(self.at + KEPT - now, dt.timedelta(0))

    @property
    def sure(self) -> bool:
        """Whether its maker states how long it is kept."""
        return self.model.partition("/")[0] in SURE_OF


def seen(route: RouteDecided, usage: UsageReported, at: dt.datetime) -> WarmCache | None:
    """The cache that a response's usage tells of; None where it tells of none."""
    tokens = (usage.cache_read or 0) + (usage.cache_write or 0)
    if tokens <= 0 or route.payer == "nobody":
        return None
    return WarmCache(model=route.model, connection=route.connection, tokens=tokens, at=at)
