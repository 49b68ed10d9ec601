"""The top line: folder, branch, title; sessions and help."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.content import Content
from textual.widget import Widget

from tui.session.projection import SessionState
from tui.store.summary import Summary
from tui.text import neutralise, truncate


class Header(Widget):
    """One line about the session and the others beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(id="header")
        self.folder = neutralise(short_path(folder), strict=True)
        self._title = ""
        self._branch = ""
        self._others = (0, 0)
        self._needs = False

    def show(self, state: SessionState) -> None:
        """Show the session's branch and title; nothing is painted when nothing changed."""
        title, branch = state.title or "", state.branch or ""
        if (title, branch) != (self._title, self._branch):
            self._title, self._branch = title, branch
            self.refresh()

    def show_needs(self, needs: bool) -> None:
        """Show whether this session waits for the person."""
        if needs != self._needs:
            self._needs = needs
            self.refresh()

    def show_sessions(self, sessions: Sequence[Summary], own: str | None) -> None:
        """Count the sessions that there are, and the others that wait for the person."""
        waiting = sum(one.state == "waiting" and one.id != own for one in sessions)
        self._others = (len(sessions), waiting)
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        right = self._right()
        left = Content.assemble((" ownkey   ", "bold $text"))
        room = width - left.cell_length - right.cell_length - 2
        left += Content.assemble((truncate(self.folder, max(0, room)), "$soft"))
        for text, style in ((self._branch, "$mute"), (self._title, "italic $mute")):
            room = width - left.cell_length - right.cell_length - 5
            if text and room >= 6:
                shown = truncate(neutralise(text, strict=True), room)
                left += Content.assemble(("   ", ""), (shown, style))
        gap = max(1, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)

    def _right(self) -> Content:
        count, waiting = self._others
        parts: list[tuple[str, str]] = []
        if count > 1:
            parts.append((f"{count} sessions", "$mute"))
        if waiting:
            words = "waits" if waiting == 1 else "wait"
            parts.append((f" {waiting} {words} for you", "$warn"))
        if self.size.width < 80:
            parts.clear()
        if self._needs:
            parts += [("   ", ""), (" needs you ", "bold $page on $warn")]
        parts += [("   F1", "$soft"), (" help  ", "$mute")]
        return Content.assemble(*parts)


def short_path(folder: Path) -> str:
    """The folder with the home folder as `~`."""
    try:
        inside = folder.relative_to(Path.home())
    except (ValueError, RuntimeError):
        return str(folder)
    return "~" if inside == Path() else f"~/{inside}"
