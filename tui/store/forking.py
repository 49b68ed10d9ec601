"""A new session that begins with a copy of another one.

The copy stands before a `SessionForked`; with that every sum begins at zero, and nothing that the
other session has spent is counted twice.
"""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

from tui.errors import UsageError
from tui.events.base import CallId, SessionId
from tui.events.codec import AnyEvent
from tui.events.session import SessionForked
from tui.events.tool import ShellRun, ToolCalled, ToolReturned
from tui.events.turn import MessageQueued, MessageUnqueued, TurnFinished, TurnStarted
from tui.store.log import Store

_CUT_OFF = "interrupted before it finished"


def new_session_id(now: dt.datetime) -> SessionId:
    """An id that no other session has; those of one second sort by chance."""
    return SessionId(f"s_{now:%Y%m%d%H%M%S}_{uuid4().hex[:8]}")


def fork_session(
    store: Store, source: SessionId, target: SessionId, at: int | None, now: dt.datetime
) -> None:
    """Make `target` out of `source` up to its event `at` (None: all of it).

    What is still open there is ended in the copy, which goes on from then by itself.

    Raises:
        UsageError: there is no such session or event.
        StoreError: it cannot be read or written; then nothing was.
    """
    newest = store.newest(source) if store.has(source) else 0
    if not newest:
        raise UsageError(f"there is no session {source}")
    upto = newest if at is None else at
    if not 1 <= upto <= newest:
        raise UsageError(f"{source} has no event {upto}", hint=f"Its last one is {newest}.")
    open_calls: dict[CallId, str] = {}
    queued: list[str] = []
    turn, working = 0, False
    for page in store.load(source):
        for record in page:
            if record.seq > upto:
                break
            event, turn = record.event, record.turn
            match event:
                case TurnStarted() | TurnFinished():
                    working = isinstance(event, TurnStarted)
                case ToolCalled():
                    open_calls[event.id] = event.name
                case ShellRun():
                    open_calls[event.call] = "shell"
                case ToolReturned():
                    open_calls.pop(event.call, None)
                case MessageQueued():
                    queued.append(event.message)
                case MessageUnqueued():
                    queued = [message for message in queued if message != event.message]
                case _:
                    pass
    ends: list[AnyEvent] = []
    for call, name in open_calls.items():
        ends.append(ToolReturned(call=call, name=name, ok=False, output=_CUT_OFF))
    ends += [TurnFinished(stop="interrupted")] if working else []
    ends += [MessageUnqueued(message=message) for message in dict.fromkeys(queued)]
    ends.append(SessionForked(source=source, seq=upto))
    store.copy(source, target, upto, [(event, turn) for event in ends], now)
