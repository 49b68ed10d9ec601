"""One line about a session for lists: a fold of its events, kept beside them in the same step."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from tui.events.budget import BudgetAnswered, BudgetReached, CeilingAsked
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.events.session import ModelChosen, SessionCreated, SessionForked, SessionTitled
from tui.events.stream import TextStreamed
from tui.events.tool import ApprovalAsked, ApprovalDecided, PersonAnswered, PersonAsked
from tui.events.turn import TurnFinished, TurnStarted

if TYPE_CHECKING:
    from tui.events.codec import Recorded

TITLE_LENGTH = 60


class Summary(msgspec.Struct, kw_only=True):
    """One session in a list. `nano` sums known charges; `unknown` counts the others."""

    id: str
    created: dt.datetime
    updated: dt.datetime
    cwd: str = ""
    title: str | None = None
    branch: str | None = None
    model: str | None = None
    payer: str | None = None
    state: str = "idle"  # idle, working, waiting, failed, interrupted
    messages: int = 0
    nano: int = 0
    unknown: int = 0
    seq: int = 0
    spoke: bool = False  # the assistant, since the last prompt

    def apply(self, record: Recorded) -> None:
        """Take in the next event of the session."""
        self.seq = record.seq
        self.updated = record.at
        event = record.event
        match event:
            case SessionCreated():
                self.cwd, self.branch = event.cwd, event.branch
            case SessionTitled():
                self.title = event.title
            case ModelChosen():
                self.model = event.model
            case TurnStarted():
                self.state, self.spoke = "working", False
                self.messages += 1
                if self.title is None and event.prompt.strip():
                    self.title = first_line(event.prompt)
            case TextStreamed() if not self.spoke:
                self.spoke = True
                self.messages += 1
            case RouteDecided():
                self.model, self.payer = event.model, event.payer
            case ChargeRecorded():
                self.nano += event.nano or 0
                self.unknown += event.nano is None
            case SessionForked():
                self.nano = self.unknown = 0
            case ApprovalAsked() | PersonAsked() | BudgetReached() | CeilingAsked() | PayerAsked():
                self.state = "waiting"
            case WayOutAsked() if event.until is None:  # else it goes on by itself
                self.state = "waiting"
            case ApprovalDecided() | PersonAnswered() | BudgetAnswered():
                self.state = "working"
            case WayOutTaken() | PayerAnswered():
                self.state = "working"
            case TurnFinished():
                failed = {"error": "failed", "interrupted": "interrupted", "incomplete": "failed"}
                self.state = failed.get(event.stop, "idle")
            case _:
                pass


def first_line(prompt: str) -> str:
    """A title out of a prompt: its first line, shortened with a mark."""
    line = " ".join(prompt.strip().splitlines()[0].split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
