"""Markdown cut, as it grows, into segments that later text cannot change.

A segment is a run of whole lines that CommonMark reads the same alone as in its place: a cut lies
before a line at column 0 after a blank one, before a heading or code fence at column 0, and between
the items of a list at column 0. Reference definitions are not read, so nothing reaches across.
The cuts depend on the text alone, never on the pieces in which it came.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import TypeVar

import msgspec

from tui.text import cell_width

MAX_CHARACTERS = 16_000
"""A segment that grows beyond is cut where it stands: what is parsed at once stays small."""
TABLE_CHARACTERS = 3_000
"""A table is cut earlier: each of its rows costs more. What follows knows the table's head."""

_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)")
_ITEM = re.compile(r"(?:[-+*]|(\d{1,9})[.)])(?:[ \t]|$)")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_DELIMITER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CELL_MARKS = re.compile(r"[*`~\\]")
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")


class Prose(msgspec.Struct):
    """A run of Markdown other than a code fence.

    `goes_on`: cut for its length alone. `head`: of the table that these rows belong to.
    """

    lines: list[str] = msgspec.field(default_factory=list[str])
    size: int = 0
    item: bool = False  # one item of a list
    heading: bool = False
    blank_before: bool = False
    goes_on: bool = False
    head: str = ""

    @property
    def text(self) -> str:
        """The Markdown."""
        return "\n".join(self.lines)


class Fence(msgspec.Struct):
    """Code in a fence, without its fences; `closed` once the closing one came."""

    info: str
    mark: str
    indent: int
    lines: list[str] = msgspec.field(default_factory=list[str])
    closed: bool = False
    blank_before: bool = False


Segment = Prose | Fence
_S = TypeVar("_S", Prose, Fence)


class Segments:
    """Takes text in and gives segments out, in order, each once it is final.

    `open` is the one that still grows, without the line that is not whole yet: that is `partial`.

    Args:
        lead: What the text goes on with, from `opening_of`; empty where it begins anew.
    """

    def __init__(self, lead: str = "") -> None:
        self.open: Segment | None = None
        self._head = ""
        if fence := _FENCE.fullmatch(lead):
            self.open = Fence(fence[3].strip(), fence[2], len(fence[1]))
        else:
            self._head = lead
        self.partial = ""
        self._blank = False
        self._goes_on = False
        self._half_newline = ""

    def feed(self, delta: str) -> Iterator[Segment]:
        """Take in more text; yields what has become final by it."""
        if self._half_newline or "\r" in delta:
            delta = self._one_kind_of_newline(delta)
        *whole, partial = (self.partial + delta).split("\n")
        for line in whole:
            if len(line) > MAX_CHARACTERS:
                line = yield from self._cut_long(line)
            yield from self._line(line)
        if len(partial) > MAX_CHARACTERS:
            partial = yield from self._cut_long(partial)
        self.partial = partial

    def finish(self) -> Iterator[Segment]:
        """The text is complete: the rest is final."""
        if self._half_newline:
            self._half_newline, self.partial = "", f"{self.partial}␍"
        if self.partial:
            yield from self.feed("\n")
        yield from self._close()

    def growing(self) -> Segment | None:
        """What is not final yet, as it stands now; for looking only."""
        match self.open:
            case Fence() as fence:
                return fence
            case Prose() as prose:
                whole = prose.lines if not self.partial else [*prose.lines, self.partial]
                return msgspec.structs.replace(prose, lines=whole)
            case None if self.partial and not self.partial.isspace():
                flush_left = self.partial[0] not in " \t"
                item = flush_left and self._begins_item(self.partial)
                heading = flush_left and bool(_HEADING.match(self.partial))
                blank, goes_on = self._blank, self._goes_on
                return Prose([self.partial], 0, item, heading, blank, goes_on, self._head)
            case None:
                return None

    def _one_kind_of_newline(self, delta: str) -> str:
        """A lone CR is shown as what it is: it would let a line be written over."""
        text = self._half_newline + delta
        self._half_newline = "\r" if text.endswith("\r") else ""
        return text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "␍")

    def _cut_long(self, line: str) -> Generator[Segment, None, str]:
        """Take pieces off a line that is too long; returns the rest of it."""
        start = 0
        if not isinstance(self.open, Fence):
            yield from self._close()
        while len(line) - start > MAX_CHARACTERS:
            piece = line[start : start + MAX_CHARACTERS]
            start += MAX_CHARACTERS
            if isinstance(self.open, Fence):
                self.open.lines.append(piece)
            else:
                yield self._begun(Prose([piece], len(piece)))
                self._goes_on = True
        return line[start:]

    def _line(self, line: str) -> Iterator[Segment]:
        segment = self.open
        if isinstance(segment, Fence):
            yield from self._code(segment, line)
        elif not line or line.isspace():
            self._blank = True
            if segment is not None:
                segment.lines.append("")
        elif segment is not None and not segment.heading and not self._blank and line[0].isalpha():
            yield from self._add(line)
        elif fence := self._opens_fence(line):
            yield from self._close()
            self.open = self._begun(Fence(fence[3].strip(), fence[2], len(fence[1])))
        else:
            yield from self._prose(line)

    def _prose(self, line: str) -> Iterator[Segment]:
        segment = self.open
        flush_left = line[0] not in " \t"
        heading = flush_left and bool(_HEADING.match(line))
        item = flush_left and self._begins_item(line)
        if isinstance(segment, Prose) and (
            segment.heading or heading or item or (flush_left and self._blank)
        ):
            yield from self._close()
        if self.open is None:
            self.open = self._begun(Prose([line], len(line), item, heading))
        else:
            yield from self._add(line)

    def _add(self, line: str) -> Iterator[Segment]:
        segment = self.open
        assert isinstance(segment, Prose)
        size = segment.size + len(line)
        head = head_of(segment) if size >= TABLE_CHARACTERS and "|" in line else ""
        if size >= MAX_CHARACTERS or head:
            yield from self._close()
            self._goes_on = not self._blank
            self._head = head if self._goes_on else ""
            self.open = self._begun(Prose([line], len(line)))
            return
        segment.lines.append(line)
        segment.size += len(line) + 1
        self._blank = False

    def _begins_item(self, line: str) -> bool:
        """Whether an item of a list begins here: beside others always, else as CommonMark says."""
        found = _ITEM.match(line)
        if not found or _RULE.match(line):
            return False
        segment = self.open
        if self._blank or segment is None or (isinstance(segment, Prose) and segment.item):
            return True
        return found[1] in (None, "1") and len(line) > found.end() and not line.isspace()

    def _opens_fence(self, line: str) -> re.Match[str] | None:
        found = _FENCE.match(line)
        if found and found[1] and isinstance(self.open, Prose):
            # Under an item of a list the fence belongs to the item.
            inside = any(_ITEM.match(above.lstrip()) for above in self.open.lines)
            return None if inside else found
        return found

    def _code(self, fence: Fence, line: str) -> Iterator[Segment]:
        bare = line.strip(" \t")
        closes = len(bare) >= len(fence.mark) and not bare.strip(fence.mark[0])
        if closes and len(line) - len(line.lstrip(" ")) <= 3:
            fence.closed = True
            yield from self._close()
            return
        own = min(fence.indent, len(line) - len(line.lstrip(" ")))
        fence.lines.append(line[own:])

    def _begun(self, segment: _S) -> _S:
        segment.blank_before, self._blank = self._blank, False
        if isinstance(segment, Prose):
            segment.goes_on, segment.head = self._goes_on or bool(self._head), self._head
        self._goes_on, self._head = False, ""
        return segment

    def _close(self) -> Iterator[Segment]:
        segment, self.open = self.open, None
        if isinstance(segment, Prose):
            while segment.lines and not segment.lines[-1]:
                segment.lines.pop()
        if segment is not None:
            yield segment


