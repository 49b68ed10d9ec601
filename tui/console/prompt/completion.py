"""What can be completed where the cursor is, and what is to choose from (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from tui.console.commands import COMMANDS, full_name, matching, with_words
from tui.console.prompt.mentions import open_mention, written
from tui.text import neutralise
from tui.text.filter import best

Kind = Literal["file", "command", "words", "history"]
SHOWN = 50
"""So many choices are kept; a longer list is for a longer query."""


class Asked(NamedTuple):
    """What is being written: `query` from column `start` of the line on."""

    kind: Kind
    start: int
    query: str
    command: str = ""


class Choice(NamedTuple):
    """One row: what it puts in the place of the query, how it is called, what helps to choose."""

    text: str
    name: str
    note: str = ""
    hint: str = ""
    runs: bool = False
    """Whether Enter does it at once."""


def asked_at(lines: int, row: int, line: str, column: int) -> Asked | None:
    """What is being written at a cursor.

    Args:
        lines: How many lines the prompt has.
        row: The cursor's.
        line: The text of that row.
        column: The cursor's place in it.
    """
    before = line[:column]
    if (mention := open_mention(before)) is not None:
        return Asked("file", mention[0], mention[1])
    if lines > 1 or row or column < len(line) or not before.startswith("/"):
        return None
    name, blank, words = before[1:].partition(" ")
    if not blank:
        return Asked("command", 0, name) if matching(before) else None
    known = with_words(f"/{name} x")
    return None if known is None else Asked("words", len(name) + 2, words, known[0].name)


def command_choices(query: str) -> list[Choice]:
    """The commands that a word begins, then those whose words have it."""
    begun = sorted(matching(f"/{query}"), key=lambda one: one.name != full_name(query))
    others = [] if len(query) < 2 else [
        one for one in COMMANDS if one not in begun and query.lower() in one.help.lower()
    ]  # fmt: skip
    return [
        Choice(
            f"/{one.name}{' ' * one.needs}",
            f"/{one.name}",
            one.help,
            one.argument,
            runs=not one.needs,
        )
        for one in [*begun, *others]
    ]


def word_choices(query: str, command: str, values: Sequence[tuple[str, str]]) -> list[Choice]:
    """The values that a command may be given, each with what it is called."""
    texts = [f"{value} {words}".lower() for value, words in values]
    return [
        Choice(f"/{command} {values[at][0]}", values[at][1] or values[at][0], runs=True)
        for at in best(query, texts)[:SHOWN]
    ]


def file_choices(paths: Sequence[str]) -> list[Choice]:
    """Files as rows: the name, and where it lies."""
    rows: list[Choice] = []
    for path in paths:
        folder, slash, name = path.rpartition("/")
        where = neutralise(folder + slash, strict=True)
        rows.append(Choice(f"{written(path)} ", neutralise(name, strict=True), where))
    return rows


def history_choices(query: str, prompts: Sequence[str]) -> list[Choice]:
    """Prompts that hold every word of a query, the latest first."""
    words = query.lower().split()
    fits = (one for one in prompts if all(word in one.lower() for word in words))
    return [
        Choice(text, neutralise(" ".join(text[:400].split())))
        for text, _ in zip(fits, range(SHOWN), strict=False)
    ]
