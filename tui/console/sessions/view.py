"""One session as this console has it open, whether it is shown or not. No Textual, no engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.session import Mode, ModeChosen
from tui.events.turn import MessageUnqueued, PromptAdded, TurnFinished, TurnStarted
from tui.session.past import Past
from tui.session.projection import SessionState
from tui.session.waiting import Waiting

if TYPE_CHECKING:
    from tui.console.panels.asking import Words
    from tui.console.transcript.canvas import Kept

News = Literal["asks", "ended", "failed"]
"""What happened in a session that is not shown, until it is."""


ENDS = {"error": "failed", "incomplete": "failed", "interrupted": "interrupted"}
"""The states of `Summary` by how a turn stopped; any other is `idle`."""


class Draft(NamedTuple):
    """What stands in the prompt, and where the cursor is."""

    text: str = ""
    cursor: tuple[int, int] = (0, 0)


class SessionView:
    """What belongs to one open session and not to the console.

    Attributes:
        id: None until the engine has made it.
        kept: Its transcript while it is not shown; None: it never was.
        unread: Records that no transcript has taken in yet.
        news: What the person has not looked at.
        ended: How its last turn did, where that was told here: idle, failed, interrupted.
        at: When it told something last.
        free: Whether the console that drove it has gone.
    """

    def __init__(self, id: SessionId | None = None) -> None:
        self.id = id
        self.state = SessionState()
        self.waiting = Waiting()
        self.past = Past()
        self.driving = True
        self.free = False
        self.sent = False
        self.draft = Draft()
        self.words: Words | None = None
        self.taking_back: tuple[str, str] | None = None
        self.mode_sent: Mode | None = None
        self.kept: Kept | None = None
        self.unread: list[Recorded] = []
        self.news: News | None = None
        self.ended = ""
        self.at: dt.datetime | None = None

    def follow(self, records: Sequence[Recorded]) -> None:
        """Take in what is the console's own of a session that is shown, too."""
        for record in records:
            self.past.apply(record)
            self.at = record.at
            if isinstance(event := record.event, TurnFinished):
                self.ended = ENDS.get(event.stop, "idle")

    def fold(self, records: Sequence[Recorded]) -> None:
        """Take in what is told while another session is shown."""
        model = None if self.kept is None else self.kept.model
        self.follow(records)
        if model is None:
            self.unread += records
        for record in records:
            self.state.apply(record)
            self.waiting.apply(record)
            if model is not None:
                model.apply(record)
            if isinstance(record.event, ModeChosen):
                self.mode_sent = None
        self._give_back(records)

    def _give_back(self, records: Sequence[Recorded]) -> None:
        """What was taken back out of the queue is a draft, unless it was sent meanwhile."""
        if self.taking_back is None:
            return
        message, text = self.taking_back
        for record, following in zip(records, [*records[1:], None], strict=True):
            event = record.event
            if isinstance(event, MessageUnqueued) and event.message == message:
                self.taking_back = None
                sent = following is not None and isinstance(
                    following.event, TurnStarted | PromptAdded
                )
                if not sent and not self.draft.text:
                    self.draft = Draft(text)

    @property
    def works(self) -> bool:
        """Whether a turn runs and waits for nobody."""
        return self.state.working and not self.waits

    @property
    def waits(self) -> bool:
        """Whether it waits for the person."""
        return self.waiting.first is not None

    @property
    def rests(self) -> bool:
        """Whether nothing would be missed if it were closed: it can be opened again as it is."""
        typed = bool(self.draft.text.strip()) or self.words is not None
        busy = self.state.working or self.waits or bool(self.state.queued)
        return not (typed or busy or self.news or self.taking_back)


def news_of(records: Sequence[Recorded]) -> News | None:
    """What of these records the person wants to be told of; None: nothing."""
    from tui.events.budget import BudgetAnswered, BudgetReached, CeilingAsked
    from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
    from tui.events.tool import ApprovalAsked, ApprovalDecided, PersonAnswered, PersonAsked

    news: News | None = None
    for record in records:
        match event := record.event:
            case ApprovalAsked() | PersonAsked() | BudgetReached() | CeilingAsked() | PayerAsked():
                news = "asks"
            case WayOutAsked() if event.until is None:
                news = "asks"
            case WayOutTaken() | PayerAnswered():
                news = None
            case TurnFinished() if event.stop != "interrupted":
                news = "failed" if event.stop == "error" else "ended"
            case ApprovalDecided() | PersonAnswered() | BudgetAnswered():
                news = None
            case TurnStarted() | TurnFinished():
                news = None
            case _:
                pass
    return news
