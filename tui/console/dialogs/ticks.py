"""A list of names with ticks, narrowed by what is typed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.console.guard import Guarded
from tui.console.sidebar.marker import signs
from tui.text import cell_width, neutralise, truncate


class Tickable(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what it stands for, and what is said at its right."""

    id: str
    aside: str = ""


class TickList(Guarded, Widget, can_focus=True):
    """Space ticks, `*` ticks all that are shown or none, letters narrow, Enter is done."""

    GUARDED_AS = "the list of models"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-8)", "Page up", show=False),
        Binding("pagedown", "move(8)", "Page down", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("space", "tick", "Tick", show=False),
        Binding("asterisk", "tick_all", "All or none", show=False),
        Binding("backspace", "widen", "One letter less", show=False),
        Binding("enter", "done", "Done", show=False),
    ]

    class Done(Message):
        """Enter: what is ticked is to be taken."""

    def __init__(self, *, letters: bool, id: str) -> None:
        super().__init__(id=id)
        self.letters = letters
        self.ticked: set[str] = set()
        self.query_text = ""
        self._all: tuple[Tickable, ...] = ()
        self._shown: list[Tickable] = []
        self._cursor = 0
        self._top = 0

    def show(self, rows: Sequence[Tickable], ticked: Collection[str]) -> None:
        """List these; those that are ticked stand first."""
        self.ticked = set(ticked)
        self._all = tuple(sorted(rows, key=lambda one: one.id not in self.ticked))
        self.query_text, self._cursor, self._top = "", 0, 0
        self._narrow()

    def _narrow(self) -> None:
        words = self.query_text.casefold().split()
        self._shown = [one for one in self._all if all(w in one.id.casefold() for w in words)]
        self._cursor = max(0, min(self._cursor, len(self._shown) - 1))
        self.refresh()

    def action_move(self, by: int) -> None:
        self._cursor = max(0, min(len(self._shown) - 1, self._cursor + by))
        self.refresh()

    def action_tick(self) -> None:
        if self._shown:
            self.ticked ^= {self._shown[self._cursor].id}
            self.refresh()

    def action_tick_all(self) -> None:
        ids = {one.id for one in self._shown}
        self.ticked = self.ticked - ids if ids <= self.ticked else self.ticked | ids
        self.refresh()

    def action_widen(self) -> None:
        self.query_text = self.query_text[:-1]
        self._narrow()

    def action_done(self) -> None:
        self.post_message(self.Done())

    def on_key(self, event: events.Key) -> None:
        typed = event.character or ""
        if event.is_printable and typed not in (" ", "*") and len(self.query_text) < 80:
            event.stop()
            self.query_text += typed
            self._cursor = 0
            self._narrow()

    def on_click(self, event: events.Click) -> None:
        at = self._top + event.y - 1
        if event.y and at < len(self._shown):
            self._cursor = at
            self.action_tick()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render(self) -> Content:
        width, height = self.size.width, max(1, self.size.height - 1)
        self._top = max(min(self._top, self._cursor), self._cursor - height + 1, 0)
        lines = [self._head(width)]
        for at in range(self._top, min(len(self._shown), self._top + height)):
            lines.append(self._line(self._shown[at], width, here=at == self._cursor))
        return Content("\n").join(lines)

    def _head(self, width: int) -> Content:
        chosen = len(self.ticked & {one.id for one in self._all})
        left = f"{chosen} of {len(self._all)} offered"
        typed = neutralise(self.query_text, strict=True)
        right = typed if typed else "type to find"
        right = truncate(right, max(0, width - cell_width(left) - 2))
        gap = " " * max(1, width - cell_width(left) - cell_width(right))
        return Content.assemble((left, "$soft"), gap, (right, "$text" if typed else "$faint"))

    def _line(self, one: Tickable, width: int, *, here: bool) -> Content:
        on = one.id in self.ticked
        box = "[x]" if on else "[ ]"
        ground = " on $focus-ground" if here and self.has_focus else ""
        bar = signs("▎", letters=self.letters) if here and self.has_focus else " "
        aside = truncate(neutralise(one.aside, strict=True), 14)
        name = truncate(neutralise(one.id, strict=True), width - cell_width(aside) - 8)
        gap = " " * max(1, width - cell_width(name) - cell_width(aside) - 7)
        return Content.assemble(
            (bar, f"$focus{ground}"),
            (f" {box} ", f"{'$endpoint' if on else '$mute'}{ground}"),
            (name, f"{'$text' if on else '$soft'}{ground}"),
            (f"{gap}{aside} ", f"$mute{ground}"),
        )
