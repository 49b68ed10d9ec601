"""A turn: from a prompt to the agent's rest."""

from __future__ import annotations

from typing import Literal

import msgspec

from tui.events.base import Event, RequestId

DoneStop = Literal[
    "end", "length", "tool", "filter", "refusal", "stop_sequence", "pause",
    "error", "incomplete", "interrupted", "budget", "max_steps",
]  # fmt: skip
"""How a turn ends (contract.md, `done`)."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes with a prompt; kept in the log so that a resumed session still has it."""

    name: str
    media_type: str
    data: bytes


class TurnStarted(Event, tag="turn_started", frozen=True, kw_only=True):
    """A prompt was accepted; an empty one goes on where the last turn broke off."""

    prompt: str
    attachments: tuple[Attachment, ...] = ()


class PromptAdded(Event, tag="prompt_added", frozen=True, kw_only=True):
    """The person's words joined the turn that runs, before its next request."""

    prompt: str
    attachments: tuple[Attachment, ...] = ()


class MessageQueued(Event, tag="message_queued", frozen=True, kw_only=True):
    """Typed while the agent works; becomes the next turn's prompt, or joins this one.

    Of a `message` that waits already: its new text, in its place.
    """

    message: str
    text: str


class MessageUnqueued(Event, tag="message_unqueued", frozen=True, kw_only=True):
    """A queued message left the queue: sent, or taken back by the person."""

    message: str


class RetryScheduled(Event, tag="retry", frozen=True, kw_only=True):
    """The request failed before its first visible token and is tried again."""

    request: RequestId
    attempt: int  # the try that follows: 2, 3
    after: float  # seconds until then
    why: str  # the error's kind


class RetryBegun(Event, tag="retry_begun", frozen=True, kw_only=True):
    """The wait is over, by time or because the person said now."""

    request: RequestId


class ErrorRaised(Event, tag="error", frozen=True, kw_only=True):
    """A request or turn failed (contract.md, `error`)."""

    kind: str
    message: str
    hint: str
    request: RequestId | None = None
    retry_after: float | None = None
    provider_request_id: str | None = None
    raw: str = ""  # all that the other side said, where that is more than `message`


class TurnFinished(Event, tag="done", frozen=True, kw_only=True):
    """Exactly one ends a turn. `nano` sums its known charges; `unknown` counts the others.

    `credits`: the sum of what credits paid, a decimal string; None where not all of it is known.
    """

    stop: DoneStop
    nano: int | None = None
    unknown: int = 0
    requests: int = 0
    credits: str | None = "0"
