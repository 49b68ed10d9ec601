"""Tables: columns as wide as they need or may be, cells wrapped, no frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tui.console.transcript.inline import Inline
from tui.console.transcript.lines import BLANK, Line, Span, restyled, width_of, wrap

if TYPE_CHECKING:
    from markdown_it.token import Token

_GAP = 3
_NARROWEST = 6
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)

_Cell = list[Span]


def lay_out_table(
    tokens: Sequence[Token], width: int, inline: Inline, known: Sequence[int] | None = None
) -> list[Line]:
    """The tokens of one table as lines; `known`: rows of one whose head stands above, so wide."""
    rows, aligns = _read(tokens, inline)
    if not rows:
        return []
    columns = max(len(row) for row in rows)
    room = width - _GAP * (columns - 1)
    if room < _NARROWEST * columns and columns > 1:
        lines = _as_records(rows, width)
        return [BLANK, *lines] if known is not None else lines
    natural = [max(_cell_width(row, column) for row in rows) for column in range(columns)]
    if known is not None and len(known) == columns:
        natural = [max(pair) for pair in zip(known, natural, strict=True)]
    widths = _shared(natural, room)
    lines: list[Line] = []
    for index, row in enumerate(rows):
        if index == 0 and known is not None:
            continue
        lines += _row(row, widths, aligns, "table-head" if index == 0 else "")
        if index == 0:
            total = sum(widths) + _GAP * (columns - 1)
            lines.append(Line((Span("─" * total, "rule", None, True),)))
    return lines


def _read(tokens: Sequence[Token], inline: Inline) -> tuple[list[list[_Cell]], list[str]]:
    rows: list[list[_Cell]] = []
    aligns: list[str] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            cell = [span for row in inline.rows(tokens[index + 1].children or ()) for span in row]
            rows[-1].append(cell)
            if token.type == "th_open":
                style = str(token.attrGet("style") or "")
                aligns.append(style.removeprefix("text-align:"))
    return rows, aligns


def _pieces(cell: _Cell) -> list[_Cell]:
    """The cell's own lines: models write `<br>` where a cell has several."""
    pieces: list[_Cell] = [[]]
    for span in cell:
        first, *others = _BREAK.split(span.text)
        pieces[-1].append(span._replace(text=first))
        pieces += [[span._replace(text=other)] for other in others]
    return pieces


def _cell_width(row: Sequence[_Cell], column: int) -> int:
    return max(map(width_of, _pieces(row[column])), default=0) if column < len(row) else 0


def _shared(natural: Sequence[int], room: int) -> list[int]:
    """Columns that need less than their share get what they need; the others share the rest."""
    widths = [max(need, 1) for need in natural]
    open_columns = set(range(len(widths)))
    while open_columns and sum(widths) > room:
        rest = room - sum(widths[i] for i in range(len(widths)) if i not in open_columns)
        share = max(rest // len(open_columns), _NARROWEST)
        small = {i for i in open_columns if natural[i] <= share}
        if not small:
            for rank, i in enumerate(sorted(open_columns)):
                widths[i] = share + (rank < rest - share * len(open_columns))
            break
        open_columns -= small
    return widths


def _row(
    row: Sequence[_Cell], widths: Sequence[int], aligns: Sequence[str], style: str
) -> Iterator[Line]:
    cells = [
        [line for piece in _pieces(cell) for line in wrap(piece, width)]
        for cell, width in zip(row, widths, strict=False)
    ]
    for number in range(max(map(len, cells), default=0)):
        spans: list[Span] = []
        for column, width in enumerate(widths):
            cell = cells[column] if column < len(cells) else []
            own = (
                restyled(cell[number].spans, style)
                if style and number < len(cell)
                else (cell[number].spans if number < len(cell) else ())
            )
            align = aligns[column] if column < len(aligns) else ""
            left, right = _padding(width - width_of(own), align)
            spans += [Span(" " * left), *own, Span(" " * (right + _GAP))]
        yield Line(tuple(span for span in _stripped(spans) if span.text))


def _padding(rest: int, align: str) -> tuple[int, int]:
    rest = max(rest, 0)
    if align == "right":
        return rest, 0
    left = rest // 2 if align == "center" else 0
    return left, rest - left


def _stripped(spans: list[Span]) -> list[Span]:
    while spans and not spans[-1].text.strip():
        spans.pop()
    return spans


def _as_records(rows: Sequence[Sequence[_Cell]], width: int) -> list[Line]:
    """A table too wide for the screen: each row as its fields, one under the other."""
    head, *body = rows
    lines: list[Line] = []
    for row in body or [head]:
        if lines:
            lines.append(BLANK)
        for name, cell in zip(head, row, strict=False):
            label = restyled(name, "table-head") if body else ()
            lines += wrap([*label, Span("  " if label else ""), *cell], width)
    return lines
