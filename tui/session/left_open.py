"""What a dead engine left open in a session, ended by whoever opens it next (pure)."""

from __future__ import annotations

from tui.events.base import CallId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded
from tui.events.session import EngineRestarted
from tui.events.tool import ToolReturned
from tui.events.turn import TurnFinished
from tui.session.context import INTERRUPTED
from tui.session.projection import SessionState


def left_open(state: SessionState) -> list[AnyEvent]:
    """The events that end the open calls and the turn; what it spent nobody told us."""
    events: list[AnyEvent] = [EngineRestarted()]
    for call, name in state.open_calls.items():
        events.append(ToolReturned(call=CallId(call), name=name, ok=False, output=INTERRUPTED))
    if not state.working:
        return events
    cut_off = state.route if state.live_tokens > 0 else None
    if cut_off is not None:
        events.append(
            ChargeRecorded(
                request=cut_off.request,
                payer=cut_off.payer,
                nano=None,
                lines=(),
                priced_by="ownkey stopped before usage arrived",
                sureness="unknown",
            )
        )
    unknown = state.turn_unknown + (cut_off is not None)
    events.append(TurnFinished(stop="interrupted", nano=state.turn_nano, unknown=unknown))
    return events
