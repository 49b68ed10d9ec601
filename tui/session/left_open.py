"""What a dead engine left open in a session, ended by whoever opens it next (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from tui.billing.credit_units import credits_sum
from tui.events.base import CallId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded
from tui.events.session import EngineRestarted
from tui.events.tool import ToolReturned
from tui.events.turn import TurnFinished
from tui.money import credits_string
from tui.session.context import INTERRUPTED
from tui.session.projection import SessionState


def left_open(state: SessionState, charges: Sequence[ChargeRecorded] = ()) -> list[AnyEvent]:
    """The events that end the open calls and the turn; what it spent nobody told us.

    Args:
        state: The session's.
        charges: Of requests that were sent and may have cost something.
    """
    events: list[AnyEvent] = [EngineRestarted()]
    for call, name in state.open_calls.items():
        events.append(ToolReturned(call=CallId(call), name=name, ok=False, output=INTERRUPTED))
    unknown = list(charges)
    cut_off = state.route if state.working and state.live_tokens > 0 else None
    if cut_off is not None and all(one.request != cut_off.request for one in charges):
        unknown.append(
            ChargeRecorded(
                request=cut_off.request,
                payer=cut_off.payer,
                nano=None,
                lines=(),
                priced_by="ownkey stopped before usage arrived",
                sureness="unknown",
            )
        )
    events += unknown
    if state.working:
        count = state.turn_unknown + len(unknown)
        credits = None if credits_sum(unknown) is None else state.turn_credits
        events.append(
            TurnFinished(
                stop="interrupted", nano=state.turn_nano, unknown=count,
                credits=None if credits is None else credits_string(credits) if credits else "0",
            )
        )  # fmt: skip
    return events
