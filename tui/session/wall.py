"""The wall: every request's worst case is held against all its budgets before it leaves.

One for each engine; what makes it hold between engines is the store's transaction
(`tui.store.holds`). First tries, retries, summaries and parallel sessions all come through here.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tui.billing.budget import LEAST_TOKENS, Limit, Limits, Room, Worst, limits_for, tightest
from tui.billing.credit_units import Purse
from tui.events.base import RequestId, SessionId
from tui.events.budget import BudgetNeared, Scope
from tui.events.money import ChargeRecorded
from tui.events.route import Payer
from tui.session.replies import BudgetRow, Budgets
from tui.store.holds import Hold, Holds, Mark, Span, Used
from tui.store.lease import Lease


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request counts against.

    Args:
        folder: The session's.
        turn: Names the turn in its session.
        turn_used: What its requests have cost, those of unknown cost at their most.
        most: What the turn may cost besides any setting (`run --max-usd`).
        purse: The credits in which it is held, too, where a ledger here pays.
    """

    session: SessionId
    folder: str
    payer: Payer
    connection: str
    label: str
    turn: int = 0
    turn_used: int = 0
    most: int | None = None
    purse: Purse | None = None


class Full(msgspec.Struct, frozen=True, kw_only=True):
    """A budget that does not let a request through; amounts in nano-dollars.

    Args:
        needs: The most that it can cost with the fewest output tokens.
        whole: The most that it can cost as it was meant.
    """

    room: Room
    needs: int
    whole: int


class NoCeiling(msgspec.Struct, frozen=True):
    """There are budgets, and the model has no price."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The request may go, with so many output tokens; so much is held for it."""

    tokens: int
    nano: int


