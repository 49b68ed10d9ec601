"""One try of one request: the adapter's parts become events, usage becomes a charge."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, assert_never, cast

import msgspec

from tui.billing.credit_units import in_credits
from tui.errors import EndedEarly, InvalidKey, RequestError, TimedOut
from tui.events.base import CallId, RequestId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded, LimitSeen, LimitsReported, UsageReported
from tui.events.route import RequestFinished, ResponseOpened
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import ServerToolUsed, ToolCalled
from tui.providers import base
from tui.session.active_time import ActiveTime
from tui.session.ports import Decision, Ports


class RequestRun:
    """What one try has shown and cost so far.

    Args:
        decision: Its route, already written.
        record: Takes the events.
        room: Returns once there is room for more of them.
        at: When it was decided, whose prices count; now unless given.
        active: Counts the time that it is under way.

    Attributes:
        visible: A token or call was shown: it is not tried again by itself.
        charged: Its charge is recorded.
        calls: The tool calls, in the order of the wire.
        stopped: How the model ended, once the wire has proved it.
        used: What was billed, once that is told.
    """

    def __init__(
        self,
        id: RequestId,
        decision: Decision,
        *,
        ports: Ports,
        record: Callable[[AnyEvent], None],
        room: Callable[[], Awaitable[None]],
        at: dt.datetime | None = None,
        active: ActiveTime | None = None,
    ) -> None:
        self.id = id
        self.decision = decision
        self.visible = False
        self.charged = False
        self.calls: list[base.ToolCallBlock] = []
        self.stopped: base.Stopped | None = None
        self.used: UsageReported | None = None
        self.charges: list[ChargeRecorded] = []
        self._opened = False
        self._doubtful = False  # the other side may bill it, and has not said so
        self._active = active or ActiveTime()
        self._at = ports.clock() if at is None else at
        self._ports = ports
        self._record = record
        self._room = room
        self._text = ports.scrub.stream()
        self._thinking = ports.scrub.stream()

    async def stream(self, request: base.ModelRequest) -> None:
        """Send it and record all that comes.

        Raises:
            RequestError: it failed; what came before is recorded.
        """
        with self._active.working():
            await self._stream(request)

    async def _stream(self, request: base.ModelRequest) -> None:
        access = await self._ports.router.open(self.decision)
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with aclosing(self._ports.stream(self.decision.api, request, access)) as parts:
            try:
                async for part in parts:
                    self._take(part, loop.time() - began)
                    await self._room()
            except RequestError as error:
                # A refusal is not billed; what was taken and never answered may be.
                answered = self._opened or isinstance(error, TimedOut)
                self._doubtful = error.status is None and answered
                if isinstance(error, InvalidKey):
                    error.hint = self.decision.key_hint or error.hint
                raise
            except BaseException:  # it was on its way: an interrupt, a disk that is full
                self._doubtful = True
                raise
            finally:
                self._say(ThinkingStreamed, self._thinking.finish())
                self._say(TextStreamed, self._text.finish())
        self._doubtful = True
        if self.stopped is None:
            raise EndedEarly("the answer ended without saying that it was complete")
        self.charge_unknown()

    def charge_unknown(self) -> None:
        """Say that it may have cost something nobody told: it was taken, and told no usage."""
        if (self.visible or self._doubtful) and not self.charged:
            _, charge = self._ports.pricer.receipt(self.id, self.decision, None, {}, self._at)
            self._charge(charge)

    def _take(self, part: base.StreamPart, seconds: float) -> None:
        match part:
            case base.Opened():
                self._open(part)
            case base.TextDelta():
                self._say(TextStreamed, self._text.feed(part.text))
            case base.ThinkingDelta():
                self._say(ThinkingStreamed, self._thinking.feed(part.text))
            case base.BlockEnded():
                self._block_ended(part)
            case base.ToolCallProgress():
                pass
            case base.ToolCalled():
                self._called(part.call)
            case base.ServerToolUsed():
                self.visible = True
                self._record(ServerToolUsed(request=self.id, name=part.name, id=part.id))
            case base.UsageReported() if any(one.nano is not None for one in self.charges):
                pass  # told again: it is charged once
            case base.UsageReported():
                usage, charge = self._ports.pricer.receipt(
                    self.id, self.decision, part.raw, part.context, self._at
                )
                if usage is not None:
                    self.used = usage
                    self._record(usage)
                self._charge(charge)
            case base.Stopped():
                self.stopped = part
                self._record(
                    RequestFinished(
                        request=self.id,
                        stop=part.stop,
                        said=part.said,
                        model=part.model,
                        seconds=round(seconds, 3),
                    )
                )
            case _:
                assert_never(part)

    def _open(self, part: base.Opened) -> None:
        self._opened = True
        self._record(ResponseOpened(request=self.id, provider_request_id=part.provider_request_id))
        if part.limits:
            limits = tuple(
                LimitSeen(what=x.what, limit=x.limit, remaining=x.remaining, reset_s=x.reset_s)
                for x in part.limits
            )
            self._record(LimitsReported(request=self.id, limits=limits))

    def _block_ended(self, part: base.BlockEnded) -> None:
        if part.kind == "text":
            self._say(TextStreamed, self._text.finish())
        else:
            self._say(ThinkingStreamed, self._thinking.finish())
        self._record(BlockClosed(request=self.id, kind=part.kind, sealed=part.sealed))

    def _say(
        self,
        event: Callable[..., TextStreamed] | Callable[..., ThinkingStreamed],
        delta: str,
    ) -> None:
        if delta:
            self.visible = True
            self._record(event(request=self.id, delta=delta))

    def _called(self, call: base.ToolCallBlock) -> None:
        self.visible = True
        scrub = self._ports.scrub.text
        # Masked before it runs, too: a tool may put its arguments into a child's.
        call = msgspec.structs.replace(
            call,
            name=scrub(call.name),
            args=None if call.args is None else _masked(call.args, scrub),
            raw=None if call.raw is None else scrub(call.raw),
        )
        self.calls.append(call)
        self._record(
            ToolCalled(
                request=self.id,
                id=CallId(call.id),
                name=call.name,
                args=call.args,
                raw=call.raw,
                sealed=call.sealed,
            )
        )

    def _charge(self, charge: ChargeRecorded) -> None:
        charge = in_credits(charge, self.decision.rate)
        self.charged = True
        self.charges.append(charge)
        self._record(charge)


def _masked(value: Any, scrub: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value with every secret in its texts and names masked."""
    match value:
        case str():
            return scrub(value)
        case list():
            return [_masked(one, scrub) for one in cast("list[Any]", value)]
        case dict():
            fields = cast("dict[str, Any]", value)
            return {scrub(name): _masked(one, scrub) for name, one in fields.items()}
        case _:
            return value
