"""The list of the sessions, on the line API: a thousand cost what the visible ones do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.guard import Guarded
from tui.console.sessions.columns import MARKER, Piece, columns, pieces
from tui.console.sessions.rows import Line, SessionRow, lines_of
from tui.console.sidebar.marker import colour, signs
from tui.console.theme import rich_style
from tui.text import cell_width, truncate

EDGE = 3
"""Cells left of the rows: the bar, and air; as many at the right."""
LETTERS = frozenset("rfednuw")


class SessionList(Guarded, ScrollView, can_focus=True):
    """Sessions in sections. Letters act on the chosen one; nothing is typed here."""

    GUARDED_AS = "the list"
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

        def __init__(self, row: SessionRow) -> None:
            super().__init__()
            self.row = row

    class Lettered(Message):
        """A letter that acts, on the chosen row where there is one."""

        def __init__(self, row: SessionRow | None, letter: str) -> None:
            super().__init__()
            self.row = row
            self.letter = letter

    class Moved(Message):
        """Another row is chosen, or the lines have moved."""

    class Left(Message):
        """Up from the first row."""

    def __init__(self, *, letters: bool, clock: Callable[[], dt.datetime]) -> None:
        super().__init__(id="sessions-list")
        self._letters = letters
        self._clock = clock
        self._rows: Sequence[SessionRow] = ()
        self._words: list[str] = []
        self._cwd = ""
        self._query = ""
        self._lines: list[Line] = []
        self._order: list[int] = []  # rows that can be reached, in the order of their lines
        self._cursor = 0  # place in _order
        self._columns = columns(0, ())

    def show(self, rows: Sequence[SessionRow], cwd: str, chosen: str | None = None) -> None:
        """Show these; the cursor stays on its row where it is still there.

        Args:
            rows: The latest first.
            cwd: The folder that comes first.
            chosen: The row to stand on instead.
        """
        standing = self.chosen
        wanted = chosen or (None if standing is None else standing.id)
        self._rows, self._cwd = rows, cwd
        self._words = [row.words for row in rows]
        self._refilter(wanted)

    def filter(self, query: str) -> None:
        """Show what these words fit; the cursor goes to the first."""
        self._query = query
        self._refilter(None)

    @property
    def chosen(self) -> SessionRow | None:
        """The row under the cursor."""
        return self._rows[self._order[self._cursor]] if self._cursor < len(self._order) else None

    @property
    def total(self) -> int:
        """How many sessions there are."""
        return len(self._rows)

    @property
    def found(self) -> int:
        """How many rows there are to choose from."""
        return len(self._order)

    def choose(self, session: str) -> None:
        """Stand on this one where it is shown."""
        self._refilter(session)

    def place_of_field(self) -> tuple[int, int, int] | None:
        """Column, line and cells of the chosen row's title in the widget; None out of sight."""
        y = self._line_of_cursor() - int(self.scroll_offset.y)
        width = self._columns.title
        return (EDGE + MARKER, y, width) if 0 <= y < self.size.height else None

    def _refilter(self, wanted: str | None) -> None:
        self._lines = lines_of(self._rows, self._cwd, self._query, self._words)
        self._order = [line.row for line in self._lines if line.row is not None]
        ids: list[str] = [self._rows[at].id for at in self._order]
        if wanted in ids:
            self._cursor = ids.index(wanted)
        elif wanted is None:
            self._cursor = 0
        else:  # it has gone: its neighbour takes its place
            self._cursor = max(0, min(self._cursor, len(ids) - 1))
        self._measure()

    def _measure(self) -> None:
        width = self.scrollable_content_region.width
        self._columns = columns(self._room, self._rows)
        self.virtual_size = Size(width, len(self._lines))
        self._moved()

    @property
    def _room(self) -> int:
        # The scroll bar's cell is always left, so nothing moves with it.
        return self.scrollable_content_region.width + self.show_vertical_scrollbar - 2 * EDGE

    def _moved(self) -> None:
        self._show_cursor()
        self.post_message(self.Moved())
        self.refresh()

    def _line_of_cursor(self) -> int:
        row = self._order[self._cursor] if self._cursor < len(self._order) else None
        return next((n for n, one in enumerate(self._lines) if one.row == row), 0)

    def _show_cursor(self) -> None:
        line, height = self._line_of_cursor(), self.size.height
        if height <= 0:
            return
        top = int(self.scroll_offset.y)
        first = line - 1 if line and self._lines[line - 1].head is not None else line
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False)

    # Keys and mouse.

    def action_move(self, by: int) -> None:
        if by == -1 and self._cursor == 0:
            self.post_message(self.Left())
            return
        self._cursor = max(0, min(len(self._order) - 1, self._cursor + by))
        self._moved()

    def action_pick(self) -> None:
        if (row := self.chosen) is not None:
            self.post_message(self.Picked(row))

    def on_key(self, event: events.Key) -> None:
        letter = (event.character or "").lower()
        if letter in LETTERS:
            event.stop()
            self.post_message(self.Lettered(self.chosen, letter))

    def on_click(self, event: events.Click) -> None:
        place = int(self.scroll_offset.y) + event.y
        row = self._lines[place].row if place < len(self._lines) else None
        if row is not None:
            self._cursor = self._order.index(row)
            self._moved()
            self.action_pick()

    def on_resize(self) -> None:
        self._measure()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Moved())

    # Painting.

    def render_line(self, y: int) -> Strip:
        place = int(self.scroll_offset.y) + y
        width = self.scrollable_content_region.width
        if place >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[place]
        if line.row is None:
            return self._strip(self._head(line), width)
        row = self._rows[line.row]
        chosen = row is self.chosen
        bar = signs("▎", letters=self._letters) if row.here else " "
        cells = pieces(
            row,
            self._columns,
            now=self._clock(),
            home=row.cwd == self._cwd,
            bright=chosen or row.here,
            letters=self._letters,
        )
        edge: list[Piece] = [(bar, colour(row.payer)), (" " * (EDGE - 1), "")]
        return self._strip([*edge, *cells], width, raised=chosen)

    def _head(self, line: Line) -> list[Piece]:
        if line.head is None:
            return []
        right = truncate(line.right, max(0, self._room - cell_width(line.head) - 2))
        gap = self._room - cell_width(line.head) - cell_width(right)
        return [(" " * EDGE, ""), (line.head, "$mute"), (" " * gap, ""), (right, "$faint")]

    def _strip(self, cells: Sequence[Piece], width: int, *, raised: bool = False) -> Strip:
        ground = self.rich_style
        if raised:
            ground += rich_style("$text on $focus-ground")
        segments = [
            Segment(text, ground + rich_style(style) if style else ground) for text, style in cells
        ]
        return Strip(segments).adjust_cell_length(width, ground)
