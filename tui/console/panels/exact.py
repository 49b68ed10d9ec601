"""A command or a path as it runs, character by character, for a person who has to judge it (pure).

Nothing is left out: every row's characters together are the text, blanks at a row's end included.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache

from tui.console.transcript.lines import Line, Span
from tui.text import cell_width, neutralise, truncate

GOES_ON = "↪ "
"""Before a row that goes on with the line of the row above."""

Marks = Sequence[tuple[int, int]]


def exact_lines(text: str, marks: Marks, width: int, *, ground: str = "") -> list[Line]:
    """The text in rows of at most `width` cells, with its marked characters coloured.

    Args:
        text: As it runs; controls, invisible characters and look-alikes become visible marks.
        marks: Half-open ranges of characters of `text`.
        width: Cells.
        ground: The style of the ground of each row.
    """
    lines: list[Line] = []
    at = 0
    room = max(width - len(GOES_ON), 8)
    alone = "\n" not in text  # quotes may reach over lines: no guess where they stand then
    for raw in text.split("\n"):
        inside = [(low - at, high - at) for low, high in marks if low < at + len(raw) + 1 > at]
        spans = _coloured(raw, [(max(low, 0), high) for low, high in inside if high > 0], alone)
        for index, row in enumerate(_cut(spans, room)):
            lead = GOES_ON if index else " " * len(GOES_ON)
            lines.append(Line((Span(lead, "mute", None, True), *row), ground))
        at += len(raw) + 1
    return lines


@cache
def _parts() -> re.Pattern[str]:
    """Our marks, what stands in quotes, and the signs between commands."""
    return re.compile(
        r"(?P<mark>⟨(?:U\+[0-9A-F]{4,6}|x[0-9a-f]{2})⟩|[\u2400-\u2421])"
        r"|(?P<string>'[^']*'|\"(?:[^\"\\]|\\.)*\")"
        r"|(?P<sign>&&|\|\||[|;&])"
    )


def _coloured(raw: str, marks: Marks, quotes: bool) -> list[Span]:
    """One line as spans; what is marked, and each mark of ours, stands out."""
    shown = neutralise(raw, strict=True)
    places = _places(raw, shown) if marks else []
    loud = [(places[low], places[min(high, len(raw))]) for low, high in marks if low < len(raw)]
    styles = ["text"] * len(shown)
    for found in _parts().finditer(shown):
        low, high = found.span()
        if found.lastgroup == "mark":
            loud.append((low, high))
        elif found.lastgroup == "sign":
            styles[low:high] = ["mute"] * (high - low)
        else:
            styles[low:high] = ["code-string" if quotes else "text"] * (high - low)
            loud += _marks_in(shown, low, high)
    for low, high in loud:
        styles[low:high] = ["loud"] * (high - low)
    return list(_runs(shown, styles))


def _marks_in(shown: str, low: int, high: int) -> list[tuple[int, int]]:
    return [
        one.span() for one in _parts().finditer(shown, low + 1, high) if one.lastgroup == "mark"
    ]


def _runs(shown: str, styles: Sequence[str]) -> Iterator[Span]:
    start = 0
    for at in range(1, len(shown) + 1):
        if at == len(shown) or styles[at] != styles[start]:
            yield Span(shown[start:at], styles[start])
            start = at


def _places(raw: str, shown: str) -> list[int]:
    """Where each raw character begins in what is shown, and where the last one ends."""
    if raw == shown:
        return list(range(len(raw) + 1))
    places: list[int] = []
    at = 0
    for char in raw:
        places.append(at)
        if shown[at : at + 1] == char or shown[at : at + 1] != "⟨":
            at += 1
        else:
            at = shown.index("⟩", at) + 1
    return [*places, len(shown)]


def _cut(spans: Sequence[Span], width: int) -> Iterator[list[Span]]:
    """Rows of at most `width` cells; cut behind a blank where there is one, and none is lost."""
    text = "".join(span.text for span in spans)
    starts = [0]
    for span in spans:
        starts.append(starts[-1] + len(span.text))
    start = 0
    while True:
        end = _row_end(text, start, width)
        yield list(_between(spans, starts, start, end))
        start = end
        if start >= len(text):
            return


def _row_end(text: str, start: int, width: int) -> int:
    window = text[start : start + 2 * width + 32]
    if cell_width(window) <= width:
        return start + len(window)
    fit = start + (len(truncate(window, width, "")) or len(truncate(window, 2, "")) or 1)
    blank = text.rfind(" ", start + 1, fit)
    # A blank far to the left would leave the row all but empty.
    return blank + 1 if blank > start + (fit - start) // 2 else fit


def _between(spans: Sequence[Span], starts: Sequence[int], low: int, high: int) -> Iterator[Span]:
    """The spans from one character to before another."""
    for index in range(max(bisect_right(starts, low) - 1, 0), len(spans)):
        begin = starts[index]
        if begin >= high:
            return
        piece = spans[index].text[max(low - begin, 0) : high - begin]
        if piece:
            yield spans[index]._replace(text=piece)
