"""The help: every key and command."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.console.bindings import KEYS
from tui.console.commands import COMMANDS


class HelpScreen(ModalScreen[None]):
    """One page; any of Esc, F1 and q closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter", "dismiss", "Close", show=False)
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(_page(), id="help-page")

    def action_dismiss_help(self) -> None:
        self.dismiss(None)


def _page() -> Content:
    parts: list[tuple[str, str]] = [("Keys\n\n", "bold $text")]
    for key, does in KEYS:
        parts += [(f"{key:<22}", "$soft"), (f"{does}\n", "$mute")]
    parts.append(("\nCommands\n\n", "bold $text"))
    for command in COMMANDS:
        parts += [(f"/{command.name:<21}", "$soft"), (f"{command.help}\n", "$mute")]
    parts.append(("\nEsc closes", "$faint"))
    return Content.assemble(*parts)
