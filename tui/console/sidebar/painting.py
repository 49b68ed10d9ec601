"""Lines of the picker's list as pieces of text with styles (pure)."""

from __future__ import annotations

from typing import NamedTuple

from tui.console.sidebar.marker import colour, glyph, signs
from tui.console.sidebar.rows import Line, price, short_name
from tui.session.replies import ModelRow
from tui.text import cell_width, neutralise, truncate

Piece = tuple[str, str]
"""A text, and the name of its style."""
SLIM = 30
"""Cells under which words are shortened."""
LEAST_NAME = 8
STAR = 1
"""The cell of a row in which a favourite has its star."""


class Look(NamedTuple):
    """How a model's row stands in the list.

    Args:
        current: Whether the session is on it.
        standing: Whether the cursor is on it, and the list has the focus.
        favourite: Whether the person marked it.
        effort: What was chosen with it; empty for the maker's own.
    """

    current: bool = False
    standing: bool = False
    favourite: bool = False
    effort: str = ""


def model_pieces(row: ModelRow, look: Look, room: int, *, letters: bool) -> list[Piece]:
    """One model: its payer's bar where it is in use, star, marker, name, effort, price."""
    right, right_style = price(row, slim=room < SLIM - 2)
    payer = colour(row.payer).removeprefix("$")
    left = room - 6 - cell_width(right)
    whole = neutralise(row.name, strict=True)
    effort = neutralise(look.effort, strict=True)
    name = short_name(whole, left - cell_width(effort) - 1) if effort else short_name(whole, left)
    if effort and left - cell_width(effort) - 1 < LEAST_NAME:
        effort = ""
    name = truncate(name, left - (cell_width(effort) + 1 if effort else 0))
    said = name + (f" {effort}" if effort else "")
    bright = look.current or look.standing
    pieces = [
        (signs("▎", letters=letters) if look.current else " ", payer),
        _star(look, letters=letters),
        (glyph(row.payer, letters=letters), payer),
        (" ", "soft"),
        (name, "text" if bright else "soft" if row.payer else "mute"),
        (said.removeprefix(name), "mute"),
    ]
    gap = room - 5 - cell_width(said) - cell_width(right)
    return [*pieces, (" " * max(1, gap), "soft"), (right, right_style)]


def _star(look: Look, *, letters: bool) -> Piece:
    if look.favourite:
        return signs("★", letters=letters), "mute"
    return (signs("☆", letters=letters), "faint") if look.standing else (" ", "faint")


def other_pieces(line: Line, room: int, *, standing: bool, letters: bool) -> list[Piece]:
    """A section's head, what opens or closes one, or words."""
    right = truncate(neutralise(line.right, strict=True), max(0, room - 8))
    head, indent, style = neutralise(line.head or "", strict=True), "  ", line.left
    if line.more is not None:
        words = f"… {line.head} more" if line.head else "… fewer"
        head, indent, style = signs(words, letters=letters), "     ", "faint"
        right, style = ("Enter", "text") if standing else ("", style)
    head = truncate(head, room - cell_width(right) - len(indent) - 1)
    gap = room - len(indent) - cell_width(head) - cell_width(right)
    right_style = "mute" if line.more is not None else line.style
    return [(indent, "soft"), (head, style), (" " * gap, "mute"), (right, right_style)]
