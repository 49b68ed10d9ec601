"""What a running command prints: shown as it comes, and kept for the model, both within bounds."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable

from tui.tools.output import amount

MOST_KEPT = 30_000
"""Characters of a command's output that the model gets: the first half and the last."""

_HALF = MOST_KEPT // 2
_MOST_SHOWN_AT_ONCE = 8_000
_MOST_SHOWN = 400_000


class Kept:
    """Head and tail of a stream; `add` takes bytes cut anywhere, memory stays bounded."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._head = ""
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._count = 0
        self._lines = 0

    def add(self, data: bytes, *, last: bool = False) -> str:
        """Keep what came; it as text, bad bytes as surrogates, a cut character later."""
        text = self._decoder.decode(data, last)
        self._count += len(text)
        self._lines += text.count("\n")
        rest = text
        if len(self._head) < _HALF:
            room = _HALF - len(self._head)
            self._head += text[:room]
            rest = text[room:]
        if rest:
            self._tail.append(rest[-_HALF:])
            self._tail_size += len(self._tail[-1])
            while self._tail_size - len(self._tail[0]) >= _HALF:
                self._tail_size -= len(self._tail.popleft())
        return text

    @property
    def cut(self) -> bool:
        """Whether not all of it is kept."""
        return self._count > MOST_KEPT

    def text(self) -> str:
        """What is kept, with a notice of the size where it is cut."""
        tail = "".join(self._tail)
        if not self.cut:
            return self._head + tail
        tail = tail[-_HALF:]
        left = self._count - len(self._head) - len(tail)
        size = f"{amount(self._count, 'characters')}, {amount(self._lines, 'lines')}"
        return f"{self._head}\n[cut: {left:,} characters left out here; it printed {size}]\n{tail}"


class Shown:
    """Hands text on in groups. `flush` is called at most 30 times a second."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._waiting = ""
        self._left_out = 0
        self._budget = _MOST_SHOWN

    def add(self, text: str) -> None:
        """Text for the next group; of much, the end."""
        self._waiting += text
        if (over := len(self._waiting) - _MOST_SHOWN_AT_ONCE) > 0:
            self._left_out += over
            self._waiting = self._waiting[over:]

    def flush(self) -> None:
        """Hand on what waits."""
        if not self._waiting or self._budget <= 0:
            return
        note = f"\n[{self._left_out:,} characters not shown]\n" if self._left_out else ""
        self._budget -= len(self._waiting)
        over = "\n[the rest is not shown while it runs]\n" if self._budget <= 0 else ""
        group, self._waiting, self._left_out = note + self._waiting + over, "", 0
        self._emit(group)
