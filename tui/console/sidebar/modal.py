"""The picker as a modal, for terminals too narrow for the sidebar."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.console.sidebar.picker import ModelList, ModelPicker
from tui.session.commands import ModelRow


class PickerScreen(ModalScreen[tuple[ModelRow, str | None] | None]):
    """The same list; its result is the picked row with its effort."""

    def __init__(self, rows: tuple[ModelRow, ...], current: str | None, *, letters: bool) -> None:
        super().__init__()
        self._rows = rows
        self._current = current
        self._picker = ModelPicker(letters=letters)

    def compose(self) -> ComposeResult:
        yield self._picker

    def on_mount(self) -> None:
        self._picker.list.focus()
        self._picker.list.show(self._rows, self._current)

    def on_model_list_picked(self, event: ModelList.Picked) -> None:
        event.stop()
        self.dismiss((event.row, event.effort))

    def on_model_list_left(self, event: ModelList.Left) -> None:
        event.stop()
        self.dismiss(None)