class NoCredits(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger has too little for a request, in nano-credits.

    Args:
        left: What there is.
        needs: The most that it can cost with the fewest output tokens.
    """

    service: str
    left: int
    needs: int


class Wall:
    """Holds, releases, raises.

    Args:
        holds: The store's.
        blocking: Runs a call that blocks.
        locks: Folder of the leases: whose is gone holds nothing open any more.
        limits: The budgets in force.
        keep: Makes a limit the setting: scope, key or folder, nano-dollars; blocks.
        clock: Now.
    """

    def __init__(
        self,
        holds: Holds,
        *,
        blocking: Callable[[Callable[[], Any]], Awaitable[Any]],
        locks: Path,
        limits: Callable[[], Limits],
        keep: Callable[[Scope, str, int], None],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._holds = holds
        self._blocking = blocking
        self._locks = locks
        self.limits = limits
        self._keep = keep
        self._clock = clock

    async def hold(
        self,
        request: RequestId,
        counted: Counted,
        worst: Worst | None,
        wanted: int,
        *,
        over: bool = False,
    ) -> Held | Full | NoCeiling | NoCredits:
        """Hold the most that a request can cost, where every budget has room for it.

        Where a ledger pays it is held there in the same step: near its end, too, a request gets
        fewer output tokens.

        Args:
            request: Its id.
            counted: What it counts against.
            worst: None: its price is not known.
            wanted: Output tokens that it should have; near a cap it gets fewer.
            over: The person lets this one through, whatever the budgets.

        Raises:
            StoreError: it cannot be written, so it must not be sent.
        """
        limits = self._counting(counted)
        purse = counted.purse
        if worst is None and (limits or purse is not None):
            return NoCeiling()
        now = self._clock()
        spans, marks = self._spans(limits, counted, now), self._marks(limits, counted, now)
        found: list[Held | Full | NoCredits] = []

        def decide(used: Sequence[Used], raised: Mapping[Mark, int], left: int) -> int | None:
            rooms = _rooms(limits, counted, used, marks, raised)
            answer = _decided(rooms, worst, wanted, over=over)
            if purse is not None and worst is not None and isinstance(answer, Held):
                answer = _within(answer, worst, purse, left)
            found.append(answer)
            return answer.nano if isinstance(answer, Held) else None

        hold = Hold(
            request=request, session=counted.session, at=now, payer=counted.payer,
            connection=counted.connection, folder=_real(counted.folder),
        )  # fmt: skip

        def place() -> None:
            self._let_go(counted.session)
            self._holds.place(hold, [one for one in spans if one], marks, decide, purse)

        placing = asyncio.ensure_future(self._blocking(place))
        try:
            await asyncio.shield(placing)
        except asyncio.CancelledError:
            await placing  # it cannot be called back: what it holds is let go of again
            await self.release(request)
            raise
        return found[-1]

    async def release(self, request: RequestId) -> None:
        """It has cost nothing. Raises StoreError."""
        await self._blocking(lambda: self._holds.release(request, self._clock()))

    async def left_behind(self, session: SessionId) -> list[ChargeRecorded]:
        """Charges of unknown cost for what a program that is gone sent in this session.

        Each counts against budgets with all that was held for it. Raises StoreError.
        """
        left: list[Hold] = await self._blocking(lambda: self._holds.left(session, self._clock()))
        return [
            ChargeRecorded(
                request=one.request, payer=one.payer, nano=None, lines=(),
                priced_by="ownkey stopped before usage arrived", sureness="unknown",
            )
            for one in left
        ]  # fmt: skip

    async def raise_limit(
        self, counted: Counted, limit: Limit, nano: int, *, good: bool, asked: dt.datetime
    ) -> None:
        """Another limit in place of one: for good, or for the span of time that was asked about.

        A yes to yesterday's question, `asked` then, raises nothing of today's.

        Raises:
            OwnkeyError: it cannot be kept.
        """
        if good:
            await self._blocking(lambda: self._keep(limit.scope, limit.name, nano))
            return
        [mark] = self._marks([limit], counted, asked)
        await self._blocking(lambda: self._holds.raise_limit(mark, nano))

    async def rooms(self, counted: Counted) -> list[Room]:
        """The budgets that a request would count against now, and what is used of them."""
        limits, now = self._counting(counted), self._clock()
        spans, marks = self._spans(limits, counted, now), self._marks(limits, counted, now)
        used, raised = await self._blocking(
            lambda: self._holds.used([one for one in spans if one], marks)
        )
        return _rooms(limits, counted, used, marks, raised)

    async def listed(self, counted: Counted | None) -> Budgets:
        """The same as rows; without a session those that are not of one."""
        plain = Counted(
            session=SessionId(""), folder="/", payer="own_key", connection="", label=""
        )  # fmt: skip
        rooms = await self.rooms(counted or plain)
        if counted is None:
            rooms = [room for room in rooms if room.limit.scope in ("day", "month")]
        return Budgets(
            budgets=tuple(
                BudgetRow(
                    scope=room.limit.scope, subject=room.limit.subject, limit=room.limit.nano,
                    used=room.used, unknown=room.unknown, held=room.held,
                    resets=resets_at(room.limit.scope, self._clock()),
                )
                for room in rooms
            )
        )  # fmt: skip

    async def neared(self, counted: Counted) -> list[BudgetNeared]:
        """What is to be said of budgets that are nearly used up, each once for its span."""
        near: list[BudgetNeared] = []
        for room in await self.rooms(counted):
            limit = room.limit
            if limit.scope == "request" or not room.near or limit.nano == 0:
                continue
            [mark] = self._marks([limit], counted, self._clock())
            if await self._blocking(lambda m=mark, n=limit.nano: self._holds.warn(m, n)):
                near.append(
                    BudgetNeared(
                        scope=limit.scope, subject=limit.subject, limit_nano=limit.nano,
                        used_nano=room.used,
                    )
                )  # fmt: skip
        return near

    def _counting(self, counted: Counted) -> tuple[Limit, ...]:
        if counted.payer == "nobody":
            return ()
        return limits_for(
            self.limits(), connection=counted.connection, label=counted.label,
            folder=_real(counted.folder), most=counted.most,
        )  # fmt: skip

    def _let_go(self, session: SessionId) -> None:
        """What other programs left that are gone: its day is over with them."""
        for other in self._holds.open_elsewhere(session):
            if not Lease.held(self._locks, other):
                self._holds.left(other, self._clock())

    def _spans(
        self, limits: Sequence[Limit], counted: Counted, now: dt.datetime
    ) -> list[Span | None]:
        """What is summed for each; None: nothing of the store."""
        day = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        month = day.replace(day=1)
        spans: list[Span | None] = []
        for limit in limits:
            match limit.scope:
                case "request" | "turn":
                    spans.append(None)
                case "session":
                    spans.append(Span(session=counted.session))
                case "day":
                    spans.append(Span(since=day))
                case "month":
                    spans.append(Span(since=month))
                case "key":
                    spans.append(Span(since=month, connection=counted.connection))
                case "folder":
                    spans.append(Span(since=month, folder=limit.name))
        return spans

    def _marks(self, limits: Sequence[Limit], counted: Counted, now: dt.datetime) -> list[Mark]:
        now = now.astimezone(dt.UTC)
        spans: dict[Scope, str] = {
            "request": "", "turn": f"{counted.session}/{counted.turn}",
            "session": counted.session, "day": f"{now:%Y-%m-%d}", "month": f"{now:%Y-%m}",
            "key": f"{now:%Y-%m}", "folder": f"{now:%Y-%m}",
        }  # fmt: skip
        return [(limit.scope, limit.name, spans[limit.scope]) for limit in limits]


def resets_at(scope: Scope, now: dt.datetime) -> dt.datetime | None:
    """When a budget begins anew, UTC; None: it does not by the clock."""
    day = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match scope:
        case "request" | "turn" | "session":
            return None
        case "day":
            return day + dt.timedelta(days=1)
        case "month" | "key" | "folder":
            return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _rooms(
    limits: Sequence[Limit],
    counted: Counted,
    used: Sequence[Used],
    marks: Sequence[Mark],
    raised: Mapping[Mark, int],
) -> list[Room]:
    rooms: list[Room] = []
    sums = iter(used)
    for limit, mark in zip(limits, marks, strict=True):
        nano = max(limit.nano, raised.get(mark, 0))
        limit = msgspec.structs.replace(limit, nano=nano)
        match limit.scope:
            case "request":
                rooms.append(Room(limit=limit))
            case "turn":
                rooms.append(Room(limit=limit, used=counted.turn_used))
            case _:
                one = next(sums)
                rooms.append(Room(limit=limit, used=one.total, unknown=one.unknown, held=one.held))
    return rooms


def _decided(rooms: Sequence[Room], worst: Worst | None, wanted: int, *, over: bool) -> Held | Full:
    if worst is None:
        return Held(tokens=wanted, nano=0)
    room = tightest(rooms)
    if room is None or over:
        return Held(tokens=wanted, nano=worst.nano(wanted))
    tokens = worst.fits(room.left, wanted)
    if tokens == 0:
        needs = worst.nano(min(wanted, LEAST_TOKENS))
        return Full(room=room, needs=needs, whole=worst.nano(wanted))
    return Held(tokens=tokens, nano=worst.nano(tokens))


def _within(held: Held, worst: Worst, purse: Purse, left: int) -> Held | NoCredits:
    """What a budget lets through, in so many nano-credits."""
    room = purse.worth(left)
    if held.nano <= room:
        return held
    tokens = worst.fits(room, held.tokens)
    if tokens == 0:
        needs = purse.held(worst.nano(min(held.tokens, LEAST_TOKENS)))
        return NoCredits(service=purse.service, left=left, needs=needs)
    return Held(tokens=tokens, nano=worst.nano(tokens))


def _real(folder: str) -> str:
    """The folder as budgets name it."""
    return str(Path(folder).resolve())
