"""The receipts below a footer that is open: each request's lines, total, payer and source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.console.sidebar.marker import colour, glyph
from tui.console.transcript.below import GUTTER
from tui.console.transcript.lines import BLANK, Line, Span, prefixed, styled, width_of, wrap
from tui.session.spending_words import about_receipt, exact_usd, line_words, what_for
from tui.session.words import Names
from tui.store.spent import Receipt
from tui.text import cell_width, neutralise, truncate

_LEAST_NAME = 8
_INDENT = (Span("   ", "", None, True),)


def receipt_lines(
    receipts: Sequence[Receipt], prose: int, names: Names, *, letters: bool
) -> list[Line]:
    """The receipts, amounts at the right edge as text: they are copied with what they are for."""
    room = prose - width_of(GUTTER)
    lines: list[Line] = []
    for receipt in receipts:
        lines += [BLANK, _head(receipt, room, names, letters=letters)]
        lines += _lines(receipt, room, "x" if letters else "×")
        for about in about_receipt(receipt):
            said = wrap((Span(about, "mute"),), room - width_of(_INDENT))
            lines += prefixed(said, _INDENT, _INDENT)
    return [line._replace(spans=(*GUTTER, *line.spans)) for line in lines[1:]]


def _head(receipt: Receipt, room: int, names: Names, *, letters: bool) -> Line:
    paid = colour(receipt.payer).removeprefix("$")
    total = exact_usd(receipt.nano)
    sure = "~" if receipt.sureness == "estimated" else ""
    label = neutralise(receipt.label or receipt.key, strict=True)
    behind = [*styled(f" {label}", paid), *styled(f"  {what_for(receipt)}".rstrip(), "mute")]
    model = neutralise(names.model(receipt.model), strict=True)
    taken = 3 + width_of(behind) + cell_width(sure + total) + 2
    shown = truncate(model, max(room - taken, _LEAST_NAME))
    front = [Span(f"{glyph(receipt.payer, letters=letters)} ", paid), Span(shown, "soft"), *behind]
    return _with_amount(front, Span(sure + total, "text"), room)


def _lines(receipt: Receipt, room: int, times: str) -> Iterable[Line]:
    told = [line_words(line) for line in receipt.lines or ()]
    if not told:
        return
    columns = [max(map(cell_width, column)) for column in zip(*told, strict=True)]
    fixed = width_of(_INDENT) + columns[0] + 2 + columns[1] + columns[3] + 2
    priced = fixed + columns[2] <= room  # else what it is and what it cost
    for what, many, price, usd in told:
        front = [
            *_INDENT,
            Span(f"{truncate(what, room)}{' ' * (columns[0] - cell_width(what))}  ", "mute"),
            Span(f"{many:>{columns[1]}} ", "soft"),
            Span(price.replace("×", times) if priced else "", "faint"),
        ]
        yield _with_amount([one for one in front if one.text], Span(usd, "soft"), room)


def _with_amount(front: list[Span], amount: Span, room: int) -> Line:
    gap = max(room - width_of(front) - cell_width(amount.text), 1)
    return Line((*front, Span(" " * gap), amount))
