"""The list of the settings, on the line API: what is found, the chosen row, its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.guard import Guarded
from tui.console.settings.rows import Group, Laid, Opened, Row, lay_out
from tui.console.sidebar.marker import signs
from tui.console.theme import rich_style

BAR = "▎"
EDGE = 3
"""Cells left of the rows: the bar, and air."""
LETTERS = frozenset("tmdurolp")


class RowList(Guarded, ScrollView, can_focus=True):
    """Rows in groups. Letters act on the chosen one; nothing is typed here."""

    GUARDED_AS = "the list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Up a page", show=False),
        Binding("pagedown", "page(1)", "Down a page", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter,space", "act", "Change", show=False),
        Binding("left", "side", "Sections", show=False),
    ]

    class Acted(Message):
        """Enter on a row, or a click on the chosen one."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Lettered(Message):
        """A letter that acts on the chosen row."""

        def __init__(self, row: Row, letter: str) -> None:
            super().__init__()
            self.row = row
            self.letter = letter

    class Picked(Message):
        """A value of the row that is open."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    class Moved(Message):
        """Another row is chosen, or the lines have moved."""

    class Left(Message):
        """Up from the first row, or to the sections."""

        def __init__(self, *, up: bool) -> None:
            super().__init__()
            self.up = up

    def __init__(self, *, letters: bool) -> None:
        super().__init__(id="settings-list")
        self.letters = letters
        self._groups: Sequence[Group] = ()
        self._rows: list[Row] = []
        self._lines: list[Laid] = []
        self._opened: Opened | None = None
        self._cursor = 0
        self._option = 0

    # What is shown.

    def show(self, groups: Sequence[Group], chosen: str | None = None) -> None:
        """Show these; `chosen` is the row to stand on, else the first."""
        self._groups = groups
        self._rows = [row for group in groups for row in group.rows]
        ids = [row.entry.id for row in self._rows]
        if self._opened is not None and self._opened.row not in ids:
            self._opened = None
        self._cursor = ids.index(chosen) if chosen in ids else 0
        self._lay_out()

    def open(self, opened: Opened | None) -> None:
        """Show a row's values or leave room for its field; None closes it."""
        self._opened = opened
        values = [value for value, _ in opened.options] if opened is not None else []
        current = opened.current if opened is not None else ""
        self._option = values.index(current) if current in values else 0
        self._lay_out()

    @property
    def opened(self) -> Opened | None:
        """What is open now."""
        return self._opened

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    @property
    def section(self) -> str:
        """The section of the chosen row."""
        count = 0
        for group in self._groups:
            count += len(group.rows)
            if self._cursor < count:
                return group.section or self._rows[self._cursor].entry.section
        return ""

    def go_to(self, section: str) -> None:
        """Stand on the first row of a section, its title at the top."""
        place = 0
        for group in self._groups:
            if group.section == section and group.rows:
                self._cursor = place
                at = next((n for n, one in enumerate(self._lines) if one.row == place), 0)
                self._moved()
                self.scroll_to(y=max(0, at - 2), animate=False)
                return
            place += len(group.rows)

    def place_of_field(self) -> tuple[int, int] | None:
        """Column and line, in the widget, of the open row's right end; None out of sight."""
        y = self._line_of(self._cursor) - int(self.scroll_offset.y)
        return (EDGE, y) if 0 <= y < self.size.height else None

    def _lay_out(self) -> None:
        width = self._room
        if width > 0:
            close = self.size.height < 16
            self._lines = lay_out(self._groups, width, self._opened, close=close)
            self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))
        self._moved()

    @property
    def _room(self) -> int:
        # The scroll bar's cell is always left, so nothing moves with it.
        return self.scrollable_content_region.width + self.show_vertical_scrollbar - EDGE - 3

    def _moved(self) -> None:
        self._show_cursor()
        self.post_message(self.Moved())
        self.refresh()

    def _show_cursor(self) -> None:
        mine = [n for n, one in enumerate(self._lines) if one.row == self._cursor]
        height = self.size.height
        if not mine or height <= 0:
            return
        first, last = mine[0], mine[-1]
        if self._opened is not None and self._opened.options:
            at = next(n for n in mine if self._lines[n].option == self._option)
            first, last = max(first, at - height + 2), at
        if self._cursor == 0:
            first = 0
        top = int(self.scroll_offset.y)
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif last >= top + height:
            self.scroll_to(y=min(first, last - height + 1), animate=False)

    # Keys and mouse.

    def action_move(self, by: int) -> None:
        if self._opened is not None and self._opened.options:
            self._option = max(0, min(len(self._opened.options) - 1, self._option + by))
        elif by == -1 and self._cursor == 0:
            self.post_message(self.Left(up=True))
        else:
            self._cursor = max(0, min(len(self._rows) - 1, self._cursor + by))
        self._moved()

    def action_page(self, by: int) -> None:
        wanted = self._line_of(self._cursor) + by * max(1, self.size.height - 2)
        at = max(0, min(len(self._lines) - 1, wanted))
        rows = [one.row for one in self._lines[at::by] if one.row is not None]
        edge = 0 if by < 0 else len(self._rows) - 1
        target = rows[0] if rows else edge
        self.action_move(target - self._cursor if target != self._cursor else by * 100_000)

    def _line_of(self, row: int) -> int:
        return next((n for n, one in enumerate(self._lines) if one.row == row), 0)

    def action_act(self) -> None:
        if self._opened is not None and self._opened.options:
            self.post_message(self.Picked(self._opened.options[self._option][0]))
        elif self.chosen is not None:
            self.post_message(self.Acted(self.chosen))

    def action_side(self) -> None:
        if self._opened is None:
            self.post_message(self.Left(up=False))

    def on_key(self, event: events.Key) -> None:
        letter = (event.character or "").lower()
        if letter in LETTERS and self.chosen is not None and self._opened is None:
            event.stop()
            self.post_message(self.Lettered(self.chosen, letter))

    def on_click(self, event: events.Click) -> None:
        place = int(self.scroll_offset.y) + event.y
        line = self._lines[place] if place < len(self._lines) else None
        if line is None or line.row is None:
            return
        if line.option is not None and self._opened is not None:
            self.post_message(self.Picked(self._opened.options[line.option][0]))
        elif self._opened is None:
            self._cursor = line.row
            self._moved()
            self.action_act()

    def on_resize(self) -> None:
        self._lay_out()

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
        chosen = line.row is not None and line.row == self._cursor
        choosing = self._opened is not None and bool(self._opened.options)
        if chosen and choosing:
            chosen = line.option == self._option
        ground = self.rich_style
        if chosen:
            ground += rich_style("$text on $focus-ground")
        bar = signs(BAR, letters=self.letters) if chosen else " "
        colour = self._rows[self._cursor].bar if chosen else "$text"
        pieces = ((bar, colour), (" " * (EDGE - 1), ""), *line.pieces)
        segments = [
            Segment(text, ground + rich_style(style) if style else ground) for text, style in pieces
        ]
        return Strip(segments).adjust_cell_length(width, ground)
