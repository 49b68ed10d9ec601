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
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import msgspec

from tui.billing.budget import Spent, least_room, tokens_that_fit
from tui.errors import BudgetExceeded, EndedEarly, RequestError, ServerFailed, StoreError
from tui.events.base import RequestId
from tui.events.codec import AnyEvent
from tui.events.route import RouteDecided
from tui.events.turn import DoneStop, ErrorRaised, RetryBegun, RetryScheduled, TurnFinished
from tui.money import show_usd
from tui.providers import base
from tui.session.calls import CallRunner
from tui.session.commands import AnswerApproval, StartTurn
from tui.session.context import Conversation
from tui.session.ports import Decision, Ports
from tui.session.projection import CHARACTERS_A_TOKEN, SessionState
from tui.session.prompt import system_prompt
from tui.session.request import RequestRun
from tui.session.retry import wait_before_retry
from tui.session.writer import SessionWriter

PROMPT_TOKENS = 400
"""About what the system prompt and the tools add to a request, for the estimate before it."""


class Phase(enum.Enum):
    ROUTING = enum.auto()
    REQUESTING = enum.auto()
    WAITING = enum.auto()
    RUNNING_TOOLS = enum.auto()
    DONE = enum.auto()


class Choice(msgspec.Struct, kw_only=True):
    """The session's model; changed by the person while a turn runs."""

    model: str
    effort: str | None = None


