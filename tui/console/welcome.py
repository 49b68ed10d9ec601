"""What stands in the chat pane of a session in which nothing was said yet."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

WORDS = (
    ("ownkey", "bold $text"),
    ("A console for coding agents that runs on your own API keys.", "$soft"),
    ("", ""),
    ("Ask about the code in this folder, or anything else.", "$mute"),
    ("What each answer costs, and who pays for it, stands below it.", "$mute"),
)


class Welcome(Static):
    """A few quiet lines: what this is, and how to begin."""

    def __init__(self) -> None:
        lines = [Content.assemble(line) for line in WORDS]
        super().__init__(Content("\n").join(lines), id="welcome")
