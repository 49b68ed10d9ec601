"""The console's side of a failed request and of a payer that changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from textual.timer import Timer

from tui.console.desk import Desk
from tui.events.base import CallId, SessionId, utc_now
from tui.events.failing import PayerAsked, PayerChoice, WayOutAsked
from tui.paths import Paths
from tui.session.commands import AnswerPayer, AnswerWayOut, AnyCommand
from tui.session.waiting import Asked, Waiting

TICK_S = 1.0
Result = TypeVar("Result")


class GoingOn(Desk[Result], inherit_bindings=False):
    """The part of the console that asks how it goes on."""

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self.waiting = Waiting()
        self._ticking: Timer | None = None
        self._key_offered: CallId | None = None  # the refused key that a dialog was opened for

    def answer(self, asked: Asked, make: Callable[[SessionId], AnyCommand]) -> None:
        """Send an answer; the panel goes at once, and comes back where it could not be sent."""
        raise NotImplementedError

    def ask_way_out(self, asked: WayOutAsked) -> None:
        """Open the panel of a failed request, or let its wait count down."""
        from tui.console.panels.limit import limit_question

        self.choices.ask(
            limit_question(
                asked, self._going_on(asked), names=self.names, letters=self.letters,
                now=self.clock(), tz=self.tz, services=self.credits,
            )
        )  # fmt: skip
        if asked.until is not None and self._ticking is None:
            self._ticking = self.set_interval(TICK_S, self._tick)
        if asked.kind == "invalid_key" and asked.call != self._key_offered:
            self._key_offered = asked.call
            self.offer_new_key(asked, lambda: self._take_way(asked, "new_key"))

    def _tick(self) -> None:
        """A wait counts down; nothing ticks without one."""
        first = self.waiting.first if self.driving else None
        if isinstance(first, WayOutAsked) and first.until is not None:
            self.ask_way_out(first)
        elif self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def _going_on(self, asked: WayOutAsked) -> Callable[[int, bool], None]:
        def answer(place: int, always: bool) -> None:
            what = asked.ways[place].what
            if what == "new_key":
                self.offer_new_key(asked, lambda: self._take_way(asked, "new_key"))
                return
            self.answer(
                asked,
                lambda s: AnswerWayOut(session=s, call=asked.call, way=place, always=always),
            )
            if what == "edit" and not self.composer.editor.text:
                self.composer.editor.put_back(self.last_prompt())
                self.focus_prompt()

        return answer

    def _take_way(self, asked: WayOutAsked, what: str) -> None:
        """Answer with the first way of a kind, where the question is open still."""
        place = next((n for n, way in enumerate(asked.ways) if way.what == what), None)
        if place is not None and self.waiting.first == asked:
            self.answer(asked, lambda s: AnswerWayOut(session=s, call=asked.call, way=place))

    def ask_payer(self, asked: PayerAsked) -> None:
        """Open the panel of a payer that would change."""
        from tui.console.panels.limit import payer_question

        def answer(choice: PayerChoice) -> None:
            self.answer(asked, lambda s: AnswerPayer(session=s, call=asked.call, choice=choice))

        self.choices.ask(payer_question(asked, answer, names=self.names, letters=self.letters))

    def last_prompt(self) -> str:
        """What the person sent last."""
        raise NotImplementedError

    def offer_new_key(self, asked: WayOutAsked, kept: Callable[[], None]) -> None:
        """Open what replaces the key that was refused; `kept`: once it was."""
        raise NotImplementedError
