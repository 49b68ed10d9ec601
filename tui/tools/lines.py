"""Lines of a file of any size, one after the other, with no more than a piece of it in memory."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from tui.text import decode
from tui.tools.base import CallFailed, Deadline

_PIECE = 1 << 18
_CONTINUATION = bytes(range(0x80, 0xC0))


class Line(msgspec.Struct, frozen=True):
    """Part of a line or all of it, without its end.

    Args:
        size: Bytes of the whole line.
        cut: There is more of it behind `text`.
        crlf: It ended in CR LF.
    """

    text: str
    size: int
    cut: bool
    crlf: bool


class Lines:
    """Reads on from the file's position. Only LF ends a line, as editors and ripgrep count.

    `number` is the line that `next` would give, from 1.

    Raises:
        CallFailed: by any method, when the deadline is over.
    """

    def __init__(self, file: BinaryIO, deadline: Deadline) -> None:
        self.number = 1
        self._file = file
        self._deadline = deadline
        self._piece = b""
        self._at = 0
        self._inside = False  # past the start of line `number`

    @property
    def before(self) -> int:
        """How many lines there were up to here."""
        return self.number - 1 + self._inside

    def more(self) -> bool:
        """Whether another byte follows."""
        if self._at == len(self._piece):
            if self._deadline.over():
                raise CallFailed("it took too long: the file is too large or its disk too slow")
            self._piece, self._at = self._file.read(_PIECE), 0
        return bool(self._piece)

    def skip_to(self, number: int) -> bool:
        """Go to the start of a line further down; whether it is there."""
        while self.number < number and self.more():
            ends = self._piece.count(b"\n", self._at)
            if self.number + ends < number:
                self.number += ends
                self._at = len(self._piece)
                self._inside = not self._piece.endswith(b"\n")
                continue
            for _ in range(number - self.number):
                self._at = self._piece.index(b"\n", self._at) + 1
            self.number, self._inside = number, False
        return self.number == number and self.more()

    def next(self, most_chars: int, start: int = 0) -> Line | None:
        """The next line from its byte `start` on, no more than `most_chars`; None at the end."""
        kept, size, ended = bytearray(), 0, False
        most = 4 * most_chars + 4  # bytes that surely hold as many characters
        while not ended and self.more():
            stop = self._piece.find(b"\n", self._at)
            ended = stop >= 0
            stop = stop if ended else len(self._piece)
            first = max(self._at, self._at + start - size)
            kept += self._piece[first : min(stop, first + most - len(kept))]
            size += stop - self._at
            self._at = stop + ended
        if not ended and not size:
            return None
        self.number += 1
        self._inside = False
        whole = start + len(kept) >= size
        crlf = ended and whole and kept.endswith(b"\r")
        data = bytes(kept[: len(kept) - crlf])
        text = decode(data.lstrip(_CONTINUATION) if start else data)
        return Line(text[:most_chars], size, not whole or len(text) > most_chars, crlf)
