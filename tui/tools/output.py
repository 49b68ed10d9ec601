"""How results are written for the model: names that survive the way back, and a cap."""

from __future__ import annotations

import json

SHORT_NAMES = ("~", "$HOME", "${HOME}", "$OWNKEY_HOME", "${OWNKEY_HOME}")
"""First parts of a path that stand for a folder, as a shell has them."""

MAX_BYTES = 50_000
MAX_LINES = 2_000
MAX_LINE_CHARS = 2_000
"""Caps of one result. A cut is always said, with the size of what was there."""


_ODD = ('"', "\\", ":", " -> ", " (a ")  # what results say with these, no name may say


def shown_name(name: str) -> str:
    r"""A file's name or path on one line, so that the model can give it back unchanged.

    As it is, where that is plain; else as a JSON string: line ends, controls, invisible
    characters, quotes, blanks at an end, and bytes that are no UTF-8 (`\udcff`).
    """
    if name.partition("/")[0] in SHORT_NAMES:
        name = f"./{name}"
    plain = name.isprintable() and name == name.strip() and not name.startswith("[")
    return name if plain and not any(odd in name for odd in _ODD) else json.dumps(name)


def size_of(text: str) -> int:
    """Bytes of a text in UTF-8; what was no UTF-8 counts three each."""
    return len(text.encode("utf-8", "surrogatepass"))


def amount(count: int, what: str) -> str:
    """`1,234 lines`, `1 line`."""
    return f"{count:,} {what}" if count != 1 else f"1 {what.removesuffix('s')}"


class Page:
    """Lines of a result, as many as the caps let in."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._bytes = 0
        self.full = False

    def add(self, line: str) -> bool:
        """Whether the line was taken; after the first that was not, none is."""
        size = size_of(line) + 1
        if self.full or len(self._lines) == MAX_LINES or self._bytes + size > MAX_BYTES:
            self.full = True
            return False
        self._lines.append(line)
        self._bytes += size
        return True

    def __len__(self) -> int:
        return len(self._lines)

    def text(self, *notes: str) -> str:
        """The lines, then each note in brackets on a line of its own."""
        return "\n".join((*self._lines, *(f"[{note}]" for note in notes if note)))
