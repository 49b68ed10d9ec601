"""One turn, a state machine: requests, tool calls, results, approvals, until the agent rests.

    ROUTING ──▶ REQUESTING ──▶ STREAMING ──▶ RUNNING_TOOLS ──▶ ROUTING …
                   ▲   │            │             │  ▲
                   └ WAITING        │         APPROVING
                                    ▼
                                   DONE      (reached from anywhere by an error or an interrupt)

Each step is an event, written before it is shown. A request is sent only after its route is
written (reliability.md §3, rule 7); it is tried again only before its first visible token.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import assert_never
from uuid import uuid4

import msgspec

from tui.errors import Cancelled, EndedEarly, OwnkeyError, RequestError, ServerFailed, StoreError
from tui.events.base import CallId, RequestId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded, LimitSeen, LimitsReported
from tui.events.route import RequestFinished, ResponseOpened, RouteDecided
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import ApprovalAsked, ApprovalDecided, ServerToolUsed, ToolCalled, ToolReturned
from tui.events.turn import (
    DoneStop,
    ErrorRaised,
    RetryBegun,
    RetryScheduled,
    TurnFinished,
)
from tui.providers import base
from tui.session.commands import StartTurn
from tui.session.context import INTERRUPTED, Conversation
from tui.session.ports import Decision, Ports, Toolbox
from tui.session.prompt import system_prompt
from tui.session.retry import wait_before_retry
from tui.session.writer import SessionWriter

CHARACTERS_A_TOKEN = 4
"""Rough size of a token, for estimates shown with `~` only."""


class Phase(enum.Enum):
    ROUTING = enum.auto()
    REQUESTING = enum.auto()
    WAITING = enum.auto()
    STREAMING = enum.auto()
    RUNNING_TOOLS = enum.auto()
    APPROVING = enum.auto()
    DONE = enum.auto()


class Choice(msgspec.Struct, kw_only=True):
    """The session's model; changed by the person while a turn runs."""

    model: str
    effort: str | None = None


class _Request:
    """What one try of one request has shown and cost so far."""

    def __init__(self, id: RequestId, decision: Decision) -> None:
        self.id = id
        self.decision = decision
        self.visible = False
        self.sent = False
        self.charged = False
        self.calls: list[base.ToolCallBlock] = []
        self.stopped: base.Stopped | None = None


