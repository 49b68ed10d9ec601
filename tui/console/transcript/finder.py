"""The chat pane while something is looked for in it: every hit marked, one of them in sight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from tui.console.transcript.blocks import BlockId, Tone
from tui.console.transcript.canvas import Kept
from tui.console.transcript.finding import Hit, Search
from tui.console.transcript.flow import Laid, Place
from tui.console.transcript.marks import hits_of, marks_of
from tui.console.transcript.paint import LEFT
from tui.console.transcript.recall import Recall, RecallingCanvas
from tui.events.codec import Recorded

if TYPE_CHECKING:
    from textual.timer import Timer

_SLICE_S = 0.004
_TOLD_S = 0.1
"""So often the count is told while it rises."""
_AGAIN_S = 0.4
"""So long after something came the hits in it are counted."""


class _Origin(NamedTuple):
    """Where the person was before."""

    following: bool
    place: Place
    cursor: BlockId | None


class Report(NamedTuple):
    """How a search stands.

    Attributes:
        number: Which of the hits is in sight, from 1; None where none is.
        total: Hits so far.
        counting: Whether there may be more.
        hidden: The hit is in a part of its block that is not shown.
    """

    number: int | None
    total: int
    counting: bool
    hidden: bool


class FindingCanvas(RecallingCanvas):
    """Looks for words in all of a session, also in what is folded and in what is still read."""

    class Counted(Message):
        """The search stands so now."""

        def __init__(self, report: Report) -> None:
            super().__init__()
            self.report = report

    _search: Search | None = None
    _words = ""
    _origin: _Origin | None = None
    _hit: Hit | None = None
    _hit_at: tuple[int, int] | None = None  # its row in the block, and the character there
    _unfolded: BlockId | None = None
    _again: Timer | None = None

    @property
    def finding(self) -> bool:
        """Whether something is looked for."""
        return self._search is not None

    @property
    def at_hit(self) -> bool:
        """Whether what is looked for is in sight."""
        return self._hit is not None

    def find(self, words: str) -> None:
        """Look for words, upwards from where the person is; for none: go back there."""
        window = self._window
        if self._origin is None:
            self._origin = _Origin(window.following, window.first, self._cursor)
        self._words, self._hit = words, None
        if not words.strip():
            self._search = None
            self._go_back(self._origin)
            self._tell()
            return
        seen = [row.block for row in window.rows if isinstance(row, Place)]
        last = self._origin.place.block if not self._origin.following else len(self.model.blocks)
        self._search = Search(self.model.blocks, words, max(last, seen[-1] if seen else 0))
        self._count()
        self._show({}, everything=True)

    def find_beside(self, step: int) -> None:
        """Go to the hit below (1) or above (-1); beyond the last it begins anew."""
        search = self._search
        if search is None:
            return
        found = search.beside(self._hit, step) if self._hit is not None else search.nearest()
        if found is not None:
            self._go_to(found)
        self._tell()

    def end_find(self, *, stay: bool) -> None:
        """Look for nothing any more; go back to where the person was, or stay at the hit."""
        origin, self._origin, self._search = self._origin, None, None
        self._hit = self._hit_at = None
        if stay:
            self._unfolded = None
        elif origin is not None:
            self._go_back(origin)
        self._show({}, everything=True)

    def _go_back(self, origin: _Origin) -> None:
        self._fold_again(None)
        self._cursor = origin.cursor
        if origin.following:
            self._window.follow()
        else:
            self._window.hold(origin.place)
        self._show({}, everything=True)

    # Counting, beside what else goes on.

    def _count(self) -> None:
        """Count until it is known where to go, and on beside the rest."""
        search, ends = self._search, time.perf_counter() + _SLICE_S
        while search is not None and time.perf_counter() < ends and search.step():
            pass
        self._arrive()
        self._tell()
        if search is not None and not search.done:
            self.run_worker(self._count_on(search), group="find", exclusive=True)

    async def _count_on(self, search: Search) -> None:
        told = time.perf_counter()
        while search is self._search and not search.done:
            ends = time.perf_counter() + _SLICE_S
            while search.step() and time.perf_counter() < ends:
                pass
            self._arrive()
            if time.perf_counter() - told > _TOLD_S:
                told = time.perf_counter()
                self._tell()
            await asyncio.sleep(0)
        if search is self._search:
            self._tell()

    def _arrive(self) -> None:
        """Go to the first hit there is, where nobody is at one yet."""
        if self._search is None or self._hit is not None:
            return
        if (found := self._search.nearest()) is not None:
            self._go_to(found)

    def _tell(self) -> None:
        search, hit = self._search, self._hit
        if search is None:
            report = Report(None, 0, False, False)
        else:
            number = search.number(hit) if hit is not None else None
            counting = self.recalling or not search.done
            hidden = hit is not None and self._hit_at is None
            report = Report(number, search.total, counting, hidden)
        self.post_message(self.Counted(report))

    def feed(self, records: Sequence[Recorded]) -> None:
        """Take in the session's next records."""
        super().feed(records)
        self._count_soon()

    def note(self, text: str, tone: Tone = "mute") -> None:
        """Add a sentence of the console's own; no log has it."""
        super().note(text, tone)
        self._count_soon()

    def _count_soon(self) -> None:
        if self._search is not None and self._again is None:
            self._again = self.set_timer(_AGAIN_S, self._count_again)

    def _count_again(self) -> None:
        self._again = None
        if self._search is not None and self._search.recount():
            self._count()

    def _go_on_with(self, recall: Recall, before: int) -> None:
        super()._go_on_with(recall, before)
        if self._origin is not None:
            following, (block, line), cursor = self._origin
            place = Place(BlockId(block + before), line)
            moved = None if cursor is None else BlockId(cursor + before)
            self._origin = _Origin(following, place, moved)
        if self._search is None:
            return
        if self._hit is not None:
            self._hit = Hit(BlockId(self._hit.block + before), self._hit.nth)
        if self._unfolded is not None:
            self._unfolded = BlockId(self._unfolded + before)
        at = self._hit.block if self._hit is not None else len(self.model.blocks)
        self._search = Search(self.model.blocks, self._words, at)
        self._count()

    # Being at one of them.

    def _go_to(self, hit: Hit) -> None:
        """Bring a hit into sight, and open what it is folded in."""
        self._hit = hit
        self._fold_again(hit.block)
        if self._flow.can_open(hit.block) and not self._hits_in(hit.block):
            self._open_for_hit(hit.block)
        found = self._hits_in(hit.block)
        laid = self._flow.laid(hit.block)
        self._hit_at = found[min(hit.nth, len(found) - 1)] if found else None
        row = self._hit_at[0] if self._hit_at else 0
        self._bring_into_sight(Place(hit.block, min(laid.gap + row, max(laid.height - 1, 0))))
        self._cursor = hit.block
        self._show({}, everything=True)

    def _hits_in(self, block: BlockId) -> list[tuple[int, int]]:
        pattern = self._search.needle.pattern if self._search is not None else None
        return hits_of(self._flow.laid(block).lines, pattern) if pattern is not None else []

    def _open_for_hit(self, block: BlockId) -> None:
        if not self._flow.opened(block):
            self._unfolded = block
            self._flow.toggle(block)

    def _fold_again(self, stays: BlockId | None) -> None:
        """Fold what was opened for the hit before."""
        folded, self._unfolded = self._unfolded, None
        if folded is None:
            return
        if folded == stays:
            self._unfolded = folded
        elif self._flow.opened(folded):
            self._flow.toggle(folded)

    def _bring_into_sight(self, place: Place) -> None:
        rows = self._window.rows
        seen = [row for row in rows[1:-2] if isinstance(row, Place)]
        if place in seen and not self._window.following:
            return
        self._window.hold(self._flow.moved(place, -(self.size.height // 3)))

    # Marks.

    def _marked(self, place: Place, laid: Laid) -> list[tuple[int, int, str]]:
        search = self._search
        if search is None or search.needle.pattern is None or place.line < laid.gap:
            return []
        here = self._hit_at if self._hit is not None and self._hit.block == place.block else None
        return [
            (
                LEFT + one.start,
                LEFT + one.end,
                "found-here" if (one.row, one.at) == here else "found",
            )
            for one in marks_of(laid.lines, place.line - laid.gap, search.needle.pattern)
        ]

    def put_aside(self) -> Kept:
        """What is shown, to be taken up again; its model may be told more meanwhile."""
        self.end_find(stay=False)
        return super().put_aside()

    def clear(self) -> None:
        """Show no session; the next records are another one's."""
        self._origin = self._search = self._hit = self._hit_at = self._unfolded = None
        super().clear()
