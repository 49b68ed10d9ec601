"""Answers of a panel that stand in columns: what it does, with what, who pays, how much (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.text import cell_width, truncate

_APART = 2
_LEAST = 12
"""Cells that the words of an answer keep."""


class Columns(msgspec.Struct, frozen=True):
    """What stands beside an answer: the model, then who pays, and the price at the right."""

    model: str
    payer: tuple[Span, ...]
    price: str


class Cells(msgspec.Struct, frozen=True):
    """One answer: its key, its words, and the columns, where it has them."""

    key: str
    words: str
    columns: Columns | None


def column_lines(rows: Sequence[Cells], room: int) -> list[Line]:
    """The answers below each other; where there is no room, their columns stand in a second row."""
    words = max((cell_width(row.words) for row in rows if row.columns), default=0)
    model = max((cell_width(row.columns.model) for row in rows if row.columns), default=0)
    payer = max((width_of(row.columns.payer) for row in rows if row.columns), default=0)
    price = max((cell_width(row.columns.price) for row in rows if row.columns), default=0)
    left = room - 3 - words - payer - price - 3 * _APART
    beside = left >= min(model, _LEAST)
    model = min(model, left)
    lines: list[Line] = []
    for row in rows:
        if beside:
            lines += _beside(row, words, model, room)
        else:
            lines += _below(row, room)
    return lines


def _beside(row: Cells, words: int, model: int, room: int) -> Iterator[Line]:
    if row.columns is None:
        yield from _words(row, room)
        return
    one = row.columns
    named = _filled(truncate(one.model, model), model)
    apart = Span(" " * _APART)
    spans = (
        Span(f"{row.key}  ", "strong"), Span(_filled(row.words, words), "text"), apart,
        Span(named, "mute"), apart, *one.payer,
    )  # fmt: skip
    yield Line(spans, right=(Span(one.price, "text", None, True),))


def _below(row: Cells, room: int) -> Iterator[Line]:
    yield from _words(row, room)
    if row.columns is None:
        return
    one = row.columns
    left = room - 3 - width_of(one.payer) - cell_width(one.price) - 2 * _APART
    model = truncate(one.model, max(left, _LEAST))
    spans = (Span("   "), Span(model, "mute"), Span("  "), *one.payer)
    yield Line(spans, right=(Span(one.price, "text", None, True),))


def _words(row: Cells, room: int) -> Iterator[Line]:
    for index, line in enumerate(wrap((Span(row.words, "text"),), max(room - 3, _LEAST))):
        lead = Span("   " if index else f"{row.key}  ", "strong")
        yield line._replace(spans=(lead, *line.spans))


def _filled(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))
