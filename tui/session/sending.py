"""Routes, budgets and bodies of requests: what a turn and a summary have in common."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import msgspec

from tui.billing.budget import least_room, tokens_that_fit
from tui.errors import BudgetExceeded
from tui.events.base import RequestId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.money import show_usd
from tui.providers import base
from tui.session.commands import ToolSet
from tui.session.parts import Parts
from tui.session.ports import Decision
from tui.session.projection import CHARACTERS_A_TOKEN
from tui.session.prompt import system_prompt
from tui.session.request import RequestRun

PROMPT_TOKENS = 400
"""About what the system prompt and the reading tools add to a request, for the estimate of it."""


SERVERS_MARK = "__"
"""Between a server's name and its tool's; no tool of ours has it."""


class Sender:
    """Prepares the requests of one turn, or of one summary.

    Args:
        parts: The session's.
        turn: The number that its events carry.
        tools: Which tools the model is told of.
    """

    def __init__(self, parts: Parts, turn: int, *, tools: ToolSet, asks: bool) -> None:
        self.requests: list[RequestRun] = []
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
        return self._parts.ports.router.decide(self._parts.choice.model)

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
        self, most_tokens: int, record: Callable[[AnyEvent], None]
    ) -> tuple[RequestRun, int]:
        """A request whose route is written, and the output tokens that it may have.

        Args:
            most_tokens: More are not asked for.
            record: Takes the events of the request.

        Raises:
            NoRoute, OutOfCredits, BudgetExceeded: it must not be sent.
            StoreError: the route cannot be written.
        """
        ports, now = self._parts.ports, self._parts.ports.clock()
        decision = self.decide()
        id = RequestId(f"r_{uuid4().hex[:16]}")
        prompt_nano = ports.pricer.prompt_estimate(decision, self.tokens(), now)
        token_usd = ports.pricer.token_price(decision, now)
        most = min(most_tokens, decision.max_output or most_tokens)
        most = await self._within_budget(decision, prompt_nano, token_usd, most)
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
        request = RequestRun(id, decision, ports=ports, record=record, room=self._parts.writer.room)
        self.requests.append(request)
        return request, most

    async def _within_budget(
        self,
        decision: Decision,
        prompt_nano: int | None,
        token_usd: Decimal | None,
        most: int,
    ) -> int:
        """The output tokens that every budget leaves room for; raises BudgetExceeded for none."""
        limits = self._parts.ports.limits()
        if not limits.any or decision.payer == "nobody":
            return most
        if prompt_nano is None or token_usd is None:
            raise BudgetExceeded(
                f"{decision.model} has no known price: no budget can hold it",
                hint="Choose another model (F2), or take the budget away in the settings.",
            )
        room = least_room(limits, await self._parts.spent(self.nano))
        assert room is not None
        left, scope = room
        fits = tokens_that_fit(left, prompt_nano, token_usd, most)
        if fits == 0:
            raise BudgetExceeded(
                f"the budget of this {scope} has {show_usd(max(left, 0))} left: nothing was sent",
                hint=f"`ownkey settings set budget.{scope}_usd AMOUNT` raises it.",
            )
        return fits

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
