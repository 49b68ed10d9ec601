"""Bars by day, one colour a payer, as cells (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui.console.sidebar.marker import colour, glyph
from tui.money import show_usd
from tui.store.spent import DAY, DaySum
from tui.text import cell_width

Piece = tuple[str, str]
"""A text, and the words of its style."""

PAYERS = ("own_key", "endpoint", "cloud_account", "credits", "platform_credits", "nobody")
"""From the bottom of a bar upwards."""
_PARTS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = 8
LABEL = 9
"""Cells left of the bars at least: the amount at the top."""
_WIDEST = 3


class Bar(NamedTuple):
    """One day: what each payer paid in nano-dollars, and how many charges are not known."""

    day: str
    paid: Mapping[str, int]
    unknown: int

    @property
    def nano(self) -> int:
        """What is known of it."""
        return sum(self.paid.values())


def bars_of(days: Sequence[DaySum], last: dt.date, count: int) -> list[Bar]:
    """One bar for each of `count` days up to `last`, those without a charge too."""
    names = [(last - DAY * back).isoformat() for back in reversed(range(count))]
    paid: dict[str, dict[str, int]] = {name: {} for name in names}
    unknown = dict.fromkeys(names, 0)
    for one in days:
        if one.day in paid:
            paid[one.day][one.payer] = paid[one.day].get(one.payer, 0) + one.nano
            unknown[one.day] += one.unknown
    return [Bar(name, paid[name], unknown[name]) for name in names]


def plot(
    bars: Sequence[Bar], width: int, height: int, *, letters: bool, chosen: str | None = None
) -> list[list[Piece]]:
    """Rows from the top: the bars, the ground with `?` below what is not known, the dates.

    Args:
        bars: The days, the latest last; those that do not fit are left out.
        width: Cells there are.
        height: Rows of the bars.
        letters: Whether bars are the letters of who paid.
        chosen: A day that is pointed at.
    """
    most = max((bar.nano for bar in bars), default=0)
    label = show_usd(most) if most else ""
    edge = max(LABEL, len(label) + 1)
    room = max(width - edge, 0)
    bars = bars[-room:] if room else []
    if not bars:
        return []
    each = min(max(room // len(bars), 1), _WIDEST)
    wide = max(each - 1, 1)
    columns = [_column(bar, most, height, letters=letters) for bar in bars]
    rows: list[list[Piece]] = []
    for y in reversed(range(height)):
        said = label if y == height - 1 else ""
        row: list[Piece] = [(f"{said:>{edge - 1}} ", "$mute")]
        for column in columns:
            sign, style = column[y]
            row += [(sign * wide, style), (" " * (each - wide), "")]
        rows.append(row)
    left = (" " * edge, "")
    ground = _ground(bars, each, wide, letters, chosen)
    return [*rows, [left, *ground], [left, *_dates(bars, each)]]


def _column(bar: Bar, most: int, height: int, *, letters: bool) -> list[Piece]:
    """A bar's cells from the bottom up."""
    steps = 1 if letters else _EIGHTHS
    edges = _edges(bar, most, height * steps)
    cells: list[Piece] = []
    for y in range(height):
        inside = [(payer, top - y * steps) for payer, top in edges if top > y * steps]
        if not inside:
            cells.append((" ", ""))
        elif letters:
            cells.append((glyph(_shown(inside[0][0]), letters=True).strip(), _ink(inside[0][0])))
        else:
            cells.append(_cell(inside))
    return cells


def _cell(inside: Sequence[tuple[str, int]]) -> Piece:
    """One cell with the part of a payer at its bottom and, behind it, of the one above."""
    payer, fill = inside[0]
    if fill >= _EIGHTHS:
        return "█", _ink(payer)
    if len(inside) > 1:
        return _PARTS[fill], f"{_ink(payer)} on {_ink(inside[1][0])}"
    return _PARTS[fill], _ink(payer)


def _edges(bar: Bar, most: int, levels: int) -> list[tuple[str, int]]:
    """Up to which level each payer reaches; what cost anything is seen."""
    edges: list[tuple[str, int]] = []
    below = last = 0
    for payer in (*PAYERS, *sorted(set(bar.paid) - set(PAYERS))):
        below += bar.paid.get(payer, 0)
        top = (2 * below * levels + most) // (2 * most) if most else 0
        if below and not edges:
            top = max(top, 1)
        if top > last:
            edges.append((payer, top))
            last = top
    return edges


def _ground(
    bars: Sequence[Bar], each: int, wide: int, letters: bool, chosen: str | None
) -> list[Piece]:
    line, mark = ("-", "^") if letters else ("─", "▲")
    row: list[Piece] = []
    for bar in bars:
        if bar.day == chosen:
            row.append((mark * wide, "$focus"))
        elif bar.unknown:
            row.append(("?" * wide, "$warn"))
        else:
            row.append((line * wide, "$line"))
        row.append((" " * (each - wide), ""))
    return row


def _dates(bars: Sequence[Bar], each: int) -> list[Piece]:
    """The first day, the last, and one in the midst where there is room."""
    room = each * len(bars)
    first, last = (_date(bars[at].day) for at in (0, -1))
    if room < len(first) + len(last) + 2:
        return [(last.rjust(room)[-room:], "$faint")]
    half = len(bars) // 2
    midst, start = _date(bars[half].day), each * half
    text = first
    if start > len(first) + 1 and start + len(midst) + 1 < room - len(last):
        text = text.ljust(start) + midst
    return [(text.ljust(room - len(last)) + last, "$faint")]


def _date(day: str) -> str:
    return f"{dt.date.fromisoformat(day):%b} {dt.date.fromisoformat(day).day}"


def legend(bars: Sequence[Bar], *, letters: bool) -> list[Piece]:
    """Who paid any of it, as marker and word."""
    from tui.session.spending_words import group_name

    seen = {payer for bar in bars for payer in bar.paid}
    row: list[Piece] = []
    for payer in (*PAYERS, *sorted(seen - set(PAYERS))):
        if payer in seen:
            gap = "   " if row else ""
            row += [
                (f"{gap}{glyph(_shown(payer), letters=letters)}", _ink(payer)),
                (f" {group_name('payer', payer)}", "$mute"),
            ]
    return row


def share_bar(part: int, most: int, cells: int, *, letters: bool) -> str:
    """A line as long as a part is of the largest, seen where it is anything."""
    if part <= 0 or most <= 0:
        return " " * cells
    halves = max(1, min((4 * part * cells + most) // (2 * most), cells * 2))
    full, half = divmod(halves, 2)
    whole, rest = ("=", "-") if letters else ("━", "╸")
    return (whole * full + rest * half).ljust(cells)


def width_of(row: Sequence[Piece]) -> int:
    """Cells of a row."""
    return sum(cell_width(text) for text, _ in row)


def _shown(payer: str) -> str:
    return "credits" if payer == "platform_credits" else payer


def _ink(payer: str) -> str:
    return colour(_shown(payer))
