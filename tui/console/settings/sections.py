"""The sections of the settings, at the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.console.guard import Guarded
from tui.console.sidebar.marker import signs
from tui.text import cell_width, truncate


class Sections(Guarded, Widget, can_focus=True):
    """One line each, with how many things the person has there."""

    GUARDED_AS = "the list of sections"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("home", "move(-100)", "First", show=False),
        Binding("end", "move(100)", "Last", show=False),
        Binding("enter,right", "enter", "Enter it", show=False),
    ]

    class Chosen(Message):
        """A section is to be shown; `enter`: and its rows are to have the focus."""

        def __init__(self, section: str, *, enter: bool) -> None:
            super().__init__()
            self.section = section
            self.enter = enter

    class Left(Message):
        """Up from the first."""

    def __init__(self, *, letters: bool) -> None:
        super().__init__(id="settings-sections")
        self.letters = letters
        self._sections: Sequence[tuple[str, int | None]] = ()
        self._current = ""

    def show(self, sections: Sequence[tuple[str, int | None]], current: str) -> None:
        """Show these sections with their counts; nothing is painted when nothing changed."""
        if (sections, current) != (self._sections, self._current):
            self._sections, self._current = sections, current
            self.refresh()

    @property
    def _place(self) -> int:
        names = [name for name, _ in self._sections]
        return names.index(self._current) if self._current in names else 0

    def action_move(self, by: int) -> None:
        if by == -1 and self._place == 0:
            self.post_message(self.Left())
            return
        at = max(0, min(len(self._sections) - 1, self._place + by))
        self.post_message(self.Chosen(self._sections[at][0], enter=False))

    def action_enter(self) -> None:
        if self._sections:
            self.post_message(self.Chosen(self._sections[self._place][0], enter=True))

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self._sections):
            self.post_message(self.Chosen(self._sections[event.y][0], enter=True))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        lines: list[Content] = []
        for name, count in self._sections:
            here = name == self._current
            number = "" if count is None else str(count)
            words = truncate(name, width - cell_width(number) - 4)
            gap = " " * max(1, width - cell_width(words) - cell_width(number) - 4)
            ground = " on $focus-ground" if here else ""
            bar = signs("▎", letters=self.letters) if here else " "
            ink = "bold $text" if here and self.has_focus else "$text" if here else "$soft"
            lines.append(
                Content.assemble(
                    (f"{bar}  ", f"$focus{ground}"),
                    (words, f"{ink}{ground}"),
                    (f"{gap}{number} ", f"{'$focus' if here else '$mute'}{ground}"),
                )
            )
        return Content("\n").join(lines)
