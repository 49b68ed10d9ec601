"""The top line: folder, branch, title."""

from __future__ import annotations

from pathlib import Path

from textual.content import Content
from textual.widget import Widget

from tui.session.projection import SessionState
from tui.text import neutralise, truncate


class Header(Widget):
    """One line about the session."""

    def __init__(self, folder: Path) -> None:
        super().__init__(id="header")
        self._folder = _short(folder)
        self._title = ""
        self._branch = ""

    def show(self, state: SessionState) -> None:
        """Show the session's branch and title; nothing is painted when nothing changed."""
        title, branch = state.title or "", state.branch or ""
        if (title, branch) != (self._title, self._branch):
            self._title, self._branch = title, branch
            self.refresh()

    def render(self) -> Content:
        right = Content.assemble(("F1", "$soft"), (" help ", "$mute"))
        left = Content.assemble(
            (" ownkey", "bold $text"),
            (f"   {neutralise(self._folder, strict=True)}", "$soft"),
            (f"  {neutralise(self._branch, strict=True)}" if self._branch else "", "$mute"),
        )
        room = self.size.width - left.cell_length - right.cell_length - 4
        title = truncate(neutralise(self._title, strict=True), max(0, room))
        left = Content.assemble(left, (f"   {title}", "italic $mute"))
        gap = max(1, self.size.width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)


def _short(folder: Path) -> str:
    try:
        return f"~/{folder.relative_to(Path.home())}".removesuffix("/.")
    except (ValueError, RuntimeError):
        return str(folder)
