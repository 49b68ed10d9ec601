"""The editor of the prompt, with readline's keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType, NoBinding
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from tui.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.geometry import Region
    from textual.strip import Strip

    from tui.store.history import History

PLACEHOLDER = "Type a message"
BLINKS_S = 5.0
"""So long after a key the cursor blinks, as VTE does it: each blink wakes an idle machine."""
ALT_DIGITS = frozenset(f"alt+{digit}" for digit in range(1, 10))
"""Answer a panel while a draft stands in the prompt."""


class Editor(TextArea):
    """The text of the prompt. What is sent from it the app decides: it may give it back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter", "newline", "New line", show=False),
        Binding("tab", "complete_or_queue", "Complete, or queue", show=False),
        Binding("ctrl+h", "delete_left", "Delete left", show=False),
        Binding("ctrl+b", "cursor_left", "Left", show=False),
        Binding("ctrl+f", "cursor_right", "Right", show=False),
        Binding("alt+b", "cursor_word_left", "Word left", show=False),
        Binding("alt+f", "cursor_word_right", "Word right", show=False),
        Binding("alt+d", "delete_word_right", "Delete word", show=False),
        Binding("ctrl+u", "kill_to_start", "Delete to line start", show=False),
        Binding("ctrl+k", "kill_to_end", "Delete to line end", show=False),
        Binding("ctrl+w", "kill_word", "Delete word left", show=False),
        Binding("ctrl+y", "yank", "Put back what was deleted", show=False),
        Binding("ctrl+d", "delete_or_leave", "Delete right, or leave", show=False),
        Binding("up", "up", "Up, or the prompt before", show=False),
        Binding("down", "down", "Down, or the prompt after", show=False),
        Binding("pageup", "app.scroll_transcript(-1)", "Scroll up", show=False),
        Binding("pagedown", "app.scroll_transcript(1)", "Scroll down", show=False),
        Binding("shift+tab", "app.next_mode", "Mode", show=False),
        Binding("escape", "app.stop", "Stop", show=False),
        Binding("ctrl+r", "app.search_history", "Search what was sent", show=False),
        Binding("ctrl+up", "app.queue", "What is queued", show=False),
        Binding("f7", "app.edit_outside", "Your editor", show=False),
    ]

    class Submitted(Message):
        """Enter was pressed; an empty text goes on where the last turn broke off.

        `later`: by Tab, to be sent when the agent rests.
        """

        def __init__(self, text: str, *, later: bool = False) -> None:
            super().__init__()
            self.text = text
            self.later = later

    class TakeBack(Message):
        """Up in an empty prompt while a message is queued."""

    class Leave(Message):
        """Ctrl+D in an empty prompt."""

    class HelpAsked(Message):
        """`?` in an empty prompt."""

    class DigitTyped(Message):
        """A digit in an empty prompt while a panel asks."""

        def __init__(self, digit: str) -> None:
            super().__init__()
            self.digit = digit

    class Pasted(Message):
        """Text came by paste; the app may take it away if it is a key."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    scroll_panel: Callable[[int], bool] | None = None
    """Moves what an open panel asks about; whether there is more of it than is seen."""
    keys_first: Callable[[str, str | None], bool] | None = None
    """Takes a key before the editor does, where it is another's: a list's, a chip's."""
    looked: Callable[[], None] | None = None
    """Called after each key, in their order."""
    takes_offer: Callable[[], bool] | None = None
    """Tab: takes what is offered for what was pasted; whether something was."""
    _styled = False  # whether Textual knows the styles of now

    def __init__(self, history: History) -> None:
        self._blinks_since = time.monotonic()
        super().__init__(
            soft_wrap=True,
            compact=True,
            highlight_cursor_line=False,
            placeholder=Content(PLACEHOLDER),
            id="editor",
        )
        self._history = history
        self._killed = ""
        self.asked = False
        """Whether a panel waits for an answer."""
        self.answers: frozenset[str] = frozenset()
        """The digits that are one; others are written, in the order in which they were typed."""
        self.working = False
        """Whether a turn runs, so that Tab queues."""
        self.queued = False
        """Whether a message waits that Up takes back."""

    def _restart_blink(self) -> None:
        self._blinks_since = time.monotonic()
        super()._restart_blink()

    def _toggle_cursor_blink_visible(self) -> None:
        if time.monotonic() - self._blinks_since >= BLINKS_S:
            self._pause_blink(visible=True)
        else:
            super()._toggle_cursor_blink_visible()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styled = False

    def render_lines(self, crop: Region) -> list[Strip]:
        """As Textual's, but its styles are looked up when they changed, not with each frame."""
        if self._styled:
            return super(TextArea, self).render_lines(crop)
        self._styled = True
        return super().render_lines(crop)

    def action_submit(self, *, later: bool = False) -> None:
        text, self.text = self.text, ""
        self.post_message(self.Submitted(text, later=later))

    def remember(self, text: str) -> None:
        """Keep what was sent for Up; only the app knows that it was sent, and is no key."""
        self._history.add(text)

    def keep(self, text: str) -> None:
        """Keep for later runs what was sent, as it was written."""
        self._history.keep(text)

    def sent_before(self) -> list[str]:
        """What was sent, the latest first."""
        return self._history.latest()

    def says(self, words: str) -> None:
        """Show these words while nothing is typed."""
        if self.placeholder != (content := Content(words)):
            self.placeholder = content

    def put_back(self, text: str) -> None:
        """Give back what could not be sent, unless something else was typed since."""
        if not self.text:
            self.show_text(text)

    def action_newline(self) -> None:
        self._replace_via_keyboard("\n", *self.selection)

    def action_complete_or_queue(self) -> None:
        if self.takes_offer is not None and self.takes_offer():
            return
        if self.working and self.text.strip():
            self.action_submit(later=True)

    def action_delete_or_leave(self) -> None:
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.Leave())

    def action_kill_to_start(self) -> None:
        row, column = self.cursor_location
        self._kill((row, 0), (row, column))

    def action_kill_to_end(self) -> None:
        row, column = self.cursor_location
        end = len(self.document.get_line(row))
        if column == end and row + 1 < self.document.line_count:
            self._kill((row, column), (row + 1, 0))
        else:
            self._kill((row, column), (row, end))

    def action_kill_word(self) -> None:
        end = self.cursor_location
        start = self.get_cursor_word_left_location()
        self._kill(start, end)

    def _kill(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        if start != end:
            self._killed = self.get_text_range(start, end)
            self.delete(start, end)

    def action_yank(self) -> None:
        if self._killed:
            self._replace_via_keyboard(self._killed, *self.selection)

    def action_up(self) -> None:
        if self._scrolled(-1):
            return
        if self.queued and not self.text:
            self.post_message(self.TakeBack())
        elif self.cursor_location[0] == 0 and (older := self._history.older(self.text)) is not None:
            self.show_text(older)
        else:
            self.action_cursor_up()

    def _scrolled(self, lines: int) -> bool:
        scroll = self.scroll_panel if self.asked and not self.text else None
        return scroll is not None and scroll(lines)

    def action_down(self) -> None:
        if self._scrolled(1):
            return
        last = self.document.line_count - 1
        if self.cursor_location[0] == last and (newer := self._history.newer()) is not None:
            self.show_text(newer)
        else:
            self.action_cursor_down()

    def show_text(self, text: str) -> None:
        """Show a text in the place of what stands, the cursor behind it."""
        self.text = text
        self.move_cursor(self.document.end)

    def put(self, text: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Put a text in the place of what stands between two places, the cursor behind it."""
        result = self._replace_via_keyboard(text, start, end)
        if result is not None:
            self.move_cursor(result.end_location)

    async def _on_key(self, event: events.Key) -> None:
        # The editor below would insert these before any binding is asked.
        empty, typed = not self.text, event.character or ""
        if self.keys_first is not None and self.keys_first(event.key, event.character):
            pass
        elif event.key == "enter":
            self.action_submit()
        elif empty and typed == "?":
            self.post_message(self.HelpAsked())
        elif empty and self.asked and typed in self.answers:
            self.post_message(self.DigitTyped(typed))
        elif self.asked and event.key in ALT_DIGITS:
            self.post_message(self.DigitTyped(event.key[-1]))
        elif not await self._run_bound(event):
            await super()._on_key(event)
            self._look()
            return
        self._look()
        event.stop()
        event.prevent_default()

    def _look(self) -> None:
        if self.looked is not None:
            self.looked()

    async def _run_bound(self, event: events.Key) -> bool:
        """Run what a key is bound to here, in the order of the keys.

        Textual runs it when the key has been through all that holds the editor: what was typed
        behind it is in the text by then, and Backspace takes the wrong character.
        """
        try:
            bindings = self._bindings.get_bindings_for_key(event.key)
        except NoBinding:
            return False
        for binding in bindings:
            act = self.app.run_action  # pyright: ignore[reportUnknownMemberType] - any app
            if await act(binding.action, self):
                return True
        return False

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.post_message(self.Pasted(event.text))

    def insert_pasted(self, text: str) -> None:
        """Put pasted text at the cursor; control characters become visible marks."""
        result = self._replace_via_keyboard(neutralise(text), *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)
