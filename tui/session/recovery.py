"""What follows a failed request: another try, credits by the person's rules, or the person's word.

The rules stand in `tui.routing`; the ways on in `ways_out`. Here they are acted on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from tui.errors import OutOfCredits, RequestError
from tui.events.codec import AnyEvent
from tui.events.failing import WayOut
from tui.events.route import FallbackTaken
from tui.events.turn import RetryBegun, RetryScheduled
from tui.money import show_usd
from tui.routing.policy import Failure, Next, Route, decide, on_credits, then
from tui.session.answering import AnswerWayOut
from tui.session.parts import Parts
from tui.session.ports import Consent, Decision
from tui.session.request import RequestRun
from tui.session.retry import tries_left, wait_s
from tui.session.sending import Chosen, Sender
from tui.session.way_desk import Price, Spot, WayDesk, spot_of
from tui.session.ways_out import ASKED, ASKED_LATE, Way

LEAST_ASKED_S = 3.0
"""A shorter wait is over before a question could be read."""

STAYS = ("wait", "again", "new_key")
"""Ways that go on with the same request where it was."""


class Recovery:
    """Decides how one turn's failed requests go on.

    Args:
        parts: The session's.
        turn: The turn's number.
        sender: Sends its requests; told of the way that is taken.
        asks: A person is there to answer.
        fallback: In place of the setting `credits.fallback`; None: as that says.
        most_tokens: Output tokens that its requests ask for.
        tell: Records an error that is got over, perhaps.
    """

    def __init__(
        self,
        parts: Parts,
        turn: int,
        *,
        sender: Sender,
        asks: bool,
        fallback: bool | None,
        most_tokens: int,
        tell: Callable[[RequestError], None],
    ) -> None:
        self._most_tokens = most_tokens
        self._parts = parts
        self._turn = turn
        self._sender = sender
        self._asks = asks
        self._fallback = fallback
        self._tell = tell
        self._desk = WayDesk(
            parts, turn, sender=sender, limit=lambda: self._consent().limit_nano, tell=tell
        )
        self._now = asyncio.Event()
        self._fallen: list[RequestRun] = []  # requests that took credits without a question
        self.sums_up = False  # the person wants a summary before the next try

    # What the person says.

    def answer(self, answer: AnswerWayOut) -> None:
        """A way by its place; a place that there is none for changes nothing."""
        self._desk.answer(answer)

    def retry_now(self) -> None:
        """End the wait before the next try; without one, nothing."""
        self._now.set()
        self._desk.retry_now()

    def model_chosen(self, model: str) -> None:
        """Another model was picked: it is asked from now on, in the usual way."""
        self._sender.way = None
        self._now.set()
        self._desk.model_chosen(model)

    # What follows a failure.

    async def after(self, error: RequestError, request: RequestRun, attempt: int) -> int:
        """The number of the try that follows, once it may; the sender knows the way by then.

        Raises:
            RequestError: the turn stops here; `told` on it: an event has said so already.
            StoreError: what is asked cannot be written.
        """
        step = self._next(error, request, attempt)
        if step.action == "retry":
            seconds = wait_s(error, attempt)
            self._tell(error)
            self._record(
                RetryScheduled(
                    request=request.id, attempt=attempt + 1, after=seconds, why=error.kind
                )
            )
            return await self._wait(error, request, attempt + 1, seconds)
        if step.action == "fall_back":
            fallen = await self._fall_back(error, request, step)
            if fallen:
                return 1
        if not self._asks or error.kind not in ASKED:
            raise error
        if request.visible and error.kind not in ASKED_LATE:
            raise error
        ways = self._ways(request, error, waits=False)
        if not ways:
            raise error
        self._tell(error)
        return await self._ask(error, request, ways)

    def _next(self, error: RequestError, request: RequestRun, attempt: int) -> Next:
        route = self._route(request, error.kind)
        left = 0 if request in self._fallen else tries_left(error, attempt)
        return then(route, Failure(kind=error.kind, tries_left=left, shown=request.visible))

    def _route(self, request: RequestRun, kind: str) -> Route:
        """The request's route, with what it may fall to now; one that was chosen falls nowhere."""
        made = request.decision.route
        if self._sender.way is not None:
            return replace(made, fallback=None)
        consent, router = self._consent(), self._parts.ports.router
        situation = replace(
            router.situation(self._parts.choice.model, folder=str(self._parts.cwd)),
            credit_fallback=consent.fallback, fallback_kinds=tuple(consent.always),
        )  # fmt: skip
        now = decide(situation)
        if not isinstance(now, Route) or now.payer != made.payer:
            return replace(made, fallback=None)
        return replace(
            made, fallback=now.fallback, no_fallback=now.no_fallback,
            fallback_kinds=now.fallback_kinds,
        )  # fmt: skip

    def _consent(self) -> Consent:
        consent = self._parts.ports.consent()
        if self._fallback is None:
            return consent
        return replace(consent, fallback=self._fallback, always={})

    # Another try on the same route.

    async def _wait(
        self, error: RequestError, request: RequestRun, attempt: int, seconds: float
    ) -> int:
        self._now.clear()
        ways = self._ways(request, error, waits=True) if seconds >= LEAST_ASKED_S else ()
        if self._asks and ways:
            return await self._ask(error, request, ways, attempt=attempt, seconds=seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._now.wait()
        self._record(RetryBegun(request=request.id))
        return attempt

    # Credits, by the person's rules.

    async def _fall_back(self, error: RequestError, request: RequestRun, step: Next) -> bool:
        """Take credits for one request; False: it would cost more than is agreed on.

        Raises:
            RequestError: it would, and nobody is there to ask.
        """
        service = self._route(request, error.kind).fallback
        model = None if service is None else on_credits(service, request.decision.model)
        if service is None or model is None:
            return False
        decision = self._decide(model, service.id)
        allowed = self._consent().limit_of(error.kind) - self._spent()
        worst = await self._sender.worst(decision, self._most_tokens)
        if worst is None or worst.fits(allowed, self._most_tokens) == 0:
            most = None if worst is None else worst.nano(min(self._most_tokens, 1_000))
            await self._too_dear(error, request, most, allowed)
            return True
        self._tell(error)
        self._sender.way = Chosen(
            model=model, connection=service.id, by="fallback", once=True, most_nano=allowed
        )
        self._record(
            FallbackTaken(
                request=request.id, source=request.decision.connection, target=service.id,
                why=step.why, model=model, payer=decision.payer, label=service.label,
                nano=self._sender.forecast(decision, self._parts.ports.clock()),
            )
        )  # fmt: skip
        await self._parts.writer.flush()
        return True

    async def _too_dear(
        self, error: RequestError, request: RequestRun, most: int | None, allowed: int
    ) -> None:
        if not self._asks:
            can = "a price that nobody knows" if most is None else show_usd(most)
            error.hint = (
                f"On credits it can cost {can}, more than the {show_usd(max(allowed, 0))} that "
                "`credits.fallback_limit_usd` leaves. " + error.hint
            ).strip()
            raise error
        self._tell(error)
        ways = self._ways(request, error, waits=False)
        await self._ask(error, request, ways, dear=Price(most=most, allowed=max(allowed, 0)))

    def sent(self, request: RequestRun) -> None:
        """A request is on its way: remembered where it takes credits without a question."""
        way = self._sender.way
        if way is not None and way.by == "fallback":
            self._fallen.append(request)

    def _spent(self) -> int:
        return self._sender.gate.used(self._fallen)

    # The way that is taken.

    async def _ask(
        self, error: RequestError, request: RequestRun, ways: tuple[Way, ...], *,
        attempt: int = 1, seconds: float | None = None, dear: Price | None = None,
    ) -> int:  # fmt: skip
        spot = spot_of(request.id, request.decision)
        way = await self._desk.ask(error, spot, ways, seconds=seconds, dear=dear)
        if seconds is not None and way.what in STAYS:
            self._record(RetryBegun(request=request.id))
        if error.kind == "quota" and way.what == "again" and way.payer == "credits":
            await self._parts.ports.look_at_credits(way.connection)
        return self._go(way, attempt)

    def _go(self, way: WayOut, attempt: int) -> int:
        """Make it so that the next try goes this way; its number."""
        match way.what:
            case "wait" | "again" | "new_key":
                return attempt
            case "compact":
                self.sums_up = True
            case "edit":
                raise AssertionError("it ends the turn")
            case "model" if not way.connection:
                pass  # the usual way of the model that was picked
            case "key" | "model" | "credits":
                self._sender.way = Chosen(
                    model=way.model, connection=way.connection, once=way.what == "credits"
                )
        return 1

    def _ways(self, request: RequestRun, error: RequestError, *, waits: bool) -> tuple[Way, ...]:
        return self._desk.ways(spot_of(request.id, request.decision), error.kind, waits=waits)

    def _decide(self, model: str, via: str) -> Decision:
        return self._parts.ports.router.decide(model, str(self._parts.cwd), via=via)

    # Nothing was sent, for want of credits.

    async def no_credits(self, error: OutOfCredits) -> None:
        """How it goes on where a credit service has too little for the next request.

        Raises:
            RequestError: the turn stops here.
            StoreError: what is asked cannot be written.
        """
        spot = self._spent_spot(error)
        ways = () if spot is None else self._desk.ways(spot, error.kind)
        if not self._asks or spot is None or not ways:
            raise error
        self._tell(error)
        way = await self._desk.ask(error, spot, ways)
        if way.what == "again":
            await self._parts.ports.look_at_credits(way.connection)
        self._go(way, 1)

    def _spent_spot(self, error: OutOfCredits) -> Spot | None:
        """The service that has too little; of several the first, as it would have been taken."""
        way = self._sender.way
        model = self._parts.choice.model if way is None else way.model
        situation = self._parts.ports.router.situation(model, folder=str(self._parts.cwd))
        services = [one for one in situation.connections if one.kind == "credits"]
        services.sort(key=lambda one: (one.id != error.service, not one.serves(model)))
        if not services:
            return None
        one = services[0]
        return Spot(
            model=model, connection=one.id, payer="credits", label=one.label, top_up=one.top_up
        )

    def _record(self, event: AnyEvent) -> None:
        self._parts.writer.record(event, self._turn)
