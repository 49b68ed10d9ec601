"""Where in a block's lines the words stand that are looked for; wrapped rows count as one line."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tui.console.transcript.lines import Line

_MOST_ROWS = 24
"""Rows above and below that a hit is followed into."""


class Mark(NamedTuple):
    """A piece of a row that belongs to a hit: characters from `start` to before `end`.

    `row` and `at` are where the hit begins: the same for all pieces of one hit.
    """

    start: int
    end: int
    row: int
    at: int


def hits_of(lines: Sequence[Line], pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """For each hit, in order, the row and the character of the row's text where it begins."""
    found: list[tuple[int, int]] = []
    first = 0
    while first < len(lines):
        stop = first + 1
        while stop < len(lines) and lines[stop].join != "\n":
            stop += 1
        found += _begins(lines, first, stop, pattern)
        first = stop
    return found


def _begins(
    lines: Sequence[Line], first: int, stop: int, pattern: re.Pattern[str]
) -> Iterator[tuple[int, int]]:
    if stop == first + 1:
        yield from ((first, found.start()) for found in pattern.finditer(lines[first].text))
        return
    text, starts = _joined(lines, first, stop)
    for found in pattern.finditer(text):
        row = bisect.bisect_right(starts, found.start()) - 1
        yield first + row, found.start() - starts[row]


def marks_of(lines: Sequence[Line], row: int, pattern: re.Pattern[str]) -> list[Mark]:
    """What of a row belongs to hits."""
    if not lines[row].spans:
        return []
    first, stop = row, row + 1
    while first > 0 and lines[first].join != "\n" and row - first < _MOST_ROWS:
        first -= 1
    while stop < len(lines) and lines[stop].join != "\n" and stop - row < _MOST_ROWS:
        stop += 1
    text, starts = _joined(lines, first, stop)
    begun = starts[row - first]
    length = len(lines[row].text)
    marks: list[Mark] = []
    for found in pattern.finditer(text):
        low, high = max(found.start() - begun, 0), min(found.end() - begun, length)
        if low < high:
            of = bisect.bisect_right(starts, found.start()) - 1
            at = found.start() - starts[of]
            marks += [Mark(a, b, first + of, at) for a, b in _in_row(lines[row], low, high)]
    return marks


def _joined(lines: Sequence[Line], first: int, stop: int) -> tuple[str, list[int]]:
    """The rows' text as one, and where in it each of them begins."""
    parts: list[str] = []
    starts: list[int] = []
    size = 0
    for index in range(first, stop):
        join = lines[index].join if index > first else ""
        starts.append(size + len(join))
        parts += [join, lines[index].text]
        size = starts[-1] + len(parts[-1])
    return "".join(parts), starts


def _in_row(line: Line, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Characters of a row's text as those of all that stands in it, our own signs included."""
    at = column = 0
    for span in line.spans:
        size = len(span.text)
        if not span.chrome:
            start, end = max(low - at, 0), min(high - at, size)
            if start < end:
                yield column + start, column + end
            at += size
        column += size