def head_of(segment: Prose) -> str:
    """The head of the table that a segment ends with: its first two lines, or nothing.

    The second is as wide as the columns, so that rows that are laid out apart stand below these.
    """
    if segment.head:
        names, _, rule = segment.head.partition("\n")
        return f"{names}\n{_widened(rule, segment.lines)}"
    if len(segment.lines) < 3:
        return ""
    for at in range(len(segment.lines) - 2, 0, -1):
        names, rule = segment.lines[at - 1], segment.lines[at].strip()
        if "|" in names and "|" in rule and _DELIMITER.fullmatch(rule):
            return f"{names}\n{_widened(rule, [names, *segment.lines[at + 1 :]])}"
    return ""


def _widened(rule: str, rows: list[str]) -> str:
    cells = _cells(rule)
    widths = [max(cell.count("-"), 1) for cell in cells]
    for row in rows:
        for column, cell in enumerate(_cells(row)[: len(widths)]):
            widths[column] = max(widths[column], cell_width(_CELL_MARKS.sub("", cell)))
    wide = [
        f"{':' * cell.startswith(':')}{'-' * width}{':' * cell.endswith(':')}"
        for cell, width in zip(cells, widths, strict=True)
    ]
    return f"|{'|'.join(wide)}|"


def _cells(row: str) -> list[str]:
    bare = row.strip().removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", bare)]


def widths_of(head: str) -> list[int]:
    """The columns' widths that a head from `head_of` says."""
    return [cell.count("-") for cell in _cells(head.split("\n")[-1])]


def opening_of(segment: Segment | None) -> str:
    """What has to be read before a text that goes on with this segment."""
    if isinstance(segment, Fence):
        return f"{' ' * segment.indent}{segment.mark}{segment.info}"
    return head_of(segment) if segment is not None else ""
