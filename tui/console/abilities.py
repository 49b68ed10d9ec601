"""What the terminal can do, by the name that it gives itself (pure)."""

from __future__ import annotations

import re

_WITHOUT_COLOURS = re.compile(r"|dumb|unknown|vt\d+.*|ansi-m|.*-(?:m|mono)")
_WITHOUT_EMOJI = re.compile(r"|dumb|unknown|linux.*|vt\d+.*|ansi.*|cons25.*")

_STYLE = re.compile("\x1b\\[([0-9;]*)m")
_COLOUR = re.compile(r"(?<![0-9])(?:[34]8;(?:2;\d+;\d+;\d+|5;\d+)|(?:3|4|9|10)[0-79])(?![0-9])")


def has_colours(term: str) -> bool:
    """Whether a terminal of this name, `TERM`, has any colour at all."""
    return not _WITHOUT_COLOURS.fullmatch(term)


def has_emoji(term: str) -> bool:
    """Whether a terminal of this name may be able to draw what is no letter."""
    return not _WITHOUT_EMOJI.fullmatch(term)


def without_colours(text: str) -> str:
    """What is written to a terminal, its other styles (bold, reverse, underline) alone."""
    return _STYLE.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    kept = _COLOUR.sub("", found[1]).strip(";")
    kept = re.sub(";{2,}", ";", kept)
    return f"\x1b[{kept}m" if kept or not found[1] else ""


def too_small_words(least: tuple[int, int], size: tuple[int, int]) -> str:
    """What stands in a window that is too small: as much of it as has room.

    Args:
        least: Columns and rows that are needed.
        size: Those that are there.
    """
    needs = f"{least[0]}x{least[1]}"
    wordings = (
        f"ownkey needs {least[0]} x {least[1]}; this is {size[0]} x {size[1]}",
        f"ownkey needs {needs}",
        f"needs {needs}",
        needs,
    )
    for words in wordings:
        if (rows := _wrapped(words, size[0])) is not None and len(rows) <= size[1]:
            return "\n".join(rows)
    return "!"


def _wrapped(words: str, width: int) -> list[str] | None:
    """The words in rows; None where one of them is wider."""
    rows: list[str] = []
    for word in words.split(" "):
        if len(word) > width:
            return None
        if rows and len(rows[-1]) + 1 + len(word) <= width:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows
