"""Puts a failed request's ways on to the person, each with its payer and price."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress

import msgspec

from tui.errors import NoRoute, OutOfCredits, OwnkeyError, RequestError, ServerFailed
from tui.events.base import RequestId
from tui.events.failing import WayOut, WayOutAsked, WayOutTaken
from tui.events.money import LimitSeen
from tui.events.route import Payer
from tui.session.answering import AnswerWayOut
from tui.session.asking import Question, named
from tui.session.parts import Parts
from tui.session.ports import Decision
from tui.session.sending import Sender
from tui.session.ways_out import Failed, Way, ways_out

Pick = tuple[WayOut | None, bool]
"""A way, or None to stop; and whether it is to be a rule."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where it does not go on.

    Args:
        request: The one that failed; empty: none was sent.
        model, connection, payer, label: Its route, or the one that it would have had.
        context: Tokens that its model takes; None: not known.
        top_up: Where the account behind it is paid into; empty: not known.
    """

    request: RequestId = RequestId("")
    model: str
    connection: str
    payer: Payer
    label: str
    context: int | None = None
    top_up: str = ""


def spot_of(request: RequestId, decision: Decision) -> Spot:
    """The spot of a request by its decision."""
    return Spot(
        request=request, model=decision.model, connection=decision.connection,
        payer=decision.payer, label=decision.label, context=decision.context,
        top_up=decision.top_up,
    )  # fmt: skip


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What credits would have been taken for without a question: see `WayOutAsked`."""

    most: int | None
    allowed: int


class WayDesk:
    """Asks how it goes on, one question at a time.

    Args:
        parts: The session's.
        turn: The turn's number.
        sender: Sends its requests.
        limit: What a rule for credits would be for, in nano-dollars a turn.
        tell: Records an error that is got over.
    """

    def __init__(
        self,
        parts: Parts,
        turn: int,
        *,
        sender: Sender,
        limit: Callable[[], int],
        tell: Callable[[RequestError], None],
    ) -> None:
        self._parts = parts
        self._turn = turn
        self._sender = sender
        self._limit = limit
        self._tell = tell
        self._question: Question[Pick] = Question(parts.writer, turn)
        self._asked: WayOutAsked | None = None

    def answer(self, answer: AnswerWayOut) -> None:
        """A way by its place; a place that there is none for changes nothing."""
        asked = self._asked
        if asked is None or asked.call != answer.call:
            return
        if answer.way is None:
            self._question.answer(asked.call, (None, False))
        elif 0 <= answer.way < len(asked.ways):
            self._question.answer(asked.call, (asked.ways[answer.way], answer.always))

    def retry_now(self) -> None:
        """Take the first way, where it tries again on the same route."""
        asked = self._asked
        if asked is not None and asked.ways[0].what in ("wait", "again"):
            self._question.answer(asked.call, (asked.ways[0], False))

    def model_chosen(self, model: str) -> None:
        """Another model was picked: that is the answer."""
        if self._asked is not None:
            self._question.answer(self._asked.call, (WayOut(what="model", model=model), False))

    def ways(self, spot: Spot, kind: str, *, waits: bool = False) -> tuple[Way, ...]:
        """The ways on from there."""
        failed = Failed(
            model=spot.model, connection=spot.connection, payer=spot.payer, kind=kind,
            context=spot.context, waits=waits, sums_up=self._parts.conversation.compactable,
        )  # fmt: skip
        situation = self._parts.ports.router.situation(
            self._parts.choice.model, folder=str(self._parts.cwd)
        )
        return ways_out(situation, failed, self._context_of)

    async def ask(
        self,
        error: RequestError,
        spot: Spot,
        ways: tuple[Way, ...],
        *,
        seconds: float | None = None,
        dear: Price | None = None,
    ) -> WayOut:
        """The way that is taken: the person's, or the first once `seconds` are over.

        Args:
            error: Why it does not go on; an event has said so.
            spot: Where.
            ways: The ways on, at least one.
            seconds: None: it waits for the person.
            dear: Credits were not taken by a rule, for they would cost more than it allows.

        Raises:
            RequestError: the person stops the turn.
            StoreError: the question cannot be written.
        """
        now = self._parts.ports.clock()
        until = None if seconds is None else now + dt.timedelta(seconds=seconds)
        limit = _limit_seen(error)
        offers = any(way.what == "credits" for way in ways) and spot.payer != "credits"
        self._asked = asked = WayOutAsked(
            call=named("way"), request=spot.request, kind=error.kind, model=spot.model,
            connection=spot.connection, payer=spot.payer, label=spot.label,
            ways=tuple(self._priced(way, now) for way in ways), until=until,
            limit=limit, resets=_resets(error, limit, now),
            address=spot.top_up if error.kind in ("quota", "out_of_credits") else "",
            always_nano=self._limit() if offers and dear is None else None,
            most_nano=None if dear is None else dear.most,
            allowed_nano=None if dear is None else dear.allowed,
        )  # fmt: skip
        try:
            pick = await self._question.put(asked.call, asked, seconds)
        finally:
            self._asked = None
        way, always = (asked.ways[0], False) if pick is None else pick
        await self._taken(asked, way, always=always, by="time" if pick is None else "person")
        if way is None or way.what == "edit":
            error.told = True
            raise error
        return way

    def _context_of(self, model: str, connection: str) -> int | None:
        with suppress(NoRoute, OutOfCredits):
            return self._decide(model, connection).context
        return None

    def _decide(self, model: str, via: str) -> Decision:
        return self._parts.ports.router.decide(model, str(self._parts.cwd), via=via)

    async def _taken(
        self, asked: WayOutAsked, way: WayOut | None, *, always: bool, by: str
    ) -> None:
        nano = asked.always_nano if always and way is not None and way.what == "credits" else None
        if nano is not None:
            keep = self._parts.ports.keep_fallback
            try:
                await asyncio.to_thread(keep, asked.kind, nano)
            except OwnkeyError as error:
                self._tell_notice(error)
                nano = None
        taken = WayOutTaken(
            call=asked.call, way=way, by="time" if by == "time" else "person", always_nano=nano
        )
        self._parts.writer.record(taken, self._turn)
        await self._parts.writer.flush()

    def _tell_notice(self, error: OwnkeyError) -> None:
        """A rule that could not be kept: what was picked is done all the same, this once."""
        self._tell(
            ServerFailed(f"the rule was not kept: {error.message}", hint=error.hint or "This once.")
        )

    def _priced(self, way: Way, now: dt.datetime) -> WayOut:
        """The way with what its next request costs there."""
        nano: int | None = None
        cache = self._parts.state.cache
        warm = cache is not None and bool(cache.left(now))
        if way.payer is not None:
            with suppress(NoRoute, OutOfCredits):
                nano = self._sender.forecast(self._decide(way.model, way.connection), now)
        own = cache is not None and (cache.model, cache.connection) == (way.model, way.connection)
        return WayOut(
            what=way.what, model=way.model, connection=way.connection, payer=way.payer,
            label=way.label, nano=nano, cold=warm and way.payer not in (None, "nobody") and not own,
        )  # fmt: skip


def _limit_seen(error: RequestError) -> LimitSeen | None:
    """The limit that is in the way, where the other side tells."""
    used = error.used_up
    if used is None or error.kind != "rate_limit":
        return None
    return LimitSeen(
        what=used.what, limit=used.limit, remaining=used.remaining, reset_s=used.reset_s
    )


def _resets(error: RequestError, limit: LimitSeen | None, now: dt.datetime) -> dt.datetime | None:
    seconds = error.retry_after
    if seconds is None and limit is not None:
        seconds = limit.reset_s
    return None if seconds is None or seconds <= 0 else now + dt.timedelta(seconds=seconds)
