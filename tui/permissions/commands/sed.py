"""Which sed scripts only print."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[0-9]+(?:~[0-9]+)?|\$")
_FLAGS = re.compile(r"[gpiIM0-9]*")
_ALONE = "pPdDgGhHnNxlqQz="


def sed_script(text: str) -> bool:
    """Whether a script holds only commands that print, change the text, or end.

    Strict: what is not wholly understood counts as one that does not.
    """
    return _Script(text).harmless()


class _Script:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def harmless(self) -> bool:
        while True:
            self._skip(" \t\n;")
            if self.at >= len(self.text):
                return True
            if not (self._addresses() and self._command()):
                return False

    def _skip(self, chars: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in chars:
            self.at += 1

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _addresses(self) -> bool:
        if not self._address(first=True):
            return False
        self._skip(" \t")
        if self._next() == ",":
            self.at += 1
            self._skip(" \t")
            if self._next() in ("+", "~"):
                self.at += 1
            if not self._address(first=False):
                return False
        self._skip(" \t!")
        return True

    def _address(self, *, first: bool) -> bool:
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return True
        if self._next() == "/":
            if not self._until("/"):
                return False
            self._skip("IM")
            return True
        return first and self._next() != "\\"

    def _until(self, delimiter: str) -> bool:
        """Past the text behind this delimiter to the next; a set in brackets ends it not."""
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\n" or (char == "[" and not self._no_delimiter_in_set(delimiter)):
                return False
            self.at += 2 if char == "\\" else 1
            if char == delimiter:
                return True
        return False

    def _no_delimiter_in_set(self, delimiter: str) -> bool:
        # Programs differ in whether a delimiter inside [...] ends the expression.
        end = self.text.find("]", self.at + 2)
        return end < 0 or delimiter not in self.text[self.at : end]

    def _command(self) -> bool:
        char = self._next()
        self.at += 1
        if char and char in _ALONE:
            if char in "qQl":
                self._skip(" 0123456789")
            return self._ended()
        if char in ("{", "}"):
            return True
        if char == "s":
            return self._substitute()
        return char == "y" and self._until_twice() and self._ended()

    def _until_twice(self) -> bool:
        delimiter = self._next()
        if not delimiter or delimiter.isalnum() or delimiter in "\\\n ;":
            return False
        if not self._until(delimiter):
            return False
        self.at -= 1
        return self._until(delimiter)

    def _substitute(self) -> bool:
        if not self._until_twice():
            return False
        flags = _FLAGS.match(self.text, self.at)
        assert flags is not None
        self.at = flags.end()
        return self._ended()

    def _ended(self) -> bool:
        self._skip(" \t")
        return self._next() in ("", ";", "\n", "}")
