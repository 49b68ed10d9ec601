"""The list of models: every one that can be picked, who serves it, and what it costs."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.sidebar.marker import colour, glyph, signs
from tui.console.sidebar.rows import Line, price, sections, short_name
from tui.console.theme import rich_style
from tui.session.replies import ModelRow
from tui.text import cell_width, neutralise, truncate
from tui.text.filter import best

Piece = tuple[str, str]
_WORDS = {"text": "bold $text"}
"""What a style's name means where it is not the theme's variable of that name."""
SLIM = 30
"""Cells under which words are shortened."""


class ModelList(ScrollView, can_focus=True):
    """The list on the line API: 2,500 models cost what the visible ones do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+p", "move(-1)", "Up", show=False),
        Binding("down,ctrl+n", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Up a page", show=False),
        Binding("pagedown", "move(10)", "Down a page", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter", "pick", "Pick", show=False),
        Binding("left", "effort(-1)", "Less effort", show=False),
        Binding("right", "effort(1)", "More effort", show=False),
        Binding("backspace,ctrl+h", "erase", "Erase", show=False),
        Binding("ctrl+u", "erase_all", "Erase all", show=False),
        Binding("escape", "leave", "Back", show=False),
    ]

    class Picked(Message):
        """Enter on a row, or a click."""

        def __init__(self, row: ModelRow, effort: str | None) -> None:
            super().__init__()
            self.row = row
            self.effort = effort

    class Highlighted(Message):
        """The cursor stands on another row, or the filter changed."""

        def __init__(self, row: ModelRow | None, query: str, effort: str | None) -> None:
            super().__init__()
            self.row = row
            self.query = query
            self.effort = effort

    class Left(Message):
        """Esc: back to the prompt."""

    def __init__(self, *, letters: bool) -> None:
        super().__init__(id="model-list")
        self._letters = letters
        self._rows: tuple[ModelRow, ...] = ()
        self._texts: list[str] = []
        self._lines: list[Line] = []
        self._order: list[int] = []  # rows that can be reached, in the order of their lines
        self._cursor = 0  # place in _order
        self._query = ""
        self._current: str | None = None
        self._efforts: dict[str, str] = {}
        self._opened: set[str] = set()

    def show(self, rows: tuple[ModelRow, ...], current: str | None, effort: str | None) -> None:
        """Show these models; the cursor stays on its row where it is still there.

        Args:
            rows: In the catalogue's order.
            current: The session's model.
            effort: What was chosen with it.
        """
        standing = self.highlighted
        self._rows, self._current = rows, current
        self._texts = [f"{r.name} {r.id} {r.label}".lower() for r in rows]
        if current is not None and effort is not None:
            self._efforts[current] = effort
        wanted = standing.id if standing is not None and self.has_focus else current
        self._refilter(wanted)

    def show_letters(self, *, letters: bool) -> None:
        """Show markers as letters from now on, or as signs."""
        self._letters = letters
        self.refresh()

    @property
    def highlighted(self) -> ModelRow | None:
        """The row under the cursor."""
        if 0 <= self._cursor < len(self._order):
            return self._rows[self._order[self._cursor]]
        return None

    def effort_of(self, row: ModelRow) -> str | None:
        """The effort chosen on the row, None for the maker's default."""
        return self._efforts.get(row.id)

    def _refilter(self, wanted: str | None = None) -> None:
        if self._query:
            found = best(self._query, self._texts)
            found.sort(key=lambda index: self._rows[index].payer is None)  # what serves at once
            self._lines = [Line(row=index) for index in found]
        else:
            self._lines = sections(self._rows, self._current, self._opened)
        self._order = [line.row for line in self._lines if line.row is not None]
        ids = [self._rows[index].id for index in self._order]
        self._cursor = ids.index(wanted) if wanted in ids else 0
        self._measure()
        self._moved()

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))

    def _moved(self) -> None:
        self._show_cursor()
        row = self.highlighted
        effort = None if row is None else self.effort_of(row)
        self.post_message(self.Highlighted(row, self._query, effort))
        self.refresh()

    def _show_cursor(self) -> None:
        row, height = self._order[self._cursor] if self._order else None, self.size.height
        line = next((n for n, one in enumerate(self._lines) if one.row == row), None)
        if line is None or height <= 0:
            return
        top = int(self.scroll_offset.y)
        first = line - 1 if line and self._lines[line - 1].head is not None else line
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False)

    def action_move(self, by: int) -> None:
        self._cursor = max(0, min(len(self._order) - 1, self._cursor + by))
        self._moved()

    def action_pick(self) -> None:
        if (row := self.highlighted) is not None:
            self.post_message(self.Picked(row, self.effort_of(row)))

    def action_effort(self, by: int) -> None:
        row = self.highlighted
        if row is None or not row.efforts:
            return
        levels = ["", *row.efforts]
        now = self._efforts.pop(row.id, "")
        at = levels.index(now) if now in levels else 0
        if chosen := levels[max(0, min(len(levels) - 1, at + by))]:
            self._efforts[row.id] = chosen
        self._moved()

    def action_erase(self) -> None:
        self._query = self._query[:-1]
        self._refilter()

    def action_erase_all(self) -> None:
        self._query = ""
        self._refilter()

    def action_leave(self) -> None:
        if self._query:
            self.action_erase_all()
        else:
            self.post_message(self.Left())

    def reset(self) -> None:
        """Forget the filter and stand on the current model."""
        self._query = ""
        self._refilter(self._current)

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character is not None:
            event.stop()
            self._query += event.character
            self._refilter()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._query += " ".join(event.text.split())[:100]
        self._refilter()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.reset()

    def on_resize(self) -> None:
        self._measure()
        self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        place = int(self.scroll_offset.y) + event.y
        if place >= len(self._lines):
            return
        line = self._lines[place]
        if line.row is not None:
            self._cursor = self._order.index(line.row)
            self._moved()
            self.action_pick()
        elif line.more is not None:
            self._opened.add(line.more)
            standing = self.highlighted
            self._refilter(None if standing is None else standing.id)

    def render_line(self, y: int) -> Strip:
        place = int(self.scroll_offset.y) + y
        width = self.scrollable_content_region.width
        if place >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[place]
        if line.row is not None:
            return self._model_strip(self._rows[line.row], width)
        if line.head is None:
            return Strip.blank(width, self.rich_style)
        room = self._room
        right = truncate(neutralise(line.right, strict=True), max(0, room - 8))
        head, indent = neutralise(line.head, strict=True), "  "
        if line.more is not None:
            head, indent = signs(f"… {line.head} more", letters=self._letters), "     "
        head = truncate(head, room - cell_width(right) - len(indent) - 1)
        gap = room - len(indent) - cell_width(head) - cell_width(right)
        style = "faint" if line.more else "mute"
        return self._strip(
            [(indent, "soft"), (head, style), (" " * gap, "mute"), (right, line.style)], width
        )

    @property
    def _room(self) -> int:
        """Cells up to the right end: two are left for the scroll bar, so nothing moves with it."""
        return self.scrollable_content_region.width + self.show_vertical_scrollbar - 2

    def _model_strip(self, row: ModelRow, width: int) -> Strip:
        standing = row is self.highlighted and self.has_focus
        current = row.id == self._current
        room = self._room
        right, right_style = price(row, slim=width < SLIM)
        payer = colour(row.payer).removeprefix("$")
        name = short_name(neutralise(row.name, strict=True), room - 6 - cell_width(right))
        name = truncate(name, room - 6 - cell_width(right))
        name_style = "text" if current or standing else "soft" if row.payer else "mute"
        pieces = [
            (signs("▎ ", letters=self._letters) if current else "  ", payer),
            (glyph(row.payer, letters=self._letters), payer),
            (" ", "soft"),
            (name, name_style),
        ]
        gap = room - 5 - cell_width(name) - cell_width(right)
        pieces += [(" " * max(1, gap), "soft"), (right, right_style)]
        raised = standing if self.has_focus else current
        return self._strip(pieces, width, raised=raised)

    def _strip(self, pieces: list[Piece], width: int, *, raised: bool = False) -> Strip:
        ground = self.rich_style
        if raised:
            ground += rich_style("$text on $focus-ground")
        segments = [
            Segment(text, ground + rich_style(_WORDS.get(style, f"${style}")))
            for text, style in pieces
        ]
        return Strip(segments).adjust_cell_length(width, ground)
