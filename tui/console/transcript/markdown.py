"""A reply's Markdown as lines for a width, kept up to date while it streams.

What is final is laid out once. Of what still grows only the last segment is laid out again, and of
a code fence only its last lines. Whatever the pieces were, the lines are those of the whole text;
only the colours of a fence that is still open may differ until it closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tui.console.transcript.code import code_lines, labelled, lines_of_code, shown_code
from tui.console.transcript.highlight import AT_ONCE, Coloured, Colours
from tui.console.transcript.lines import BLANK, PROSE_COLUMNS, Line
from tui.console.transcript.prose import ProseLayout
from tui.console.transcript.segments import Fence, Prose, Segment, Segments

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_MOST_SEGMENTS = 8_000
_MOST_CHARACTERS = 160_000
"""What one text may cost to parse; beyond it is shown as it stands (half a second at worst)."""

_WINDOW = 300
"""Characters of an open fence that are coloured again with each piece: about a millisecond."""
_KEPT_OPEN = 80


class _Uncoloured(msgspec.Struct):
    start: int
    segment: Segment
    after_number: int


class MarkdownLines:
    """The lines of one growing Markdown text.

    Args:
        parser: From `prose.make_parser`; None until it is there, and all is shown as plain text.
        width: Cells for code and tables; prose takes at most 100 of them.
        colours: Who colours code, or None for no colours.
        lead: What the text goes on with (`segments.opening_of`).
    """

    def __init__(
        self,
        parser: MarkdownIt | None,
        width: int,
        colours: Colours | None,
        lead: str = "",
    ) -> None:
        self.lines: list[Line] = []
        self._width = max(width, 16)
        self._colours = colours
        self._layout = ProseLayout(parser, self._width, min(self._width, PROSE_COLUMNS), colours)
        self._segments = Segments(lead)
        self._final = 0  # lines that will not change any more
        self._last: Segment | None = None
        self._ends_on_ground = False
        self._number = 0  # of the last item, where the last segment ended an ordered list
        self._fence: _OpenFence | None = None
        self._uncoloured: list[_Uncoloured] = []
        self._parsed_segments = self._parsed_characters = 0

    def feed(self, delta: str, *, complete: bool = False) -> int:
        """Take in more text.

        Args:
            delta: What came, in any pieces.
            complete: Nothing follows.

        Returns:
            The first line that is new or changed; the number of lines where none is.
        """
        final = list(self._segments.feed(delta))
        if complete:
            final += self._segments.finish()
        start = self._final
        if final and self._fence is not None:
            start, self._fence = self._fence.start, None
        lines: list[Line] = []
        for segment in final:
            lines += self._lay_out_final(segment, start + len(lines))
        self._final = start + len(lines)
        growing = self._segments.growing()
        if isinstance(growing, Fence):
            lines += self._grow_fence(growing)
        elif growing is not None:
            lines += self._gap(growing) + self._lay_out(growing)[0]
        return self._replace(start, lines)

    def recolour(self) -> int:
        """Ask again for colours that were put off; returns the first line that changed."""
        put_off, self._uncoloured = self._uncoloured, []
        first = len(self.lines)
        for one in put_off:
            before = self._put_off
            lines = self._coloured(one)
            if self._put_off > before:
                self._uncoloured.append(one)
                continue
            stop = one.start + len(lines)
            if self.lines[one.start : stop] != lines:
                self.lines[one.start : stop] = lines
                first = min(first, one.start)
        return first

    def _coloured(self, one: _Uncoloured) -> list[Line]:
        if isinstance(one.segment, Fence):
            return self._lay_out(one.segment)[0]
        return self._layout.lay_out(one.segment.text, one.after_number, one.segment.head)[0]

    @property
    def _put_off(self) -> int:
        return self._colours.put_off if self._colours else 0

    def _replace(self, start: int, lines: list[Line]) -> int:
        """Put new lines from `start` on; returns the first that differs from what was there."""
        old = self.lines
        at, stop = start, min(len(old), start + len(lines))
        while at < stop and old[at] == lines[at - start]:
            at += 1
        old[at:] = lines[at - start :]
        return at

    def _lay_out_final(self, segment: Segment, start: int) -> list[Line]:
        gap = self._gap(segment)
        before, after = self._put_off, self._number_before(segment)
        lines, self._number = self._lay_out(segment, after)
        self._parsed_segments += 1
        self._parsed_characters += segment.size if isinstance(segment, Prose) else 0
        if self._put_off > before:
            self._uncoloured.append(_Uncoloured(start + len(gap), segment, after))
        if lines:
            self._last, self._ends_on_ground = segment, bool(lines[-1].fill)
        return gap + lines if lines else []

    def _number_before(self, segment: Segment) -> int:
        return self._number if isinstance(segment, Prose) and segment.item else 0

    def _lay_out(self, segment: Segment, after: int | None = None) -> tuple[list[Line], int]:
        if isinstance(segment, Fence):
            if not segment.lines:
                return [], 0
            return code_lines(segment.lines, segment.info, self._width, self._colours), 0
        number = self._number_before(segment) if after is None else after
        if self._parsed_segments > _MOST_SEGMENTS or self._parsed_characters > _MOST_CHARACTERS:
            return self._layout.plain(segment.text), 0
        return self._layout.lay_out(segment.text, number, segment.head)

    def _gap(self, segment: Segment) -> list[Line]:
        """One blank line between blocks that the source sets apart or that stand for themselves."""
        last = self._last
        if last is None:
            return []
        if isinstance(segment, Fence) or isinstance(last, Fence):
            return [BLANK]
        if segment.goes_on:
            return []
        if self._ends_on_ground:
            return [BLANK]
        return [BLANK] if segment.blank_before or segment.heading else []

    def _grow_fence(self, fence: Fence) -> list[Line]:
        """Lines to put behind the final ones; those of them that are settled become final."""
        lines: list[Line] = []
        if self._fence is None:
            lines = self._gap(fence)
            self._fence = _OpenFence(self._final, fence, self._width, self._colours)
            self._final += len(lines)
        settled, open_lines = self._fence.grow(self._segments.partial)
        self._final += len(settled)
        return lines + settled + open_lines


class _OpenFence:
    """A fence that still grows; `start` is the line of the gap above it."""

    def __init__(self, start: int, fence: Fence, width: int, colours: Colours | None) -> None:
        self.start = start
        self._fence = fence
        self._width = width
        self._colours = colours
        self._settled = 0  # lines of code that are drawn for good

    def grow(self, partial: str) -> tuple[list[Line], list[Line]]:
        """Lines that are settled now, and those that are drawn again next time."""
        fence, begun = self._fence, self._settled
        code = fence.lines[begun:]
        whole = len(code)
        if partial and partial.strip(" \t").strip(fence.mark[0]):
            code.append(partial)
        texts = shown_code(code)
        coloured = self._glance(texts)
        settle = _settled(texts[:whole], coloured)
        self._settled += settle
        parts = [
            lines_of_code(texts[:settle], coloured, fence.info, self._width),
            lines_of_code(
                texts[settle:], coloured[settle:] if coloured else None, fence.info, self._width
            ),
        ]
        if begun == 0:
            first = 0 if parts[0] else 1
            parts[first] = labelled(parts[first], fence.info, self._width)
        return parts[0], parts[1]

    def _glance(self, texts: list[str]) -> Coloured | None:
        if self._colours is None or not texts or sum(map(len, texts)) > AT_ONCE:
            return None
        return self._colours.glance("\n".join(texts), self._fence.info)


def _settled(texts: list[str], coloured: Coloured | None) -> int:
    """How many of the first lines need no look any more, so that what is looked at stays small."""
    size = sum(map(len, texts)) + len(texts)
    if size <= _WINDOW:
        return 0
    best = last = kept = 0
    for index in range(len(texts) - 1, 0, -1):
        kept += len(texts[index]) + 1
        if kept < _KEPT_OPEN:
            continue
        last = last or index
        if not texts[index - 1].strip() and not texts[index][:1].isspace():
            best = index
            break
        if coloured is None or _inside_one_token(coloured, index):
            continue
        best = best or index
    return best or (last if size > AT_ONCE or coloured is None else 0)


def _inside_one_token(coloured: Coloured, index: int) -> bool:
    """Whether the line break before a line may lie inside a string or comment."""
    if index >= len(coloured) or not coloured[index - 1] or not coloured[index]:
        return True
    style = coloured[index][0].style
    return style == coloured[index - 1][-1].style and style in ("code-string", "code-comment")
