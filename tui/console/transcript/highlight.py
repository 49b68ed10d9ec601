"""Code in the look's four colours, by Pygments, which is imported when code is first shown.

Lexers are loaded by `load`, in a thread: an import and its regexes take up to 50 ms. A lexer reads
about 1,000 characters in a millisecond, so long code goes in slices (`colouring`).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from tui.console.transcript.lines import Span

if TYPE_CHECKING:
    from pygments.lexer import Lexer

AT_ONCE = 2_000
"""Characters that may be coloured while the screen waits."""

_KEPT = 128
_MAX_CHARACTERS = 400_000
_NAME = re.compile(r"\{?\.?([A-Za-z0-9_+#-]{1,30})")
_STYLES = (
    ("Token.Comment", "code-comment"),
    ("Token.Keyword.Constant", "code-keyword"),
    ("Token.Keyword", "code-keyword"),
    ("Token.Operator.Word", "code-keyword"),
    ("Token.Name.Function", "code-name"),
    ("Token.Name.Class", "code-name"),
    ("Token.Name.Decorator", "code-name"),
    ("Token.Name.Tag", "code-name"),
    ("Token.Name.Builtin", "code-name"),
    ("Token.Literal.String", "code-string"),
    ("Token.Literal", "code-string"),
    ("Token.Generic.Inserted", "added"),
    ("Token.Generic.Deleted", "removed"),
    ("Token.Generic.Heading", "code-name"),
    ("Token.Generic.Subheading", "code-name"),
)

Coloured = Sequence[tuple[Span, ...]]
"""For each line of a code its spans."""


class Colours(Protocol):
    """Who colours code; None: not now. `put_off` counts how often that may change later."""

    @property
    def put_off(self) -> int: ...

    def lines(self, code: str, language: str) -> Coloured | None:
        """The spans of each line of neutralised code."""
        ...

    def glance(self, code: str, language: str) -> Coloured | None:
        """The same for code that still grows."""
        ...


class Highlighter:
    """Colours code at once where that is quick, and notes in `wanted` what has to be done aside."""

    def __init__(self) -> None:
        self.wanted: dict[tuple[str, str], None] = {}
        self.put_off = 0
        self._lexers: dict[str, Lexer | None] = {}
        self._styles: dict[object, str] = {}
        self._done: OrderedDict[tuple[str, str], Coloured] = OrderedDict()

    def ready(self, language: str) -> bool:
        """Whether the lexer is there, or known not to be."""
        return language_name(language) in self._lexers

    def load(self, language: str) -> None:
        """Import the lexer of a language; slow, for a thread."""
        # Pygments has types for everything but the options.
        from pygments.lexers import (
            get_lexer_by_name,  # pyright: ignore[reportUnknownVariableType]
        )
        from pygments.util import ClassNotFound

        name = language_name(language)
        try:
            self._lexers[name] = get_lexer_by_name(name, stripnl=False, ensurenl=False)
        except ClassNotFound:
            self._lexers[name] = None

    def lines(self, code: str, language: str) -> Coloured | None:
        """The spans of each line, or None and the code is in `wanted` if it can be coloured."""
        key = (code, language_name(language))
        if (done := self._done.get(key)) is not None:
            self._done.move_to_end(key)
            return done
        if not self._colourable(*key):
            return None
        if len(code) > AT_ONCE or key[1] not in self._lexers:
            self._put_off(*key)
            return None
        for _ in self.colouring(*key):
            pass
        return self._done.get(key)

    def glance(self, code: str, language: str) -> Coloured | None:
        """The same for code that still grows: nothing of it is kept, long code is left plain."""
        name = language_name(language)
        if not self._colourable(code, name) or len(code) > AT_ONCE:
            return None
        if (lexer := self._lexers.get(name)) is None:
            self._put_off("", name)
            return None
        rows: list[list[Span]] = [[]]
        for _ in self._read(lexer, code, rows):
            pass
        return [tuple(row) for row in rows]

    def colouring(self, code: str, language: str) -> Iterator[None]:
        """Colour code in small steps; after the last one `lines` has it."""
        name = language_name(language)
        if (lexer := self._lexers.get(name)) is None:
            return
        rows: list[list[Span]] = [[]]
        yield from self._read(lexer, code, rows)
        self._done[code, name] = [tuple(row) for row in rows]
        if len(self._done) > _KEPT:
            self._done.popitem(last=False)

    def _put_off(self, code: str, name: str) -> None:
        self.wanted[code, name] = None
        self.put_off += 1

    def _colourable(self, code: str, name: str) -> bool:
        known_to_be_none = name in self._lexers and self._lexers[name] is None
        return bool(name) and len(code) <= _MAX_CHARACTERS and not known_to_be_none

    def _read(self, lexer: Lexer, code: str, rows: list[list[Span]]) -> Iterator[None]:
        for token, text in lexer.get_tokens(code):
            style = self._styles.get(token) or self._style(token)
            first, *others = text.split("\n")
            row = rows[-1]
            if first and row and row[-1].style == style:
                row[-1] = Span(row[-1].text + first, style)
            elif first:
                row.append(Span(first, style))
            for other in others:
                rows.append([Span(other, style)] if other else [])
            yield

    def _style(self, token: object) -> str:
        name = str(token)
        style = next((s for start, s in _STYLES if name.startswith(start)), "code-plain")
        self._styles[token] = style
        return style


def language_name(info: str) -> str:
    """The lexer's name in the first word of a fence's info string; empty where there is none."""
    found = _NAME.match(info.strip())
    return found[1].lower() if found else ""
