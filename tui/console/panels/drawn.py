"""A line in the theme's variables, as Textual's content."""

from __future__ import annotations

from textual.content import Content

from tui.console.sidebar.marker import signs
from tui.console.transcript.lines import Line, width_of
from tui.console.transcript.paint import STYLES

_MORE = {
    "text": "$text", "loud": "bold $warn", "page": "on $page", "strong": "bold $text",
    "chosen-ground": "on $focus-ground",
}  # fmt: skip
_SIGNS = str.maketrans("↪⋯✓▪", ">~x*")


def drawn(line: Line, room: int, *, letters: bool) -> Content:
    """The line as content of exactly `room` cells where it has a ground or a right end."""
    parts: list[tuple[str, str]] = []
    at = 0
    for span in line.spans:
        ground = line.fill if at >= line.inset else ""
        text = span.text
        if letters and span.chrome:
            text = signs(text.translate(_SIGNS), letters=True)
        parts.append((text, _words(span.style, ground)))
        at += width_of((span,))
    blank = room - at - width_of(line.right)
    if blank > 0 and (line.fill or line.right):
        parts.append((" " * blank, _words("", line.fill)))
    parts += [(span.text, _words(span.style, line.fill)) for span in line.right]
    return Content.assemble(*parts)


def _words(names: str, ground: str) -> str:
    """The style's words, ink first: behind `on` stands the ground."""
    known = [_MORE.get(name) or STYLES.get(name, "") for name in (*ground.split(), *names.split())]
    inks = [one for one in known if one and not one.startswith("on ")]
    grounds = [one for one in known if one.startswith("on ")]
    return " ".join([*inks[-1:], *grounds[-1:]]) or "$text"
