"""What the session says: whole lines, and text that streams. No cursor is ever moved.

Everything is neutralised here, on its way to the terminal.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.text import neutralise
from tui.text.characters import JOINERS, one_of

_LONGEST_HELD = 64
"""Characters that are held back at most until what they join has come."""
_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"


class Voice:
    """Says lines to one stream.

    Args:
        put: Writes text that was made harmless, at once.
        looks: Whether the terminal takes weights; without them no escape is ever written.
    """

    def __init__(self, put: Callable[[str], None], *, looks: bool) -> None:
        self._put = put
        self._looks = looks
        self._held = ""
        self._open = False  # whether a line was begun and not ended

    def say(self, text: str) -> None:
        """One or several lines of ours; in them may stand text from outside."""
        self._line(text, "")

    def aside(self, text: str) -> None:
        """Lines beside the conversation: what was done, what it cost."""
        self._line(text, _DIM)

    def head(self, text: str) -> None:
        """A line that wants the person."""
        self._line(text, _BOLD)

    def exact(self, text: str) -> None:
        """Outside text of which every character counts: line for line behind a bar.

        What looks like a line of ours cannot stand at the beginning of one.
        """
        self.end_line()
        for line in text.split("\n"):
            shown = "\t".join(neutralise(piece, strict=True) for piece in line.split("\t"))
            self._put(f"| {shown}\n")

    def stream(self, delta: str) -> None:
        """A piece of text as it comes."""
        text = self._held + delta
        cut = _safe_cut(text)
        shown, self._held = text[:cut], text[cut:]
        self._write(shown)

    def end_line(self) -> None:
        """End the line that was begun by streamed text."""
        held, self._held = self._held, ""
        self._write(held)
        if self._open:
            self._put("\n")
            self._open = False

    def _write(self, text: str) -> None:
        if text:
            self._put(neutralise(text))
            self._open = not text.endswith("\n")

    def _line(self, text: str, look: str) -> None:
        self.end_line()
        shown = neutralise(text)
        if self._looks and look:
            shown = "\n".join(f"{look}{line}{_PLAIN}" for line in shown.split("\n"))
        self._put(f"{shown}\n")


def _safe_cut(text: str) -> int:
    """How much of a stream's text can be neutralised by itself: joiners and CR LF stay whole."""
    cut = len(text)
    if not text or (text[-1].isascii() and text[-1] != "\r"):
        return cut
    cut -= 1
    while cut > 0 and (_joins(text[cut]) or _joins(text[cut - 1])):
        cut -= 1
    return cut if len(text) - cut <= _LONGEST_HELD else len(text)


def _joins(char: str) -> bool:
    return char == "\r" or one_of(JOINERS).match(char) is not None
