"""Changes to a file as rows, and rows as lines: one column, or two where there is room."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.text import neutralise

SIDE_BY_SIDE_COLUMNS = 110
_MAX_ROWS = 400
_LONGEST_ROW = 1_000
_LOOKED_AT = 4_000
_MOST_MATCHED = 40_000
_CONTEXT = 3
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_HEADERS = ("--- ", "+++ ", "diff ", "index ")

Colour = Callable[[str], Sequence[Sequence[Span]] | None]
"""Code to spans for each of its lines; None while the colours are not there yet."""


class Row(NamedTuple):
    """A line of a change. Numbers are those in the old and the new file, None where unknown."""

    mark: Literal[" ", "-", "+", "@"]
    text: str
    old: int | None = None
    new: int | None = None


class Change(NamedTuple):
    """What a change puts in and takes out in all, and as many of its rows as are shown."""

    rows: Sequence[Row]
    added: int
    removed: int
    hidden: int = 0  # rows that are not among them


def from_unified(text: str, *, whole: bool = False) -> Change | None:
    """The unified diff that stands anywhere in a text; None where there is none.

    `whole`: every row of it; None, too, where a line of the text would not be among them.
    """
    if "\n@@ -" not in f"\n{text if whole else text[:_LOOKED_AT]}":
        return None
    rows: list[Row] = []
    old = new = old_end = new_end = 0
    inside = False
    for line in text.split("\n"):
        done = old >= old_end and new >= new_end
        if hunk := _HUNK.match(line):
            if rows:
                rows.append(Row("@", ""))
            old, new, inside = int(hunk[1]), int(hunk[3]), True
            old_end, new_end = old + int(hunk[2] or 1), new + int(hunk[4] or 1)
        elif done and line.startswith(_HEADERS):
            inside = False
        elif inside and line[:1] == "+":
            rows.append(Row("+", line[1:], None, new))
            new += 1
        elif inside and line[:1] == "-":
            rows.append(Row("-", line[1:], old, None))
            old += 1
        elif inside and (line[:1] == " " or not (line or done)):
            rows.append(Row(" ", line[1:], old, new))
            old, new = old + 1, new + 1
        elif whole and line.startswith("\\"):
            rows.append(Row(" ", line))
        elif whole and line:
            return None
        elif not line.startswith("\\"):
            inside = False
    return _change(rows, len(rows) if whole else _MAX_ROWS) if rows else None


def from_texts(before: str, after: str, *, files: bool = False) -> Change:
    """What turns one text into the other, with a little of what stays around it.

    `files`: they are whole files, so that their lines have numbers.
    """
    import difflib

    old, new = _lines(before, files), _lines(after, files)
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    out, put = old[start : len(old) - end], new[start : len(new) - end]
    sides = _Sides(old, new, files)
    rows = sides.kept(max(start - _CONTEXT, 0), max(start - _CONTEXT, 0), min(start, _CONTEXT))
    if len(out) * len(put) > _MOST_MATCHED:
        # Matching grows with the square; so long a change is shown as taken out and put in.
        lead = len(rows)
        rows += sides.taken_out(start, start + min(len(out), _MAX_ROWS))
        rows += sides.put_in(start, start + min(len(put), _MAX_ROWS))
        hidden = len(out) + len(put) - len(rows) + lead
        return Change(rows, len(put), len(out), max(hidden, 0))
    matcher = difflib.SequenceMatcher(None, out, put, autojunk=False)
    for tag, out_from, out_to, put_from, put_to in matcher.get_opcodes():
        if tag == "equal":
            kept = sides.kept(start + out_from, start + put_from, out_to - out_from)
            rows += _context(kept)
        else:
            rows += sides.taken_out(start + out_from, start + out_to)
            rows += sides.put_in(start + put_from, start + put_to)
    return _change([*rows, *sides.kept(len(old) - end, len(new) - end, min(end, _CONTEXT))])


def _lines(text: str, file: bool) -> list[str]:
    return (text.removesuffix("\n") if file else text).split("\n") if text else []


class _Sides(NamedTuple):
    """Rows out of two texts, by their lines' places."""

    old: Sequence[str]
    new: Sequence[str]
    numbered: bool

    def kept(self, at: int, put: int, count: int) -> list[Row]:
        return [
            Row(" ", self.old[at + n], self._number(at + n), self._number(put + n))
            for n in range(count)
        ]

    def taken_out(self, start: int, end: int) -> list[Row]:
        return [Row("-", self.old[n], self._number(n), None) for n in range(start, end)]

    def put_in(self, start: int, end: int) -> list[Row]:
        return [Row("+", self.new[n], None, self._number(n)) for n in range(start, end)]

    def _number(self, at: int) -> int | None:
        return at + 1 if self.numbered else None


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines at the start are the same."""
    count = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        count += 1
    return count


def _context(rows: list[Row]) -> list[Row]:
    """Lines that stay, between two changes."""
    if len(rows) > 2 * _CONTEXT + 1:
        return [*rows[:_CONTEXT], Row("@", ""), *rows[-_CONTEXT:]]
    return rows


def _change(rows: Sequence[Row], most: int = _MAX_ROWS) -> Change:
    added, removed = (sum(row.mark == mark for row in rows) for mark in "+-")
    return Change(rows[:most], added, removed, max(len(rows) - most, 0))


def lay_out(change: Change, width: int, colour: Colour, *, whole: bool = False) -> list[Line]:
    """The rows as lines of at most `width` cells, long ones wrapped; `whole`: to their ends."""
    texts = [_text(row.text, whole) for row in change.rows]
    coloured = colour("\n".join(texts)) or [(Span(text, "code-plain"),) for text in texts]
    cells = [
        _cell(row, text, spans)
        for row, text, spans in zip(change.rows, texts, coloured, strict=False)
    ]
    if width >= SIDE_BY_SIDE_COLUMNS:
        lines = list(_side_by_side(cells, width))
    else:
        lines = [line for row, spans in cells for line in _row(row, spans, width)]
    if change.hidden:
        lines.append(Line((Span(f"  … {change.hidden:,} more lines", "mute", None, True),)))
    return lines


def _text(line: str, whole: bool) -> str:
    cut = "…" if len(line) > _LONGEST_ROW and not whole else ""
    return neutralise(line if whole else line[:_LONGEST_ROW]).replace("\n", "␊").expandtabs(4) + cut


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
