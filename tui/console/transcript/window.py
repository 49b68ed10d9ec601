"""What of the column is seen: follows its end, or holds a place while heights above it change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.console.transcript.blocks import BlockId
from tui.console.transcript.flow import Flow, Place
from tui.console.transcript.lines import Line

_NONE = 1 << 60

Row = Place | Line
"""A row that is seen: a line of a block, or one of the lines behind the last block."""


class Window:
    """The rows of a view of so many lines, and which of them changed.

    Attributes:
        rows: What is seen, from the top; fewer than `height` where there is no more.
        total: Lines of the whole column, those behind the last block included.
        top: The first line that is seen.
        following: Whether the end stays in sight as it grows.
    """

    def __init__(self, flow: Flow) -> None:
        self.rows: list[Row] = []
        self.total = 0
        self.top = 0
        self.following = True
        self.held_at = 0  # blocks that there were when the end was left
        self.unseen = False  # something came since
        self._flow = flow
        self._height = 0
        self._held = Place(BlockId(0), 0)

    @property
    def new_blocks(self) -> int:
        """Blocks that came while the end was out of sight."""
        return 0 if self.following else len(self._flow.model.blocks) - self.held_at

    def settle(self, height: int, tail: Sequence[Line]) -> None:
        """Lay out what is seen, and know which lines it is.

        Args:
            height: Lines of the view.
            tail: Lines behind the last block.
        """
        self._height = height
        if self.following or self._near_end(tail):
            self._settle_at_end(tail)
        else:
            self.total = self._flow.heights.total + len(tail)
            self.top = self._flow.line_of(self._held)
        self.rows = self._rows(tail)

    def changed_rows(
        self, before: Sequence[Row], changed: Mapping[BlockId, int]
    ) -> list[tuple[int, int]]:
        """Runs of rows (first, count) that do not show what they did before.

        Args:
            before: The rows of the last time, at the same place on the screen.
            changed: For blocks that changed, their first line that did.
        """
        runs: list[tuple[int, int]] = []
        for y in range(max(len(self.rows), len(before))):
            row = self.rows[y] if y < len(self.rows) else None
            same = row is not None and y < len(before) and row == before[y]
            if same and not (isinstance(row, Place) and row.line >= changed.get(row.block, _NONE)):
                continue
            if runs and sum(runs[-1]) == y:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((y, 1))
        return runs

    def go_on_from(self, window: Window, before: int) -> None:
        """Stand where a window on this column's end stood, behind so many blocks."""
        self.following, self.unseen = window.following, window.unseen
        self.held_at = window.held_at + before
        self._held = Place(BlockId(window._held.block + before), window._held.line)

    def hold(self, place: Place) -> None:
        """Keep this line at the top until told otherwise."""
        if self.following:
            self.held_at, self.unseen = len(self._flow.model.blocks), False
        self.following = False
        self._held = place

    def hold_here(self) -> None:
        """Keep what is at the top there."""
        self.hold(self.first)

    @property
    def first(self) -> Place:
        """The line at the top."""
        row = self.rows[0] if self.rows else None
        return row if isinstance(row, Place) else self._flow.place(self.top)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following, self.unseen = True, False

    def move(self, lines: int) -> None:
        """Scroll by so many lines; at the end it follows again."""
        if lines >= 0 and self.following:
            return
        self.hold(self._flow.moved(self.first, lines))

    def jump(self, line: int) -> None:
        """Scroll to a line of the column."""
        self.hold(self._flow.place(line))

    def reveal(self, block: BlockId) -> None:
        """Scroll as little as needed to see a block's first lines, or its end where it is short."""
        laid = self._flow.laid(block)
        seen = [row.line for row in self.rows if isinstance(row, Place) and row.block == block]
        if len(seen) == laid.height or (seen and laid.height > self._height and laid.gap in seen):
            return
        above = self._flow.line_of(Place(block, 0)) < self.top
        if above or laid.height >= self._height:
            self.hold(Place(block, 0))
        else:
            bottom = Place(block, laid.height - 1)
            self.hold(self._flow.moved(bottom, 1 - self._height))

    def reveal_lines(self, first: Place, last: Place) -> None:
        """Scroll as little as needed to see some lines of a block, the first of them surely."""
        if first in self.rows and last in self.rows:
            return
        if self._flow.line_of(first) < self.top or last.line - first.line >= self._height:
            self.hold(first)
        else:
            self.hold(self._flow.moved(last, 1 - self._height))

    def keep(self, share: tuple[BlockId, float]) -> None:
        """Hold the line at this share of a block: after it was laid out for another width."""
        block, part = share
        if not self.following and block < len(self._flow.heights):
            height = self._flow.laid(block).height
            self._held = Place(block, min(int(part * height), max(height - 1, 0)))

    def share(self) -> tuple[BlockId, float]:
        """Where the top is, as a share of its block."""
        place = self._held
        height = self._flow.heights[place.block] if len(self._flow.heights) else 1
        return place.block, place.line / max(height, 1)

    def _near_end(self, tail: Sequence[Line]) -> bool:
        """Whether what is below the held line does not fill the view; else it is laid out."""
        blocks = len(self._flow.heights)
        if not blocks:
            return True
        block, line = self._held
        line = min(line, max(self._flow.laid(block).height - 1, 0))
        self._held = Place(block, line)
        seen = -line
        while seen < self._height and block < blocks:
            seen += self._flow.laid(block).height
            block = BlockId(block + 1)
        if seen + len(tail) <= self._height and block == blocks:
            self.follow()
            return True
        return False

    def _settle_at_end(self, tail: Sequence[Line]) -> None:
        left, block = self._height - len(tail), len(self._flow.heights) - 1
        while left > 0 and block >= 0:
            left -= self._flow.laid(BlockId(block)).height
            block -= 1
        self.total = self._flow.heights.total + len(tail)
        self.top = max(self.total - self._height, 0)

    def _rows(self, tail: Sequence[Line]) -> list[Row]:
        rows: list[Row] = []
        blocks = len(self._flow.heights)
        block, line = self._flow.place(self.top)
        while len(rows) < self._height and block < blocks:
            height = self._flow.laid(block).height
            rows += [Place(block, at) for at in range(line, height)]
            line = max(line - height, 0)
            block = BlockId(block + 1)
        rows += tail[line:] if block >= blocks else []
        return rows[: self._height]
