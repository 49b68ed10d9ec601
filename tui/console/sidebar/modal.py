"""The picker as a modal, for terminals too narrow for the sidebar."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.console.prompt.hints import PICKING
from tui.console.sidebar.marker import signs
from tui.console.sidebar.models import ModelList
from tui.console.sidebar.picker import ModelPicker
from tui.session.projection import SessionState
from tui.session.replies import ModelRow


class PickerScreen(Modal[tuple[ModelRow, str | None] | None]):
    """The same list; its result is the picked row with its effort."""

    def __init__(self, rows: tuple[ModelRow, ...], state: SessionState, *, letters: bool) -> None:
        super().__init__()
        self._rows = rows
        self._state = state
        self.picker = ModelPicker(letters=letters)
        self._keys = [(signs(key, letters=letters), does) for key, does in PICKING]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="picker-dialog"):
            yield self.picker
            yield Static(key_line(*self._keys), classes="dialog-foot")

    def on_mount(self) -> None:
        self.picker.list.focus()
        self.picker.show_conversation(self._state.context_tokens, self._state.model)
        self.show_models(self._rows)

    def show_models(self, rows: tuple[ModelRow, ...]) -> None:
        """Show these models."""
        self.picker.list.show(rows, self._state.model, self._state.effort)

    def on_model_list_picked(self, event: ModelList.Picked) -> None:
        event.stop()
        self.dismiss((event.row, event.effort))

    def on_model_list_left(self, event: ModelList.Left) -> None:
        event.stop()
        self.dismiss(None)
