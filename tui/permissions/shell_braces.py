"""Brace expansion where it is a plain list: `*.{ts,tsx}`, `--exclude-dir={a,b}`."""

from __future__ import annotations

import re

from tui.permissions.shell_words import Word, read_word

# One list of plain names: no quote, variable, nesting, sequence or blank that would need more care.
_LIST = re.compile(
    r"(?P<before>[A-Za-z0-9_./=*?-]*)"
    r"\{(?P<names>[A-Za-z0-9_/*?.-]*(?:,[A-Za-z0-9_/*?.-]*)+)\}"
    r"(?P<behind>[A-Za-z0-9_./*?-]*)"
)
_MOST = 50


def braces(word: Word) -> tuple[Word, ...]:
    """The words that bash makes of one with a plain list in braces; empty where it has none.

    Each keeps the place of the whole word. They hold no variable and no expansion but `*` and `?`.
    """
    found = _LIST.fullmatch(word.raw)
    if found is None or ".." in found["names"] or word.opaque != "brace expansion":
        return ()
    names = found["names"].split(",")
    made: list[Word] = []
    for text in (found["before"] + name + found["behind"] for name in names):
        if text:  # bash drops an empty one
            read = read_word(text, 0)
            made.append(Word(word.start, word.end, text, read.parts))
    return tuple(made) if len(names) <= _MOST else ()
