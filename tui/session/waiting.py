"""What of a session waits for the person: a fold of its events."""

from __future__ import annotations

from tui.events.base import CallId
from tui.events.budget import BudgetAnswered, BudgetReached, CeilingAsked
from tui.events.codec import Recorded
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.events.session import SessionRewound
from tui.events.tool import (
    ApprovalAsked,
    ApprovalDecided,
    PersonAnswered,
    PersonAsked,
    ToolCalled,
    ToolReturned,
)
from tui.events.turn import TurnFinished, TurnStarted

Asked = ApprovalAsked | PersonAsked | BudgetReached | CeilingAsked | WayOutAsked | PayerAsked


class Waiting:
    """The questions that are open, oldest first."""

    def __init__(self) -> None:
        self._asked: dict[CallId, Asked] = {}
        self._calls: dict[CallId, ToolCalled] = {}
        self._together: list[CallId] = []

    def apply(self, record: Recorded) -> None:
        """Take in the session's next event."""
        match event := record.event:
            case ToolCalled():
                self._calls[event.id] = event
            case (
                ApprovalAsked()
                | PersonAsked()
                | BudgetReached()
                | CeilingAsked()
                | WayOutAsked()
                | PayerAsked()
            ):
                if not self._asked:
                    self._together.clear()
                self._together.append(event.call)
                self._asked[event.call] = event
            case (
                ApprovalDecided()
                | PersonAnswered()
                | BudgetAnswered()
                | WayOutTaken()
                | PayerAnswered()
            ):
                self._asked.pop(event.call, None)
            case ToolReturned():
                self._asked.pop(event.call, None)
            case TurnStarted() | TurnFinished() | SessionRewound():
                self._asked.clear()
                self._calls.clear()
                self._together.clear()
            case _:
                pass

    def settle(self, call: CallId) -> None:
        """The person has answered; the session's own word for it is on its way."""
        self._asked.pop(call, None)

    def open_again(self, asked: Asked) -> None:
        """The answer could not be sent: it is asked before the others."""
        self._asked = {asked.call: asked} | self._asked

    @property
    def first(self) -> Asked | None:
        """What to ask the person now."""
        return next(iter(self._asked.values()), None)

    def called(self, call: CallId) -> ToolCalled | None:
        """The call that a question is about, as the model made it."""
        return self._calls.get(call)

    def place(self, call: CallId) -> tuple[int, int]:
        """Which of how many questions that waited together; (1, 1) for a lone one."""
        together = self._together if call in self._together else [call]
        return together.index(call) + 1, len(together)
