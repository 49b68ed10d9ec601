"""What a failure's block becomes as it is asked about and goes on, and the sentence for it."""

from __future__ import annotations

from typing import assert_never

from tui.console.transcript.blocks import Failure
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.session.way_words import payer_words, taken_words
from tui.session.words import Names, Tone


def going_on(
    event: WayOutAsked | WayOutTaken | PayerAsked | PayerAnswered,
    failed: Failure | None,
    names: Names,
) -> tuple[str, Tone]:
    """Change the block, and give what is to be said beside it and how; empty: nothing."""
    match event:
        case WayOutAsked():
            if failed is not None:
                failed.asked = True
            return "", "mute"
        case WayOutTaken():
            if failed is not None:
                failed.asked = False
                failed.settled = event.way is not None and event.way.what != "edit"
                if (
                    failed.settled
                    and failed.waited_s is None
                    and event.way is not None
                    and (event.way.what not in ("wait", "again"))
                ):
                    failed.until = None
            return taken_words(event, names), "mute"
        case PayerAsked():
            return "", "mute"
        case PayerAnswered():
            return payer_words(event), "mute" if event.choice != "stop" else "warn"
        case _:
            assert_never(event)
