"""Which blocks hold a text and how often, counted in small steps. Pure: no Textual, no clock.

What is counted is a block's source, so that nothing has to be laid out for it; where Markdown's
marks stand in the midst of the words, they are looked for without the marks.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

from tui.console.transcript.blocks import Block, BlockId, Prompt, Reply
from tui.console.transcript.selection import source_of

LONGEST = 500
"""Characters of what is looked for; the rest is left out."""
_PIECE = 100_000
_OVERLAP = 2 * LONGEST
_MARKS = re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|`+|~~|\]\([^)\s]*\)|[\[\]|]")


class Hit(NamedTuple):
    """One place where the words stand: the n-th (from 0) in a block."""

    block: BlockId
    nth: int


class Needle:
    """Words to look for: upper and lower case are alike, and so are blanks of any width."""

    def __init__(self, words: str) -> None:
        self._words = words.lower()[:LONGEST].split()
        joined = r"[^\S\n]+".join(map(re.escape, self._words))
        self.pattern = re.compile(joined, re.IGNORECASE) if joined else None

    def may_stand_in(self, text: str) -> bool:
        """Whether it is worth looking: a hundred times as quick as looking."""
        lower = text.lower()
        return bool(self._words) and all(word in lower for word in self._words)

    def counted(self, text: str) -> Iterator[int]:
        """How often they stand in a text: counts to be added up, a piece of it at a time."""
        if self.pattern is None:
            return
        start = 0
        while start < len(text):
            stop = min(start + _PIECE, len(text))
            piece = text[start : stop + _OVERLAP]
            count, end = 0, stop
            if self.may_stand_in(piece):
                for found in self.pattern.finditer(piece):
                    if start + found.start() >= stop:
                        break
                    count, end = count + 1, max(stop, start + found.end())
            yield count
            start = end


def searched(block: Block) -> str:
    """The text of a block that is looked through."""
    if block.gone:
        return ""
    if isinstance(block, Prompt) and block.files:
        return "\n".join((block.text, *(file.name for file in block.files)))
    return source_of(block)


class Search:
    """Counts the hits in blocks, from one block upwards and then from the end down to it.

    Attributes:
        needle: What is looked for.
        done: Whether all blocks are counted as they are now.
    """

    def __init__(self, blocks: Sequence[Block], words: str, origin: int) -> None:
        self.needle = Needle(words)
        self.done = False
        self._blocks = blocks
        self._counts: dict[BlockId, int] = {}
        self._versions: dict[BlockId, int] = {}
        self._ids: list[BlockId] = []
        last = min(origin, len(blocks) - 1)
        self._order = [*range(last, -1, -1), *range(len(blocks) - 1, last, -1)]
        self._steps = self._count(self._order)

    @property
    def total(self) -> int:
        """Hits so far."""
        return sum(self._counts.values())

    def step(self) -> bool:
        """Count a little more, a millisecond or less of it; whether there is more to count."""
        if next(self._steps, None) is None:
            self.done = True
            self._ids = sorted(self._counts)
        return not self.done

    def recount(self) -> bool:
        """Blocks have changed or are new: count those again; whether there are any."""
        stale = [b.id for b in self._blocks if self._versions.get(b.id) != b.version]
        if stale:
            self._steps = self._count(stale) if self.done else self._both(stale)
            self.done = False
        return bool(stale)

    def _both(self, stale: Sequence[int]) -> Iterator[bool]:
        yield from self._count([id for id in self._order if BlockId(id) not in self._versions])
        yield from self._count(stale)

    def _count(self, order: Sequence[int]) -> Iterator[bool]:
        for number in order:
            block = self._blocks[number]
            self._versions[block.id] = block.version
            count = yield from self._count_in(block)
            self._counts.pop(block.id, None)
            if count:
                self._counts[block.id] = count
            self._ids = []
            yield True

    def _count_in(self, block: Block) -> Generator[bool, None, int]:
        text, count = searched(block), 0
        for more in self.needle.counted(text):
            count += more
            if len(text) > _PIECE:
                yield True
        marked = not count and isinstance(block, Reply) and len(text) <= _PIECE
        if marked and self.needle.may_stand_in(text):
            count = sum(self.needle.counted(_MARKS.sub("", text)))
        return count

    def _in_order(self) -> list[BlockId]:
        if not self._ids:
            self._ids = sorted(self._counts)
        return self._ids

    def nearest(self) -> Hit | None:
        """The last hit in the blocks looked at first: those from the origin up, else the end."""
        for number in self._order:
            if (count := self._counts.get(BlockId(number), 0)) > 0:
                return Hit(BlockId(number), count - 1)
        return None

    def beside(self, at: Hit, step: int) -> Hit | None:
        """The hit below (1) or above (-1) another; from the last one it goes to the first."""
        count = self._counts.get(at.block, 0)
        if 0 <= (nth := min(at.nth, count) + step) < count:
            return Hit(at.block, nth)
        ids = self._in_order()
        if not ids:
            return None
        if step > 0:
            id = ids[bisect.bisect_right(ids, at.block) % len(ids)]
            return Hit(id, 0)
        id = ids[bisect.bisect_left(ids, at.block) - 1]
        return Hit(id, self._counts[id] - 1)

    def number(self, at: Hit) -> int:
        """Which of all hits it is, from 1 at the top."""
        return sum([self._counts[id] for id in self._counts if id < at.block]) + at.nth + 1
