"""Inline Markdown as rows of spans: marks, links with their real host, pictures as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.console.transcript.lines import Span
from tui.text import link_label, neutralise, safe_href, truncate

if TYPE_CHECKING:
    from markdown_it.token import Token

_OPENS = {"strong_open": "strong", "em_open": "emphasis", "s_open": "strike"}
_CLOSES = {"strong_close": "strong", "em_close": "emphasis", "s_close": "strike"}
_LONGEST_TARGET = 200

Row = list[Span]


class Inline:
    """Turns the children of one inline token into rows; a line break begins the next."""

    def rows(self, tokens: Sequence[Token], style: str = "") -> list[Row]:
        """The rows, each of them free of newlines and tabs."""
        rows: list[Row] = [[]]
        styles = [style] if style else []
        href: str | None = None
        address, begun = "", (0, 0)
        for token in tokens:
            kind = token.type
            if kind in _OPENS:
                styles.append(_OPENS[kind])
            elif kind in _CLOSES:
                if _CLOSES[kind] in styles:
                    styles.remove(_CLOSES[kind])
            elif kind in ("softbreak", "hardbreak"):
                rows.append([])
            elif kind == "link_open":
                address = str(token.attrGet("href") or "")
                href, begun = safe_href(address), (len(rows) - 1, len(rows[-1]))
                styles.append("link" if href else "dead-link")
            elif kind == "link_close":
                styles.pop()
                rows[-1].append(Span(_host_beside(rows, begun, address), "host"))
                href = None
            elif kind == "image":
                rows[-1] += _picture(token)
            elif token.content:
                names = [*styles, "code"] if kind == "code_inline" else styles
                rows[-1].append(Span(_shown(token.content), " ".join(names), href))
        return [[span for span in row if span.text] for row in rows]


def _shown(text: str) -> str:
    return neutralise(text).expandtabs(4).replace("\n", " ")


def _host_beside(rows: list[Row], begun: tuple[int, int], address: str) -> str:
    """What `link_label` puts behind the link's text."""
    row, column = begun
    spans = rows[row][column:] + [span for later in rows[row + 1 :] for span in later]
    text = " ".join("".join([span.text for span in spans]).split(" ")).strip()
    label = link_label(text, address)
    return f" {label.removeprefix(text).strip()}" if label != text else ""


def _picture(token: Token) -> Row:
    """A picture is never fetched: what it says it shows, and from where."""
    target = str(token.attrGet("src") or "")
    where = truncate(neutralise(target, strict=True), _LONGEST_TARGET)
    return [
        Span("picture ", "host"),
        Span(_shown(token.content), "dead-link"),
        Span(f" ({where})", "host"),
    ]
