"""The model picker: the list, its filter above, the highlighted model's facts below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.console.sidebar.detail import Fact, Talk, facts, holds
from tui.console.sidebar.marker import signs
from tui.console.sidebar.models import ModelList, Standing
from tui.console.sidebar.rows import short_name
from tui.console.status.meter import tokens
from tui.session.replies import ModelRow
from tui.text import cell_width, neutralise, truncate

if TYPE_CHECKING:
    from textual.timer import Timer

SLIM = 28
"""Cells of the facts under which their names are shortened."""
MINUTE_S = 60


class Detail(Static):
    """The facts; its arrows are for the mouse, too."""

    class EffortAsked(Message):
        """A click on an arrow: less (-1) or more (1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    effort_line: int | None = None
    """The line of the effort, or None."""

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and at.y == self.effort_line:
            self.post_message(self.EffortAsked(1 if at.x >= self.content_size.width - 2 else -1))


class ModelPicker(Vertical):
    """The sidebar; `sidebar.modal` shows the same on a narrow terminal."""

    BLANK = True  # only a ground below its widgets

    def __init__(self, *, letters: bool, clock: Callable[[], dt.datetime]) -> None:
        super().__init__(id="picker")
        self.list = ModelList(letters=letters, moved=self._highlighted)
        self._letters = letters
        self._now = clock
        self._head = Static("", id="picker-head")
        self._detail = Detail("", id="picker-detail")
        self._query = ""
        self._talk = Talk()
        self._shown: tuple[ModelRow | None, str | None] = (None, None)
        self._cooling: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.list
        yield self._detail

    def on_resize(self) -> None:
        # The facts have their own height only when all is laid out.
        self.call_after_refresh(self._show_all)

    def show_letters(self, *, letters: bool) -> None:
        """Show markers as letters from now on, or as signs."""
        self._letters = letters
        self.list.show_letters(letters=letters)
        self._show_all()

    def show_conversation(self, talk: Talk) -> None:
        """Know the conversation, for what it costs to go on."""
        if talk != self._talk:
            self._talk = talk
            self._show_detail()

    def _highlighted(self, now: Standing) -> None:
        if now.query != self._query:
            self._query = now.query
            self._show_head()
        if (now.row, now.effort) != self._shown:
            self._shown = now.row, now.effort
            self._show_detail()

    def on_detail_effort_asked(self, event: Detail.EffortAsked) -> None:
        event.stop()
        self.list.action_effort(event.by)

    @property
    def _room(self) -> int:
        return max(0, self.size.width - 4)

    def _show_all(self) -> None:
        self._show_head()
        self._show_detail()

    def _show_head(self) -> None:
        shown = neutralise(self._query, strict=True)
        shown = truncate(shown, max(0, self._room - 10))
        words = (shown, "$text") if shown else ("filter", "$faint")
        right = Content.assemble(("/ ", "$mute"), words)
        # Both have a height of their own: nothing else has to be laid out anew for a letter.
        self._head.update(_ends(("Models", "bold $text"), right, self._room), layout=False)

    def _show_detail(self) -> None:
        row, effort = self._shown
        if self._cooling is not None:
            self._cooling.stop()
            self._cooling = None
        self._detail.effort_line = None
        if row is None:
            self._detail.update("", layout=False)
            return
        now = self._now()
        lines = [self._rule(), self._title_line(row), *self._facts(row, effort, now)]
        self._detail.update(Content("\n").join(lines), layout=False)
        self._cool(row, now)

    def _cool(self, row: ModelRow, now: dt.datetime) -> None:
        """Look again when the minutes that a cache stays warm are others."""
        cache = self._talk.cache
        if cache is None or not holds(row, cache) or not (left := cache.left(now)):
            return
        wait = left.total_seconds() % MINUTE_S or MINUTE_S
        self._cooling = self.set_timer(wait + 0.05, self._show_detail)

    def _rule(self) -> Content:
        return Content.assemble((signs("─" * self._room, letters=self._letters), "$line"))

    def _title_line(self, row: ModelRow) -> Content:
        window = "" if row.context is None else f"{tokens(row.context)} context"
        room = max(0, self._room - len(window) - 1)
        name = truncate(short_name(neutralise(row.name, strict=True), room), room)
        return _ends((name, "bold $text"), Content.assemble((window, "$mute")), self._room)

    def _facts(self, row: ModelRow, effort: str | None, now: dt.datetime) -> list[Content]:
        id = neutralise(row.id, strict=True)
        if cell_width(id) > self._room:  # whose it is stands above
            id = id.partition("/")[2]
        known = [Fact(words=id, rank=6), *self._wrapped(row, effort, now)]
        most = max(1, (self._detail.content_size.height or len(known) + 2) - 2)
        while len(known) > most:
            last = max(known, key=lambda fact: fact.rank)
            known.remove(last)
        lines: list[Content] = []
        for number, fact in enumerate(known, start=2):
            if fact.effort:
                self._detail.effort_line = number
            lines.append(self._line(fact))
        return lines

    def _wrapped(self, row: ModelRow, effort: str | None, now: dt.datetime) -> list[Fact]:
        """The facts; what is too long for a line goes on in a second one.

        Each line is neutralised again, strictly: what stands for the rest has to pass that.
        """
        from textwrap import wrap

        found: list[Fact] = []
        for fact in facts(row, effort, self._talk, now):
            words = neutralise(fact.words, strict=True)
            if fact.value or cell_width(words) <= self._room:
                found.append(fact)
                continue
            for part in wrap(words, max(8, self._room), max_lines=2, placeholder=" ..."):
                found.append(Fact(words=part, rank=fact.rank, style=fact.style))
        return found

    def _line(self, fact: Fact) -> Content:
        words = (self._room < SLIM and fact.slim) or fact.words
        left = truncate(neutralise(words, strict=True), self._room)
        right = signs(neutralise(fact.value, strict=True), letters=self._letters)
        value = Content.assemble((right, f"${fact.value_style}"))
        return _ends((left, f"${fact.style}"), value, self._room)


def _ends(left: tuple[str, str], right: Content, room: int) -> Content:
    gap = room - Content.assemble(left).cell_length - right.cell_length
    return Content.assemble(left, " " * max(1, gap), right)
