"""What of the column is selected, and the text that is copied of it.

Textual asks for a character and a row. A row's number here is its block's and its line's together:
it stays the same when heights above it change, and it sorts like the place it names.
"""

from __future__ import annotations

from textual.geometry import Offset
from textual.selection import Selection

from tui.console.transcript.blocks import (
    Block,
    BlockId,
    Failure,
    Notice,
    Prompt,
    Streamed,
    ToolCard,
)
from tui.console.transcript.flow import Flow, Place
from tui.console.transcript.lines import Line

_LINES = 1 << 24
_MOST_LAID_OUT = 60
"""Blocks that are laid out to be copied as they show; a longer selection gives their sources."""


def row_of(place: Place) -> int:
    """The row's number of a place."""
    return place.block * _LINES + place.line


def place_of(row: int) -> Place:
    """The place of a row's number."""
    block, line = divmod(row, _LINES)
    return Place(BlockId(block), line)


def shifted(selection: Selection, blocks: int) -> Selection:
    """The same selection where so many blocks stand before its first."""

    def moved(at: Offset | None) -> Offset | None:
        return None if at is None else Offset(at.x, at.y + blocks * _LINES)

    return Selection(moved(selection.start), moved(selection.end))


def selected_text(flow: Flow, selection: Selection, left: int) -> str:
    """The selected text, its wrapped lines joined again.

    Args:
        flow: Whose lines.
        selection: As Textual keeps it; None for an end means all up to there.
        left: Characters of the margin, which is not copied.
    """
    blocks = flow.model.blocks
    if not blocks:
        return ""
    first = place_of(selection.start.y) if selection.start else Place(BlockId(0), 0)
    last = place_of(selection.end.y) if selection.end else Place(BlockId(len(blocks) - 1), _LINES)
    many = last.block - first.block > _MOST_LAID_OUT
    pieces: list[str] = []
    for id in range(first.block, min(last.block, len(blocks) - 1) + 1):
        block = blocks[id]
        inside = first.block < id < last.block
        if many and inside and isinstance(block, Streamed | Prompt):
            pieces.append(f"\n\n{block.text.strip()}")
        elif not many or not inside:
            pieces.append(_of_block(flow, BlockId(id), selection, left))
    return "".join(pieces).strip("\n")


def _of_block(flow: Flow, id: BlockId, selection: Selection, left: int) -> str:
    laid = flow.laid(id)
    parts: list[str] = []
    for index in range(laid.height):
        span = selection.get_span(row_of(Place(id, index)))
        if span is None:
            continue
        line = laid.line(index)
        start, end = max(span[0] - left, 0), span[1] - left if span[1] >= 0 else None
        text = _cut(line, start, end)
        parts.append(line.join + text)
    return "".join(parts)


def _cut(line: Line, start: int, end: int | None) -> str:
    """The characters of a line from `start` to `end` that are not ours."""
    kept: list[str] = []
    at = 0
    for span in line.spans:
        stop = len(span.text) if end is None else max(end - at, 0)
        if not span.chrome:
            kept.append(span.text[max(start - at, 0) : stop])
        at += len(span.text)
    return "".join(kept) if line.spans else ""


def source_of(block: Block) -> str:
    """All of a block as it came: a reply's Markdown, a tool's whole output."""
    match block:
        case Prompt() | Streamed():
            return block.text
        case ToolCard():
            called = "\n".join(f"{name}: {value}" for name, value in (block.args or {}).items())
            return f"{block.name}\n{called or block.raw or ''}\n\n{block.output or ''}"
        case Failure():
            return f"{block.message}\n{block.hint}"
        case Notice():
            return block.text
        case _:
            return ""
