"""Budgets as a wall before each request (design.md §5); pure.

A request passes where its worst case fits into every budget that it counts against, what is
spent and what open requests may still cost taken off. Near a cap its `max_tokens` is lowered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from tui.events.budget import Scope
from tui.money import product, total

NANO = Decimal(1_000_000_000)
LEAST_TOKENS = 1_000
"""Near a cap `max_tokens` is lowered to fit; under this it stops instead."""
NEAR = Decimal("0.8")
"""From this part of a budget on it is said that it is nearly used up."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a person allows, in nano-dollars; None is no limit. Days and months are UTC.

    Args:
        keys: A month's, by a key's id or label.
        folders: A month's, by the folder's real path; what lies in it counts, too.
    """

    request: int | None = None
    turn: int | None = None
    session: int | None = None
    day: int | None = None
    month: int | None = None
    keys: Mapping[str, int] = {}
    folders: Mapping[str, int] = {}

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(getattr(self, field) not in (None, {}) for field in self.__struct_fields__)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One budget that a request counts against.

    Args:
        name: Of a key or folder as the settings have it; else empty.
        subject: The same for people.
    """

    scope: Scope
    nano: int
    name: str = ""
    subject: str = ""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A budget and what is used of it, in nano-dollars.

    Args:
        used: With open requests and those of unknown cost at their most.
        unknown: So much of it nobody can say for sure.
        held: So much of it open requests may still cost.
    """

    limit: Limit
    used: int = 0
    unknown: int = 0
    held: int = 0

    @property
    def left(self) -> int:
        """Negative where more was spent than it allows."""
        return self.limit.nano - self.used

    @property
    def near(self) -> bool:
        return self.used >= self.limit.nano * NEAR


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a request can cost: exact dollars of its prompt and of one output token."""

    prompt_usd: Decimal
    token_usd: Decimal
    prompt_tokens: int = 0

    def nano(self, tokens: int) -> int:
        """With so many output tokens, rounded up."""
        usd = total((self.prompt_usd, product(self.token_usd, tokens)))
        return int((usd * NANO).to_integral_value(ROUND_CEILING))

    def fits(self, room: int, wanted: int) -> int:
        """How many output tokens so many nano-dollars allow; 0 for too few.

        Args:
            room: What is left.
            wanted: The `max_tokens` that would be sent.
        """
        left = Decimal(room) / NANO - self.prompt_usd
        if left < 0:
            return 0
        if self.token_usd == 0:
            return wanted
        fits = int((left / self.token_usd).to_integral_value(ROUND_FLOOR))
        fits -= self.nano(fits) > room  # a quotient is rounded, a budget is not
        return wanted if fits >= wanted else fits if fits >= LEAST_TOKENS else 0


class Ceiling(Worst, frozen=True, kw_only=True):
    """What one request of a model without a price is held for, by the person's word."""

    def fits(self, room: int, wanted: int) -> int:
        """All of them, or none: what they cost is not known."""
        return wanted if self.prompt_usd * NANO <= room else 0


def ceiling(nano: int) -> Ceiling:
    """So many nano-dollars, whatever the length."""
    return Ceiling(prompt_usd=Decimal(nano) / NANO, token_usd=Decimal(0))


def limits_for(
    limits: Limits, *, connection: str, label: str, folder: str, most: int | None = None
) -> tuple[Limit, ...]:
    """The budgets that a request counts against.

    Args:
        limits: Those in force.
        connection: The id of what serves it.
        label: Its name for people.
        folder: The real path of the session's.
        most: What the turn may cost at most besides (`run --max-usd`).
    """
    turn = min((one for one in (limits.turn, most) if one is not None), default=None)
    found: list[Limit] = []
    plain: tuple[tuple[Scope, int | None], ...] = (
        ("request", limits.request), ("turn", turn), ("session", limits.session),
        ("day", limits.day), ("month", limits.month),
    )  # fmt: skip
    found += [Limit(scope=scope, nano=nano) for scope, nano in plain if nano is not None]
    for name in (connection, label):
        if name in limits.keys:
            nano = limits.keys[name]
            found.append(Limit(scope="key", nano=nano, name=name, subject=label or name))
            break
    for name, nano in limits.folders.items():
        if folder == name or folder.startswith(name.rstrip("/") + "/"):
            found.append(Limit(scope="folder", nano=nano, name=name, subject=name))
    return tuple(found)


def tightest(rooms: Sequence[Room]) -> Room | None:
    """The one with the least left; None without budgets."""
    return min(rooms, key=lambda room: room.left, default=None)


def raised_to(room: Room, needs: int) -> int:
    """A sensible step up: half as much again, in any case enough for the request, and round.

    Args:
        room: The budget that is in the way.
        needs: What the request may cost, in nano-dollars.
    """
    wanted = max(room.limit.nano * 3 // 2, room.used + needs, 1)
    digits = len(str(wanted))
    step = 10 ** max(digits - 2, 0)
    step = step * 5 if str(wanted)[0] >= "5" and digits > 1 else step
    return -(-wanted // step) * step
