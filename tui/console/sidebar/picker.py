"""The model picker: every model that can be picked, who serves it, and what it costs."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from tui.console.sidebar.filter import best
from tui.console.sidebar.marker import colour, glyph, word
from tui.console.status.meter import tokens
from tui.session.commands import ModelRow
from tui.text import cell_width, neutralise, truncate

SECTIONS = {
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "google": "Google",
    "local": "This machine",
}


class _Line(msgspec.Struct, frozen=True):
    """One line of the list: a section's head, a model (by index), or air."""

    head: str | None = None
    right: str = ""
    right_style: str = "faint"
    model: int | None = None


class ModelList(ScrollView, can_focus=True):
    """The list itself, on the line API: 2,500 models cost what the visible ones do."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"picker--{name}"
        for name in (
            "text", "soft", "mute", "faint", "focus", "cursor",
            "own-key", "endpoint", "cloud-account", "credits", "nobody",
        )
    }  # fmt: skip
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
        """Enter on a row."""

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
        self._lines: list[_Line] = []
        self._order: list[int] = []
        self._cursor = 0  # place in _order
        self._query = ""
        self._current: str | None = None
        self._efforts: dict[str, str] = {}

    def show(self, rows: tuple[ModelRow, ...], current: str | None) -> None:
        """Show these models; the cursor stays on its row where it is still there."""
        standing = self.highlighted
        self._rows, self._current = rows, current
        self._texts = [f"{r.name} {r.id} {r.label}".lower() for r in rows]
        wanted = standing.id if standing is not None and self.has_focus else current
        self._refilter(wanted)

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
            self._order = best(self._query, self._texts)
            self._lines = [_Line(model=place) for place in range(len(self._order))]
        else:
            self._order = list(range(len(self._rows)))
            self._lines = _sections(self._rows)
        ids = [self._rows[index].id for index in self._order]
        self._cursor = ids.index(wanted) if wanted in ids else 0
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._moved()

    def _moved(self) -> None:
        line = next((n for n, one in enumerate(self._lines) if one.model == self._cursor), None)
        if line is not None:
            top = int(self.scroll_y)
            first = 0 if line <= 1 else line
            if line < top or first == 0:
                self.scroll_to(y=first, animate=False)
            elif line >= top + self.size.height > 0:
                self.scroll_to(y=line - self.size.height + 1, animate=False)
        row = self.highlighted
        effort = None if row is None else self.effort_of(row)
        self.post_message(self.Highlighted(row, self._query, effort))
        self.refresh()

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
        at = levels.index(self._efforts.get(row.id, ""))
        chosen = levels[max(0, min(len(levels) - 1, at + by))]
        self._efforts[row.id] = chosen
        if not chosen:
            del self._efforts[row.id]
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

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._lines))

    def on_click(self, event: events.Click) -> None:
        place = int(self.scroll_y) + event.y
        if place < len(self._lines) and (model := self._lines[place].model) is not None:
            self._cursor = model
            self._moved()
            self.action_pick()

    def render_line(self, y: int) -> Strip:
        place = int(self.scroll_y) + y
        width = self.size.width
        if place >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[place]
        if line.model is not None:
            return self._model_strip(line.model, width)
        if line.head is None:
            return Strip.blank(width, self.rich_style)
        right = truncate(neutralise(line.right, strict=True), max(0, width - 8))
        head = truncate(neutralise(line.head, strict=True), width - cell_width(right) - 5)
        gap = width - 4 - cell_width(head) - cell_width(right)
        return self._strip(
            [("  ", "soft"), (head, "mute"), (" " * gap, "mute"), (right, line.right_style)], width
        )

    def _model_strip(self, place: int, width: int) -> Strip:
        row = self._rows[self._order[place]]
        standing = place == self._cursor and self.has_focus
        current = row.id == self._current
        served = row.payer is not None
        bar = "▎" if current else " "
        price, style = _price(row)
        name = neutralise(row.name, strict=True)
        room = width - 8 - cell_width(price)
        name = truncate(name, room)
        gap = " " * max(1, room - cell_width(name) + 1)
        payer_style = colour(row.payer).removeprefix("$")
        name_style = "text" if current or standing else "soft" if served else "mute"
        pieces = [
            (f"{bar} ", payer_style),
            (glyph(row.payer, letters=self._letters), payer_style),
            (" ", "soft"),
            (name, name_style),
            (gap, "soft"),
            (price, style),
        ]
        return self._strip(pieces, width, raised=standing or current)

    def _strip(self, pieces: list[tuple[str, str]], width: int, *, raised: bool = False) -> Strip:
        ground = self.get_component_rich_style("picker--cursor") if raised else self.rich_style
        segments = [
            Segment(
                text,
                ground + self.get_component_rich_style(f"picker--{style}", partial=True),
            )
            for text, style in pieces
        ]
        return Strip(segments).adjust_cell_length(width, ground)


def _price(row: ModelRow) -> tuple[str, str]:
    if row.refused is not None and row.payer is None:
        return ("get it", "focus") if row.provider == "local" else ("add key", "focus")
    if row.payer == "nobody":
        return "0", "mute"
    if row.input_usd is None or row.output_usd is None:
        return "?", "mute"
    return f"{_short(row.input_usd)} / {_short(row.output_usd)}", "mute"


def _short(usd: str) -> str:
    return usd.rstrip("0").rstrip(".") if "." in usd else usd


def _sections(rows: tuple[ModelRow, ...]) -> list[_Line]:
    lines: list[_Line] = []
    last: str | None = None
    for place, row in enumerate(rows):
        if row.provider != last:
            if last is not None:
                lines.append(_Line())
            last = row.provider
            served = row.payer is not None
            style = colour(row.payer).removeprefix("$")
            right = row.label if served else "no key"
            if row.provider == "local":
                right = "free"
            title = SECTIONS.get(row.provider, row.provider)
            lines.append(_Line(head=title, right=right, right_style=style))
        lines.append(_Line(model=place))
    return lines


class ModelPicker(Vertical):
    """The list with its filter above and the highlighted model's facts below."""

    def __init__(self, *, letters: bool) -> None:
        super().__init__(id="picker")
        self.list = ModelList(letters=letters)
        self._head = Static("", id="picker-head")
        self._detail = Static("", id="picker-detail")

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.list
        yield self._detail

    def on_mount(self) -> None:
        self._show_head("")

    def on_model_list_highlighted(self, event: ModelList.Highlighted) -> None:
        self._show_head(event.query)
        self._detail.update(_detail(event.row, event.effort))

    def _show_head(self, query: str) -> None:
        shown = neutralise(query, strict=True)
        filter_part = (shown, "$text") if query else ("filter", "$faint")
        self._head.update(
            Content.assemble(("Models", "bold $text"), "   ", ("/ ", "$mute"), filter_part)
        )


def _detail(row: ModelRow | None, effort: str | None) -> Content:
    if row is None:
        return Content.assemble(("nothing fits", "$mute"))
    window = "context ?" if row.context is None else f"{tokens(row.context)} context"
    parts: list[tuple[str, str]] = [
        (f"{neutralise(row.name, strict=True)}\n", "bold $text"),
        (f"{window}\n", "$mute"),
    ]
    if row.payer is None:
        parts.append((neutralise(row.refused or "nothing serves it yet"), "$mute"))
    elif row.payer == "nobody":
        parts.append(("runs on this machine, nobody pays", colour("nobody")))
    else:
        label = f" {row.label}" if row.label else ""
        parts.append((neutralise(f"{word(row.payer)}{label}"), colour(row.payer)))
        cached = "?" if row.cache_read_usd is None else _short(row.cache_read_usd)
        parts.append((f"\nin / out  {_price(row)[0]}\ncached    {cached}", "$mute"))
    if row.efforts:
        parts.append((f"\n◂ effort {effort or 'default'} ▸", "$soft"))
    return Content.assemble(*parts)
