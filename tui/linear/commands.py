"""The commands of a line, and the nearest to one that is none (pure)."""

from __future__ import annotations

import difflib
from typing import NamedTuple


class LineCommand(NamedTuple):
    """A command: its name without the slash, what may follow it, what it does."""

    name: str
    argument: str
    help: str


COMMANDS: tuple[LineCommand, ...] = (
    LineCommand("model", "[number or words]", "list the models that can be used, or choose one"),
    LineCommand("effort", "[word]", "how hard the model thinks"),
    LineCommand("key", "[maker]", "add an API key, or open the encrypted file with your keys"),
    LineCommand("local", "", "fetch the small model for this machine"),
    LineCommand("mode", "[read, ask or edit]", "how freely the agent works"),
    LineCommand("thinking", "[on or off]", "show what the model thinks"),
    LineCommand("cost", "", "what this turn, this session and today cost"),
    LineCommand("sessions", "[words]", "list sessions, the latest first"),
    LineCommand("resume", "number or id", "go on with another session"),
    LineCommand("new", "", "begin a new session"),
    LineCommand("fork", "", "go on in a copy of this session"),
    LineCommand("rewind", "[number]", "go back to before a prompt"),
    LineCommand("rename", "title", "give this session a title"),
    LineCommand("compact", "", "put a summary in the place of the conversation so far"),
    LineCommand("stop", "", "stop the turn; Ctrl+C does the same"),
    LineCommand("help", "", "say this"),
    LineCommand("quit", "", "leave; Ctrl+D does the same"),
)

ELSEWHERE = {
    "settings": "`ownkey settings` in a shell changes them.",
    "theme": "There are no colours here; the full-screen console has themes.",
    "themes": "There are no colours here; the full-screen console has themes.",
    "edit": "Only the full-screen console opens your editor.",
    "history": "Up brings back what you sent, Ctrl+R searches it.",
    "queue": "What you type while the agent works waits for it, in order.",
    "permissions": "`ownkey permissions` in a shell lists what was approved for good.",
}
"""Commands of the full-screen console, and what does the same here."""

_ALSO = {"exit": "quit", "q": "quit", "models": "model", "keys": "key", "?": "help"}


class Found(NamedTuple):
    """A command that was written, and the words behind it."""

    command: LineCommand
    words: str


def written_command(text: str) -> Found | str | None:
    """What a line that begins with a slash says.

    Returns:
        The command; or why it is none, for a person; or None: the line is a prompt. A path such
        as `/usr/bin` is one, and so are several words behind what is not even near a command.
    """
    line = text.strip()
    if not line.startswith("/") or "\n" in line:
        return None
    word, _, words = line[1:].partition(" ")
    name = word.lower()
    if "/" in name:
        return None
    name = _ALSO.get(name, name)
    if (command := _find(name)) is not None:
        return Found(command, words.strip())
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    near = nearest(name)
    if words and near is None:
        return None
    says = f"No such command: /{word}."
    return f"{says} The nearest: /{near}." if near else f"{says} /help lists them."


def nearest(name: str) -> str | None:
    """The command whose name is nearest to a word, or None where none is near."""
    names = [one.name for one in COMMANDS]
    swapped = next((one for one in names if sorted(one) == sorted(name)), None)
    return swapped or next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.6)), None)


def _find(name: str) -> LineCommand | None:
    """By its name or a beginning of at least two letters that only one has."""
    begun = [one for one in COMMANDS if one.name.startswith(name)]
    exact = [one for one in begun if one.name == name]
    if exact:
        return exact[0]
    return begun[0] if len(begun) == 1 and len(name) > 1 else None


def help_lines() -> list[str]:
    """All of them, one a line, and how lines are written."""
    lines = [
        f"/{one.name}{f' {one.argument}' if one.argument else ''}: {one.help}." for one in COMMANDS
    ]
    return [
        "Write a line and press Enter to send it. A backslash at its end goes on with the next.",
        "!command runs a command of your own. Enter alone goes on with what broke off.",
        "While the agent works, a line is told to it; Ctrl+C stops it.",
        *lines,
    ]
