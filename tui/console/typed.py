"""What the terminal sends, as messages: in its own encoding, a paste in one piece.

Nothing that it sends makes the console deaf: bytes of another encoding become marks, and what
Textual's parser chokes on is let go. A paste goes around that parser, which takes a second for
each megabyte and takes apart what is pasted with escape sequences in it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser

if TYPE_CHECKING:
    from textual.message import Message

MOST_CHARACTERS = 32_000_000
"""Of a longer paste only so much is kept: more than the prompt takes, so it is refused there."""

_OF_A_PARSER = ("last_x", "last_y", "mouse_pixels", "terminal_size", "terminal_pixel_size")


def encoding_of(name: str | None) -> str:
    """The encoding to read in: the terminal's own where that has letters beyond ASCII."""
    try:
        found = codecs.lookup(name or "utf-8").name
    except LookupError:
        return "utf-8"
    return "utf-8" if found == "ascii" else found


class TypedReader:
    """Takes bytes as they come, cut anywhere.

    Args:
        encoding: The terminal's, as Python names it; None where it is not known.
        debug: Textual writes a log of keys.
    """

    def __init__(self, encoding: str | None, *, debug: bool = False) -> None:
        self._decode = codecs.getincrementaldecoder(encoding_of(encoding))("replace").decode
        self._debug = debug
        self._parser = XTermParser(debug)
        self._paste: list[str] | None = None
        self._pasted = 0
        self._held = ""

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[Message]:
        """The messages that these bytes complete."""
        text = self._held + self._decode(data, final)
        self._held = ""
        while text:
            if self._paste is not None:
                paste, text = self._end_of_paste(text, self._paste)
                if paste is not None:
                    yield paste
                continue
            before, start, text = text.partition(BRACKETED_PASTE_START)
            if start:
                self._paste, self._pasted = [], 0
            else:
                before, self._held = _cut_in_start(before)
            yield from self._keys(before)

    @property
    def waiting(self) -> bool:
        """Whether time alone may complete a message: an Esc that may be the start of more."""
        timed = self._parser._timeout_time  # pyright: ignore[reportPrivateUsage] - no other way
        return bool(self._held) or timed is not None

    def tick(self, *, quiet: bool) -> Iterator[Message]:
        """The messages that time completes: an Esc alone. `quiet`: nothing came for a while."""
        if quiet and self._held and self._paste is None:  # it was the beginning of something else
            held, self._held = self._held, ""
            yield from self._keys(held)
        yield from self._tried(self._parser.tick)

    def close(self) -> None:
        """Nothing more comes."""
        for _ in self._tried(lambda: self._parser.feed("")):
            pass

    def _end_of_paste(self, text: str, paste: list[str]) -> tuple[events.Paste | None, str]:
        """What was pasted, once its end has come, and what follows."""
        piece, end, rest = text.partition(BRACKETED_PASTE_END)
        if not end:
            piece, self._held = _cut_in(piece, BRACKETED_PASTE_END)
        if self._pasted < MOST_CHARACTERS:
            paste.append(piece)
            self._pasted += len(piece)
        if not end:
            return None, ""
        self._paste = None
        return events.Paste("".join(paste).replace("\x00", "")), rest

    def _keys(self, text: str) -> Iterator[Message]:
        if text:
            yield from self._tried(lambda: self._parser.feed(text))

    def _tried(self, parse: Callable[[], Iterable[Message]]) -> Iterator[Message]:
        try:
            yield from parse()
        except Exception:  # of somebody else's parser, over what anybody may have sent
            broken, self._parser = self._parser, XTermParser(self._debug)
            for name in _OF_A_PARSER:
                setattr(self._parser, name, getattr(broken, name))


def _cut_in(text: str, mark: str) -> tuple[str, str]:
    """The text, and the beginning of the mark that it ends with."""
    for size in range(min(len(mark) - 1, len(text)), 0, -1):
        if text.endswith(mark[:size]):
            return text[:-size], text[-size:]
    return text, ""


def _cut_in_start(text: str) -> tuple[str, str]:
    """The same for a paste's beginning; an Esc alone is a key, and waits in the parser."""
    kept, held = _cut_in(text, BRACKETED_PASTE_START)
    return (text, "") if len(held) == 1 else (kept, held)
