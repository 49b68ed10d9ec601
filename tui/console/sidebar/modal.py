"""The picker as a modal, for terminals too narrow for the sidebar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.console.prompt.hints import PICKING
from tui.console.sidebar.detail import Talk
from tui.console.sidebar.marker import signs
from tui.console.sidebar.models import ModelList
from tui.console.sidebar.picker import ModelPicker
from tui.session.projection import SessionState
from tui.session.replies import Marks, ModelRow

LOW = 22
"""Lines under which the facts are the few that count."""


class PickerScreen(Modal[tuple[ModelRow, str | None] | None]):
    """The same list; its result is the picked row with its effort."""

    def __init__(
        self,
        rows: tuple[ModelRow, ...],
        marks: Marks,
        state: SessionState,
        talk: Talk,
        *,
        letters: bool,
        clock: Callable[[], dt.datetime],
    ) -> None:
        super().__init__()
        self._rows = rows
        self._marks = marks
        self._state = state
        self._talk = talk
        self.picker = ModelPicker(letters=letters, clock=clock)
        self._keys = [(signs(key, letters=letters), does) for key, does in PICKING]
        self._foot = Static("", classes="dialog-foot")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="picker-dialog"):
            yield self.picker
            yield self._foot

    def on_mount(self) -> None:
        self.picker.list.focus()
        self.picker.show_conversation(self._talk)
        self.picker.list.show_marks(self._marks)
        self.show_models(self._rows)

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.call_after_refresh(self._show_keys)

    def _show_keys(self) -> None:
        """As many keys as there is room for, the last ones left out."""
        keys, line = list(self._keys), Content("")
        while keys:
            line = key_line(*keys).rstrip()
            if line.cell_length <= self._foot.content_size.width:
                break
            keys.pop()
        self._foot.update(line, layout=False)

    def show_models(self, rows: tuple[ModelRow, ...]) -> None:
        """Show these models."""
        self.picker.list.show(rows, self._state.model, self._state.effort)

    def on_model_list_picked(self, event: ModelList.Picked) -> None:
        event.stop()
        self.dismiss((event.row, event.effort))

    def on_model_list_left(self, event: ModelList.Left) -> None:
        event.stop()
        self.dismiss(None)
