"""Changes to a file as rows, and rows as lines: one column, or two where there is room."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.text import neutralise

SIDE_BY_SIDE_COLUMNS = 120
_MAX_ROWS = 400
_CONTEXT = 3
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")

Colour = Callable[[str], Sequence[Sequence[Span]] | None]
"""Code to spans for each of its lines; None while the colours are not there yet."""


class Row(NamedTuple):
    """A line of a change. Numbers are those in the old and the new file, None where unknown."""

    mark: Literal[" ", "-", "+", "@"]
    text: str
    old: int | None = None
    new: int | None = None


def from_unified(text: str) -> list[Row]:
    """The rows of a unified diff that stands anywhere in a text; none where there is none."""
    rows: list[Row] = []
    old = new = 0
    inside = False
    for line in text.split("\n") if "\n@@ -" in f"\n{text}" else ():
        if hunk := _HUNK.match(line):
            if rows:
                rows.append(Row("@", ""))
            old, new, inside = int(hunk[1]), int(hunk[2]), True
        elif inside and line[:1] in ("+", "-", " "):
            mark = line[0]
            if mark == "+":
                rows.append(Row("+", line[1:], None, new))
            elif mark == "-":
                rows.append(Row("-", line[1:], old, None))
            else:
                rows.append(Row(" ", line[1:], old, new))
            old, new = old + (mark != "+"), new + (mark != "-")
        elif not line.startswith("\\"):
            inside = False
    return rows


def from_texts(before: str, after: str) -> list[Row]:
    """The rows that turn one text into the other, with a little of what stays around them."""
    import difflib

    old, new = before.split("\n"), after.split("\n")
    if len(old) + len(new) > 4 * _MAX_ROWS:
        # Matching grows with the square; so long a change is shown as taken out and put in.
        return [*(Row("-", line) for line in old), *(Row("+", line) for line in new)]
    rows: list[Row] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        if rows:
            rows.append(Row("@", ""))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                rows += [Row(" ", line) for line in old[old_from:old_to]]
            else:
                rows += [Row("-", line) for line in old[old_from:old_to]]
                rows += [Row("+", line) for line in new[new_from:new_to]]
    return rows


def tally(rows: Sequence[Row]) -> tuple[int, int]:
    """Lines put in, lines taken out."""
    return sum(row.mark == "+" for row in rows), sum(row.mark == "-" for row in rows)


def lay_out(rows: Sequence[Row], width: int, colour: Colour) -> list[Line]:
    """The rows as lines of at most `width` cells, long ones wrapped."""
    shown = rows[:_MAX_ROWS]
    texts = [neutralise(row.text).replace("\n", "␊").expandtabs(4) for row in shown]
    coloured = colour("\n".join(texts)) or [(Span(text, "code-plain"),) for text in texts]
    cells = [
        _cell(row, text, spans) for row, text, spans in zip(shown, texts, coloured, strict=False)
    ]
    if width >= SIDE_BY_SIDE_COLUMNS:
        lines = list(_side_by_side(cells, width))
    else:
        lines = [line for row, spans in cells for line in _row(row, spans, width)]
    if len(rows) > _MAX_ROWS:
        lines.append(Line((Span(f"… {len(rows) - _MAX_ROWS:,} more lines", "mute", None, True),)))
    return lines


_Cell = tuple[Row, Sequence[Span]]


def _cell(row: Row, text: str, spans: Sequence[Span]) -> _Cell:
    if row.mark in "+-":
        return row, (Span(text, "added" if row.mark == "+" else "removed"),)
    return row, spans


def _row(row: Row, spans: Sequence[Span], width: int) -> Iterator[Line]:
    if row.mark == "@":
        yield Line((Span("  ⋯", "faint", None, True),))
        return
    fill = {"+": "added-ground", "-": "removed-ground"}.get(row.mark, "")
    number = row.new if row.old is None else row.old
    gutter = f"  {'' if number is None else number:>3} {row.mark}  "
    for index, line in enumerate(wrap(spans, max(width - len(gutter), 8))):
        text = gutter if index == 0 else " " * len(gutter)
        yield line._replace(
            spans=(
                Span(text[:2], "", None, True),
                Span(text[2:], "faint", None, True),
                *line.spans,
            ),
            fill=fill,
            inset=2,
        )


def _side_by_side(cells: Sequence[_Cell], width: int) -> Iterator[Line]:
    half = (width - 2) // 2
    left: list[_Cell] = []
    right: list[_Cell] = []
    for cell in (*cells, None):
        if cell is not None and cell[0].mark == "-" and not right:
            left.append(cell)
            continue
        if cell is not None and cell[0].mark == "+":
            right.append(cell)
            continue
        yield from _pairs(left, right, half)
        left, right = ([cell], []) if cell is not None and cell[0].mark == "-" else ([], [])
        if cell is not None and cell[0].mark == "@":
            yield from _row(*cell, width)
        elif cell is not None and not left:
            yield from _pairs([cell], [cell], half)


def _pairs(left: Sequence[_Cell], right: Sequence[_Cell], half: int) -> Iterator[Line]:
    for index in range(max(len(left), len(right))):
        old = list(_column(left[index], half, old=True)) if index < len(left) else []
        new = list(_column(right[index], half, old=False)) if index < len(right) else []
        for row in range(max(len(old), len(new))):
            before = old[row] if row < len(old) else (Span(" " * half, "", None, True),)
            after = new[row] if row < len(new) else ()
            yield Line((*before, Span(" ", "", None, True), *after))


def _column(cell: _Cell, half: int, *, old: bool) -> Iterator[tuple[Span, ...]]:
    """One side of a row, padded on its own ground to its whole width."""
    row, spans = cell
    number = row.old if old else row.new
    row = row._replace(old=number, new=number)
    for line in _row(row, spans, half):
        ground = line.fill
        body = tuple(
            span._replace(style=f"{ground} {span.style}".strip()) for span in line.spans[1:]
        )
        rest = half - width_of(line.spans)
        yield (line.spans[0], *body, Span(" " * rest, ground, None, True))
