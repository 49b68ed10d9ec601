"""Routes, budgets and bodies of requests: what a turn and a summary have in common."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from uuid import uuid4

import msgspec

from tui.events.base import RequestId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.providers import base
from tui.session.bound import request_tokens
from tui.session.commands import ToolSet
from tui.session.gate import Gate
from tui.session.parts import Parts
from tui.session.ports import Decision
from tui.session.projection import CHARACTERS_A_TOKEN
from tui.session.prompt import system_prompt
from tui.session.request import RequestRun

PROMPT_TOKENS = 400
"""About what the system prompt and the reading tools add to a request, for the estimate of it."""


LONG = 200_000
"""Characters that are counted within a few milliseconds."""

SERVERS_MARK = "__"
"""Between a server's name and its tool's; no tool of ours has it."""


class Sender:
    """Prepares the requests of one turn, or of one summary.

    Args:
        parts: The session's.
        turn: The number that its events carry.
        tools: Which tools the model is told of.
        asks: Whether the model is told that a person is there.
        gate: Lets its requests through; one that asks nobody unless given.
    """

    def __init__(
        self, parts: Parts, turn: int, *, tools: ToolSet, asks: bool, gate: Gate | None = None
    ) -> None:
        self.requests: list[RequestRun] = []
        self.gate = gate or Gate(parts, turn, asks=False)
        self._bound = 0
        self._parts = parts
        self._turn = turn
        self._tools: ToolSet = tools
        self._asks = asks

    @property
    def charges(self) -> list[ChargeRecorded]:
        """Of all its requests."""
        return [charge for request in self.requests for charge in request.charges]

    @property
    def nano(self) -> int:
        """The sum of what is known of them."""
        return sum(charge.nano or 0 for charge in self.charges)

    def decide(self) -> Decision:
        """The route of the next request. Raises NoRoute, OutOfCredits."""
        parts = self._parts
        return parts.ports.router.decide(parts.choice.model, str(parts.cwd))

    def tokens(self) -> int:
        """About how many the next request's prompt has."""
        guides = sum(len(guide.text) for guide in self._parts.guides)
        characters = self._parts.conversation.characters + guides + self._told_of_servers()
        return characters // CHARACTERS_A_TOKEN + PROMPT_TOKENS

    def _told_of_servers(self) -> int:
        """Characters of what MCP servers' tools are told with: far more than ours, and theirs."""
        specs = [one for one in self._parts.toolbox.specs(self._tools) if SERVERS_MARK in one.name]
        return sum(len(one.description) + len(msgspec.json.encode(one.schema)) for one in specs)

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
            id = RequestId(f"r_{uuid4().hex[:16]}")
            wanted = min(most_tokens, decision.max_output or most_tokens)
            most = await self._may_have(id, decision, now, wanted, more)
            if most is not None:
                break
        prompt_nano = ports.pricer.prompt_estimate(decision, self.tokens(), now)
        token_usd = ports.pricer.token_price(decision, now)
        self._parts.writer.record(
            RouteDecided(
                request=id,
                model=decision.model,
                connection=decision.connection,
                payer=decision.payer,
                why=decision.route.why,
                host=decision.host,
                label=decision.label,
                estimate_nano=prompt_nano,
                token_usd=token_usd,
            ),
            self._turn,
        )
        await self._parts.writer.flush()  # no byte leaves before its route is written
        request = RequestRun(
            id, decision, ports=ports, record=record, room=self._parts.writer.room, at=now
        )
        self._parts.measured.request, self._parts.measured.bound = request, self._bound
        self.requests.append(request)
        return request, most

    async def _may_have(
        self, id: RequestId, decision: Decision, now: dt.datetime, most: int,
        more: tuple[base.Message, ...],
    ) -> int | None:  # fmt: skip
        """The output tokens that budgets leave room for, held from then on; None: decide anew."""
        body = self.build(decision, most, *more)
        if self._parts.conversation.characters > LONG:  # counted off the loop
            bound = await asyncio.to_thread(request_tokens, body)
        else:
            bound = request_tokens(body)
        worst = self._parts.ports.pricer.worst_case(decision, self._known(decision, bound), now)
        used = self.gate.used(self.requests)
        tokens = await self.gate.through(id, decision, worst, most, used)
        if tokens is not None:
            self._bound = bound
        return tokens

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
        tools: ToolSet = self._tools if decision.tools else "none"
        return base.ModelRequest(
            model=decision.wire_model,
            messages=parts.conversation.messages(*more),
            system=system_prompt(
                str(parts.cwd), local=decision.local, tools=tools, mode=parts.state.mode,
                asks=self._asks, guides=parts.guides,
            ),
            tools=parts.toolbox.specs(tools),
            max_tokens=max_tokens,
            effort=choice.effort if choice.effort in decision.efforts else None,
            thinking=decision.thinking,
            extra_body=decision.extra_body,
        )  # fmt: skip
