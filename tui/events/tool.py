"""Tool calls, approvals, results."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tui.events.base import CallId, Event, RequestId
from tui.events.stream import Sealed


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as the model is told of it; `schema` is a JSON Schema of type object."""

    name: str
    description: str
    schema: dict[str, Any]


class ToolCalled(Event, tag="tool_call", frozen=True, kw_only=True):
    """The model asks for a tool; `args` is None where it sent no JSON object, then `raw` has it."""

    request: RequestId
    id: CallId
    name: str
    args: dict[str, Any] | None
    raw: str | None = None
    sealed: Sealed | None = None


class ApprovalAsked(Event, tag="approval_asked", frozen=True, kw_only=True):
    """The call waits for the person."""

    call: CallId
    name: str
    what: str  # the whole of what would happen, to be shown
    why: str  # why it asks


class ApprovalDecided(Event, tag="approval", frozen=True, kw_only=True):
    """A person's, a rule's or the default's yes or no."""

    call: CallId
    decision: Literal["allow", "deny"]
    by: Literal["rule", "person", "default"]
    rule: str | None = None


class ToolReturned(Event, tag="tool_result", frozen=True, kw_only=True):
    """What the tool gave; a refused, failed or interrupted call has a result too, with ok false."""

    call: CallId
    name: str
    ok: bool
    output: str
    truncated: bool = False
    seconds: float | None = None


class ServerToolUsed(Event, tag="server_tool", frozen=True, kw_only=True):
    """The provider ran a tool of its own inside the request."""

    request: RequestId
    name: str
    id: str | None = None
