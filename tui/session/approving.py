"""An approval in words: what is asked, how long a yes holds, what could be changed (pure)."""

from __future__ import annotations

from typing import Literal

from tui.events.tool import ApprovalAsked
from tui.text import neutralise, truncate

Scope = Literal["once", "session", "always"]

_TITLES = {
    "shell": "Run this command?",
    "bash": "Run this command?",
    "edit": "Change this file?",
    "write": "Write this file?",
    "fetch": "Fetch this address?",
}
_LONGEST_NAME = 40


def title_of(asked: ApprovalAsked) -> str:
    """The question in a few words, neutralised."""
    name = truncate(neutralise(asked.name, strict=True), _LONGEST_NAME)
    if (title := _TITLES.get(asked.name)) is not None:
        return title
    # The name of an MCP server's tool tells nothing of what it does.
    return "Call this tool of a server?" if "__" in asked.name else f"Let the agent {name} this?"


def editable(asked: ApprovalAsked, args: dict[str, object] | None) -> str | None:
    """The command that a person can change before it runs; None where there is none.

    One with characters that cannot be shown as they are is refused or run, never edited: what
    would stand in the prompt were another command.
    """
    command = (args or {}).get("command")
    if not isinstance(command, str) or command not in asked.what or not is_plain(command):
        return None
    return command


def is_plain(text: str) -> bool:
    """Whether each character can be shown, and typed, as it is; newlines may part lines."""
    return all(neutralise(line, strict=True) == line for line in text.split("\n"))
