"""The commands of the prompt (`/name`) and of the palette: one table."""

from __future__ import annotations

import re
from typing import NamedTuple


class ConsoleCommand(NamedTuple):
    """A command; `action` is the app's action of the same words.

    `argument` is what may follow it, `[so]` or `<so>` where it must; `takes` is the action that
    is given it.
    """

    name: str
    help: str
    action: str
    argument: str = ""
    takes: str = ""

    @property
    def needs(self) -> bool:
        """Whether it does nothing without its argument."""
        return self.argument.startswith("<")


COMMANDS: tuple[ConsoleCommand, ...] = (
    ConsoleCommand("model", "choose the model (F2)", "models", "[name]", "choose_named"),
    ConsoleCommand("mode", "how freely it works (Shift+Tab)", "next_mode", "[mode]", "use_mode"),
    ConsoleCommand("key", "add or replace an API key", "add_key"),
    ConsoleCommand("settings", "search and change settings (F3)", "settings"),
    ConsoleCommand("endpoints", "gateways and local servers", "endpoints"),
    ConsoleCommand("credits", "credit services: what is left", "credits"),
    ConsoleCommand("mcp", "MCP servers and their tools", "mcp"),
    ConsoleCommand("usage", "what was spent, and on what (F4)", "usage"),
    ConsoleCommand("sessions", "all sessions: find, open, act (F5)", "sessions"),
    ConsoleCommand("new", "another session beside this", "new_session"),
    ConsoleCommand("fork", "a copy of this session, from here", "fork"),
    ConsoleCommand("rewind", "go back to before a prompt", "rewind"),
    ConsoleCommand("compact", "sum up the conversation", "compact"),
    ConsoleCommand("rename", "give this session a title", "rename_hint", "<title>", "rename"),
    ConsoleCommand("edit", "the prompt in your editor (F7)", "edit_outside"),
    ConsoleCommand("history", "search what you sent (Ctrl+R)", "search_history"),
    ConsoleCommand("find", "look for words in here (F8)", "find", "[words]", "find_words"),
    ConsoleCommand("copy", "the last reply", "copy_reply", "[code 2, all]", "copy_words"),
    ConsoleCommand("open", "the last reply in your editor", "open_reply", "[code 2, all]",
                   "open_words"),
    ConsoleCommand("pager", "all of it in your pager", "page_all", "[reply, code 2]", "page_words"),
    ConsoleCommand("queue", "change what is queued (Ctrl+Up)", "queue"),
    ConsoleCommand("stop", "stop the turn (Esc)", "stop"),
    ConsoleCommand("theme", "dark or light", "toggle_dark", "[name]", "use_theme"),
    ConsoleCommand("themes", "pick among all themes", "change_theme"),
    ConsoleCommand("local", "fetch the small local model", "fetch_local"),
    ConsoleCommand("help", "keys and commands (F1)", "help"),
    ConsoleCommand("quit", "leave (Ctrl+D)", "leave"),
)  # fmt: skip


_WITH_WORDS = re.compile(r"/([a-z]+)[ \t]+(\S[^\n]*)", re.IGNORECASE)


def with_words(text: str) -> tuple[ConsoleCommand, str] | None:
    """A command that takes words, and those that follow it on the one line; else None.

    Its name stands whole: `/key is what?` and `/usr/bin is a path` are prompts.
    """
    found = _WITH_WORDS.fullmatch(text.strip())
    if found is None:
        return None
    name = found[1].lower()
    command = next((one for one in COMMANDS if one.name == name and one.takes), None)
    return None if command is None else (command, found[2])


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


OTHER_NAMES = {"q": "quit", "exit": "quit"}
"""What other programs have taught the fingers."""


def full_name(word: str) -> str:
    """The command's own name for a word that other programs use."""
    return OTHER_NAMES.get(word.lower(), word.lower())


def find_command(text: str) -> ConsoleCommand | None:
    """The command that a prompt of one word with a slash names, by a unique beginning too."""
    found = matching(text)
    name = full_name(lone_word(text) or "")
    exact = [command for command in COMMANDS if command.name == name]
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
