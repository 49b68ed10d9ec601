"""The closed union of events, and their one written form.

Written as JSON by msgspec. Text may hold lone surrogates (bytes that were no UTF-8, kept so that
nothing is lost): these few take the slower standard library, whose escapes keep them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache

import msgspec

from tui.errors import StoreError
from tui.events.base import SessionId
from tui.events.budget import BudgetAnswered, BudgetNeared, BudgetReached, CeilingAsked
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.events.money import ChargeRecorded, LimitsReported, UsageReported
from tui.events.route import FallbackTaken, RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import (
    EngineRestarted,
    GuidesRead,
    HistoryCompacted,
    ModeChosen,
    ModelChosen,
    SessionCreated,
    SessionForked,
    SessionRewound,
    SessionTitled,
)
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import (
    ApprovalAsked,
    ApprovalDecided,
    FileChanged,
    PersonAnswered,
    PersonAsked,
    ServerTold,
    ServerToolUsed,
    ShellRun,
    ToolCalled,
    ToolReturned,
    ToolStreamed,
)
from tui.events.turn import (
    ErrorRaised,
    MessageQueued,
    MessageUnqueued,
    PromptAdded,
    RetryBegun,
    RetryScheduled,
    TurnFinished,
    TurnStarted,
)

AnyEvent = (
    SessionCreated
    | SessionTitled
    | ModelChosen
    | ModeChosen
    | SessionForked
    | SessionRewound
    | HistoryCompacted
    | GuidesRead
    | EngineRestarted
    | TurnStarted
    | PromptAdded
    | MessageQueued
    | MessageUnqueued
    | RetryScheduled
    | RetryBegun
    | ErrorRaised
    | TurnFinished
    | TextStreamed
    | ThinkingStreamed
    | BlockClosed
    | ToolCalled
    | ApprovalAsked
    | ApprovalDecided
    | ToolStreamed
    | FileChanged
    | PersonAsked
    | PersonAnswered
    | ShellRun
    | ToolReturned
    | ServerTold
    | ServerToolUsed
    | RouteDecided
    | ResponseOpened
    | RequestFinished
    | FallbackTaken
    | UsageReported
    | ChargeRecorded
    | BudgetReached
    | CeilingAsked
    | BudgetAnswered
    | BudgetNeared
    | LimitsReported
    | WayOutAsked
    | WayOutTaken
    | PayerAsked
    | PayerAnswered
)

VERSION = 1
"""Version of the written form; a change of meaning raises it and adds a step to `_upcast`."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the log. `seq` counts from 1 within its session, without a gap."""

    session: SessionId
    seq: int
    at: dt.datetime
    turn: int  # 0 before the first turn
    event: AnyEvent


_encoder = msgspec.json.Encoder(decimal_format="string")


@cache
def _decoder() -> msgspec.json.Decoder[AnyEvent]:
    """Made when the first event is read, not while a console starts: 3 ms."""
    return msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """The written form of `event`, UTF-8 JSON."""
    try:
        return _encoder.encode(event)
    except UnicodeEncodeError:
        import json

        return json.dumps(msgspec.to_builtins(event), default=str).encode("ascii")


def written(event: AnyEvent, scrub: Callable[[bytes], bytes]) -> tuple[bytes, AnyEvent]:
    """The written form with every secret masked, and the event that it tells: shown as written."""
    data = encode(event)
    clean = scrub(data)
    return (data, event) if clean == data else (clean, decode(clean))


def decode(data: bytes, version: int = VERSION) -> AnyEvent:
    """Read a written event, of this version or an older one.

    Raises:
        StoreError: not an event, or written by a newer ownkey.
    """
    if version > VERSION:
        raise StoreError(
            f"this store was written by a newer ownkey (event version {version})",
            hint="Update ownkey; nothing was changed.",
        )
    try:
        return _decoder().decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as first:
        import json

        try:
            return msgspec.convert(json.loads(data), AnyEvent)
        except (ValueError, RecursionError, msgspec.ValidationError):
            raise StoreError(
                f"a damaged event: {first}", hint="`ownkey sessions check` says which."
            ) from first
