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

DEMO_WORDS = (
    ("ownkey, the demo", "bold $text"),
    ("A scripted world: no key, no network, and nothing of it is kept.", "$soft"),
    ("", ""),
    ("Type anything: each prompt plays the next scene.", "$mute"),
    ("The prices are real, the money is not. Ctrl+D leaves.", "$mute"),
)


class Welcome(Static):
    """A few quiet lines: what this is, and how to begin."""

    def __init__(self, *, demo: bool = False) -> None:
        lines = [Content.assemble(line) for line in (DEMO_WORDS if demo else WORDS)]
        super().__init__(Content("\n").join(lines), id="welcome")
