"""Routes, budgets and bodies of requests: what a turn and a summary have in common."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from uuid import uuid4

import msgspec

from tui.billing.budget import Worst
from tui.errors import BudgetExceeded, StoreError
from tui.events.base import RequestId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.events.tool import ToolSpec
from tui.money import show_usd
from tui.providers import base
from tui.session.active_time import PlatformMeter
from tui.session.bound import request_tokens
from tui.session.commands import ToolSet
from tui.session.counting import standing_tokens
from tui.session.estimate import likely_tokens
from tui.session.gate import Gate
from tui.session.parts import Parts
from tui.session.payers import PayerDesk
from tui.session.ports import Decision
from tui.session.prompt import system_prompt
from tui.session.request import RequestRun


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A way that is taken in place of the usual one.

    Args:
        model, connection: What is asked, and over what.
        by: Who has chosen it.
        once: For one request; else for all that are left of the turn.
        most_nano: The request may cost no more.
    """

    model: str
    connection: str
    by: Literal["person", "fallback"] = "person"
    once: bool = False
    most_nano: int | None = None


USUAL_OUTPUT = 400
"""Tokens that an answer is taken to have in a conversation that has none yet."""
LONG = 200_000
"""Characters that are counted within a few milliseconds."""


def _within(agreed: int, worst: Worst | None, most: int) -> int:
    """The output tokens that an agreed amount leaves room for, of `most`.

    Raises BudgetExceeded: prices have changed since it was agreed on, and none is left.
    """
    tokens = 0 if worst is None else worst.fits(agreed, most)
    if tokens == 0:
        can = "a price that nobody knows" if worst is None else show_usd(worst.nano(most))
        raise BudgetExceeded(
            f"on credits it can cost {can} now, more than the {show_usd(agreed)} that it may: "
            "nothing was sent",
            hint="Send it again, or a higher `credits.fallback_limit_usd` lets it through.",
        )
    return tokens


_StandingKey = tuple[str, str, str, tuple[ToolSpec, ...]]


