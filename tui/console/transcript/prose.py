"""One segment of Markdown as lines of styled spans, by markdown-it.

HTML, reference definitions and addresses without marks are plain text. A line break in the source
is one on the screen. What the parser refuses, or what is nested beyond sense, is shown as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.console.transcript.code import code_lines
from tui.console.transcript.highlight import Colours
from tui.console.transcript.inline import Inline
from tui.console.transcript.lines import BLANK, Line, Span, prefixed, restyled, wrap
from tui.console.transcript.segments import widths_of
from tui.console.transcript.table import lay_out_table
from tui.text import neutralise

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MARKS = re.compile(r"[\\`*_~\[<&|]|^[ \t>#+=-]|^\d{1,9}[.)]", re.MULTILINE)
# One line that is a heading or an item and holds no mark but the one it begins with.
_SIMPLE = re.compile(
    r"(?P<mark>#{1,6}|[-+*]|(?P<number>\d{1,9})[.)]) {1,4}"
    r"(?P<text>[^\\`*_~\[<&|\s>#+=\d-](?:[^\\`*_~\[<&|\n\t]*[^\\`*_~\[<&|#\s])?) *"
)
_DEEPEST = 40
_MANY_BRACKETS = 400
_LEAST_COLUMNS = 16
_TASK = re.compile(r"\[([ xX])\][ \t]+")


def make_parser() -> MarkdownIt:
    """The parser; its import takes 20 to 100 ms, so make it in a thread."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    parser.disable(["reference", "html_block", "html_inline"])
    # Addresses are judged and shown by tui.text alone; the parser's own escaping would hide them.
    parser.normalizeLink = parser.normalizeLinkText = str  # pyright: ignore[reportAttributeAccessIssue]
    parser.validateLink = lambda url: True  # pyright: ignore[reportAttributeAccessIssue]
    return parser


def plain_lines(text: str, width: int) -> list[Line]:
    """Text as it is, wrapped."""
    lines: list[Line] = []
    for line in neutralise(text).expandtabs(4).split("\n"):
        lines += wrap((Span(line),), width) if line else [BLANK]
    return lines