class Turn:
    """Runs one turn of one session to its end.

    Args:
        number: The turn's number in its session, from 1.
        start: The command that began it.
        cwd: The session's folder.
        choice: The session's model, read anew before each request.
        conversation: The fold of the session's events, kept up to date by the writer.
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
        conversation: Conversation,
    ) -> None:
        self.number = number
        self.phase = Phase.ROUTING
        self.retry_now = asyncio.Event()
        self._start = start
        self._cwd = cwd
        self._choice = choice
        self._ports = ports
        self._writer = writer
        self._conversation = conversation
        self._toolbox: Toolbox = ports.toolbox(cwd)
        self._open_calls: dict[CallId, str] = {}
        self._answers: dict[CallId, asyncio.Future[bool]] = {}
        self._request: _Request | None = None
        self._nano = 0
        self._unknown = 0
        self._requests = 0

    def answer(self, call: CallId, allow: bool) -> None:
        """The person's yes or no to a call that waits; a late or second one changes nothing."""
        waiting = self._answers.get(call)
        if waiting is not None and not waiting.done():
            waiting.set_result(allow)

    async def run(self) -> None:
        """Run until the agent rests. Cancelling it is the person's interrupt.

        Raises:
            StoreError: what happened cannot be written; the turn has stopped.
        """
        try:
            stop = await self._steps()
        except asyncio.CancelledError:
            self._settle_open("interrupted")
            await self._finish("interrupted")
        except StoreError:
            raise
        except RequestError as error:
            self._settle_open(error.kind)
            self._record_error(error)
            await self._finish("incomplete" if isinstance(error, EndedEarly) else "error")
        except Exception as error:  # the task's outermost edge: it becomes an event
            self._settle_open("server")
            self._record_error(
                ServerFailed(
                    f"ownkey itself failed: {type(error).__name__}: {error}",
                    hint="The text above is kept. Try again; `ownkey doctor` checks the rest.",
                )
            )
            await self._finish("error")
        else:
            await self._finish(stop)

    async def _steps(self) -> DoneStop:
        for step in range(1, self._start.max_steps + 1):
            request = await self._request_with_retries()
            stopped = request.stopped
            assert stopped is not None  # the adapter's promise: Stopped or a raise
            if not request.calls:
                return stopped.stop
            if step == self._start.max_steps:
                return "max_steps"
            self.phase = Phase.RUNNING_TOOLS
            for call in request.calls:
                await self._run_call(call)
        return "max_steps"

    async def _request_with_retries(self) -> _Request:
        attempt = 1
        while True:
            self.phase = Phase.ROUTING
            request = await self._route()
            try:
                self.phase = Phase.REQUESTING
                await self._stream(request)
                return request
            except RequestError as error:
                self._charge_unknown(request)
                wait = wait_before_retry(error, attempt, visible=request.visible)
                if wait is None:
                    raise
                attempt += 1
                await self._wait(request, attempt, wait, error)

    async def _wait(
        self, request: _Request, attempt: int, seconds: float, error: RequestError
    ) -> None:
        self.phase = Phase.WAITING
        self.retry_now.clear()
        self._record_error(error)
        self._record(
            RetryScheduled(request=request.id, attempt=attempt, after=seconds, why=error.kind)
        )
        try:
            await asyncio.wait_for(self.retry_now.wait(), seconds)
        except TimeoutError:
            pass
        self._record(RetryBegun(request=request.id))

    async def _route(self) -> _Request:
        ports, now = self._ports, self._ports.clock()
        decision = ports.router.decide(self._choice.model)
        request = _Request(RequestId(f"r_{uuid4().hex[:16]}"), decision)
        tokens = self._conversation.characters // CHARACTERS_A_TOKEN + 400
        self._record(
            RouteDecided(
                request=request.id,
                model=decision.model,
                connection=decision.connection,
                payer=decision.payer,
                why=decision.why,
                host=decision.host,
                label=decision.label,
                estimate_nano=ports.pricer.prompt_estimate(decision, tokens, now),
                token_usd=ports.pricer.token_price(decision, now),
            )
        )
        await self._writer.flush()  # no byte leaves before its route is written
        self._request = request
        return request

    def _build(self, decision: Decision) -> base.ModelRequest:
        use_tools = decision.tools and self._start.tools == "read"
        effort = self._choice.effort if self._choice.effort in decision.efforts else None
        limit = self._start.max_tokens
        return base.ModelRequest(
            model=decision.wire_model,
            messages=self._conversation.messages(),
            system=system_prompt(str(self._cwd), local=decision.local, tools=use_tools),
            tools=self._toolbox.specs() if use_tools else (),
            max_tokens=min(limit, decision.max_output or limit),
            effort=effort,
            thinking=decision.thinking,
        )

    async def _stream(self, request: _Request) -> None:
        access = await self._ports.router.open(request.decision)
        started = asyncio.get_running_loop().time()
        text, thinking = self._ports.scrub.stream(), self._ports.scrub.stream()
        self._requests += 1
        request.sent = True
        api = request.decision.api
        parts = self._ports.stream(api, self._build(request.decision), access)
        async with aclosing(parts):
            try:
                async for part in parts:
                    match part:
                        case base.TextDelta():
                            self._say(request, TextStreamed, text.feed(part.text))
                        case base.ThinkingDelta():
                            self._say(request, ThinkingStreamed, thinking.feed(part.text))
                        case base.BlockEnded(kind="text"):
                            self._say(request, TextStreamed, text.finish())
                            self._record(
                                BlockClosed(request=request.id, kind="text", sealed=part.sealed)
                            )
                        case base.BlockEnded():
                            self._say(request, ThinkingStreamed, thinking.finish())
                            self._record(
                                BlockClosed(request=request.id, kind="thinking", sealed=part.sealed)
                            )
                        case base.Stopped():
                            seconds = asyncio.get_running_loop().time() - started
                            self._stopped(request, part, seconds)
                        case _:
                            self._take(request, part)
            finally:
                self._say(request, ThinkingStreamed, thinking.finish())
                self._say(request, TextStreamed, text.finish())
        if request.stopped is None:
            raise EndedEarly("the answer ended without saying that it was complete")
        if not request.charged:
            self._charge_unknown(request)

    def _take(
        self,
        request: _Request,
        part: base.Opened
        | base.ToolCallProgress
        | base.ToolCalled
        | base.ServerToolUsed
        | base.UsageReported,
    ) -> None:
        match part:
            case base.Opened():
                self._record(
                    ResponseOpened(request=request.id, provider_request_id=part.provider_request_id)
                )
                if part.limits:
                    limits = tuple(
                        LimitSeen(
                            what=one.what,
                            limit=one.limit,
                            remaining=one.remaining,
                            reset_s=one.reset_s,
                        )
                        for one in part.limits
                    )
                    self._record(LimitsReported(request=request.id, limits=limits))
            case base.ToolCallProgress():
                self.phase = Phase.STREAMING
            case base.ToolCalled():
                self._called(request, part.call)
            case base.ServerToolUsed():
                request.visible = True
                self._record(ServerToolUsed(request=request.id, name=part.name, id=part.id))
            case base.UsageReported():
                self._charge(request, part)
            case _:
                assert_never(part)

    def _say(
        self,
        request: _Request,
        event: Callable[..., TextStreamed] | Callable[..., ThinkingStreamed],
        delta: str,
    ) -> None:
        if delta:
            self.phase = Phase.STREAMING
            request.visible = True
            self._record(event(request=request.id, delta=delta))

    def _called(self, request: _Request, call: base.ToolCallBlock) -> None:
        scrub = self._ports.scrub.text
        request.visible = True
        request.calls.append(call)
        self._open_calls[CallId(call.id)] = call.name
        self._record(
            ToolCalled(
                request=request.id,
                id=CallId(call.id),
                name=call.name,
                args=call.args,
                raw=None if call.raw is None else scrub(call.raw),
                sealed=call.sealed,
            )
        )

    def _stopped(self, request: _Request, part: base.Stopped, seconds: float) -> None:
        request.stopped = part
        self._record(
            RequestFinished(
                request=request.id,
                stop=part.stop,
                said=part.said,
                model=part.model,
                seconds=round(seconds, 3),
            )
        )

    def _charge(self, request: _Request, part: base.UsageReported) -> None:
        usage, charge = self._ports.pricer.receipt(
            request.id, request.decision, part.raw, part.context, self._ports.clock()
        )
        if usage is not None:
            self._record(usage)
        self._count(request, charge)

    def _charge_unknown(self, request: _Request) -> None:
        """A request that was answered and told no usage: it may have cost something."""
        if request.charged or not request.sent or not request.visible:
            return
        _, charge = self._ports.pricer.receipt(
            request.id, request.decision, None, {}, self._ports.clock()
        )
        self._count(request, charge)

    def _count(self, request: _Request, charge: ChargeRecorded) -> None:
        request.charged = True
        self._nano += charge.nano or 0
        self._unknown += charge.nano is None
        self._record(charge)

    async def _run_call(self, call: base.ToolCallBlock) -> None:
        began = asyncio.get_running_loop().time()
        if call.args is None:
            self._returned(call, False, "The arguments are not one JSON object: call it again.", 0)
            return
        verdict = await self._toolbox.judge(call.name, call.args)
        id = CallId(call.id)
        allowed = verdict.verdict == "allow"
        if verdict.verdict == "ask" and self._start.asks:
            allowed = await self._ask(id, call.name, verdict.what, verdict.why)
            self._record(
                ApprovalDecided(call=id, decision="allow" if allowed else "deny", by="person")
            )
        else:
            decision = "allow" if allowed else "deny"
            by = "rule" if verdict.verdict != "ask" else "default"
            self._record(ApprovalDecided(call=id, decision=decision, by=by, rule=verdict.why))
        await self._writer.flush()
        if not allowed:
            self._returned(call, False, f"Refused: {verdict.why}. Go on without it.", 0)
            return
        result = await self._toolbox.run(call.name, call.args)
        seconds = asyncio.get_running_loop().time() - began
        output = self._ports.scrub.text(result.output)
        self._returned(call, result.ok, output, seconds, truncated=result.truncated)

    async def _ask(self, call: CallId, name: str, what: str, why: str) -> bool:
        self.phase = Phase.APPROVING
        self._answers[call] = asyncio.get_running_loop().create_future()
        self._record(ApprovalAsked(call=call, name=name, what=what, why=why))
        try:
            return await self._answers[call]
        finally:
            del self._answers[call]
            self.phase = Phase.RUNNING_TOOLS

    def _returned(
        self,
        call: base.ToolCallBlock,
        ok: bool,
        output: str,
        seconds: float,
        *,
        truncated: bool = False,
    ) -> None:
        self._open_calls.pop(CallId(call.id), None)
        self._record(
            ToolReturned(
                call=CallId(call.id),
                name=call.name,
                ok=ok,
                output=output,
                truncated=truncated,
                seconds=round(seconds, 3),
            )
        )

    def _settle_open(self, why: str) -> None:
        """Give every open call a result and the open request its charge, whatever ended the turn."""
        for call, name in self._open_calls.items():
            output = INTERRUPTED if why == "interrupted" else f"not run: {why}"
            self._record(ToolReturned(call=call, name=name, ok=False, output=output))
        self._open_calls.clear()
        if self._request is not None:
            self._charge_unknown(self._request)

    def _record_error(self, error: OwnkeyError) -> None:
        scrub = self._ports.scrub.text
        details = error if isinstance(error, RequestError) else Cancelled("")
        self._record(
            ErrorRaised(
                kind=details.kind,
                message=scrub(error.message),
                hint=scrub(error.hint),
                request=None if self._request is None else self._request.id,
                retry_after=details.retry_after,
                provider_request_id=details.provider_request_id,
            )
        )

    async def _finish(self, stop: DoneStop) -> None:
        self.phase = Phase.DONE
        self._record(
            TurnFinished(stop=stop, nano=self._nano, unknown=self._unknown, requests=self._requests)
        )
        await self._writer.flush()

    def _record(self, event: AnyEvent) -> None:
        self._writer.record(event, self.number)
