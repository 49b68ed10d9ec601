"""The readable text of an HTML page: headings, lists, code and links, without what runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tui.tools.base import Deadline

_DROPPED = frozenset(
    ("script", "style", "noscript", "svg", "template", "iframe", "object", "canvas", "select")
)
_BLOCKS = frozenset(
    (
        "p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "ul", "ol",
        "dl", "dt", "dd", "table", "tr", "blockquote", "figure", "figcaption", "form", "fieldset",
        "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "li", "title", "address", "details",
        "summary",
    )
)  # fmt: skip
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_PIECE = 1 << 16
_MOST_ADDRESS = 300
_BLANKS = re.compile(r"[ \t\r\f\v\n]+")
_GAPS = re.compile(r"\n{3,}")


def html_text(page: str, deadline: Deadline) -> str:
    """The text of a page; what was read so far where the deadline passes."""
    reader = _Reader()
    for start in range(0, len(page), _PIECE):
        if deadline.over():
            break
        reader.feed(page[start : start + _PIECE])
    # Its own `close` takes hours over comments that never end; a tag brings the last text out.
    reader.feed("<p>")
    lines = (line.rstrip() for line in "".join(reader.pieces).split("\n"))
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._dropped: str | None = None
        self._depth = 0
        self._pre = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropped is not None:
            self._depth += tag == self._dropped
            return
        if tag in _DROPPED:
            self._dropped, self._depth = tag, 1
        elif tag == "a":
            href = dict(attrs).get("href") or ""
            kept = href if not href.startswith(("#", "javascript:", "data:")) else ""
            self._links.append(kept[:_MOST_ADDRESS])
            self.pieces.append("[" if kept else "")
        elif tag in ("br", "hr"):
            self._break(1)
        elif tag in _BLOCKS:
            self._break(2 if tag in _HEADINGS or tag in ("p", "pre") else 1)
            self._pre += tag == "pre"
            self.pieces.append(_HEADINGS.get(tag, "- " if tag == "li" else ""))
        elif tag in ("td", "th"):
            self.pieces.append(" | ")
        elif tag == "img" and (words := dict(attrs).get("alt")):
            self.handle_data(f"[picture: {words}]")

    def handle_endtag(self, tag: str) -> None:
        if self._dropped is not None:
            self._depth -= tag == self._dropped
            self._dropped = self._dropped if self._depth else None
        elif tag == "a" and self._links:
            address = self._links.pop()
            self.pieces.append(f"]({address})" if address else "")
        elif tag in _BLOCKS:
            self._pre = max(0, self._pre - (tag == "pre"))
            self._break(2 if tag in _HEADINGS or tag in ("p", "pre") else 1)

    def handle_data(self, data: str) -> None:
        if self._dropped is None:
            text = data if self._pre else _BLANKS.sub(" ", data)
            at_start = not self.pieces or self.pieces[-1].endswith(("\n", " "))
            self.pieces.append(text if self._pre or not at_start else text.lstrip(" "))

    def _break(self, lines: int) -> None:
        self.pieces.append("\n" * lines)
