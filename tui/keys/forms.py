"""The forms in which a secret can stand in a text: encodings of it, and escapes read through.

A secret leaks by a part as well as by the whole: a run of `RUN` characters of what follows its
public prefix counts (reliability.md §6). Everything here is in ASCII lower case, so that one
comparison covers both cases of letters and of hexadecimal digits.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from dataclasses import dataclass

from tui.keys.shapes import public_prefix

RUN = 12
"""So many characters of a key's body in a row are as bad as the key."""

LEAST_SECRET = 8
"""Shorter secrets are words (`none`, `ollama`): masking them would eat ordinary text."""

_BASE64_RUN = 15
"""Characters of base64 that `RUN` bytes determine at the worst of its three offsets."""


@dataclass(frozen=True, slots=True)
class Form:
    """One encoding of one secret.

    Args:
        text: The whole encoding, in lower case.
        start: Where the secret part begins (what is before is the public prefix).
        end: Where it ends.
        least: So many characters of the secret part in a row are masked.
    """

    text: str
    start: int
    end: int
    least: int


def forms_of(value: str) -> tuple[Form, ...]:
    """Every form of a secret; none of one shorter than `LEAST_SECRET`."""
    if len(value) < LEAST_SECRET:
        return ()
    prefix = len(public_prefix(value))
    if len(value) - prefix < RUN:
        prefix = 0
    run = min(RUN, len(value))
    plain = value.lower()
    found = [
        Form(plain, prefix, len(plain), run),
        Form(plain[::-1], 0, len(plain) - prefix, run),
        _hexadecimal(value, prefix, run),
    ]
    for offset in range(3):
        found.extend(_base64(value, prefix, run, offset))
    return tuple(dict.fromkeys(found))


def _hexadecimal(value: str, prefix: int, run: int) -> Form:
    text = value.encode("utf-8", "surrogatepass").hex()
    return Form(text, 2 * prefix, len(text), 2 * run)


def _base64(value: str, prefix: int, run: int, offset: int) -> list[Form]:
    """The characters of base64 that the secret alone determines, behind `offset` other bytes."""
    data = value.encode("utf-8", "surrogatepass")
    first, last = -(-8 * offset // 6), 8 * (offset + len(data)) // 6
    start = -(-8 * (offset + prefix) // 6) - first
    padded = bytes(offset) + data + bytes(-(offset + len(data)) % 3)
    least = _BASE64_RUN if run == RUN else min(_BASE64_RUN, last - first - start)
    texts = (base64.b64encode(padded), base64.urlsafe_b64encode(padded))
    return [Form(text.decode()[first:last].lower(), start, last - first, least) for text in texts]


_DROPPED = "\x00\u2400\xad\u200b-\u200f\u2060\ufeff"
_ESCAPE = re.compile(
    rf"""
      (?P<drop>[{_DROPPED}]+|\x1b\[[0-9;]*m)       # UTF-16 as text, invisible, colours
    | %(?:25)*(?P<percent>[0-9a-fA-F]{{2}})
    | (?<!\\)\\++(?:
        u(?P<u>[0-9a-fA-F]{{4}}) | U0000(?P<long>[0-9a-fA-F]{{4}}) | x(?P<x>[0-9a-fA-F]{{2}})
      | (?P<octal>[0-7]{{3}}) | (?P<plain>["'/]) | (?P<control>[abfnrtv0])
      )
    | &\#(?:x(?P<hex>[0-9a-fA-F]{{2,4}})|(?P<number>[0-9]{{2,5}}));?
    """,
    re.VERBOSE,
)
_ESCAPE_MARKS = tuple("%\\\x1b\x00\u2400\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff&")

PARTIAL_ESCAPE = re.compile(
    r"(?:%(?:25)*[0-9a-fA-F]?|%(?:25)*2|\x1b(?:\[[0-9;]*)?|&(?:\#(?:x[0-9a-fA-F]{0,3}|[0-9]{0,5})?)?"
    r"|\\+(?:u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|x[0-9a-fA-F]?|[0-7]{1,2})?)\Z"
)
"""The end of a text that may be the start of an escape."""


def lowered(text: str) -> str:
    """The text in lower case, character for character."""
    return text.replace("\u0130", "i").lower()


class Reading:
    """A text with its escapes read, in lower case, and the way back to where they stood."""

    __slots__ = ("_from", "_raw", "_width", "raw_length", "text")

    def __init__(self, raw: str) -> None:
        self.raw_length = len(raw)
        self._from: list[int] = [0]
        self._raw: list[int] = [0]
        self._width: list[int] = [0]  # raw characters of an escape; 0 for plain text
        if not any(mark in raw for mark in _ESCAPE_MARKS):
            self.text = lowered(raw)
            return
        self.text = self._read(raw)

    def _read(self, raw: str) -> str:
        pieces: list[str] = []
        length = at = 0
        for found in _ESCAPE.finditer(raw):
            start, end = found.span()
            pieces.append(raw[at:start])
            length += start - at
            char = _meaning(found)
            self._mark(length, start, end - start)
            pieces.append(char)
            length += len(char)
            self._mark(length, end, 0)
            at = end
        pieces.append(raw[at:])
        return lowered("".join(pieces))

    def _mark(self, at: int, raw: int, width: int) -> None:
        self._from.append(at)
        self._raw.append(raw)
        self._width.append(width)

    def raw_start(self, at: int) -> int:
        """Where in the raw text the character `at` begins."""
        if at >= len(self.text):
            return self.raw_length
        part = bisect_right(self._from, at) - 1
        return self._raw[part] + (0 if self._width[part] else at - self._from[part])

    def raw_end(self, at: int) -> int:
        """Where in the raw text the character before `at` ends."""
        part = bisect_right(self._from, at - 1) - 1
        width = self._width[part]
        return self._raw[part] + (width or at - self._from[part])


def _meaning(found: re.Match[str]) -> str:
    """The character that an escape stands for; nothing for what only stands between."""
    match found.lastgroup:
        case "drop" | None:
            return ""
        case "plain":
            return found["plain"]
        case "control":
            return "" if found["control"] == "0" else "\n"
        case "octal":
            code = int(found["octal"], 8)
        case "number":
            code = int(found["number"])
        case group:
            code = int(found[group], 16)
    return chr(code) if 0 < code < 0xD800 else ""
