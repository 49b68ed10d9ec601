"""The chat pane: one scroll view with the line API, fed with a session's events."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.selection import Selection

from tui.console.transcript.blocks import BlockId
from tui.console.transcript.flow import Place
from tui.console.transcript.paint import LEFT
from tui.console.transcript.selection import row_of, selected_text
from tui.console.transcript.walking import WalkingCanvas

if TYPE_CHECKING:
    from textual import events

_WHEEL_LINES = 3


class TranscriptView(WalkingCanvas):
    """Shows one session: feed it records in order, it never asks for more.

    The page keys scroll; with the focus, up and down move a cursor from block to block, left and
    right from code to code in one, Enter opens a tool call or a thought. `action_page`,
    `action_end` and the like serve whoever has the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor(-1)", "block above", show=False),
        Binding("down", "cursor(1)", "block below", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "start", "to the start", show=False),
        Binding("end", "end", "to the end", show=False),
        Binding("left", "code(-1)", "the code above", show=False),
        Binding("right", "code(1)", "the code below", show=False),
        Binding("e", "show('editor')", "in the editor", show=False),
        Binding("v", "show('pager')", "in the pager", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("c", "copy_code", "copy its code", show=False),
    ]

    class LinkOpened(Message):
        """The person clicked a link; show the whole address before it is opened."""

        def __init__(self, href: str) -> None:
            super().__init__()
            self.href = href

    def scroll_lines(self, lines: int) -> None:
        """Scroll by so many lines, down or (negative) up."""
        self._window.move(lines)
        self._show({})

    def action_page(self, pages: int) -> None:
        """Scroll by screens, two lines kept."""
        self.scroll_lines(pages * max(self.size.height - 2, 1))
        self.at_once()

    def action_start(self) -> None:
        """Go to the first line."""
        self._window.jump(0)
        self._show({})
        self.at_once()

    def action_end(self) -> None:
        """Go to the end and follow it."""
        self.follow_end()

    def action_open(self) -> None:
        """Open or close the block under the cursor; what opens is shown as far as it has room."""
        if self._cursor is not None:
            self.toggle(self._cursor)
            if self._flow.can_open(self._cursor) and self._flow.opened(self._cursor):
                self._show_whole(self._cursor)

    def _show_whole(self, block: BlockId) -> None:
        """Scroll down until its last line is seen, and its first one still is."""
        laid, top = self._flow.laid(block), self._flow.line_of(self._window.first)
        first = self._flow.line_of(Place(block, laid.gap))
        hidden = first + laid.height - laid.gap - (top + self.size.height)
        if (lines := min(hidden, first - top)) > 0:
            self.scroll_lines(lines)

    def toggle(self, block: BlockId) -> None:
        """Open or close a tool call or a thought; its first line stays where it is."""
        if self._flow.can_open(block):
            self._window.hold_here()
            self._flow.toggle(block)
            self._show({block: 0, BlockId(block + 1): 0})

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked: a link, a card, the way to the end. Twice selects the block."""
        # Textual's own second click selects all of a widget: here that is the whole session.
        event.prevent_default()
        y, selected = event.y, self.text_selection
        if self._window.unseen and y == self.size.height - 1:
            if event.x >= self.size.width - len(self.news_label) - 2:
                self.action_end()
            return
        row = self._window.rows[y] if y < len(self._window.rows) else None
        href = event.style.meta.get("href")
        if not isinstance(row, Place) or selected is not None:
            return
        if event.chain == 2:
            self._select(row.block)
        elif isinstance(href, str):
            self.post_message(self.LinkOpened(href))
        elif event.chain == 1 and row.line == self._flow.laid(row.block).gap:
            self.toggle(row.block)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by real lines."""
        self._wheel(event, _WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll by real lines."""
        self._wheel(event, -_WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, lines: int) -> None:
        event.prevent_default()
        event.stop()
        self.scroll_lines(lines)

    def on_focus(self) -> None:
        """Show the cursor."""
        self._repaint_cursor()

    def on_blur(self) -> None:
        """Hide it."""
        self._repaint_cursor()

    def _repaint_cursor(self) -> None:
        if self._cursor is not None:
            self._show({self._cursor: 0})

    def _select(self, block: BlockId) -> None:
        laid = self._flow.laid(block)
        first, last = Place(block, laid.gap), Place(block, laid.height - 1)
        end = sum(len(span.text) for span in laid.line(last.line).spans) + LEFT
        self.screen.selections = {
            self: Selection(Offset(LEFT, row_of(first)), Offset(end, row_of(last)))
        }

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text with its wrapped lines joined."""
        return selected_text(self._flow, selection, LEFT), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Paint the selection."""
        self.refresh()
