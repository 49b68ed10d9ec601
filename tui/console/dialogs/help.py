"""The help: every key and command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.console.bindings import KEYS
from tui.console.commands import COMMANDS
from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal


class HelpScreen(Modal[None]):
    """One page; Esc, F1, q and Enter close it."""

    AUTO_FOCUS = "#help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter,question_mark", "close", "Close", show=False),
    ]

    def __init__(self, *, letters: bool) -> None:
        super().__init__()
        self._letters = letters

    def compose(self) -> ComposeResult:
        commands = ("Commands", tuple((f"/{one.name}", one.help) for one in COMMANDS))
        write, go, read, answer, stop = KEYS
        with VerticalScroll(classes="dialog", id="help"):
            with Horizontal(id="help-columns"):
                yield Static(_sections([write, read, answer, stop], 24), classes="help-column")
                yield Static(_sections([go, commands], 20), classes="help-column")
            yield Static(key_line(("Esc", "close")), classes="dialog-foot")

    def on_mount(self) -> None:
        self.set_class(self._letters, "-letters")

    def on_resize(self) -> None:
        self.set_class(self.size.width < 110, "-one-column")

    def action_close(self) -> None:
        self.dismiss(None)


Section = tuple[str, tuple[tuple[str, str], ...]]


def _sections(sections: Sequence[Section], column: int) -> Content:
    lines: list[Content] = []
    for title, pairs in sections:
        lines += [Content("")] if lines else []
        lines.append(Content.assemble((title, "bold $text")))
        for key, does in pairs:
            lines.append(Content.assemble((f"{key:<{column}}", "$soft"), (does, "$mute")))
    return Content("\n").join(lines)
