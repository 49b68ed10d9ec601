"""The chat pane with a cursor that goes from message to message, and from code to code in one."""

from __future__ import annotations

from textual.message import Message

from tui.console.transcript.blocks import BlockId, Footer, Reply
from tui.console.transcript.finder import FindingCanvas
from tui.console.transcript.flow import Laid, Place
from tui.console.transcript.lines import Line
from tui.console.transcript.pieces import (
    Code,
    Piece,
    code_piece,
    codes_of,
    last_reply,
    message_piece,
    parts_of,
)

_MANY_PARTS = 40


class WalkingCanvas(FindingCanvas):
    """What stands under the cursor can be copied, opened, and seen in other programs."""

    class CopyRequested(Message):
        """The person wants this in the clipboard."""

        def __init__(self, piece: Piece) -> None:
            super().__init__()
            self.piece = piece

    class OpenRequested(Message):
        """The person wants to see this in the editor, or in the pager."""

        def __init__(self, piece: Piece, *, pager: bool) -> None:
            super().__init__()
            self.piece = piece
            self.pager = pager

    class Walked(Message):
        """The cursor stands elsewhere now."""

    _code: int | None = None  # which code of the block under the cursor; None: all of the block

    @property
    def walking(self) -> bool:
        """Whether the cursor stands on a message."""
        return self._cursor is not None

    def begin_walk(self) -> None:
        """Put the cursor on the last message in sight, unless it stands on one in sight."""
        seen = [row.block for row in self._window.rows if isinstance(row, Place)]
        if self._cursor is None or self._cursor not in seen:
            said = [id for id in seen if not isinstance(self.model.blocks[id], Footer)]
            self.reveal(BlockId((said or seen or [len(self.model.blocks) - 1])[-1]))

    def reveal(self, block: BlockId) -> None:
        """Scroll until a block is in sight, and put the cursor on it."""
        before, self._cursor, self._code = self._cursor, block, None
        self._window.reveal(block)
        self._show({id: 0 for id in (before, block) if id is not None})
        self.post_message(self.Walked())

    def action_cursor(self, step: int) -> None:
        """Put the cursor on the next block up or down; from none, on the last one in sight."""
        blocks = len(self.model.blocks)
        if not blocks:
            return
        if self._cursor is None:
            seen = [row.block for row in self._window.rows if isinstance(row, Place)]
            block = seen[-1] if seen else blocks - 1
        else:
            block = self._next_seen(self._cursor, step)
        self.reveal(BlockId(block))

    def _next_seen(self, block: int, step: int) -> int:
        blocks = self.model.blocks
        ahead = range(block + step, len(blocks) if step > 0 else -1, step)
        return next((id for id in ahead if not blocks[id].gone), block)

    def action_code(self, step: int) -> None:
        """Put the cursor on the next code in this message; beyond the last, on all of it."""
        if self._cursor is None:
            return
        count = len(self._codes(self._cursor))
        at = self._code if self._code is not None else (-1 if step > 0 else count)
        self._code = at + step if 0 <= at + step < count else None
        if (rows := self._code_rows()) is not None:
            gap = self._flow.laid(self._cursor).gap
            first, last = (Place(self._cursor, gap + row) for row in (rows.start, rows.stop - 1))
            self._window.reveal_lines(first, last)
        self._show({self._cursor: 0})
        self.post_message(self.Walked())

    def _codes(self, block: BlockId) -> list[Code]:
        reply = self.model.blocks[block]
        return codes_of(self._text_of(reply)) if isinstance(reply, Reply) else []

    def _text_of(self, reply: Reply) -> str:
        """All of a reply, or this part of a very long one: its code is looked for at each key."""
        parts = parts_of(self.model.blocks, reply)
        return "".join([one.text for one in parts]) if len(parts) < _MANY_PARTS else reply.text

    def _code_rows(self) -> range | None:
        """The rows of the code under the cursor, in its block."""
        if self._cursor is None or self._code is None:
            return None
        reply = self.model.blocks[self._cursor]
        if isinstance(reply, Reply) and len(parts_of(self.model.blocks, reply)) > 1:
            return None  # its codes are numbered through all parts
        runs = _runs(self._flow.laid(self._cursor).lines)
        return runs[self._code] if self._code < len(runs) else None

    def _under_cursor(self, place: Place, laid: Laid) -> bool:
        if not super()._under_cursor(place, laid):
            return False
        rows = self._code_rows()
        return rows is None or place.line - laid.gap in rows

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are this pane's keys only while its cursor stands on a block."""
        if action in {"copy", "copy_code", "show"}:
            return self._cursor is not None
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        """Ask for a copy of what is under the cursor, or of the last reply."""
        if (piece := self._piece()) is not None:
            self.post_message(self.CopyRequested(piece))

    def action_copy_code(self) -> None:
        """Ask for a copy of the code under the cursor, or of the last in that block."""
        block = self._chosen()
        codes = self._codes(block) if block is not None else []
        if codes:
            at = self._code if self._code is not None else len(codes) - 1
            self.post_message(self.CopyRequested(code_piece(codes, min(at, len(codes) - 1))))

    def action_show(self, where: str) -> None:
        """Ask for what is under the cursor in the `editor` or the `pager`."""
        if (piece := self._piece()) is not None:
            self.post_message(self.OpenRequested(piece, pager=where == "pager"))

    def _chosen(self) -> BlockId | None:
        return last_reply(self.model.blocks) if self._cursor is None else self._cursor

    def _piece(self) -> Piece | None:
        """What is under the cursor, or the last reply."""
        block = self._chosen()
        if block is None:
            return None
        codes = self._codes(block) if self._code is not None else []
        if self._code is not None and self._code < len(codes):
            return code_piece(codes, self._code)
        return message_piece(self.model.blocks, block)


def _runs(lines: list[Line]) -> list[range]:
    """Rows that lie on a ground of their own, one run for each code."""
    runs: list[range] = []
    for row, line in enumerate(lines):
        if not line.fill:
            continue
        if runs and runs[-1].stop == row:
            runs[-1] = range(runs[-1].start, row + 1)
        else:
            runs.append(range(row, row + 1))
    return runs
