"""What a transcript's line is made of, and how text is cut into lines.

Spans carry the name of a style, never a colour: names are the keys of `paint.STYLES`, and several
stand with a space between. Text in a span is neutralised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tui.text import cell_width, truncate

PROSE_COLUMNS = 100
"""Prose wraps here at the latest, however wide the screen (look/README.md)."""

_ONE_CELL = (
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u2010-\u2015\u2018-\u2027\u2030-\u205e"
    "\u20a0-\u20bf\u2190-\u2193\u21d0-\u21ff\u2400-\u2426\u2500-\u25fc\u27e8\u27e9]*"
)
_WIDE = "[\u2e80-\u3029\u3030-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003fffd]"
_STAYS_BEHIND = "、。，．：；？！）］｝〉》」』】〕’”…々ー"
_OPENS = "（［｛〈《「『【〔‘“"


class Span(NamedTuple):
    """A run of text in one style. `chrome` is drawn by us and not copied."""

    text: str
    style: str = ""
    href: str | None = None  # an address that `tui.text.safe_href` let through
    chrome: bool = False


class Line(NamedTuple):
    """One row. `fill` names the ground it lies on, from the cell `inset` to the right edge.

    `right` stands at the right edge and is not copied; `bar` styles the bar in the margin.
    `join` is what stood in the text between the row before and this one: a newline, the blank at
    which a row was wrapped, or nothing where a word was cut.
    """

    spans: tuple[Span, ...] = ()
    fill: str = ""
    join: str = "\n"
    right: tuple[Span, ...] = ()
    bar: str = ""
    inset: int = 0

    @property
    def text(self) -> str:
        """What a person copies of it."""
        return "".join([span.text for span in self.spans if not span.chrome])


BLANK = Line()


def styled(text: str, style: str = "", *, chrome: bool = False) -> tuple[Span, ...]:
    """One span as the spans of a line; none for no text."""
    return (Span(text, style, None, chrome),) if text else ()


def width_of(spans: Sequence[Span]) -> int:
    """Cells of these spans."""
    return sum([cell_width(span.text) for span in spans])


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when text is first laid out: their many ranges take 4 ms."""
    return re.compile(pattern)


def breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Start and end of each row of one line of neutralised text, at most `width` cells each.

    Breaks at blanks, beside ideographs, else inside a word, never inside what is drawn as one.
    """
    if _compiled(_ONE_CELL).fullmatch(text):
        yield from _even_breaks(text, width)
        return
    start, length = 0, len(text)
    while start < length:
        end = _fitting(text, start, width)
        if end < length:
            cut = _break_before(text, start, end)
            yield start, cut
            start = cut + (text[cut] == " ")
        else:
            yield start, length
            return


def _even_breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    start, length = 0, len(text)
    while length - start > width:
        cut = text.rfind(" ", start + 1, start + width + 1)
        if cut < 0:
            yield start, start + width
            start += width
        else:
            yield start, cut
            start = cut + 1
    if start < length or not length:
        yield start, length


def _fitting(text: str, start: int, width: int) -> int:
    """End of the longest run from `start` that fits; at least one drawn character."""
    window = 2 * width + 32
    while True:
        piece = text[start : start + window]
        fit = len(truncate(piece, width, ""))
        if fit < len(piece):
            # Where not even one fits, the first goes beyond: a row is never empty.
            return start + (fit or len(truncate(piece, 2, "")) or 1)
        if start + window >= len(text):
            return len(text)
        window *= 4


def _break_before(text: str, start: int, end: int) -> int:
    """Where to end a row that may reach to `end`."""
    if text[end] == " ":
        return end
    wide = _compiled(_WIDE)
    for at in range(end, start, -1):
        before, after = text[at - 1], text[at]
        if before == " " and at - 1 > start:
            return at - 1
        beside_ideograph = wide.match(before) or wide.match(after)
        if beside_ideograph and after not in _STAYS_BEHIND and before not in _OPENS:
            return at
    return end


def wrap(spans: Sequence[Span], width: int, fill: str = "") -> list[Line]:
    """Spans of one line (no newline, no tab) as rows of at most `width` cells."""
    text = spans[0].text if len(spans) == 1 else "".join([span.text for span in spans])
    if len(text) <= width and (text.isascii() or cell_width(text) <= width):
        return [Line(tuple(spans), fill)]
    rows = list(breaks(text, width))
    lines: list[Line] = []
    before = 0
    for (start, end), piece in zip(rows, _pieces(spans, rows), strict=True):
        join = text[before:start] if lines else "\n"
        lines.append(Line(tuple(piece), fill, join))
        before = end
    return lines


def _pieces(spans: Sequence[Span], rows: Sequence[tuple[int, int]]) -> Iterator[list[Span]]:
    """The spans cut at the rows' ends; both run in order."""
    index, offset = 0, 0  # of the first span that may still reach into the row
    for start, end in rows:
        row: list[Span] = []
        while index < len(spans):
            span = spans[index]
            low, high = max(start - offset, 0), end - offset
            piece = span.text[low:high]
            if piece:
                row.append(span._replace(text=piece))
            if len(span.text) > high:
                break
            offset += len(span.text)
            index += 1
        yield row


def prefixed(lines: list[Line], first: tuple[Span, ...], rest: tuple[Span, ...]) -> list[Line]:
    """The lines behind a marker: `first` before the first row, `rest` before the others."""
    shift = width_of(first)
    return [
        line._replace(
            spans=(first if index == 0 else rest) + line.spans,
            inset=line.inset + shift if line.fill else 0,
        )
        for index, line in enumerate(lines)
    ]


def restyled(spans: Sequence[Span], style: str) -> tuple[Span, ...]:
    """The spans with one more style under their own."""
    return tuple(
        span._replace(style=f"{style} {span.style}" if span.style else style) for span in spans
    )
