"""A long reply as several blocks, so that what is laid out at once stays small (pure).

Where it is cut depends on its text alone, never on the pieces in which it came: before a segment of
Markdown where one begins in the second half of what a block may hold, else behind a line, and then
the next block knows what it goes on with.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.console.transcript.segments import Fence, Prose, Segments, opening_of

MOST_CHARACTERS = 16_000
"""Of one block: 10 to 30 ms to lay out."""


class Cut(NamedTuple):
    """Where a block ends, and how the next one begins.

    Attributes:
        end: Characters of the text that stay.
        lead: The Markdown that has to be read before the rest: an open fence, a table's head.
        apart: Whether a blank line stands between the two.
    """

    end: int
    lead: str
    apart: bool


def cut(text: str, lead: str) -> Cut | None:
    """Where a text is cut that is too long for one block; None where it is not.

    Args:
        text: The text; only as much of it is looked at as a block may hold.
        lead: What this text itself goes on with.
    """
    if len(text) < MOST_CHARACTERS:
        return None
    segments = Segments(lead)
    *lines, rest = text[:MOST_CHARACTERS].split("\n")
    offset, best = 0, None
    for line in lines:
        before = segments.open
        for _ in segments.feed(f"{line}\n"):
            pass
        now = segments.open
        if now is not None and now is not before and offset > MOST_CHARACTERS // 2:
            if isinstance(now, Prose) and now.head:
                return Cut(offset, now.head, False)  # rows of a table cost more than other text
            apart = now.blank_before or isinstance(now, Fence) or now.heading
            best = Cut(offset, "", apart)
        offset += len(line) + 1
    if best is not None:
        return best
    end = offset if offset > MOST_CHARACTERS // 2 else MOST_CHARACTERS
    if end == MOST_CHARACTERS:
        for _ in segments.feed(rest):
            pass
    return Cut(end, opening_of(segments.open), False)
