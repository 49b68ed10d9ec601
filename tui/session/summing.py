"""A summary in the place of the conversation: one request by the conversation's own route."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tui.errors import BudgetExceeded, OutOfCredits, ProtocolBroken, RequestError
from tui.events.codec import AnyEvent
from tui.events.session import HistoryCompacted
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import ServerToolUsed, ToolCalled
from tui.events.turn import ErrorRaised
from tui.providers.base import Message, TextBlock
from tui.session.parts import Parts
from tui.session.sending import Sender
from tui.session.shortening import fitting, shortened

FULL = 0.85
"""The part of the model's context from which on a conversation is summed up by itself."""

MOST_TOKENS = 4_000

ASK = """\
[ownkey] The conversation has become long: its place will be taken by a summary that you write \
now. Call no tool. Write what is needed to go on without the original, as short as it can be and \
as exact as it must be:

1. What the person wants, with everything they asked for, refused or decided, in their words \
where these matter.
2. What was done: files with their paths and what is different in them, commands and what came \
of them.
3. What was found out that matters: facts, errors word for word, dead ends.
4. What is still to do, and the very next step."""

_LATEST = """{summary}

What the person asked last, word for word:
{prompt}"""


class Summing:
    """Writes one summary.

    Args:
        sender: Sends it, as the requests that it stands for.
        turn: The number that its events carry.
        cut: The conversation is too long to be read as a whole: the writer reads it shortened.
    """

    def __init__(self, parts: Parts, sender: Sender, turn: int, *, cut: bool = False) -> None:
        self._cut = cut
        self._parts = parts
        self._sender = sender
        self._turn = turn
        self._text: list[str] = []

    async def run(self, latest: str | None) -> bool:
        """Whether the conversation is a summary now; else it is as it was, and an event says why.

        Args:
            latest: What the person asked in the turn that runs, kept word for word.

        Raises:
            StoreError: it cannot be written.
            BudgetExceeded, OutOfCredits: within a turn, which has to stop then.
        """
        writer = self._parts.writer
        try:
            await self._sum_up(latest)
        except RequestError as error:
            if isinstance(error, BudgetExceeded | OutOfCredits) and latest is not None:
                raise
            writer.record(self._failed(error), self._turn)
            await writer.flush()
            return False
        return True

    async def _sum_up(self, latest: str | None) -> None:
        sender = self._sender
        ask = Message(role="user", blocks=(TextBlock(text=ASK),))
        request, most = await sender.route(MOST_TOKENS, self._take, ask)
        try:
            body = sender.build(request.decision, most, ask)
            if self._cut:
                room = fitting(request.decision.context, most)
                body = replace(body, messages=shortened(body.messages, room))
            await request.stream(body)
        finally:
            request.charge_unknown()
            await sender.settle(request)
        summary = "".join(self._text).strip()
        if not summary or request.calls:
            raise ProtocolBroken("the model wrote no summary")
        if request.stopped is None or request.stopped.stop not in ("end", "stop_sequence"):
            raise ProtocolBroken("the summary was not written to its end")
        if latest is not None:
            summary = _LATEST.format(summary=summary, prompt=latest)
        await self._parts.writer.flush()
        upto = self._parts.state.seq
        self._record(HistoryCompacted(upto=upto, summary=summary, request=request.id))
        await self._parts.writer.flush()

    def _take(self, event: AnyEvent) -> None:
        """What it writes is no reply: kept out of the log, and put into the summary's event."""
        match event:
            case TextStreamed():
                self._text.append(event.delta)
            case ThinkingStreamed() | BlockClosed() | ToolCalled() | ServerToolUsed():
                pass
            case _:
                self._record(event)

    def _record(self, event: AnyEvent) -> None:
        self._parts.writer.record(event, self._turn)

    def _failed(self, error: RequestError) -> ErrorRaised:
        scrub: Callable[[str], str] = self._parts.ports.scrub.text
        return ErrorRaised(
            kind=error.kind,
            message=f"the conversation was not summed up: {scrub(error.message)}",
            hint=scrub(error.hint) or "Nothing was changed.",
            request=self._sender.requests[-1].id if self._sender.requests else None,
            retry_after=error.retry_after,
            provider_request_id=error.provider_request_id,
        )
