"""A session as one line of cells, in columns that fit the width (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from tui.console.sessions.rows import STATE_WORDS, SessionRow, age
from tui.console.sidebar.marker import colour, glyph, signs
from tui.console.sidebar.rows import short_name
from tui.text import cell_width, truncate

Piece = tuple[str, str]
"""A text, and the words of its style."""

MARKER, STATE, AGE, LEAST_COST, MOST_COST, MODEL = 3, 13, 7, 9, 14, 16
GAP = 2
LEAST_BRANCH = 6
WITH_MODEL, WITH_PLACE, WITH_BURN, WITH_AGE = 78, 92, 104, 50
"""Cells from which a column has room."""


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Cells of each column; 0: it is left out. They stand in this order."""

    title: int
    place: int
    model: int
    state: int
    age: int
    burn: int
    cost: int


def columns(room: int, rows: Sequence[SessionRow]) -> Columns:
    """What fits into so many cells; money has the width of the widest amount."""
    widest = max((cell_width(row.cost) for row in rows), default=0)
    burns = max((cell_width(row.burns) for row in rows), default=0)
    cost = min(max(widest, LEAST_COST), MOST_COST)
    model = MODEL if room >= WITH_MODEL else 0
    old = AGE if room >= WITH_AGE else 0
    burn = burns if room >= WITH_BURN and burns else 0
    state = STATE if room >= WITH_AGE else 0
    taken = sum(one + GAP for one in (model, old, burn, state, cost) if one)
    rest = max(0, room - MARKER - taken)
    place = (rest - GAP) // 3 if room >= WITH_PLACE else 0
    title = rest - (place + GAP if place else 0)
    return Columns(
        title=title, place=place, model=model, state=state, age=old, burn=burn, cost=cost
    )


def pieces(
    row: SessionRow, at: Columns, *, now: dt.datetime, home: bool, bright: bool, letters: bool
) -> list[Piece]:
    """The cells of a row, all columns filled.

    Args:
        row: The session.
        at: The columns.
        now: For its age.
        home: Whether its folder goes without saying.
        bright: Whether the title is what is read.
        letters: Whether markers are letters.
    """
    words, tone = STATE_WORDS[row.state]
    title = "bold $text" if bright else "$soft"
    out: list[Piece] = [
        (glyph(row.payer, letters=letters), colour(row.payer)),
        (" " * (MARKER - 2), ""),
        (_left(row.title, at.title), title),
    ]
    if at.place:
        out += [(" " * GAP, ""), *_place(row, at.place, home=home)]
    if at.model:
        out += [(" " * GAP, ""), (_left(short_name(row.model, at.model), at.model), "$mute")]
    if at.state:
        out += [(" " * GAP, ""), (_left(words, at.state), f"${tone}")]
    if at.age:
        out += [(" " * GAP, ""), (_right(age(now - row.updated), at.age), "$mute")]
    if at.burn:
        out += [(" " * GAP, ""), (_right(row.burns, at.burn), "$soft")]
    return [*out, (" " * GAP, ""), (_right(row.cost, at.cost), "$soft")] if at.cost else out


def _place(row: SessionRow, room: int, *, home: bool) -> list[Piece]:
    if home:
        return [(_left(row.branch, room), "$mute")]
    folder = end_of(row.folder, room)
    left = room - cell_width(folder) - 1
    branch = truncate(row.branch, left) if left >= LEAST_BRANCH else ""
    gap = " " if branch else ""
    rest = room - cell_width(folder) - cell_width(gap) - cell_width(branch)
    return [(folder, "$mute"), (gap, ""), (branch, "$faint"), (" " * rest, "")]


def end_of(path: str, room: int) -> str:
    """A path shortened at its beginning: its end is what tells folders apart."""
    if cell_width(path) <= room:
        return path
    tail = path
    while tail and cell_width(tail) > max(0, room - 1):
        tail = tail[1:]
    whole = tail[tail.find("/") :] if "/" in tail[:-1] else tail
    return f"…{whole}" if room > 0 else ""


def _left(text: str, room: int) -> str:
    text = truncate(text, room)
    return text + " " * (room - cell_width(text))


def _right(text: str, room: int) -> str:
    text = truncate(text, room)
    return " " * (room - cell_width(text)) + text


def detail(row: SessionRow, room: int, *, now: dt.datetime, letters: bool) -> list[list[Piece]]:
    """The chosen row below a line: all of its title, and all that the columns had no room for."""
    right = "   ".join(one for one in (row.burns, row.cost) if one)
    title = truncate(row.title, room - cell_width(right) - GAP)
    gap = room - cell_width(title) - cell_width(right)
    first = [(title, "bold $text"), (" " * gap, ""), (right, "$text")]
    words, tone = STATE_WORDS[row.state]
    folder = row.folder if cell_width(row.folder) <= room // 2 else end_of(row.folder, room // 2)
    facts: list[list[Piece]] = [
        [(words, f"${tone}")],
        [(glyph(row.payer, letters=letters), colour(row.payer)), (f" {row.model}", "$soft")],
        [(folder, "$mute"), (f" {row.branch}" if row.branch else "", "$faint")],
        [(_when(row, now), "$mute")],
    ]
    if row.messages:
        facts.append([(f"{row.messages} message{'s' * (row.messages > 1)}", "$mute")])
    second: list[Piece] = []
    for fact in facts:
        width = sum(cell_width(text) for text, _ in [*second, *fact]) + 3 * bool(second)
        if width <= room:
            second += [("   ", ""), *fact] if second else fact
    lines: list[list[Piece]] = [[("─" * room, "$line")], first, second]
    return [[(signs(text, letters=letters), style) for text, style in one] for one in lines]


def _when(row: SessionRow, now: dt.datetime) -> str:
    ago = age(now - row.updated)
    return "now" if ago == "now" else f"{ago} ago"
