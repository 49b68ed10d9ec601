"""Tool calls of a turn: judged, asked about, run, and each given a result whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from tui.errors import OwnkeyError
from tui.events.base import CallId
from tui.events.codec import AnyEvent, encode
from tui.events.tool import (
    ApprovalAsked,
    ApprovalDecided,
    FileChanged,
    PersonAnswered,
    PersonAsked,
    ToolReturned,
    ToolStreamed,
)
from tui.providers.base import ToolCallBlock
from tui.session.active_time import ActiveTime
from tui.session.commands import AnswerApproval, AnswerPerson
from tui.session.context import INTERRUPTED
from tui.session.loops import LoopWatch
from tui.session.ports import (
    FileChange,
    Judging,
    Live,
    Scrub,
    Toolbox,
    ToolResult,
    ToolVerdict,
)


class CallRunner:
    """Runs the calls of one turn: those that only read side by side, the others in order.

    Args:
        asks: A person is there to answer; else what asks is refused.
        by: What calls are judged by at this moment.
        record: Takes the events.
        flush: Returns when they are written: a decision stands in the log before its call runs.
        active: Counts the time that calls take, without the person's.

    Attributes:
        loops: Whether it goes in circles.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        *,
        asks: bool,
        by: Callable[[], Judging],
        scrub: Scrub,
        record: Callable[[AnyEvent], None],
        flush: Callable[[], Awaitable[None]],
        active: ActiveTime | None = None,
    ) -> None:
        self.loops = LoopWatch()
        self._toolbox = toolbox
        self._asks = asks
        self._by = by
        self._scrub = scrub
        self._record = record
        self._flush = flush
        self._active = active or ActiveTime()
        self._open: dict[CallId, str] = {}
        self._answers: dict[CallId, asyncio.Future[AnswerApproval]] = {}
        self._questions: dict[CallId, asyncio.Future[str]] = {}

    async def run_all(self, calls: list[ToolCallBlock]) -> None:
        """Run `calls`; results are recorded, never raised."""
        with self._active.working():
            await self._run_all(calls)

    async def _run_all(self, calls: list[ToolCallBlock]) -> None:
        self._open = {CallId(call.id): call.name for call in calls}
        beside: list[tuple[ToolCallBlock, dict[str, Any], ToolVerdict]] = []
        for call in calls:
            if call.args is not None and self._toolbox.only_reads(call.name):
                verdict = await self._toolbox.judge(call.name, call.args, self._by())
                if verdict.verdict == "allow":
                    beside.append((call, call.args, verdict))
                    continue
            await self._run_beside(beside)
            beside = []
            if self.loops.circling is None:
                await self._run(call)
        await self._run_beside(beside)

    def answer(self, answer: AnswerApproval | AnswerPerson) -> None:
        """What the person says to a call that waits; a late or second answer changes nothing."""
        match answer:
            case AnswerApproval():
                asked = self._answers.get(answer.call)
                if asked is not None and not asked.done():
                    asked.set_result(answer)
            case AnswerPerson():
                question = self._questions.get(answer.call)
                if question is not None and not question.done():
                    question.set_result(answer.answer)

    def settle(self, why: str) -> None:
        """Give every call that has none a result: the turn is over."""
        for call, name in self._open.items():
            output = INTERRUPTED if why == "interrupted" else f"not run: {why}"
            self._record(ToolReturned(call=call, name=name, ok=False, output=output))
        self._open.clear()

    def open_without_run(self, calls: list[ToolCallBlock]) -> None:
        """Calls that a broken request asked for; `settle` gives them their results."""
        self._open |= {CallId(call.id): call.name for call in calls}

    async def _run_beside(
        self, calls: list[tuple[ToolCallBlock, dict[str, Any], ToolVerdict]]
    ) -> None:
        """Calls that only read and are allowed by themselves: all at once."""
        for call, _, verdict in calls:
            self._record(_ruled(call, verdict))
        if calls:
            await self._flush()
            async with asyncio.TaskGroup() as group:
                for call, args, verdict in calls:
                    group.create_task(self._carry_out(call, args, verdict))

    async def _run(self, call: ToolCallBlock) -> None:
        if call.args is None:
            self._returned(call, False, "The arguments are not one JSON object: call it again.")
            return
        args = call.args
        verdict = await self._toolbox.judge(call.name, args, self._by())
        decided = await self._decide(call, args, verdict)
        if decided.args is not None and decided.decision == "allow":
            args = decided.args
            verdict = await self._toolbox.judge(call.name, args, self._by())
            if verdict.verdict == "deny":
                decided = msgspec.structs.replace(
                    decided, decision="deny", by="rule", rule=verdict.why
                )
        self._record(decided)
        await self._flush()
        if decided.decision == "allow":
            await self._carry_out(call, args, verdict)
            return
        words = decided.said or decided.rule or verdict.why
        output = f"Refused: {self._scrub.text(words)}. Go on without it."
        output += self.loops.note(call.name, args, False, output, changes=False)
        self._returned(call, False, output)

    async def _carry_out(
        self, call: ToolCallBlock, args: dict[str, Any], verdict: ToolVerdict
    ) -> None:
        id, loop = CallId(call.id), asyncio.get_running_loop()
        if verdict.change is not None:
            self._record(self._changed(id, verdict.change))
            await self._flush()  # before the file is touched, so that it can be taken back
        began, feed = loop.time(), self._scrub.stream()

        def emit(delta: str) -> None:
            if clean := feed.feed(delta):
                self._record(ToolStreamed(call=id, delta=clean))

        async def ask(question: str, choices: tuple[str, ...]) -> str:
            return await self._ask_person(id, question, choices)

        live = Live(emit=emit, ask=ask if self._asks else None)
        result = await self._toolbox.run(call.name, args, verdict, live)
        if rest := feed.finish():
            self._record(ToolStreamed(call=id, delta=rest))
        self._done(call, args, verdict, result, loop.time() - began)

    def _done(
        self,
        call: ToolCallBlock,
        args: dict[str, Any],
        verdict: ToolVerdict,
        result: ToolResult,
        seconds: float,
    ) -> None:
        output = self._scrub.text(result.output)
        changes = verdict.change is not None
        output += self.loops.note(call.name, args, result.ok, output, changes=changes)
        self._returned(call, result.ok, output, truncated=result.truncated, seconds=seconds)

    def _changed(self, call: CallId, change: FileChange) -> FileChanged:
        """The event, without the bytes where it could not be written as it is."""
        whole = FileChanged(call=call, path=change.path, before=change.before, after=change.after)
        plain = (change.before or b"", change.after or b"", encode(whole))
        if all(self._scrub.data(data) == data for data in plain):
            return whole
        path = self._scrub.text(change.path)
        return FileChanged(call=call, path=path, before=None, after=None, kept=False)

    async def _decide(
        self, call: ToolCallBlock, args: dict[str, Any], verdict: ToolVerdict
    ) -> ApprovalDecided:
        id, exact = CallId(call.id), f"this {call.name}: {verdict.exact or verdict.what}"
        if verdict.verdict != "ask":
            return _ruled(call, verdict)
        if exact in self._by().given:
            return ApprovalDecided(call=id, decision="allow", by="rule", rule=exact)
        if not self._asks:
            return ApprovalDecided(call=id, decision="deny", by="default", rule=verdict.why)
        answer = await self._ask(id, call.name, verdict)
        kept = answer.scope if answer.allow and answer.args in (None, args) else "once"
        rule = verdict.rule or exact
        if kept == "always" and not await self._remember(verdict.rule):
            kept = "session"
        return ApprovalDecided(
            call=id, decision=_word(answer.allow), by="person", scope=kept, said=answer.said,
            rule=rule if kept != "once" else None, args=answer.args,
        )  # fmt: skip

    async def _remember(self, rule: str | None) -> bool:
        """Keep a yes for good; false where it cannot be kept, and holds for the session alone."""
        if rule is None:
            return False
        try:
            await self._toolbox.remember(rule)
        except OwnkeyError:
            return False
        return True

    async def _ask(self, call: CallId, name: str, verdict: ToolVerdict) -> AnswerApproval:
        self._answers[call] = asyncio.get_running_loop().create_future()
        self._record(
            ApprovalAsked(
                call=call, name=name, what=verdict.what, why=verdict.why, marks=verdict.marks,
                diff=verdict.diff, sandbox=verdict.sandbox, rule=verdict.rule,
            )
        )  # fmt: skip
        try:
            with self._active.waiting():
                return await self._answers[call]
        finally:
            del self._answers[call]

    async def _ask_person(self, call: CallId, question: str, choices: tuple[str, ...]) -> str:
        self._questions[call] = asyncio.get_running_loop().create_future()
        self._record(PersonAsked(call=call, question=question, choices=choices))
        try:
            with self._active.waiting():
                answer = self._scrub.text(await self._questions[call])
        finally:
            del self._questions[call]
        self._record(PersonAnswered(call=call, answer=answer))
        return answer

    def _returned(
        self,
        call: ToolCallBlock,
        ok: bool,
        output: str,
        *,
        truncated: bool = False,
        seconds: float = 0.0,
    ) -> None:
        self._open.pop(CallId(call.id), None)
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


def _ruled(call: ToolCallBlock, verdict: ToolVerdict) -> ApprovalDecided:
    allowed = verdict.verdict == "allow"
    return ApprovalDecided(
        call=CallId(call.id), decision=_word(allowed), by="rule", rule=verdict.rule or verdict.why
    )


def _word(allowed: bool) -> Literal["allow", "deny"]:
    return "allow" if allowed else "deny"
