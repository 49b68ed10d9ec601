"""Calling the person back: a bell, a notification and the title, while the terminal has no focus.

What is said are words of our own alone: nothing that a model, a file or a server wrote reaches
the terminal's title or a notification.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

from tui.console.desk import Desk
from tui.events.budget import BudgetAnswered, BudgetReached, CeilingAsked
from tui.events.codec import Recorded
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.events.tool import ApprovalAsked, ApprovalDecided, PersonAnswered, PersonAsked
from tui.events.turn import TurnFinished, TurnStarted

FRESH = dt.timedelta(seconds=30)
"""What is older is history that is read again."""

Result = TypeVar("Result")


def reason(records: Sequence[Recorded], now: dt.datetime) -> str | None:
    """Why the person is wanted after these records, or None."""
    wanted: str | None = None
    for record in records:
        match record.event:
            case TurnFinished() if record.event.stop == "interrupted":
                wanted = None  # by the person, who knows
            case TurnFinished():
                failed = record.event.stop == "error"
                wanted = "a turn has failed" if failed else "a turn has ended"
            case ApprovalAsked() | PersonAsked():
                wanted = "the agent asks you"
            case BudgetReached() | CeilingAsked():
                wanted = "a budget is in the way"
            case WayOutAsked() if record.event.until is None:
                wanted = "a request has failed, and it asks you how to go on"
            case PayerAsked():
                wanted = "another would pay from here on"
            case TurnStarted() | ApprovalDecided() | PersonAnswered() | BudgetAnswered():
                wanted = None
            case WayOutTaken() | PayerAnswered():
                wanted = None
            case _:
                continue
        if now - record.at > FRESH:
            wanted = None
    return wanted


def notification(words: str, *, multiplexed: bool) -> str:
    """OSC 9, handed on by tmux where it is allowed to."""
    plain = f"\x1b]9;ownkey: {words}\x07"
    return (
        plain.replace("\x1b", "\x1b\x1b").join(("\x1bPtmux;", "\x1b\\")) if multiplexed else plain
    )


def title(*, letters: bool) -> str:
    """The title that calls; the one before is kept by the terminal."""
    return f"\x1b[22;2t\x1b]2;{'*' if letters else '●'} needs you - ownkey\x07"


TITLE_BACK = "\x1b]2;ownkey\x07\x1b[23;2t"
"""Our name where a terminal keeps no titles, else the one before."""


class Calling(Desk[Result], inherit_bindings=False):
    """The part of the console that calls back."""

    multiplexed = False  # in tmux
    _away = False
    _titled = False

    def on_app_blur(self) -> None:
        self._away = True

    def on_app_focus(self) -> None:
        self._away = False
        self._give_title_back()

    async def on_unmount(self) -> None:
        self._give_title_back()

    def call_back(self, records: Sequence[Recorded]) -> None:
        """Call if these records want the person, who is elsewhere."""
        if not self._away or not self.settings.flag("appearance.notify"):
            return
        words = reason(records, self.clock())
        if words is None:
            return
        said = "\x07" + notification(words, multiplexed=self.multiplexed)
        if not self._titled:
            self._titled = True
            said += title(letters=self.letters)
        self.write_terminal(said)

    def write_terminal(self, text: str) -> None:
        """Write control sequences of our own, behind what is being painted."""
        if self._driver is not None:
            self._driver.write(text)

    def _give_title_back(self) -> None:
        if self._titled:
            self._titled = False
            self.write_terminal(TITLE_BACK)
