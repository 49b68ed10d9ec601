"""What a page key would show next is laid out and painted while nobody waits for anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.console.transcript.blocks import BlockId
from tui.console.transcript.canvas import TranscriptCanvas
from tui.console.transcript.flow import Place

if TYPE_CHECKING:
    from textual.timer import Timer

_QUIET_S = 0.05
_SLICE_S = 0.003


class AheadCanvas(TranscriptCanvas):
    """Works ahead of the person: one page up, one page down, a few milliseconds at a time."""

    _ahead: Timer | None = None

    @property
    def resting(self) -> bool:
        """Whether nothing is left to be done ahead."""
        return self._ahead is None

    def _keep_going(self) -> None:
        super()._keep_going()
        busy = self.following and self.model.running
        if self._ahead is None and not busy and self.model.blocks:
            self._ahead = self.set_timer(_QUIET_S, self._work_ahead)

    def _work_ahead(self) -> None:
        self._ahead = None
        ends = time.perf_counter() + _SLICE_S
        heights = self._flow.heights.total
        if self._flow.stale and self._flow.estimate_on(time.monotonic() + _SLICE_S):
            self._ahead = self.set_timer(_SLICE_S, self._work_ahead)
            return
        for did in self._steps_ahead():
            if did and time.perf_counter() > ends:
                self._ahead = self.set_timer(_SLICE_S, self._work_ahead)
                break
        if heights != self._flow.heights.total:
            self._show({})

    def _steps_ahead(self) -> Iterator[bool]:
        """Steps of the work; whether each of them took any time."""
        rows = self._window.rows
        seen = [row for row in rows if isinstance(row, Place)]
        if not seen:
            return
        height = self.size.height
        first, last = seen[0], seen[-1]
        above = range(first.block - 1, -1, -1)
        yield from self._ahead_through(above, height - first.line, below=first)
        below = range(last.block + 1, len(self._flow.heights))
        left = height - (self._flow.laid(last.block).height - last.line)
        yield from self._ahead_through(below, left, above=last)

    def _ahead_through(
        self,
        blocks: range,
        lines: int,
        *,
        above: Place | None = None,
        below: Place | None = None,
    ) -> Iterator[bool]:
        """Lay out so many lines, and paint them; the rest of a block that is partly seen, too."""
        near = above or below
        if near is not None:
            count = self._flow.laid(near.block).height
            start, stop = (near.line, count) if above else (0, near.line)
            yield from self._paint_ahead(near.block, start, stop)
        for number in blocks:
            if lines <= 0:
                return
            id = BlockId(number)
            known = self._flow.has(id)
            height = self._flow.laid(id).height
            yield not known
            start, stop = (0, lines) if above else (height - lines, height)
            yield from self._paint_ahead(id, max(start, 0), min(stop, height))
            lines -= height

    def _paint_ahead(self, block: BlockId, start: int, stop: int) -> Iterator[bool]:
        start, stop = max(start, stop - self.size.height), min(stop, start + self.size.height)
        laid = self._flow.laid(block)
        for line in range(start, min(stop, laid.height)):
            if line not in laid.painted:
                self._paint(Place(block, line))
                yield True
