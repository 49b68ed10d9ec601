"""One receipt below its row: its lines, how sure it is, and the provider's id."""

from __future__ import annotations

from tui.console.transcript.paint import STYLES
from tui.console.transcript.receipts import receipt_lines
from tui.console.usage.plots import Piece
from tui.session.words import PlainNames
from tui.store.spent import Receipt


def opened_receipt(receipt: Receipt, room: int, *, letters: bool) -> list[list[Piece]]:
    """The lines as cells, aligned with the columns above them."""
    _, *lines = receipt_lines([receipt], room, PlainNames(), letters=letters)
    return [
        [(span.text, STYLES.get(span.style, "") if span.style else "") for span in line.spans]
        for line in lines
    ]
