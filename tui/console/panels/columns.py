"""Answers of a panel that stand in columns: what it does, with what, who pays, how much (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.text import cell_width, truncate

_APART = 2
_LEAST = 12
"""Cells that the words of an answer keep, and the name of its model."""
CHOSEN = "chosen-ground"
"""The ground of the answer that Enter gives."""


class Columns(msgspec.Struct, frozen=True):
    """What stands beside an answer: the model, then who pays, and the price at the right."""

    model: str
    payer: tuple[Span, ...]
    price: str
    short_payer: tuple[Span, ...] = ()
    """The same where there is little room; empty: there is none."""


class Cells(msgspec.Struct, frozen=True):
    """One answer: its key, its words, and the columns, where it has them.

    `short`: its words where there is little room; empty: the same. `chosen`: Enter gives it.
    """

    key: str
    words: str
    columns: Columns | None
    short: str = ""
    chosen: bool = False


def column_lines(rows: Sequence[Cells], room: int) -> list[Line]:
    """The answers below each other; in fewer words where that lets each stand in one row.

    Where not even those fit, the columns stand in a second row.
    """
    for some in (rows, [_shortened(row) for row in rows]):
        words, model, payer, price = _widths(some)
        left = room - 3 - words - payer - price - 3 * _APART
        if left >= min(model, _LEAST):
            model = min(model, left)
            return [line for row in some for line in _beside(row, words, model, room)]
    return [line for row in rows for line in _below(row, room)]


def _shortened(row: Cells) -> Cells:
    columns = row.columns
    if columns is None:
        return row
    if columns.short_payer:
        columns = msgspec.structs.replace(columns, payer=columns.short_payer)
    return msgspec.structs.replace(row, words=row.short or row.words, columns=columns)


def _widths(rows: Sequence[Cells]) -> tuple[int, int, int, int]:
    """Cells of the words, the models, the payers and the prices."""
    words = max((cell_width(row.words) for row in rows if row.columns), default=0)
    model = max((cell_width(row.columns.model) for row in rows if row.columns), default=0)
    payer = max((width_of(row.columns.payer) for row in rows if row.columns), default=0)
    price = max((cell_width(row.columns.price) for row in rows if row.columns), default=0)
    return words, model, payer, price


def _beside(row: Cells, words: int, model: int, room: int) -> Iterator[Line]:
    if row.columns is None:
        yield from _words(row, room)
        return
    one = row.columns
    named = _filled(truncate(one.model, model), model)
    apart = Span(" " * _APART)
    spans = (
        Span(f"{row.key}  ", "strong"), Span(_filled(row.words, words), _ink(row)), apart,
        Span(named, "mute"), apart, *one.payer,
    )  # fmt: skip
    yield Line(spans, right=(Span(one.price, "text", None, True),), fill=_ground(row))


def _below(row: Cells, room: int) -> Iterator[Line]:
    yield from _words(row, room)
    if row.columns is None:
        return
    one = row.columns
    left = room - 3 - width_of(one.payer) - cell_width(one.price) - 2 * _APART
    model = truncate(one.model, max(left, _LEAST))
    spans = (Span("   "), Span(model, "mute"), Span("  "), *one.payer)
    yield Line(spans, right=(Span(one.price, "text", None, True),), fill=_ground(row))


def _words(row: Cells, room: int) -> Iterator[Line]:
    for index, line in enumerate(wrap((Span(row.words, _ink(row)),), max(room - 3, _LEAST))):
        lead = Span("   " if index else f"{row.key}  ", "strong")
        yield line._replace(spans=(lead, *line.spans), fill=_ground(row))


def _ink(row: Cells) -> str:
    return "strong" if row.chosen else "text"


def _ground(row: Cells) -> str:
    return CHOSEN if row.chosen else ""


def _filled(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))
