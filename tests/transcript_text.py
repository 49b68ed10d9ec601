"""How the transcript's tests read lines back."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.lines import Line, width_of
from tui.console.transcript.markdown import MarkdownLines
from tui.console.transcript.prose import make_parser

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@functools.cache
def parser() -> MarkdownIt:
    return make_parser()


def markdown(text: str, width: int = 60, colours: Highlighter | None = None) -> list[Line]:
    """The lines of a whole Markdown text."""
    lines = MarkdownLines(parser(), width, colours)
    lines.feed(text, complete=True)
    return lines.lines


def drawn(lines: Iterable[Line], width: int = 0) -> list[str]:
    """What stands in each row; with a width, what is at the right edge too."""
    return [_row(line, width) for line in lines]


def _row(line: Line, width: int) -> str:
    text = "".join(span.text for span in line.spans)
    right = "".join(span.text for span in line.right)
    if not right or not width:
        return text.rstrip()
    return text + " " * (width - width_of(line.spans) - width_of(line.right)) + right


def styles_of(lines: Sequence[Line], piece: str) -> str:
    """The style of the first span that holds a piece of text."""
    return next(span.style for line in lines for span in line.spans if piece in span.text)


def with_lexers(*languages: str) -> Highlighter:
    """A highlighter that has its lexers."""
    highlighter = Highlighter()
    for language in languages:
        highlighter.load(language)
    return highlighter