class Sender:
    """Prepares the requests of one turn, or of one summary.

    Args:
        parts: The session's.
        turn: The number that its events carry.
        tools: Which tools the model is told of.
        asks: Whether the model is told that a person is there.
        gate: Lets its requests through; one that asks nobody unless given.
        payers: Agrees to who pays; None: whoever the rules say.

    Attributes:
        way: Taken in place of the usual one.
        platform: The fee for the time that the agent works.
    """

    def __init__(
        self,
        parts: Parts,
        turn: int,
        *,
        tools: ToolSet,
        asks: bool,
        gate: Gate | None = None,
        payers: PayerDesk | None = None,
    ) -> None:
        self.requests: list[RequestRun] = []
        self.way: Chosen | None = None
        self.platform = PlatformMeter()
        self._payers = payers
        self.gate = gate or Gate(parts, turn, asks=False)
        self._bound = 0
        self._stood: tuple[_StandingKey, float] | None = None
        self._parts = parts
        self._turn = turn
        self._tools: ToolSet = tools
        self._asks = asks

    @property
    def charges(self) -> list[ChargeRecorded]:
        """Of all its requests, and for the agent's time."""
        of_requests = [charge for request in self.requests for charge in request.charges]
        return of_requests + self.platform.charges

    @property
    def nano(self) -> int:
        """The sum of what is known of them."""
        return sum(charge.nano or 0 for charge in self.charges)

    def decide(self) -> Decision:
        """The route of the next request. Raises NoRoute, OutOfCredits."""
        parts, way = self._parts, self.way
        router, folder = parts.ports.router, str(parts.cwd)
        if way is None:
            return router.decide(parts.choice.model, folder)
        return router.decide(way.model, folder, via=way.connection)

    def done(self) -> None:
        """A request was answered: a way for one request has been gone."""
        if self.way is not None and self.way.once:
            self.way = None

    def tokens(self, decision: Decision) -> int:
        """About how many the next request's prompt has over this route.

        What its provider has counted, and ours of what came since; where nobody has, ours of all.
        """
        counts = self._parts.conversation.counts(decision.model, decision.api)
        return likely_tokens(self._parts.state, decision.model, counts, self._standing(decision))

    def counted(self, decision: Decision) -> int:
        """The whole prompt by our own count alone, which usage is held against."""
        counts = self._parts.conversation.counts(decision.model, decision.api)
        return round(counts.whole + self._standing(decision))

    def _standing(self, decision: Decision) -> float:
        """Tokens of the system prompt and of the tools; counted anew where they are others."""
        system, specs = self._system(decision), self._specs(decision)
        key = decision.model, decision.api, system, specs
        if self._stood is None or self._stood[0] != key:
            self._stood = key, standing_tokens(decision.model, system, specs, decision.api)
        return self._stood[1]

    async def route(
        self, most_tokens: int, record: Callable[[AnyEvent], None], *more: base.Message
    ) -> tuple[RequestRun, int]:
        """A request whose route is written, and the output tokens that it may have.

        Args:
            most_tokens: More are not asked for.
            record: Takes the events of the request.
            more: Messages that will stand behind the conversation.

        Raises:
            NoRoute, OutOfCredits, BudgetExceeded: it must not be sent.
            StoreError: the route cannot be written.
        """
        ports = self._parts.ports
        await self._parts.writer.flush()  # what was charged is held no more
        while True:
            decision, now = self.decide(), ports.clock()
            if self.way is None and self._payers is not None:
                price = self.forecast(decision, now)
                if not await self._payers.agree(decision, price):
                    continue
            id = RequestId(f"r_{uuid4().hex[:16]}")
            wanted = min(most_tokens, decision.max_output or most_tokens)
            most = await self._may_have(id, decision, now, wanted, more)
            if most is not None:
                break
        try:
            await self._write_route(id, decision, now, counted=not more)
        except BaseException:  # nothing left: an interrupt, or a disk that is full
            with suppress(StoreError):  # then it stays held, and whoever opens it next sees to it
                await asyncio.shield(self.gate.let_go(id))
            raise
        request = RequestRun(
            id, decision, ports=ports, record=record, room=self._parts.writer.room, at=now,
            active=self.platform.time,
        )  # fmt: skip
        self.platform.routed(id, decision.platform)
        self._parts.measured.request, self._parts.measured.bound = request, self._bound
        self.requests.append(request)
        return request, most

    async def _write_route(
        self, id: RequestId, decision: Decision, now: dt.datetime, *, counted: bool
    ) -> None:
        """No byte leaves before its route is written. Raises StoreError."""
        pricer = self._parts.ports.pricer
        self._parts.writer.record(
            RouteDecided(
                request=id,
                model=decision.model,
                connection=decision.connection,
                payer=decision.payer,
                why=decision.route.why,
                host=decision.host,
                label=decision.label,
                estimate_nano=pricer.prompt_estimate(decision, self.tokens(decision), now),
                token_usd=pricer.token_price(decision, now),
                chosen="" if self.way is None else self.way.by,
                counted=self.counted(decision) if counted else None,
            ),
            self._turn,
        )
        await self._parts.writer.flush()

    async def _may_have(
        self, id: RequestId, decision: Decision, now: dt.datetime, most: int,
        more: tuple[base.Message, ...],
    ) -> int | None:  # fmt: skip
        """The output tokens that budgets leave room for, held from then on; None: decide anew."""
        worst, bound = await self._worst(decision, now, most, more)
        if self.way is not None and self.way.most_nano is not None:
            most = _within(self.way.most_nano, worst, most)
        used = self.gate.used(self.requests)
        tokens = await self.gate.through(id, decision, worst, most, used)
        if tokens is not None:
            self._bound = bound
        return tokens

    async def _worst(
        self, decision: Decision, now: dt.datetime, most: int, more: tuple[base.Message, ...]
    ) -> tuple[Worst | None, int]:
        """The most that the next request can cost, and the most tokens that its prompt has."""
        body = self.build(decision, most, *more)
        if self._parts.conversation.characters > LONG:  # counted off the loop
            bound = await asyncio.to_thread(request_tokens, body)
        else:
            bound = request_tokens(body)
        known = self._known(decision, bound)
        return self._parts.ports.pricer.worst_case(decision, known, now), bound

    async def worst(self, decision: Decision, most_tokens: int) -> Worst | None:
        """The most that the next request can cost over this route; None: no price is known."""
        wanted = min(most_tokens, decision.max_output or most_tokens)
        return (await self._worst(decision, self._parts.ports.clock(), wanted, ()))[0]

    def forecast(self, decision: Decision, now: dt.datetime) -> int | None:
        """About what the next request costs over this route, in nano-dollars; None: not known."""
        state = self._parts.state
        prompt = self.tokens(decision)
        habit, cache = state.habit, state.cache
        output = habit.output // habit.requests if habit.requests else USUAL_OUTPUT
        own = cache is not None and (cache.model, cache.connection) == (
            decision.model, decision.connection,
        )  # fmt: skip
        cached = cache.tokens if cache is not None and own and cache.left(now) else 0
        return self._parts.ports.pricer.next_request(decision, prompt, output, now, cached=cached)

    def _known(self, decision: Decision, bound: int) -> int:
        """The most tokens that a prompt has: what the provider counted last, and what came since.

        Args:
            decision: The route; what another model has counted says nothing.
            bound: The most without knowing anything.
        """
        last = self._parts.measured.request
        used = None if last is None or last.decision.model != decision.model else last.used
        if used is None or used.input is None or self._parts.state.context_tokens is None:
            return bound
        grown = max(bound - self._parts.measured.bound, 0)
        return min(bound, used.input + (used.output or 0) + grown)

    async def settle(self, request: RequestRun) -> None:
        """A request is over: nothing more is held for it. Raises StoreError."""
        await self.gate.settle(request, self.gate.used(self.requests))

    async def prepare(self, *, turn_begins: bool) -> None:
        """Have the tools of the next request ready; what is to be said of them is recorded.

        Raises NoRoute.
        """
        parts = self._parts
        tools: ToolSet = self._tools if self.decide().tools else "none"
        for told in await parts.toolbox.prepare(tools, turn_begins=turn_begins):
            clean = msgspec.structs.replace(told, text=parts.ports.scrub.text(told.text))
            parts.writer.record(clean, self._turn)

    def build(self, decision: Decision, max_tokens: int, *more: base.Message) -> base.ModelRequest:
        """The request's body: the conversation so far, and `more` behind it."""
        parts, choice = self._parts, self._parts.choice
        return base.ModelRequest(
            model=decision.wire_model,
            messages=parts.conversation.messages(*more),
            system=self._system(decision),
            tools=self._specs(decision),
            max_tokens=max_tokens,
            effort=choice.effort if choice.effort in decision.efforts else None,
            thinking=decision.thinking,
            extra_body=decision.extra_body,
        )  # fmt: skip

    def _system(self, decision: Decision) -> str:
        parts = self._parts
        return system_prompt(
            str(parts.cwd), local=decision.local, tools=self._tools if decision.tools else "none",
            mode=parts.state.mode, asks=self._asks, guides=parts.guides,
        )  # fmt: skip

    def _specs(self, decision: Decision) -> tuple[ToolSpec, ...]:
        return self._parts.toolbox.specs(self._tools if decision.tools else "none")
