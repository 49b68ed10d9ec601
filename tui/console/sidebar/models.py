"""The list of models: every one that can be picked, who serves it, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.sidebar.listing import Listing
from tui.console.sidebar.painting import STAR, Look, Piece, model_pieces, other_pieces
from tui.console.sidebar.rows import Line
from tui.console.theme import rich_style
from tui.session.replies import Marks, ModelRow

_WORDS = {"text": "bold $text"}
"""What a style's name means where it is not the theme's variable of that name."""
LONGEST_QUERY = 100


class Standing(NamedTuple):
    """What the cursor stands on, the filter, and the effort chosen there."""

    row: ModelRow | None
    query: str
    effort: str | None


class ModelList(ScrollView, can_focus=True):
    """The list on the line API: 2,500 models cost what the visible ones do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+p", "move(-1)", "Up", show=False),
        Binding("down,ctrl+n", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Up a page", show=False),
        Binding("pagedown", "page(1)", "Down a page", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter", "pick", "Pick", show=False),
        Binding("left", "effort(-1)", "Less effort", show=False),
        Binding("right", "effort(1)", "More effort", show=False),
        Binding("asterisk", "favourite", "Favourite", show=False),
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

    class Marked(Message):
        """The person made a model a favourite, or no longer one."""

        def __init__(self, row: ModelRow, *, on: bool) -> None:
            super().__init__()
            self.row = row
            self.on = on

    class Left(Message):
        """Esc: back to the prompt."""

    # Its height never depends on what is listed, so that a letter is no new layout of the screen.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, *, letters: bool, moved: Callable[[Standing], None]) -> None:
        super().__init__(id="model-list")
        self._tell = moved  # at once: what it shows is painted with the list, in one frame
        self._letters = letters
        self._listing = Listing()
        self._styles: dict[tuple[str, bool], Style] = {}
        self._ground = Style()
        self._efforts: dict[str, str] = {}
        self._told: tuple[str | None, str | None] = (None, None)

    def show(self, rows: tuple[ModelRow, ...], current: str | None, effort: str | None) -> None:
        """Show these models; a cursor in use stays on its row where it is still there.

        Args:
            rows: In the catalogue's order.
            current: The session's model.
            effort: What was chosen with it.
        """
        self._listing.take(rows, current)
        if (current, effort) != self._told:  # else what is being chosen here stays
            self._told = (current, effort)
            if current is not None:
                self._efforts.pop(current, None)
                self._efforts |= {current: effort} if effort is not None else {}
        self._show_again()

    def show_marks(self, marks: Marks) -> None:
        """Show these favourites and models used last."""
        if marks != self._listing.marks:
            self._listing.mark(marks)
            self._show_again()

    def show_letters(self, *, letters: bool) -> None:
        """Show markers as letters from now on, or as signs."""
        self._letters = letters
        self.refresh()

    @property
    def highlighted(self) -> ModelRow | None:
        """The row under the cursor."""
        return self._listing.row

    def effort_of(self, row: ModelRow) -> str | None:
        """The effort chosen on the row, None for the maker's default."""
        return self._efforts.get(row.id)

    def _show_again(self) -> None:
        if not self.has_focus:
            self._listing.to_current()
            self._changed()
            return
        top = int(self.scroll_offset.y)
        above = self._listing.place - top
        self._listing.renew()
        self._measure()
        if top:  # else what comes in above is to be seen, a new favourite say
            self.scroll_to(y=max(0, self._listing.place - above), animate=False)
        self._moved()

    def _changed(self) -> None:
        self._measure()
        self._moved()

    def _measure(self) -> None:
        lines = len(self._listing.lines)
        self.virtual_size = Size(self.scrollable_content_region.width, lines)
        self.vertical_scrollbar.window_virtual_size = lines
        self.show_vertical_scrollbar = lines > self.container_size.height

    def _moved(self) -> None:
        self._show_cursor()
        row = self.highlighted
        effort = None if row is None else self.effort_of(row)
        self._tell(Standing(row, self._listing.query, effort))
        self.refresh()

    def _show_cursor(self) -> None:
        line, height = self._listing.place, self.size.height
        if height <= 0:
            return
        top = int(self.scroll_offset.y)
        first = line - 1 if line and self._listing.lines[line - 1].head is not None else line
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False)

    # What the person does.

    def action_move(self, by: int) -> None:
        self._listing.move(by)
        self._moved()

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height - 2))

    def action_pick(self) -> None:
        line = self._listing.standing
        if line is not None and line.more is not None:
            self._listing.toggle(line.more)
            self._changed()
        elif (row := self.highlighted) is not None:
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

    def action_favourite(self) -> None:
        if (row := self.highlighted) is not None:
            self.post_message(self.Marked(row, on=row.id not in self._listing.marks.favourites))

    def action_erase(self) -> None:
        self._filter(self._listing.query[:-1])

    def action_erase_all(self) -> None:
        self.reset()

    def action_leave(self) -> None:
        if self._listing.query:
            self.reset()
        else:
            self.post_message(self.Left())

    def reset(self) -> None:
        """Forget the filter and stand on the current model."""
        self._listing.to_current()
        self._changed()

    def _filter(self, query: str) -> None:
        if query:
            self._listing.filter(query[:LONGEST_QUERY])
            self._changed()
        else:
            self.reset()

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character is not None and event.key != "asterisk":
            event.stop()
            self._add(event.character)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._add(" ".join(event.text.split()))

    def _add(self, text: str) -> None:
        query = self._listing.query
        # What the head shows before the filter is typed by many.
        self._filter(query + (text if query else text.lstrip("/ ")))

    def on_focus(self) -> None:
        self._listing.ready()  # now, and not when the first letter is waited for
        self.refresh()

    def on_blur(self) -> None:
        self.reset()

    def on_resize(self) -> None:
        self._measure()
        self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        place = int(self.scroll_offset.y) + event.y
        if place >= len(self._listing.lines):
            return
        shown = self._starred(self._listing.lines[place])
        if not self._listing.point(place):
            return
        self._moved()
        if event.x == STAR and shown:
            self.action_favourite()
        else:
            self.action_pick()

    # How it looks.

    def _starred(self, line: Line) -> bool:
        """Whether a star is to be seen on it."""
        model = self._listing.model_of(line)
        standing = line is self._listing.standing and self.has_focus
        return model is not None and (standing or model in self._listing.marks.favourites)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._styles = {}  # asked of the theme and of what lies below once a frame, not once a line
        self._ground = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        place = int(self.scroll_offset.y) + y
        width, lines = self.scrollable_content_region.width, self._listing.lines
        line = lines[place] if place < len(lines) else Line()
        # Two cells are left for the scroll bar, so nothing moves with it.
        room = width + self.show_vertical_scrollbar - 2
        under = line is self._listing.standing
        standing = under and self.has_focus
        if line.row is not None:
            row = self._listing.rows[line.row]
            look = Look(
                current=row.id == self._listing.current,
                standing=standing,
                favourite=row.id in self._listing.marks.favourites,
                effort=self._efforts.get(row.id, ""),
            )
            raised = standing if self.has_focus else under and look.current
            return self._strip(model_pieces(row, look, room, letters=self._letters), width, raised)
        if not line.reached and line.head is None:
            return Strip.blank(width, self._ground)
        pieces = other_pieces(line, room, standing=standing, letters=self._letters)
        return self._strip(pieces, width, standing)

    def _strip(self, pieces: list[Piece], width: int, raised: bool) -> Strip:
        segments = [Segment(text, self._style(style, raised)) for text, style in pieces if text]
        return Strip(segments).adjust_cell_length(width, self._style("soft", raised))

    def _style(self, name: str, raised: bool) -> Style:
        known = self._styles.get((name, raised))
        if known is None:
            ground = self._ground
            if raised:
                ground += rich_style("$text on $focus-ground")
            known = ground + rich_style(_WORDS.get(name, f"${name}"))
            self._styles[name, raised] = known
        return known
