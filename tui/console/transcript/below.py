"""What stands below a card's line without being asked for: live output, decisions, words."""

from __future__ import annotations

from collections.abc import Iterator

from tui.console.transcript.blocks import ToolCard
from tui.console.transcript.lines import Line, Span, wrap
from tui.session.words import counted
from tui.text import neutralise, truncate

LIVE_LINES = 6
"""Lines of a running call's output that are seen; so many more while it is open."""
LIVE_LINES_OPEN = 24
_LONGEST_SAID = 2_000
GUTTER = (Span("  ", "", None, True), Span("│ ", "quote-bar", None, True))


def below(card: ToolCard, prose: int, opened: bool) -> Iterator[Line]:
    """The lines, in the order in which things happened."""
    if card.granted:
        said = truncate(neutralise(card.granted, strict=True), prose - 4)
        yield Line((Span("    "), Span(said, "faint")))
    if card.said:
        for raw in neutralise(card.said[:_LONGEST_SAID]).expandtabs(4).split("\n"):
            for line in wrap((Span(raw, "text"),), prose - 4):
                yield line._replace(spans=(Span("  ", "", None, True), *line.spans), bar="person")
    if card.output is None and card.tail:
        yield from _live(card, prose - 4, LIVE_LINES_OPEN if opened else LIVE_LINES)


def _live(card: ToolCard, width: int, most: int) -> Iterator[Line]:
    """The last lines of what a running call has given."""
    raw = card.tail.removesuffix("\n").split("\n")
    # The first of them may have been cut in the middle.
    whole = raw[1:] if card.streamed > len(card.tail) and len(raw) > 1 else raw
    shown = whole[-most:]
    above = card.lines + (not card.tail.endswith("\n")) - len(shown)
    if above > 0:
        words = f"… {counted(above)} line{'s' * (above != 1)} above"
        yield Line((*GUTTER, Span(words, "faint", None, True)))
    for line in shown:
        text = truncate(neutralise(line[: 4 * width]).expandtabs(4).replace("\n", " "), width)
        yield Line((*GUTTER, Span(text, "mute")))
