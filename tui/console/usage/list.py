"""The rows of what was spent, on the line API; a receipt opens to its lines in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.guard import Guarded
from tui.console.theme import rich_style
from tui.console.usage.plots import Piece
from tui.console.usage.rows import Columns, Line, columns, head_pieces, pieces, total_line
from tui.store.spent import UsageRow

EDGE = 3
"""Cells left of the rows and right of them."""


class Table(NamedTuple):
    """What is listed.

    Attributes:
        by: The name of the first column.
        lines: The rows, with the key of each beside them.
        total: The sum of all, or None.
    """

    by: str
    lines: Sequence[Line]
    keys: Sequence[str]
    total: UsageRow | None = None


class _Row(NamedTuple):
    cells: list[Piece]
    line: int | None = None  # of the table; None: not to be chosen


class UsageList(Guarded, ScrollView, can_focus=True, inherit_bindings=False):
    """The names of the columns stand still above the rows."""

    GUARDED_AS = "the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Up a page", show=False),
        Binding("pagedown", "move(10)", "Down a page", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter", "pick", "Open", show=False),
    ]

    class Picked(Message):
        """Enter on a row, or a click on it."""

    class Moved(Message):
        """Another row is chosen."""

    def __init__(self, *, letters: bool) -> None:
        super().__init__(id="usage-list")
        self._letters = letters
        self._table = Table("", (), ())
        self._below: dict[int, list[list[Piece]]] = {}  # lines below a row that is open
        self._rows: list[_Row] = []
        self._cursor = 0
        self._columns = Columns(0, {})
        self._most = 0

    def show(self, table: Table, chosen: str | None = None) -> None:
        """Show these; the cursor stays on its row where it is still there."""
        standing = chosen if chosen is not None else self.chosen
        if list(table.keys) != list(self._table.keys):
            self._below.clear()
        self._table = table
        keys = list(table.keys)
        if standing in keys:
            self._cursor = keys.index(standing)
        else:
            self._cursor = max(0, min(self._cursor, len(keys) - 1)) if chosen is None else 0
        self._measure()

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._table.keys[self.place] if self._table.keys else None

    @property
    def place(self) -> int:
        """The number of the row under the cursor."""
        return self._cursor

    @property
    def room(self) -> int:
        """Cells of a row."""
        # The scroll bar's cell is always left, so nothing moves with it.
        width = self.scrollable_content_region.width
        return width + self.show_vertical_scrollbar - 2 * EDGE

    def toggle(self, below: list[list[Piece]]) -> None:
        """Show these lines below the chosen row, or none where it has some."""
        if self._below.pop(self._cursor, None) is None:
            self._below[self._cursor] = below
        self._measure()

    def fold_all(self) -> bool:
        """Close what is open; whether anything was."""
        was = bool(self._below)
        self._below.clear()
        self._measure()
        return was

    def _measure(self) -> None:
        table = self._table
        total = None if table.total is None or len(table.lines) < 2 else total_line(table.total)
        lines = [*table.lines, *([] if total is None else [total])]
        self._most = max((line.nano for line in table.lines), default=0)
        self._columns = columns(self.room, lines, shares=table.total is not None)
        rows: list[_Row] = []
        for number, line in enumerate(table.lines):
            rows.append(_Row(self._cells(line, chosen=False), number))
            rows += [_Row(below) for below in self._below.get(number, ())]
        if total is not None:
            rows += [_Row([]), _Row(self._cells(total, chosen=False, most=0))]
        self._rows = rows
        self.virtual_size = Size(self.scrollable_content_region.width, len(rows) + 1)
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def _cells(self, line: Line, *, chosen: bool, most: int | None = None) -> list[Piece]:
        most = self._most if most is None else most
        return pieces(line, self._columns, most=most, bright=chosen, letters=self._letters)

    def _show_cursor(self) -> None:
        first = next((n for n, row in enumerate(self._rows) if row.line == self._cursor), 0)
        height = self.size.height - 1
        if height <= 0:
            return
        top = int(self.scroll_offset.y)
        under = len(self._below.get(self._cursor, ()))
        last = min(first + under, first + height - 1)
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif last >= top + height:
            self.scroll_to(y=last - height + 1, animate=False)

    def action_move(self, by: int) -> None:
        before = self._cursor
        self._cursor = max(0, min(len(self._table.lines) - 1, self._cursor + by))
        if before == self._cursor:
            self.scroll_relative(y=by, animate=False)  # to the total, and below an open receipt
            return
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def action_pick(self) -> None:
        if self._table.lines:
            self.post_message(self.Picked())

    def on_click(self, event: events.Click) -> None:
        place = int(self.scroll_offset.y) + event.y - 1
        row = self._rows[place] if 0 <= place < len(self._rows) and event.y else None
        if row is not None and row.line is not None:
            self._cursor = row.line
            self.refresh()
            self.post_message(self.Moved())
            self.action_pick()

    def on_resize(self) -> None:
        self._measure()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self._table.lines:
            return Strip.blank(width, self.rich_style)
        if y == 0:
            return self._strip(head_pieces(self._table.by, self._columns), width)
        place = int(self.scroll_offset.y) + y - 1
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[place]
        if row.line is None or row.line != self._cursor:
            return self._strip(row.cells, width)
        return self._strip(self._cells(self._table.lines[row.line], chosen=True), width, True)

    def _strip(self, cells: Sequence[Piece], width: int, raised: bool = False) -> Strip:
        ground = self.rich_style
        if raised:
            ground += rich_style("$text on $focus-ground")
        segments = [Segment(" " * EDGE, ground)]
        segments += [
            Segment(text, ground + rich_style(style) if style else ground) for text, style in cells
        ]
        return Strip(segments).adjust_cell_length(width, ground)