class ProseLayout:
    """Lays segments out for a width.

    Args:
        parser: None until it is imported: everything is then shown as text.
        width: Of what may be as wide as the screen: code and tables.
        prose: Of running text, at most `width`.
    """

    def __init__(
        self, parser: MarkdownIt | None, width: int, prose: int, colours: Colours | None
    ) -> None:
        self._parser = parser
        self._width = width
        self._prose = prose
        self._colours = colours
        self._inline = Inline()
        self._number = 0
        self._head = ""
        self._source: list[str] = []

    def plain(self, text: str) -> list[Line]:
        """The text as it stands, as running text."""
        return plain_lines(text, self._prose)

    def lay_out(self, text: str, after_number: int = 0, head: str = "") -> tuple[list[Line], int]:
        """Lines, and the number of the last item where the segment ends an ordered list, or 0.

        Args:
            text: The segment's Markdown.
            after_number: The number of the item before, where this goes on with its list.
            head: Of the table that the segment goes on with; it is not among the lines.
        """
        if self._parser is None or not _MARKS.search(text) or text.count("[") > _MANY_BRACKETS:
            return self.plain(text), 0
        if simple := _SIMPLE.fullmatch(text):
            return self._simple(simple, after_number)
        self._number, self._head = after_number, head
        whole = f"{head}\n{text}" if head else text
        self._source = whole.split("\n")
        try:
            tokens = self._parser.parse(whole)
            if head and (not tokens or tokens[0].type != "table_open"):
                return self.plain(text), 0
            if any(token.level >= _DEEPEST - 2 for token in tokens):
                return self.plain(text), 0
            lines = self._blocks(tokens, 0, len(tokens), 0)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # The parser's own bugs, met by text made to find them.
            return self.plain(text), 0
        return lines, self._number

    def _simple(self, found: re.Match[str], after_number: int) -> tuple[list[Line], int]:
        """The commonest segments without the parser, as it would have them."""
        text, mark = neutralise(found["text"]), found["mark"]
        if mark[0] == "#":
            style = "heading" if len(mark) < 3 else "heading-minor"
            return wrap((Span(text, style),), self._prose), 0
        number = _counted(after_number, found["number"]) if found["number"] else 0
        marker = f"{number}. " if found["number"] else "• "
        lines = wrap((Span(text),), self._columns(len(marker)))
        return prefixed(lines, (Span(marker, "bullet"),), (Span(" " * len(marker)),)), number

    def _blocks(self, tokens: Sequence[Token], start: int, stop: int, indent: int) -> list[Line]:
        if indent > self._prose - _LEAST_COLUMNS:
            raise ValueError("nested deeper than the screen is wide")
        lines: list[Line] = []
        previous: Token | None = None
        index = start
        while index < stop:
            token, end = tokens[index], _end_of(tokens, index)
            made = self._block(tokens, index, end, indent)
            if made and previous is not None and self._apart(previous, token):
                lines.append(BLANK)
            if made:
                previous = token
            lines += made
            index = end + 1
        return lines

    def _block(self, tokens: Sequence[Token], start: int, end: int, indent: int) -> list[Line]:
        token = tokens[start]
        if token.type not in ("bullet_list_open", "ordered_list_open"):
            self._number = 0 if indent == 0 else self._number
        match token.type:
            case "paragraph_open" | "inline":
                inline = tokens[start + 1] if token.type == "paragraph_open" else token
                return self._text(inline, indent)
            case "heading_open":
                style = "heading" if token.tag in ("h1", "h2") else "heading-minor"
                return self._text(tokens[start + 1], indent, style)
            case "bullet_list_open" | "ordered_list_open":
                return self._list(tokens, start, end, indent)
            case "blockquote_open":
                return self._quote(tokens, start, end, indent)
            case "fence" | "code_block":
                code = token.content.removesuffix("\n").split("\n")
                return code_lines(code, token.info, self._wide(indent), self._colours)
            case "hr":
                return [Line((Span("─" * self._columns(indent), "rule", None, True),))]
            case "table_open":
                widths = widths_of(self._head) if self._head and start == 0 else None
                rows = tokens[start : end + 1]
                return lay_out_table(rows, self._wide(indent), self._inline, widths)
            case _:
                return plain_lines(token.content, self._columns(indent)) if token.content else []

    def _columns(self, indent: int) -> int:
        return max(self._prose - indent, _LEAST_COLUMNS)

    def _wide(self, indent: int) -> int:
        return max(self._width - indent, _LEAST_COLUMNS)

    def _text(self, token: Token, indent: int, style: str = "") -> list[Line]:
        lines: list[Line] = []
        for row in self._inline.rows(token.children or (), style):
            lines += wrap(row, self._columns(indent)) if row else [BLANK]
        return lines

    def _apart(self, previous: Token, token: Token) -> bool:
        """Whether a blank line stands between two blocks of one container."""
        alone = ("fence", "code_block", "table_open", "hr")
        if token.type in alone or previous.type in alone or token.type == "heading_open":
            return True
        first = token.map[0] if token.map else 0
        return first > 0 and not self._source[first - 1].strip(" \t>")

    def _quote(self, tokens: Sequence[Token], start: int, end: int, indent: int) -> list[Line]:
        bar = (Span("│ ", "quote-bar", None, True),)
        lines = self._blocks(tokens, start + 1, end, indent + 2)
        quoted = [line._replace(spans=restyled(line.spans, "quote")) for line in lines]
        return prefixed(quoted, bar, bar)

    def _list(self, tokens: Sequence[Token], start: int, end: int, indent: int) -> list[Line]:
        ordered = tokens[start].type == "ordered_list_open"
        outermost = indent == 0
        number = self._number if outermost and ordered else 0
        lines: list[Line] = []
        index = start + 1
        while index < end:
            stop = _end_of(tokens, index)
            own = tokens[index].info
            number = _counted(number, own)
            marker = f"{number}. " if ordered else ("• " if indent < 2 else "◦ ")
            first = tokens[index].map
            apart = first and first[0] and not self._source[first[0] - 1].strip(" \t>")
            if lines and (apart or lines[-1].fill):
                lines.append(BLANK)
            lines += self._item(tokens, index, stop, indent, marker)
            index = stop + 1
        if outermost:
            self._number = number if ordered else 0
        return lines

    def _item(
        self, tokens: Sequence[Token], start: int, end: int, indent: int, marker: str
    ) -> list[Line]:
        size = len(marker)
        lines = self._blocks(tokens, start + 1, end, indent + size) or [BLANK]
        style = "bullet"
        begins_with_text = tokens[start + 1].type == "paragraph_open"
        if begins_with_text and (task := _TASK.match(lines[0].text)):
            done = task[1] != " "
            marker, style = ("[x] ", "task-done") if done else ("[ ] ", "bullet")
            size = len(marker)
            lines[0] = lines[0]._replace(spans=_without(lines[0].spans, task.end()))
        return prefixed(lines, (Span(marker, style),), (Span(" " * size),))


def _counted(before: int, own: str) -> int:
    """The number of an item: its own, but never one that its list has had already."""
    if not own.isdigit():
        return before + 1
    return max(before + 1, int(own)) if before else int(own)


def _without(spans: Sequence[Span], count: int) -> tuple[Span, ...]:
    """The spans without their first characters."""
    kept: list[Span] = []
    for span in spans:
        piece = span.text[count:]
        count = max(count - len(span.text), 0)
        if piece:
            kept.append(span._replace(text=piece))
    return tuple(kept)


def _end_of(tokens: Sequence[Token], start: int) -> int:
    """Where the block that begins at `start` ends."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1
