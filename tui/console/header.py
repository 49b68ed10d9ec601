"""The top line: folder, branch, title; sessions and help."""

from __future__ import annotations

from pathlib import Path

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.console.grounds import DEMO
from tui.session.projection import SessionState
from tui.text import neutralise, truncate

HELP_CELLS = 12
"""At the right end, behind the count."""


class Header(Widget):
    """One line about the session and the others beside it."""

    class SessionsAsked(Message):
        """A click on the count of the sessions."""

    def __init__(self, folder: Path, *, demo: bool = False) -> None:
        super().__init__(id="header")
        self._demo = demo
        self.folder = neutralise(short_path(folder), strict=True)
        self.own_folder = self.folder
        self._title = ""
        self._branch = ""
        self._counts = (0, 0, 0)
        self._needs = False

    def show(self, state: SessionState) -> None:
        """Show the session's folder, branch and title; nothing is painted when nothing changed."""
        title, branch = state.title or "", state.branch or ""
        shown = neutralise(short_path(Path(state.cwd)), strict=True) if state.cwd else ""
        folder = shown or self.own_folder
        if (folder, title, branch) != (self.folder, self._title, self._branch):
            self.folder, self._title, self._branch = folder, title, branch
            self.refresh()

    def show_needs(self, needs: bool) -> None:
        """Show whether this session waits for the person."""
        if needs != self._needs:
            self._needs = needs
            self.refresh()

    def show_counts(self, *, total: int, working: int, waiting: int) -> None:
        """Show how many sessions there are, and of the others who works and who waits."""
        if (total, working, waiting) != self._counts:
            self._counts = total, working, waiting
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """On the count: all sessions."""
        first = self.size.width - self._right().cell_length
        if first <= event.x < self.size.width - HELP_CELLS:
            self.post_message(self.SessionsAsked())

    def render(self) -> Content:
        width = self.size.width
        right = self._right()
        left = Content.assemble((" ownkey   ", "bold $text"))
        if self._demo:
            left += Content.assemble((DEMO, "bold $page on $warn"), "   ")
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
        count, working, waiting = self._counts
        parts: list[tuple[str, str]] = []
        if count > 1 and self.size.width >= 80:
            parts.append((f"{count} sessions", "$mute"))
        if working and self.size.width >= 80:
            parts.append((f"  {working} {'works' if working == 1 else 'work'}", "$soft"))
        if waiting:
            words = ("waits" if waiting == 1 else "wait") + (" for you" * (self.size.width >= 80))
            parts.append((f"  {waiting} {words}", "$warn"))
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
