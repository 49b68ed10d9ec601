"""The composer: the editor on its raised plane, who pays at its left, its keys below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.console.prompt.chips import Chips
from tui.console.prompt.completer import Completer
from tui.console.prompt.editor import Editor
from tui.console.prompt.hints import Hint
from tui.console.prompt.queue import QueueList
from tui.console.prompt.suggestions import Suggestions
from tui.console.sidebar.marker import signs

if TYPE_CHECKING:
    from tui.store.history import History

MOST_OF_THE_PANE = 0.6
"""What the composer may take of it; its sheet says the same."""
LIST_FRAME = 4
"""Lines around the rows of a list: its air, what stands above them, how many there are."""
_PAYERS = ("own_key", "endpoint", "cloud_account", "credits", "nobody")


class Composer(Vertical):
    """Shows the bar and the hints that it is told."""

    def __init__(self, history: History, *, letters: bool) -> None:
        super().__init__(id="composer")
        self.editor = Editor(history)
        self.suggestions = Suggestions()
        self.queue = QueueList()
        self.chips = Chips()
        self.suggestions.room = self._room
        self.completer = Completer(self.editor, self.suggestions)
        self.editor.keys_first = self._key
        self.editor.looked = self.completer.look
        self._hints = Static("", id="composer-hints")
        self._letters = letters
        self._payer: str | None = None
        self._shown: tuple[Sequence[Hint], Content] = ((), Content(""))

    def compose(self) -> ComposeResult:
        yield self.suggestions
        yield self.queue
        yield self.chips
        yield self.editor
        yield self._hints

    def _key(self, key: str, typed: str | None) -> bool:
        """Keys of the list that is open, or of a chip that is chosen."""
        if self.completer.key(key, typed):
            return True
        editor = self.editor
        first = editor.cursor_location == (0, 0) and editor.selection.is_empty
        return self.chips.key(key, first=first)

    def _room(self) -> int:
        """Rows that a list above the text may have: the text and its keys stay in sight."""
        pane = self.parent.size.height if isinstance(self.parent, Widget) else 0
        below = (self.queue, self.chips, self.editor, self._hints)
        taken = sum(one.outer_size.height for one in below if one.display)
        return int(pane * MOST_OF_THE_PANE) - taken - LIST_FRAME

    def own_hints(self) -> list[Hint]:
        """The keys of what is open above the text."""
        return self.completer.hints() or self.chips.hints()

    def on_suggestions_clicked(self, event: Suggestions.Clicked) -> None:
        event.stop()
        self.completer.click(event.row)

    def on_resize(self) -> None:
        self.suggestions.wide = max(20, self.size.width - 2)
        self._lay_out()

    def show_letters(self, *, letters: bool) -> None:
        """Show keys as letters from now on, or as signs."""
        self._letters = letters
        self._lay_out()

    def show_payer(self, payer: str | None) -> None:
        """Colour the bar by who pays the next turn."""
        if payer != self._payer:
            for one in _PAYERS:
                self.set_class(payer == one, f"-{one.replace('_', '-')}")
            self._payer = payer

    def show_hints(self, pairs: Sequence[Hint], right: Content) -> None:
        """Show keys with what they do, as many as fit, and what stands at the right end."""
        if (pairs, right) != self._shown:
            self._shown = (pairs, right)
            self._lay_out()

    def _lay_out(self) -> None:
        pairs, right = self._shown
        room = self._hints.size.width - 2
        left = Content("")
        beside = room - right.cell_length - 1  # what stands at the right end is always there
        for key, does in pairs:
            key = signs(key, letters=self._letters)
            more = Content.assemble((key, "$soft"), (f" {does}" if does else "", "$mute"), "   ")
            if left and left.cell_length + more.cell_length > beside:
                break
            left += more
        gap = room - left.cell_length - right.cell_length
        if gap < 0:
            self._hints.update(left)
        else:
            self._hints.update(Content.assemble(left, " " * gap, right))