class Turn:
    """Runs one turn of one session to its end.

    Args:
        number: The turn's number in its session, from 1.
        start: The command that began it.
        cwd: The session's folder.
        choice: The session's model, read anew before each request.
        state: A fold of the session's events, kept up to date by the writer.
        conversation: Another, of what is sent.
        spent: What is spent so far, given what this turn has spent.
    """

    def __init__(
        self,
        number: int,
        start: StartTurn,
        *,
        cwd: Path,
        choice: Choice,
        ports: Ports,
        writer: SessionWriter,
        state: SessionState,
        conversation: Conversation,
        spent: Callable[[int], Awaitable[Spent]],
    ) -> None:
        self.number = number
        self._spent = spent
        self.phase = Phase.ROUTING
        self._start = start
        self._cwd = cwd
        self._choice = choice
        self._ports = ports
        self._writer = writer
        self._state = state
        self._conversation = conversation
        self._toolbox = ports.toolbox(cwd)
        self._calls = CallRunner(
            self._toolbox,
            asks=start.asks,
            mode=lambda: state.mode,
            given=lambda: frozenset(state.given),
            scrub=ports.scrub,
            record=self._record,
            flush=writer.flush,
        )
        self._retry_now = asyncio.Event()
        self._requests: list[RequestRun] = []

    def answer(self, answer: AnswerApproval) -> None:
        """The person's yes or no to a call that waits."""
        self._calls.answer(answer)

    def retry_now(self) -> None:
        """End the wait before the next try; without one, nothing."""
        self._retry_now.set()

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
            request = await self._request_with_retries()
            stopped = request.stopped
            assert stopped is not None  # `RequestRun.stream` promises it or raises
            if not request.calls:
                return stopped.stop
            if step == self._start.max_steps:
                break
            self.phase = Phase.RUNNING_TOOLS
            await self._calls.run_all(request.calls)
        return "max_steps"

    async def _request_with_retries(self) -> RequestRun:
        attempt = 1
        while True:
            self.phase = Phase.ROUTING
            request, max_tokens = await self._route()
            try:
                self.phase = Phase.REQUESTING
                await request.stream(self._build(request.decision, max_tokens))
                return request
            except RequestError as error:
                request.charge_unknown()
                self._calls.open_without_run(request.calls)
                wait = wait_before_retry(error, attempt, visible=request.visible)
                if wait is None:
                    raise
                attempt += 1
                await self._wait(request, attempt, wait, error)

    async def _wait(
        self, request: RequestRun, attempt: int, seconds: float, error: RequestError
    ) -> None:
        self.phase = Phase.WAITING
        self._retry_now.clear()
        self._record_error(error)
        self._record(
            RetryScheduled(request=request.id, attempt=attempt, after=seconds, why=error.kind)
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(self._retry_now.wait(), seconds)
        self._record(RetryBegun(request=request.id))

    async def _route(self) -> tuple[RequestRun, int]:
        ports, now = self._ports, self._ports.clock()
        decision = ports.router.decide(self._choice.model)
        id = RequestId(f"r_{uuid4().hex[:16]}")
        tokens = self._conversation.characters // CHARACTERS_A_TOKEN + PROMPT_TOKENS
        prompt_nano = ports.pricer.prompt_estimate(decision, tokens, now)
        token_usd = ports.pricer.token_price(decision, now)
        max_tokens = min(self._start.max_tokens, decision.max_output or self._start.max_tokens)
        max_tokens = await self._within_budget(decision, prompt_nano, token_usd, max_tokens)
        self._record(
            RouteDecided(
                request=id,
                model=decision.model,
                connection=decision.connection,
                payer=decision.payer,
                why=decision.why,
                host=decision.host,
                label=decision.label,
                estimate_nano=prompt_nano,
                token_usd=token_usd,
            )
        )
        await self._writer.flush()  # no byte leaves before its route is written
        request = RequestRun(
            id, decision, ports=ports, record=self._record_or_stop, room=self._writer.room
        )
        self._requests.append(request)
        return request, max_tokens

    async def _within_budget(
        self,
        decision: Decision,
        prompt_nano: int | None,
        token_usd: Decimal | None,
        max_tokens: int,
    ) -> int:
        """The output tokens that every budget leaves room for; raises BudgetExceeded for none."""
        limits = self._ports.limits()
        if not limits.any or decision.payer == "nobody":
            return max_tokens
        if prompt_nano is None or token_usd is None:
            raise BudgetExceeded(
                f"{decision.model} has no known price: no budget can hold it",
                hint="Choose another model (F2), or take the budget away in the settings.",
            )
        room = least_room(limits, await self._spent(self._nano()))
        assert room is not None
        left, scope = room
        fits = tokens_that_fit(left, prompt_nano, token_usd, max_tokens)
        if fits == 0:
            raise BudgetExceeded(
                f"the budget of this {scope} has {show_usd(max(left, 0))} left: nothing was sent",
                hint=f"`ownkey settings set budget.{scope}_usd AMOUNT` raises it.",
            )
        return fits

    def _nano(self) -> int:
        return sum(c.nano or 0 for request in self._requests for c in request.charges)

    def _build(self, decision: Decision, max_tokens: int) -> base.ModelRequest:
        offered = self._start.tools if decision.tools else "none"
        return base.ModelRequest(
            model=decision.wire_model,
            messages=self._conversation.messages(),
            system=system_prompt(
                str(self._cwd), local=decision.local, tools=offered, mode=self._state.mode
            ),
            tools=() if offered == "none" else self._toolbox.specs(offered),
            max_tokens=max_tokens,
            effort=self._choice.effort if self._choice.effort in decision.efforts else None,
            thinking=decision.thinking,
        )

    def _record_error(self, error: RequestError) -> None:
        scrub = self._ports.scrub.text
        self._record(
            ErrorRaised(
                kind=error.kind,
                message=scrub(error.message),
                hint=scrub(error.hint),
                request=self._requests[-1].id if self._requests else None,
                retry_after=error.retry_after,
                provider_request_id=error.provider_request_id,
            )
        )

    async def _finish(self, stop: DoneStop, why: str) -> None:
        self._end(stop, why)
        await self._writer.flush()

    def _end(self, stop: DoneStop, why: str) -> None:
        self.phase = Phase.DONE
        self._calls.settle(why)
        if self._requests:
            self._requests[-1].charge_unknown()
        charges = [charge for request in self._requests for charge in request.charges]
        self._record(
            TurnFinished(
                stop=stop,
                nano=self._nano(),
                unknown=sum(charge.nano is None for charge in charges),
                requests=len(self._requests),
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
