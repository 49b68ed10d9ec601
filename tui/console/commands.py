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
    ConsoleCommand("mode", "read only, ask, edit freely (Shift+Tab)", "next_mode"),
    ConsoleCommand("key", "add or replace an API key", "add_key"),
    ConsoleCommand("settings", "search and change settings (F3)", "settings"),
    ConsoleCommand("stop", "stop the turn (Esc)", "stop"),
    ConsoleCommand("theme", "dark or light", "toggle_dark"),
    ConsoleCommand("themes", "pick among all themes", "change_theme"),
    ConsoleCommand("local", "fetch the small local model", "fetch_local"),
    ConsoleCommand("help", "keys and commands (F1)", "help"),
    ConsoleCommand("quit", "leave (Ctrl+D)", "leave"),
)


def lone_word(text: str) -> str | None:
    """The word behind the slash where that is all there is, or None; `/usr/bin` is a path."""
    word = text.strip()
    if not word.startswith("/") or len(word.split()) != 1 or "/" in word[1:]:
        return None
    return word[1:].lower()


def matching(text: str) -> list[ConsoleCommand]:
    """The commands that a lone `/word` begins; all for `/` alone, none for any other text."""
    name = lone_word(text)
    if name is None:
        return []
    return [command for command in COMMANDS if command.name.startswith(name)]


def find_command(text: str) -> ConsoleCommand | None:
    """The command that a prompt of one word with a slash names, by a unique beginning too."""
    found = matching(text)
    exact = [command for command in found if command.name == lone_word(text)]
    if exact:
        return exact[0]
    return found[0] if len(found) == 1 else None


def completed(text: str) -> str | None:
    """The text with as much added as all commands that it begins have in common, or None."""
    found = [command.name for command in matching(text)]
    word = lone_word(text)
    if not found or word is None:
        return None
    common = found[0]
    for name in found[1:]:
        while not name.startswith(common):
            common = common[:-1]
    return f"/{common}" if len(common) > len(word) else None
