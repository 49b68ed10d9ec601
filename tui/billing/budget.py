"""Budgets as a wall before each request (design.md §5); pure."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Literal

import msgspec

Scope = Literal["request", "turn", "session", "day", "month"]

LEAST_TOKENS = 1_000
"""Near a cap `max_tokens` is lowered to fit; under this it stops instead."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a person allows, in nano-dollars; None is no limit. Days and months are UTC."""

    request: int | None = None
    turn: int | None = None
    session: int | None = None
    day: int | None = None
    month: int | None = None

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(getattr(self, scope) is not None for scope in self.__struct_fields__)


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What known charges add up to so far, in nano-dollars."""

    turn: int
    session: int
    day: int
    month: int


def least_room(limits: Limits, spent: Spent) -> tuple[int, Scope] | None:
    """The least that is left under any limit, and which; None without limits."""
    rooms: list[tuple[int, Scope]] = []
    if limits.request is not None:
        rooms.append((limits.request, "request"))
    if limits.turn is not None:
        rooms.append((limits.turn - spent.turn, "turn"))
    if limits.session is not None:
        rooms.append((limits.session - spent.session, "session"))
    if limits.day is not None:
        rooms.append((limits.day - spent.day, "day"))
    if limits.month is not None:
        rooms.append((limits.month - spent.month, "month"))
    return min(rooms, default=None)


def tokens_that_fit(room: int, prompt_nano: int, token_usd: Decimal, wanted: int) -> int:
    """How many output tokens the room allows beside the prompt's worst case; 0 for too few.

    Args:
        room: Nano-dollars that are left.
        prompt_nano: The prompt at the uncached price.
        token_usd: Dollars of one output token.
        wanted: The `max_tokens` that would be sent.
    """
    left = Decimal(room - prompt_nano) / 1_000_000_000
    if left < 0:
        return 0
    fits = wanted if token_usd == 0 else int((left / token_usd).to_integral_value(ROUND_FLOOR))
    return wanted if fits >= wanted else fits if fits >= LEAST_TOKENS else 0
