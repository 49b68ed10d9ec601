"""What waits until the agent is ready for it, above the prompt: seen, changed, taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.text import cell_width, neutralise, truncate

MOST_ROWS = 5
Hint = tuple[str, str]
KEYS: list[Hint] = [("Enter", "change"), ("Backspace", "take out"), ("Shift+↑ ↓", "order"),
                    ("Esc", "back")]  # fmt: skip


class QueueList(Widget, can_focus=True):
    """The queued messages, the next one first; a row is chosen while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("shift+up", "order(-1)", "Earlier", show=False),
        Binding("shift+down", "order(1)", "Later", show=False),
        Binding("enter", "change", "Change", show=False),
        Binding("backspace,delete,ctrl+h", "remove", "Take out", show=False),
        Binding("escape,ctrl+down", "leave", "Back", show=False),
    ]

    class Change(Message):
        """A message is to be written anew."""

        def __init__(self, message: str) -> None:
            super().__init__()
            self.message = message

    class Remove(Change):
        """A message is not to be sent."""

    class Swap(Message):
        """Two messages change places."""

        def __init__(self, one: str, other: str) -> None:
            super().__init__()
            self.one, self.other = one, other

    class Left(Message):
        """Back to the prompt."""

    def __init__(self) -> None:
        super().__init__(id="queue")
        self.display = False
        self._queued: list[tuple[str, str]] = []
        self._at = 0
        self._changing: str | None = None

    def show(self, queued: Mapping[str, str], changing: str | None) -> None:
        """Show what waits; `changing` is being written anew."""
        if (rows := list(queued.items())) == self._queued and changing == self._changing:
            return
        self._queued, self._changing = rows, changing
        self._at = min(self._at, max(0, len(rows) - 1))
        self.display = bool(rows)
        if not rows and self.has_focus:
            self.post_message(self.Left())
        self.refresh(layout=True)

    def last(self) -> None:
        """Choose the last one."""
        self._at = max(0, len(self._queued) - 1)

    def render(self) -> Content:
        rows, wide = self._queued, self.size.width
        first = min(max(0, self._at - MOST_ROWS + 1), max(0, len(rows) - MOST_ROWS))
        seen = rows[first : first + MOST_ROWS] if self.has_focus else rows[:MOST_ROWS]
        lines = [
            self._line(number, message, text, wide)
            for number, (message, text) in enumerate(seen, first if self.has_focus else 0)
        ]
        if len(rows) > len(seen):
            lines.append(Content.assemble((f"    {len(rows) - len(seen)} more", "$mute")))
        return Content("\n").join(lines)

    def _line(self, number: int, message: str, text: str, wide: int) -> Content:
        said = "being changed" if message == self._changing else "queued" if not number else ""
        words = truncate(neutralise(" ".join(text[:1_000].split())), max(4, wide - 22))
        gap = " " * max(1, wide - cell_width(words) - len(said) - 6)
        chosen = self.has_focus and number == self._at
        line = Content.assemble(
            (f"  {number + 1} ", "$mute"), (words, "$text" if chosen else "$soft"), gap,
            (said, "$warn" if message == self._changing else "$mute"), "  ",
        )  # fmt: skip
        return line.stylize("on $focus-ground") if chosen else line

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(len(self._queued), MOST_ROWS + 1)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_move(self, step: int) -> None:
        if step > 0 and self._at == len(self._queued) - 1:
            self.action_leave()
            return
        self._at = max(0, self._at + step)
        self.refresh()

    def action_order(self, step: int) -> None:
        other = self._at + step
        if 0 <= other < len(self._queued):
            self.post_message(self.Swap(self._queued[self._at][0], self._queued[other][0]))
            self._at = other
            self.refresh()

    def action_change(self) -> None:
        if self._queued:
            self.post_message(self.Change(self._queued[self._at][0]))

    def action_remove(self) -> None:
        if self._queued:
            self.post_message(self.Remove(self._queued[self._at][0]))

    def action_leave(self) -> None:
        self.post_message(self.Left())
