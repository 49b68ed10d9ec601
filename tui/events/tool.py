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
    """The call waits for the person.

    Args:
        what: The whole of what would happen, byte for byte: paths, a command, an address.
        why: Why it asks.
        marks: Characters of `what` that made it ask, as half-open ranges.
        diff: Of a change to a file, as a unified diff; None where it is no change.
        sandbox: How it would be held in, in words; empty where nothing is run.
        rule: What "always here" would remember, exactly as it is then listed; None: it cannot.
    """

    call: CallId
    name: str
    what: str
    why: str
    marks: tuple[tuple[int, int], ...] = ()
    diff: str | None = None
    sandbox: str = ""
    rule: str | None = None


class ApprovalDecided(Event, tag="approval", frozen=True, kw_only=True):
    """A person's, a rule's or the default's yes or no.

    Args:
        scope: How long a person's yes holds: for this call, this session, or always here.
        said: Why not, or what instead: the person's words to the model.
        args: The arguments as the person changed them before the yes; None: as they were.
    """

    call: CallId
    decision: Literal["allow", "deny"]
    by: Literal["rule", "person", "default"]
    rule: str | None = None
    scope: Literal["once", "session", "always"] = "once"
    said: str | None = None
    args: dict[str, Any] | None = None


class ToolStreamed(Event, tag="tool_output", frozen=True, kw_only=True):
    """What a running call has given since the last of these."""

    call: CallId
    delta: str


class FileChanged(Event, tag="file_changed", frozen=True, kw_only=True):
    """A tool is about to change a file: written before it does, so that it can be taken back.

    Args:
        path: Absolute and real.
        before: Its bytes; None where it was not there.
        after: Its bytes afterwards; None where it is taken away.
        kept: Both are as they are. False: they hold a stored key, are left out, and cannot be
            taken back.
    """

    call: CallId
    path: str
    before: bytes | None
    after: bytes | None
    kept: bool = True


class ShellRun(Event, tag="shell_run", frozen=True, kw_only=True):
    """The person runs a command of their own; its `ToolStreamed` and `ToolReturned` follow.

    The model is told of it with the next prompt.
    """

    call: CallId
    command: str


class PersonAsked(Event, tag="person_asked", frozen=True, kw_only=True):
    """The model asks the person; the call waits for the answer."""

    call: CallId
    question: str
    choices: tuple[str, ...] = ()


class PersonAnswered(Event, tag="person_answered", frozen=True, kw_only=True):
    call: CallId
    answer: str


class ToolReturned(Event, tag="tool_result", frozen=True, kw_only=True):
    """What the tool gave; a refused, failed or interrupted call has a result too, with ok false."""

    call: CallId
    name: str
    ok: bool
    output: str
    truncated: bool = False
    seconds: float | None = None


class ServerTold(Event, tag="server_told", frozen=True, kw_only=True):
    """Something to know of an MCP server: what it asked for, why it cannot be used.

    Args:
        server: Its name.
        text: The rest of a sentence that begins with it; hostile, as all it says.
    """

    server: str
    text: str


class ServerToolUsed(Event, tag="server_tool", frozen=True, kw_only=True):
    """The provider ran a tool of its own inside the request."""

    request: RequestId
    name: str
    id: str | None = None
