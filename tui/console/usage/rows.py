"""What was spent as lines of cells, in columns that fit the width (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tui.console.header import short_path
from tui.console.sessions.columns import end_of
from tui.console.sidebar.marker import colour, glyph
from tui.console.usage.plots import Piece, share_bar
from tui.money import show_credits, show_sum, show_usd
from tui.session.spending_words import group_name, what_for
from tui.session.words import counted
from tui.store.spent import Group, Receipt, UsageRow
from tui.text import cell_width, neutralise, truncate

GAP = 2
MARKER = 3
LEAST_NAME = 16
SHARE = 12
_NARROW_FIRST = ("share", "cached", "unknown", "out", "in", "credits", "requests")
"""What goes first where it is narrow; the name and the cost never do."""


class Line(NamedTuple):
    """One row: its cells by the names of their columns; `paths` are shortened at their start."""

    name: str
    payer: str | None
    cells: dict[str, str]
    nano: int
    path: bool = False


class Columns(NamedTuple):
    """Cells of the name, and of each column that has room, in order."""

    name: int
    wide: dict[str, int]


def usage_lines(
    rows: Sequence[UsageRow], by: Group, model_name: Callable[[str], str]
) -> list[Line]:
    """One line for each sum."""
    return [_usage(row, _name(row, by, model_name), by == "folder") for row in rows]


def total_line(total: UsageRow) -> Line:
    """The sum of all."""
    return _usage(total, "all of it", False)


def _usage(row: UsageRow, name: str, path: bool) -> Line:
    cells = {
        "requests": f"{row.requests:,}",
        "in": _tokens(row.input, row),
        "out": _tokens(row.output, row),
        "cached": "-" if row.cache_read is None else counted(row.cache_read),
        "cost": show_sum(row.nano, row.unknown),
        "credits": _credits(row.credits),
        "unknown": f"{row.unknown:,}" if row.unknown else "",
    }
    return Line(name, row.payer, cells, row.nano, path)


def _credits(nano: int | None) -> str:
    """What credits paid, in their own unit; empty where they paid nothing, or it has none."""
    return show_credits(nano).rsplit(" ", 1)[0] if nano else ""


def _tokens(count: int | None, row: UsageRow) -> str:
    if not row.requests:
        return "-"
    return "?" if count is None else counted(count) + "+" * bool(row.untold)


def _name(row: UsageRow, by: Group, model_name: Callable[[str], str]) -> str:
    match by:
        case "day":
            return f"{row.key}  {dt.date.fromisoformat(row.key):%a}"
        case "model" if row.key:
            return neutralise(model_name(row.key), strict=True)
        case "folder" if row.key:
            return neutralise(short_path(Path(row.key)), strict=True)
        case _:
            return group_name(by, row.key, row.name)


def receipt_lines(
    receipts: Sequence[Receipt], model_name: Callable[[str], str], tz: dt.tzinfo | None
) -> list[Line]:
    """One line for each receipt."""
    return [_receipt(one, model_name, tz) for one in receipts]


def _receipt(one: Receipt, model_name: Callable[[str], str], tz: dt.tzinfo | None) -> Line:
    at = one.at.astimezone(tz)
    model = neutralise(model_name(one.model), strict=True) if one.model else "model not known"
    beside = what_for(one)
    fee = not one.requests

    def tokens(count: int | None) -> str:
        return "-" if fee else "?" if count is None else counted(count)

    cells = {
        "requests": "",
        "in": tokens(one.input),
        "out": tokens(one.output),
        "cached": "-" if one.cache_read is None else counted(one.cache_read),
        "cost": show_usd(one.nano, sure=one.sureness != "estimated"),
        "credits": _credits(one.credits),
        "unknown": "",
    }
    name = f"{at:%b} {at.day:>2} {at:%H:%M}  {model}{f', {beside}' if beside else ''}"
    return Line(name, one.payer, cells, one.nano or 0)


def columns(room: int, lines: Sequence[Line], *, shares: bool) -> Columns:
    """What fits into so many cells; each column has the width of its widest cell.

    Args:
        room: Cells there are.
        lines: All rows.
        shares: Whether a bar shows what part of the whole each is.
    """
    wide: dict[str, int] = {"share": SHARE} if shares else {}
    for column in ("requests", "in", "out", "cached", "cost", "credits", "unknown"):
        longest = max((len(line.cells[column]) for line in lines), default=0)
        if longest or column == "cost":
            wide[column] = max(longest, len(column))
    for column in _NARROW_FIRST:
        if _left(room, wide) >= LEAST_NAME + (8 if column == "share" else 0):
            break
        wide.pop(column, None)
    return Columns(max(_left(room, wide), 0), wide)


def _left(room: int, wide: dict[str, int]) -> int:
    return room - MARKER - sum(width + GAP for width in wide.values())


def head_pieces(by: str, at: Columns) -> list[Piece]:
    """The names of the columns."""
    row: list[Piece] = [(" " * MARKER + _filled(by, at.name), "$mute")]
    for column, width in at.wide.items():
        row.append((" " * GAP + ("" if column == "share" else column).rjust(width), "$mute"))
    return row


def pieces(line: Line, at: Columns, *, most: int, bright: bool, letters: bool) -> list[Piece]:
    """The cells of a row, all columns filled.

    Args:
        line: The row.
        at: The columns.
        most: Nano-dollars of the dearest row, for the length of its line; 0: it has none.
        bright: Whether the name is what is read.
        letters: Whether markers are letters.
    """
    payer = "credits" if line.payer == "platform_credits" else line.payer
    ink = colour(payer) if payer else "$mute"
    name = end_of(line.name, at.name) if line.path else line.name
    row: list[Piece] = [
        (glyph(payer, letters=letters) if payer else "  ", ink),
        (" " * (MARKER - 2), ""),
        (_filled(name, at.name), "bold $text" if bright else "$soft"),
    ]
    for column, width in at.wide.items():
        row.append((" " * GAP, ""))
        if column == "share":
            row.append((share_bar(line.nano, most, width, letters=letters), ink))
        else:
            row.append((line.cells[column].rjust(width), _TONES.get(column, "$mute")))
    return row


_TONES = {"cost": "$text", "unknown": "$warn"}


def _filled(text: str, room: int) -> str:
    text = truncate(text, room)
    return text + " " * (room - cell_width(text))
