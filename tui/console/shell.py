"""The screen's frame: layout, theme, folding, status line. It knows no engine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from tui.console import theme
from tui.console.header import Header
from tui.console.panels.choices import ChoicePanel
from tui.console.prompt.editor import Composer
from tui.console.prompt.history import History
from tui.console.sidebar.marker import colour, glyph, plain_glyphs
from tui.console.sidebar.picker import ModelPicker
from tui.console.status.bar import StatusBar
from tui.console.status.facts import status_facts
from tui.console.transcript.view import TranscriptView
from tui.console.transcript.words import PlainNames
from tui.paths import Paths
from tui.session.commands import ModelRow
from tui.session.projection import SessionState
from tui.settings.store import SettingsStore

NARROW = 100
"""Columns under which the sidebar folds into a modal."""
FLASH_S = 6.0

Result = TypeVar("Result")


class RowNames(PlainNames):
    """Names out of the models that can be picked."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def model(self, model: str) -> str:
        return self.rows.get(model) or super().model(model)


class Shell(App[Result], inherit_bindings=False):
    """The console's frame.

    Args:
        folder: The working folder.
        paths: The person's folders.
    """

    TITLE = "ownkey"
    CSS_PATH: ClassVar[list[Path]] = [  # pyright: ignore[reportIncompatibleVariableOverride]
        theme.sheet(name)
        for name in ("base", "console", "transcript", "sidebar", "status", "dialogs")
    ]

    def __init__(self, *, folder: Path, paths: Paths) -> None:
        self.settings = SettingsStore(paths.settings_file)
        super().__init__()
        for one in theme.themes():
            self.register_theme(one)
        wanted = self.settings.text("appearance.theme")
        self.theme = wanted if wanted in self.available_themes else theme.DARK
        self.letters = plain_glyphs(str(self.settings.get("appearance.glyphs")))
        self.state = SessionState()
        self.models: tuple[ModelRow, ...] = ()
        self.driving = True
        self.today: int | None = None
        self._names = RowNames()
        self._flash: str | None = None
        self._flash_until = 0.0
        self._picker_model: str | None = None
        self.header = Header(folder)
        self.picker = ModelPicker(letters=self.letters)
        self.transcript = TranscriptView(names=self._names, letters=self.letters)
        self.choices = ChoicePanel()
        self.composer = Composer(History(paths.history_file))
        self.status = StatusBar()

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        if self.current_theme.name not in theme.OURS:
            variables |= theme.mapped(variables)
        return variables

    def compose(self) -> ComposeResult:
        yield self.header
        with Horizontal(id="body"):
            yield self.picker
            with Vertical(id="chat"):
                yield self.transcript
                yield self.choices
                yield self.composer
        yield self.status

    def on_resize(self) -> None:
        self.fold(self.size.width)

    def fold(self, width: int) -> None:
        """Show the sidebar where there is room for it."""
        self.picker.display = width >= NARROW
        self.picker.set_class(width < 132, "-slim")

    def show_models(self, rows: tuple[ModelRow, ...]) -> None:
        """Show what can be picked."""
        self.models = rows
        self._names.rows = {row.id: row.name for row in rows}
        self.picker.list.show(rows, self.state.model)
        self.refresh_status()

    def action_toggle_dark(self) -> None:
        wanted = theme.LIGHT if self.current_theme.dark else theme.DARK
        self.theme = wanted
        self.settings.set("appearance.theme", wanted)

    def flash(self, text: str, *, seconds: float = FLASH_S) -> None:
        """Say one sentence in the status bar for a while; it is neutralised there."""
        self._flash = text
        self._flash_until = time.monotonic() + seconds
        self.refresh_status()
        self.set_timer(seconds + 0.05, self._end_flash)

    def end_flash(self) -> None:
        """Take the sentence away."""
        self._flash = None
        self.refresh_status()

    def _end_flash(self) -> None:
        if self._flash is not None and time.monotonic() >= self._flash_until:
            self.end_flash()

    def refresh_status(self) -> None:
        """Show what is so now; widgets paint only what changed."""
        row = next((r for r in self.models if r.id == self.state.model), None)
        facts = status_facts(
            self.state,
            row,
            today=self.today,
            letters=self.letters,
            following=not self.driving,
            flash=self._flash,
        )
        self.status.show(facts)
        self.header.show(self.state)
        self.composer.show_payer(facts.payer)
        hints = [("Enter", "send"), ("/", "command"), ("F2", "models")]
        if self.state.working:
            hints = [("Esc", "stop"), ("Tab", "queue"), ("F2", "models")]
        who = Content.assemble(
            (f"{glyph(facts.payer, letters=self.letters)} {facts.label}", colour(facts.payer))
        )
        self.composer.show_hints(hints, who)
        if self.state.model != self._picker_model:
            self._picker_model = self.state.model
            self.picker.list.show(self.models, self.state.model)
