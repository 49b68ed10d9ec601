"""Tool calls of a turn: judged, asked about, run, and each given a result whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from tui.events.base import CallId
from tui.events.codec import AnyEvent, encode
from tui.events.session import Mode
from tui.events.tool import ApprovalAsked, ApprovalDecided, FileChanged, ToolReturned
from tui.providers.base import ToolCallBlock
from tui.session.commands import AnswerApproval
from tui.session.context import INTERRUPTED
from tui.session.ports import Change, Scrub, Toolbox, ToolVerdict


class CallRunner:
    """Runs the calls of one turn, one after the other.

    Args:
        asks: A person is there to answer; else what asks is refused.
        mode: How freely the agent works now.
        given: What the person has allowed for this session, as `ApprovalDecided` names it.
        record: Takes the events.
        flush: Returns when they are written: a decision stands in the log before its call runs.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        *,
        asks: bool,
        mode: Callable[[], Mode],
        given: Callable[[], frozenset[str]],
        scrub: Scrub,
        record: Callable[[AnyEvent], None],
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._toolbox = toolbox
        self._asks = asks
        self._mode = mode
        self._given = given
        self._scrub = scrub
        self._record = record
        self._flush = flush
        self._open: dict[CallId, str] = {}
        self._answers: dict[CallId, asyncio.Future[AnswerApproval]] = {}

    async def run_all(self, calls: list[ToolCallBlock]) -> None:
        """Run `calls` in order; results are recorded, never raised."""
        self._open = {CallId(call.id): call.name for call in calls}
        for call in calls:
            await self._run(call)

    def answer(self, answer: AnswerApproval) -> None:
        """The person's yes or no; a late or second one changes nothing."""
        waiting = self._answers.get(answer.call)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def settle(self, why: str) -> None:
        """Give every call that has none a result: the turn is over."""
        for call, name in self._open.items():
            output = INTERRUPTED if why == "interrupted" else f"not run: {why}"
            self._record(ToolReturned(call=call, name=name, ok=False, output=output))
        self._open.clear()

    def open_without_run(self, calls: list[ToolCallBlock]) -> None:
        """Calls that a broken request asked for; `settle` gives them their results."""
        self._open |= {CallId(call.id): call.name for call in calls}

    async def _run(self, call: ToolCallBlock) -> None:
        if call.args is None:
            self._returned(call, False, "The arguments are not one JSON object: call it again.")
            return
        args = call.args
        verdict = await self._toolbox.judge(call.name, args, self._mode())
        id, change = CallId(call.id), verdict.change
        decided = await self._decide(call, args, verdict)
        if decided.args is not None and decided.decision == "allow":
            args = decided.args
            changed = await self._toolbox.judge(call.name, args, self._mode())
            change = changed.change
            if changed.verdict == "deny":
                decided = msgspec.structs.replace(
                    decided, decision="deny", by="rule", rule=changed.why
                )
        self._record(decided)
        await self._flush()
        if decided.decision == "deny":
            words = decided.said or decided.rule or verdict.why
            self._returned(call, False, f"Refused: {self._scrub.text(words)}. Go on without it.")
            return
        if change is not None:
            self._record(self._changed(id, change))
            await self._flush()
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = await self._toolbox.run(call.name, args)
        output = self._scrub.text(result.output)
        seconds = loop.time() - began
        self._returned(call, result.ok, output, truncated=result.truncated, seconds=seconds)

    def _changed(self, call: CallId, change: Change) -> FileChanged:
        """The event; without the bytes where a key in them would not be written as it is."""
        whole = FileChanged(call=call, path=change.path, before=change.before, after=change.after)
        plain = (change.before or b"", change.after or b"", encode(whole))
        if all(self._scrub.data(data) == data for data in plain):
            return whole
        path = self._scrub.text(change.path)
        return FileChanged(call=call, path=path, before=None, after=None, kept=False)

    async def _decide(
        self, call: ToolCallBlock, args: dict[str, Any], verdict: ToolVerdict
    ) -> ApprovalDecided:
        id, given = CallId(call.id), f"{call.name}: {verdict.what}"
        if verdict.verdict != "ask":
            return ApprovalDecided(
                call=id, decision=_word(verdict.verdict == "allow"), by="rule", rule=verdict.why
            )
        if given in self._given():
            return ApprovalDecided(call=id, decision="allow", by="rule", rule=given)
        if not self._asks:
            return ApprovalDecided(call=id, decision="deny", by="default", rule=verdict.why)
        answer = await self._ask(id, call.name, verdict)
        kept = answer.scope if answer.allow and answer.args in (None, args) else "once"
        return ApprovalDecided(
            call=id, decision=_word(answer.allow), by="person", scope=kept, said=answer.said,
            rule=given if kept != "once" else None, args=answer.args,
        )  # fmt: skip

    async def _ask(self, call: CallId, name: str, verdict: ToolVerdict) -> AnswerApproval:
        self._answers[call] = asyncio.get_running_loop().create_future()
        self._record(
            ApprovalAsked(
                call=call,
                name=name,
                what=verdict.what,
                why=verdict.why,
                rule=verdict.rule,
                diff=verdict.change.diff if verdict.change is not None else None,
            )
        )
        try:
            return await self._answers[call]
        finally:
            del self._answers[call]

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


def _word(allowed: bool) -> Literal["allow", "deny"]:
    return "allow" if allowed else "deny"
