"""Lines painted: spans and grounds become strips of cells in the theme's colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.console.transcript.lines import Line, Span
from tui.text import cell_width

LEFT = 4
"""Cells, and characters, before the text: a bar may stand in the third."""
RIGHT = 3
BAR = "▎"
_PLAIN = str.maketrans("▎▸▾│─↪•◦▪⋯✓", "|>v|-+*-*.x")

STYLES = {
    **{name: f"${name}" for name in ("soft", "mute", "faint", "good", "warn", "bad")},
    **{name: f"${name}" for name in ("own-key", "endpoint", "cloud-account", "credits", "nobody")},
    **{name: f"${name}" for name in ("added", "removed", "code-keyword", "code-name")},
    **{name: f"${name}" for name in ("code-string", "code-comment")},
    "strong": "bold",
    "emphasis": "italic",
    "strike": "strike $mute",
    "code": "$code-name",
    "heading": "bold",
    "heading-minor": "bold $soft",
    "link": "underline $focus",
    "dead-link": "",
    "host": "$mute",
    "quote": "$soft",
    "quote-bar": "$faint",
    "bullet": "$mute",
    "task-done": "$good",
    "rule": "$line",
    "table-head": "bold $soft",
    "mark": "$faint",
    "thought": "italic $mute",
    "queued": "italic $faint",
    "person": "$focus",
    "cursor": "$text",
    "found": "underline $text on $focus-ground",
    "found-here": "bold $page on $focus",
    "new-below": "$focus on $focus-ground",
    "bad-soft": "$removed",
    "added-ground": "on $added-ground",
    "removed-ground": "on $removed-ground",
    "code-ground": "on $panel",
    "code-plain": "$soft",
}
"""Every style's name, in the theme's variables; `text` and the empty one are the ground's own.

A component class each would be matched with all rules whenever the pane is: 25 ms at the start.
"""


class Painter:
    """Paints lines for one width and theme.

    Args:
        base: Style of the page.
        style_of: The partial style of one name.
        width: Cells of the whole view.
        content: Cells of what is as wide as the screen.
        prose: Cells of running text.
        letters: Whether our own signs are plain ones.
    """

    def __init__(
        self,
        base: Style,
        style_of: Callable[[str], Style],
        *,
        width: int,
        content: int,
        prose: int,
        letters: bool = False,
    ) -> None:
        self._signs = _PLAIN if letters else {}
        self._base = base
        self._style_of = style_of
        self._width = width
        self._content = content
        self._prose = prose
        self._known: dict[str, Style] = {"": base, "text": base}
        self._links: dict[tuple[str, str], Style] = {}

    def style(self, names: str, ground: str = "") -> Style:
        """The style of several names on a ground."""
        key = f"{ground} {names}" if ground else names
        if (style := self._known.get(key)) is None:
            style = self._base
            for name in key.split():
                if name != "text":
                    style += self._style_of(name)
            self._known[key] = style
        return style

    def strip(self, line: Line, *, cursor: bool = False, caret: Sequence[Span] = ()) -> Strip:
        """The line as a strip of the view's whole width."""
        bar = "cursor" if cursor else line.bar
        margin = f"  {BAR} ".translate(self._signs) if bar else "    "
        segments = [Segment(margin, self.style(bar))]
        fill, inset, at = line.fill, line.inset, 0
        for span in (*line.spans, *caret):
            ground = fill if at >= inset else ""
            text = span.text
            if self._signs and (span.chrome or span.style == "bullet"):
                text = text.translate(self._signs)
            segments.append(Segment(text, self._span_style(span, ground)))
            at += cell_width(span.text)
        right = sum([cell_width(span.text) for span in line.right])
        edge = self._content if fill else self._prose
        blank = edge - at - right
        if blank > 0 and (fill or right):
            segments.append(Segment(" " * blank, self.style("", fill)))
            at += blank
        for span in line.right:
            segments.append(Segment(span.text, self.style(span.style, fill)))
        rest = self._width - LEFT - at - right
        if rest > 0:
            segments.append(Segment(" " * rest, self._base))
        return Strip(segments, max(self._width, LEFT + at + right)).crop(0, self._width)

    def label(self, text: str) -> Strip:
        """A label that lies over a row."""
        return Strip([Segment(text, self.style("new-below"))], cell_width(text))

    def _span_style(self, span: Span, ground: str) -> Style:
        style = self.style(span.style, ground)
        if span.href is None:
            return style
        key = (f"{ground} {span.style}", span.href)
        if (linked := self._links.get(key)) is None:
            linked = self._links[key] = style + Style(meta={"href": span.href})
        return linked


def highlighted(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """The strip with the characters from `start` to before `end` in one more style."""
    segments: list[Segment] = []
    at = 0
    for segment in strip:
        text, own, _ = segment
        low, high = max(start - at, 0), min(end - at, len(text))
        if low >= high:
            segments.append(segment)
        else:
            pieces = ((text[:low], own), (text[low:high], _over(own, style)), (text[high:], own))
            segments += [Segment(piece, one) for piece, one in pieces if piece]
        at += len(text)
    return Strip(segments, strip.cell_length)


def _over(own: Style | None, style: Style) -> Style:
    return style if own is None else own + style
