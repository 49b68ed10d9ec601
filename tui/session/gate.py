"""Lets a turn's requests through the wall, or asks the person what goes on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

from tui.billing.budget import Worst, ceiling
from tui.errors import BudgetExceeded, OwnkeyError
from tui.events.base import CallId, RequestId
from tui.events.budget import BudgetAnswered, BudgetReached, CeilingAsked
from tui.money import show_usd
from tui.session.budget_words import out_of_credits, scope_words
from tui.session.commands import AnswerBudget
from tui.session.parts import Parts
from tui.session.ports import Decision
from tui.session.request import RequestRun
from tui.session.wall import Counted, Full, Held, NoCeiling, NoCredits

LOOK_AGAIN_S = 1.0
"""While a budget is in the way, so often it is looked whether the settings have changed."""


class Gate:
    """The wall as one turn meets it.

    Args:
        parts: The session's.
        turn: The turn's number.
        asks: A person is there to answer.
        most: Nano-dollars that the turn may cost besides any setting.
    """

    def __init__(self, parts: Parts, turn: int, *, asks: bool, most: int | None = None) -> None:
        self._parts = parts
        self._turn = turn
        self._asks = asks
        self._most = most
        self._held: dict[RequestId, int] = {}
        self._over = False  # the person lets the next request through
        self._waits: CallId | None = None
        self._answer: asyncio.Future[AnswerBudget] | None = None

    def answer(self, answer: AnswerBudget) -> None:
        """What the person says; a late or second answer changes nothing."""
        waiting = self._answer
        if waiting is not None and not waiting.done() and answer.call == self._waits:
            waiting.set_result(answer)

    def model_chosen(self, model: str) -> None:
        """Another model was picked: it is looked whether that one may be asked."""
        if self._waits is not None:
            session = self._parts.session
            self.answer(
                AnswerBudget(session=session, call=self._waits, choice="model", model=model)
            )

    async def through(
        self, id: RequestId, decision: Decision, worst: Worst | None, wanted: int, used: int
    ) -> int | None:
        """The output tokens that it may have; None: things have changed, decide it anew.

        Args:
            id: The request's.
            decision: Its route.
            worst: The most that it can cost; None: not known.
            wanted: Output tokens that it should have.
            used: What the turn has used so far.

        Raises:
            BudgetExceeded, OutOfCredits: it must not be sent.
            StoreError: what it may cost cannot be written.
        """
        if worst is None and (most := self._parts.state.ceilings.get(decision.model)) is not None:
            worst = ceiling(most)
        counted = self.counted(decision, used)
        found = await self._parts.wall.hold(id, counted, worst, wanted, over=self._over)
        match found:
            case Held():
                self._over = False
                self._held[id] = found.nano
                return found.tokens
            case NoCredits():
                raise out_of_credits(found.service, found.left, found.needs)
            case NoCeiling():
                await self._ask_ceiling(decision)
            case Full():
                tokens = 0 if worst is None else worst.prompt_tokens
                await self._ask(decision, counted, found, tokens)
        return None

    def used(self, requests: list[RequestRun]) -> int:
        """What they have cost, those of unknown cost at their most."""
        return sum(
            self._held.get(charge.request, 0) if charge.nano is None else charge.nano
            for request in requests
            for charge in request.charges
        )

    async def let_go(self, id: RequestId) -> None:
        """It will not be sent after all. Raises StoreError."""
        if self._held.pop(id, None) is not None:
            await self._parts.wall.release(id)

    async def settle(self, request: RequestRun, used: int) -> None:
        """It is over: what was held for it goes, and budgets that are nearly used up are told.

        Raises StoreError.
        """
        held = self._held.get(request.id)
        if held is None:
            return
        if not request.charged:
            del self._held[request.id]
            await self._parts.wall.release(request.id)
            return
        await self._parts.writer.flush()
        for event in await self._parts.wall.neared(self.counted(request.decision, used)):
            self._parts.writer.record(event, self._turn)

    def counted(self, decision: Decision, used: int) -> Counted:
        """What a request of this turn counts against."""
        return Counted(
            session=self._parts.session, folder=str(self._parts.cwd), payer=decision.payer,
            connection=decision.connection, label=decision.label, turn=self._turn,
            turn_used=used, most=self._most, purse=decision.purse,
        )  # fmt: skip

    async def _ask(self, decision: Decision, counted: Counted, full: Full, tokens: int) -> None:
        limit = full.room.limit
        words = scope_words(limit.scope, limit.subject)
        mine = limit.scope == "turn" and self._most is not None and limit.nano == self._most
        refused = BudgetExceeded(
            f"the budget of {words} has {show_usd(max(full.room.left, 0))} left of "
            f"{show_usd(limit.nano)}, and this request can cost {show_usd(full.needs)}: "
            "nothing was sent",
            hint="A higher --max-usd lets it through." if mine else _how_to_raise(limit.scope),
        )
        if not self._asks:
            raise refused
        question = BudgetReached(
            call=_name(), scope=limit.scope, subject=limit.subject, model=decision.model,
            limit_nano=limit.nano, used_nano=full.room.used, unknown_nano=full.room.unknown,
            needs_nano=full.needs, whole_nano=full.whole, prompt_tokens=tokens,
        )  # fmt: skip
        asked = self._parts.ports.clock()
        answer = await self._wait(question)
        if answer.choice in ("span", "good") and answer.nano is not None:
            good = answer.choice == "good"
            try:
                await self._parts.wall.raise_limit(
                    counted, limit, answer.nano, good=good, asked=asked
                )
            except OwnkeyError as error:
                raise BudgetExceeded(error.message, hint=error.hint) from error
        self._over = answer.choice == "once"
        await self._answered(answer)
        if answer.choice == "stop":
            raise refused

    async def _ask_ceiling(self, decision: Decision) -> None:
        who = "no budget" if decision.purse is None else "no credits"
        refused = BudgetExceeded(
            f"{decision.model} has no known price: {who} can hold it",
            hint="Choose another model (F2), give it a price in prices.json, or take the budgets "
            "away (F3).",
        )
        if not self._asks:
            raise refused
        answer = await self._wait(CeilingAsked(call=_name(), model=decision.model))
        await self._answered(answer)
        if answer.choice == "stop":
            raise refused

    async def _answered(self, answer: AnswerBudget) -> None:
        self._parts.writer.record(
            BudgetAnswered(
                call=answer.call, choice=answer.choice, nano=answer.nano, model=answer.model
            ),
            self._turn,
        )
        await self._parts.writer.flush()  # a ceiling is read from the session's own state

    async def _wait(self, question: BudgetReached | CeilingAsked) -> AnswerBudget:
        limits, before = self._parts.wall.limits, self._parts.wall.limits()
        self._waits = question.call
        waiting = self._answer = asyncio.get_running_loop().create_future()
        self._parts.writer.record(question, self._turn)
        await self._parts.writer.flush()
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        return await asyncio.shield(waiting)
                if limits() != before:
                    session = self._parts.session
                    return AnswerBudget(session=session, call=question.call, choice="changed")
        finally:
            self._waits = self._answer = None


def _name() -> CallId:
    return CallId(f"budget_{uuid4().hex[:12]}")


def _how_to_raise(scope: str) -> str:
    if scope in ("key", "folder"):
        return f"`ownkey settings set budget.{scope}s …` raises it."
    return f"`ownkey settings set budget.{scope}_usd AMOUNT` raises it."
