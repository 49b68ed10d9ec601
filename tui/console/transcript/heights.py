"""Heights of many blocks: sum before one, and the one at a line, in O(log n)."""

from __future__ import annotations

from collections.abc import Iterable


class Heights:
    """A Fenwick tree over the blocks' heights in lines, in order; blocks come at the end only."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        self._tree = [0, *self._heights]
        for index in range(1, len(self._tree)):
            above = index + (index & -index)
            if above < len(self._tree):
                self._tree[above] += self._tree[index]

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, block: int) -> int:
        return self._heights[block]

    @property
    def total(self) -> int:
        """Lines of all blocks."""
        return self.before(len(self._heights))

    def append(self, height: int) -> None:
        """Add a block at the end."""
        self._heights.append(height)
        index = len(self._heights)
        below, stop = index - 1, index - (index & -index)
        while below > stop:
            height += self._tree[below]
            below -= below & -below
        self._tree.append(height)

    def set(self, block: int, height: int) -> int:
        """Give a block another height; returns by how much it grew."""
        grown = height - self._heights[block]
        if grown:
            self._heights[block] = height
            index = block + 1
            while index < len(self._tree):
                self._tree[index] += grown
                index += index & -index
        return grown

    def before(self, block: int) -> int:
        """Lines of the blocks before this one: the line at which it begins."""
        total = 0
        while block:
            total += self._tree[block]
            block -= block & -block
        return total

    def find(self, line: int) -> tuple[int, int]:
        """The block that holds a line, and the line's number in it; the end for one beyond.

        Blocks without height are skipped. With no block: (0, line).
        """
        index, left = 0, max(line, 0)
        step = 1 << len(self._heights).bit_length()
        while step:
            reach = index + step
            if reach < len(self._tree) and self._tree[reach] <= left:
                index = reach
                left -= self._tree[reach]
            step >>= 1
        if self._heights and index == len(self._heights):
            return index - 1, left + self._heights[-1]
        return index, left
