"""What the person said while the agent works, until it is sent."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import msgspec

from tui.events.base import SessionId
from tui.events.codec import AnyEvent
from tui.events.turn import MessageQueued, MessageUnqueued, PromptAdded
from tui.session.attached import scrubbed
from tui.session.commands import StartTurn


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """What joins the turn that runs: `written` is called once `events` are."""

    events: tuple[AnyEvent, ...]
    latest: str
    written: Callable[[], None]


class MessageQueue:
    """The waiting messages of one session, in order.

    Args:
        scrub: Takes stored keys out of text.
    """

    def __init__(self, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub
        self._waiting: dict[str, StartTurn] = {}

    def restore(self, session: SessionId, queued: dict[str, str]) -> None:
        """Messages as the log has them."""
        for message, text in queued.items():
            self._waiting[message] = StartTurn(session=session, prompt=text)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def first(self) -> tuple[str, StartTurn] | None:
        """What is sent next."""
        return next(iter(self._waiting.items()), None)

    def queued(self, start: StartTurn) -> tuple[str, MessageQueued]:
        """The event that makes `start` wait; `put` it once that is written."""
        message = f"q_{uuid4().hex[:12]}"
        return message, MessageQueued(message=message, text=self._scrub(start.prompt))

    def put(self, message: str, start: StartTurn) -> None:
        """It waits, at the end."""
        self._waiting[message] = start

    def edited(self, message: str, text: str) -> MessageQueued | None:
        """The event that changes a message that waits; None where it waits no more."""
        if message not in self._waiting:
            return None
        return MessageQueued(message=message, text=self._scrub(text))

    def edit(self, message: str, text: str) -> None:
        """It has other words, in its place."""
        self._waiting[message] = msgspec.structs.replace(self._waiting[message], prompt=text)

    def __contains__(self, message: str) -> bool:
        return message in self._waiting

    def drop(self, *messages: str) -> None:
        """They wait no more."""
        for message in messages:
            self._waiting.pop(message, None)

    def joining(self) -> Joining:
        """The messages that are meant for the turn that runs."""
        steering = {id: start for id, start in self._waiting.items() if start.steer}
        events: list[AnyEvent] = []
        latest = ""
        for message, start in steering.items():
            latest = self._scrub(start.prompt)
            events.append(MessageUnqueued(message=message))
            files = scrubbed(start.attachments, self._scrub)
            events.append(PromptAdded(prompt=latest, attachments=files))
        return Joining(events=tuple(events), latest=latest, written=lambda: self.drop(*steering))
