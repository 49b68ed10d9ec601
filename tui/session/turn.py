"""One turn, a state machine: requests, tool calls, results, approvals, until the agent rests.

    ROUTING ──▶ REQUESTING ──▶ RUNNING_TOOLS ──▶ ROUTING …
        ▲           │
        └─ WAITING ◀┘       DONE is reached from anywhere, by an end, an error or an interrupt

Each step is an event, written before it is shown. A request is sent only after its route is
written (reliability.md §3, rule 7); it is tried again only before its first visible token.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar, assert_never

from tui.billing.credit_units import credits_sum
from tui.errors import (
    BudgetExceeded,
    EndedEarly,
    OutOfCredits,
    ProtocolBroken,
    RequestError,
    ServerFailed,
    StoreError,
)
from tui.events.codec import AnyEvent
from tui.events.turn import DoneStop, ErrorRaised, TurnFinished
from tui.session.answering import (
    AnswerApproval,
    AnswerBudget,
    Answering,
    AnswerPayer,
    AnswerPerson,
    AnswerWayOut,
)
from tui.session.calls import CallRunner
from tui.session.commands import StartTurn
from tui.session.gate import Gate
from tui.session.parts import Parts
from tui.session.payers import PayerDesk
from tui.session.ports import Judging
from tui.session.queue import Joining
from tui.session.recovery import Recovery
from tui.session.request import RequestRun
from tui.session.sending import Sender
from tui.session.summing import FULL, Summing

Result = TypeVar("Result")


class Phase(enum.Enum):
    ROUTING = enum.auto()
    REQUESTING = enum.auto()
    WAITING = enum.auto()
    RUNNING_TOOLS = enum.auto()
    DONE = enum.auto()


class Turn:
    """Runs one turn of one session to its end.

    Args:
        number: The turn's number in its session, from 1.
        start: The command that began it.
        parts: The session's.
        joining: What the person said meanwhile for this very turn; told once it is written.
    """

    def __init__(
        self, number: int, start: StartTurn, *, parts: Parts, joining: Callable[[], Joining]
    ) -> None:
        self.number = number
        self.phase = Phase.ROUTING
        self._start = start
        self._parts = parts
        self._joining = joining
        self._ports = parts.ports
        self._writer = parts.writer
        self._prompt = start.prompt
        self._summing = True  # until it has failed once
        gate = Gate(parts, number, asks=start.asks, most=start.max_nano)
        self._payers = PayerDesk(parts, number, asks=start.asks)
        self._sender = Sender(
            parts, number, tools=start.tools, asks=start.asks, gate=gate, payers=self._payers
        )
        self._recovery = Recovery(
            parts, number, sender=self._sender, asks=start.asks, fallback=start.fallback,
            most_tokens=start.max_tokens, tell=self._record_error,
        )  # fmt: skip
        self._calls = CallRunner(
            parts.toolbox,
            asks=start.asks,
            by=self._judging,
            scrub=parts.ports.scrub,
            record=self._record,
            flush=parts.writer.flush,
            active=self._sender.platform.time,
        )

    def _judging(self) -> Judging:
        state = self._parts.state
        return Judging(
            mode=state.mode,
            given=frozenset(state.given),
            allow=self._start.allow,
            tools=self._start.tools,
        )

    def answer(self, answer: Answering) -> None:
        """What the person says to a question that waits."""
        match answer:
            case AnswerBudget():
                self._sender.gate.answer(answer)
            case AnswerWayOut():
                self._recovery.answer(answer)
            case AnswerPayer():
                self._payers.answer(answer)
            case AnswerApproval() | AnswerPerson():
                self._calls.answer(answer)
            case _:
                assert_never(answer)

    def model_chosen(self, model: str) -> None:
        """Another model is asked from now on; what waits goes on with it."""
        self._sender.gate.model_chosen(model)
        self._payers.model_chosen()
        self._recovery.model_chosen(model)

    def retry_now(self) -> None:
        """End the wait before the next try; without one, nothing."""
        self._recovery.retry_now()

    async def run(self) -> None:
        """Run until the agent rests. Cancelling it is the person's interrupt.

        Raises:
            StoreError: what happened cannot be written; the turn has stopped.
        """
        try:
            stop = await self._steps()
        except asyncio.CancelledError:
            await self._finish("interrupted", "interrupted")
        except StoreError as error:
            # Nobody can be told by an event now; the writer keeps these for when it can write.
            self._record_error(ServerFailed(error.message, hint=error.hint))
            self._end("error", "server")
            raise
        except RequestError as error:
            if not error.told:
                self._record_error(error)
            await self._finish(_stop_of(error), error.kind)
        except Exception as error:  # the task's outermost edge: it becomes an event
            failure = ServerFailed(
                f"ownkey itself failed: {type(error).__name__}: {error}",
                hint="The text above is kept. Try again; `ownkey doctor` checks the rest.",
            )
            self._record_error(failure)
            await self._finish("error", failure.kind)
        else:
            await self._finish(stop, stop)

    async def _steps(self) -> DoneStop:
        for step in range(1, self._start.max_steps + 1):
            if step > 1:
                await self._join()
            await self._on_credits(partial(self._sender.prepare, turn_begins=step == 1))
            await self._on_credits(self._make_room)
            request = await self._request_with_retries()
            stopped = request.stopped
            assert stopped is not None  # `RequestRun.stream` promises it or raises
            if not request.calls:
                return stopped.stop
            if step == self._start.max_steps:
                break
            self.phase = Phase.RUNNING_TOOLS
            await self._calls.run_all(request.calls)
            if (name := self._calls.loops.circling) is not None:
                raise ProtocolBroken(
                    f"the model goes in circles: {name} gives the same result over and over",
                    hint="Say what to do differently, or choose another model (F2).",
                )
        return "max_steps"

    async def _join(self) -> None:
        """Let what the person said meanwhile stand before the next request."""
        joining = self._joining()
        if joining.events:
            await self._writer.commit(joining.events, self.number)
            joining.written()
            self._prompt = joining.latest

    async def _make_room(self) -> None:
        """Sum the conversation up where it fills the model's context, or the person says so."""
        decision = self._sender.decide()
        context = decision.context
        full = context is not None and self._sender.tokens(decision) >= context * FULL
        if full and self._summing and self._parts.conversation.compactable:
            self._summing = await self._sum_up()

    async def _sum_up(self, *, cut: bool = False) -> bool:
        """Put a summary in the place of the conversation; `cut`: it is too long to be read."""
        self.phase = Phase.ROUTING
        summing = Summing(self._parts, self._sender, self.number, cut=cut)
        return await summing.run(self._ports.scrub.text(self._prompt))

    async def _request_with_retries(self) -> RequestRun:
        attempt = 1
        while True:
            self.phase = Phase.ROUTING
            request, most = await self._on_credits(
                lambda: self._sender.route(self._start.max_tokens, self._record_or_stop)
            )
            self._recovery.sent(request)
            try:
                self.phase = Phase.REQUESTING
                await request.stream(self._sender.build(request.decision, most))
                await self._sender.settle(request)
                self._sender.done()
                return request
            except RequestError as error:
                request.charge_unknown()
                await self._sender.settle(request)
                self._calls.open_without_run(request.calls)
                self.phase = Phase.WAITING
                attempt = await self._recovery.after(error, request, attempt)
            if self._recovery.sums_up:
                self._recovery.sums_up = False
                await self._sum_up(cut=True)

    async def _on_credits(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """Do this; where there are too few credits for it the person says how, and it is done anew.

        Raises what it raises, and OutOfCredits where the turn stops there.
        """
        while True:
            try:
                return await step()
            except OutOfCredits as error:
                self.phase = Phase.WAITING
                await self._recovery.no_credits(error)

    def _record_error(self, error: RequestError) -> None:
        scrub = self._ports.scrub.text
        self._record(
            ErrorRaised(
                kind=error.kind,
                message=scrub(error.message),
                hint=scrub(error.hint),
                raw=scrub(error.raw),
                request=self._sender.requests[-1].id if self._sender.requests else None,
                retry_after=error.retry_after,
                provider_request_id=error.provider_request_id,
            )
        )

    async def _finish(self, stop: DoneStop, why: str) -> None:
        if self._sender.requests:
            last = self._sender.requests[-1]
            last.charge_unknown()
            with suppress(StoreError):  # what is held for it stays held, and the end is said
                await self._sender.settle(last)
        self._end(stop, why)
        await self._writer.flush()

    def _end(self, stop: DoneStop, why: str) -> None:
        self.phase = Phase.DONE
        self._calls.settle(why)
        sent = self._sender
        if sent.requests:
            sent.requests[-1].charge_unknown()
        for fee in sent.platform.fees():
            self._record(fee)
        self._record(
            TurnFinished(
                stop=stop,
                nano=sent.nano,
                unknown=sum(charge.nano is None for charge in sent.charges),
                requests=len(sent.requests),
                credits=credits_sum(sent.charges),
            )
        )

    def _record(self, event: AnyEvent) -> None:
        self._writer.record(event, self.number)

    def _record_or_stop(self, event: AnyEvent) -> None:
        """Record what streams; where it cannot be written the request ends and costs no more."""
        self._record(event)
        if self.phase is Phase.REQUESTING and self._writer.failure is not None:
            raise self._writer.failure


def _stop_of(error: RequestError) -> DoneStop:
    match error:
        case EndedEarly():
            return "incomplete"
        case BudgetExceeded():
            return "budget"
        case _:
            return "error"
