"""The list above the prompt: what can be completed, the chosen row marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.console.prompt.completion import Choice
from tui.text import cell_width, truncate

MOST_ROWS = 8
LEAST_ROWS = 2
_NAME_CELLS = 44


class Suggestions(Static):
    """Shows rows; which is chosen it is told."""

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self) -> None:
        super().__init__("", id="suggestions", markup=False)
        self.display = False
        self.room: Callable[[], int] = lambda: MOST_ROWS
        """Rows that there is room for now."""
        self.wide = 80
        """Cells that there are, before it has a size of its own."""
        self._first = 0
        self._head = False

    def show(self, rows: Sequence[Choice], at: int, head: Content | None, empty: str) -> None:
        """Show the rows around the chosen one; a head above them; words where there are none."""
        most = max(LEAST_ROWS, min(MOST_ROWS, self.room()))
        self._first = min(max(self._first, at - most + 1), at, max(0, len(rows) - most))
        seen = rows[self._first : self._first + most]
        wide = self.size.width or self.wide
        column = min(max((_cells(row) for row in seen), default=0) + 3, wide // 2, _NAME_CELLS)
        lines = [] if head is None else [head]
        self._head = head is not None
        for number, row in enumerate(seen, self._first):
            lines.append(_line(row, number == at, column, wide))
        if len(rows) > len(seen):
            lines.append(
                Content.assemble((f"  {self._first + len(seen)} of {len(rows)}", "$faint"))
            )
        if not rows:
            lines.append(Content.assemble((f"  {empty}", "$mute")))
        self.update(Content("\n").join(lines))
        self.display = True

    def hide(self) -> None:
        """Take the list away."""
        if self.display:
            self.display = False
            self._first = 0

    def on_click(self, event: object) -> None:
        row = getattr(event, "y", 0) - self._head
        self.post_message(self.Clicked(self._first + row))


def _cells(row: Choice) -> int:
    return cell_width(row.name) + (cell_width(row.hint) + 1 if row.hint else 0)


def _line(row: Choice, chosen: bool, column: int, wide: int) -> Content:
    alone = not (row.note or row.hint)
    name = truncate(row.name, wide - 4 if alone else column - 2)
    hint = f" {row.hint}" if row.hint and cell_width(name) + cell_width(row.hint) < column else ""
    gap = " " * max(1, column - cell_width(name) - cell_width(hint))
    note = truncate(row.note, max(0, wide - column - 4)) if row.note else ""
    line = Content.assemble(
        "  ", (name, "bold $text" if chosen else "$soft"), (hint, "$mute"), gap, (note, "$mute")
    )
    rest = " " * max(0, wide - line.cell_length)
    return (line + rest).stylize("on $focus-ground") if chosen else line
