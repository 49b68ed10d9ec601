"""The commands of the prompt (`/name`) and of the palette: one table."""

from __future__ import annotations

from typing import NamedTuple


class ConsoleCommand(NamedTuple):
    """A command; `action` is the app's action of the same words."""

    name: str
    help: str
    action: str


COMMANDS: tuple[ConsoleCommand, ...] = (
    ConsoleCommand("model", "choose the model (F2)", "models"),
    ConsoleCommand("key", "add or replace an API key", "add_key"),
    ConsoleCommand("stop", "stop the turn (Esc)", "stop"),
    ConsoleCommand("theme", "dark or light", "toggle_dark"),
    ConsoleCommand("local", "fetch the small model for this machine", "fetch_local"),
    ConsoleCommand("help", "keys and commands (F1)", "help"),
    ConsoleCommand("quit", "leave (Ctrl+D)", "leave"),
)


def find_command(text: str) -> ConsoleCommand | None:
    """The command that a prompt of one word with a slash names, by a unique beginning too."""
    word = text.strip()
    if not word.startswith("/") or len(word.split()) != 1 or "/" in word[1:]:
        return None
    name = word[1:].lower()
    exact = [command for command in COMMANDS if command.name == name]
    begins = [command for command in COMMANDS if name and command.name.startswith(name)]
    found = exact or begins
    return found[0] if len(found) == 1 else None
