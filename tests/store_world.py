"""Sessions written straight into a real store, and a sheet of plants to damage it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

from tui.events.base import CallId, RequestId, SessionId
from tui.events.codec import AnyEvent
from tui.events.money import ChargeRecorded
from tui.events.route import RequestFinished, RouteDecided
from tui.events.session import SessionCreated
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import ToolCalled, ToolReturned
from tui.events.turn import TurnFinished, TurnStarted
from tui.store.log import Store

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ONE = SessionId("s_one")


def route(request: str = "r_1", model: str = "anthropic/claude-opus-4-7") -> RouteDecided:
    return RouteDecided(
        request=RequestId(request), model=model, connection="k_1", payer="own_key",
        why="your key", host="https://api.anthropic.com:443",
    )  # fmt: skip


def text(delta: str, request: str = "r_1") -> TextStreamed:
    return TextStreamed(request=RequestId(request), delta=delta)


def charge(nano: int | None, request: str = "r_1") -> ChargeRecorded:
    return ChargeRecorded(
        request=RequestId(request), payer="own_key", nano=nano, lines=(), priced_by="test",
        sureness="unknown" if nano is None else "priced",
    )  # fmt: skip


def a_turn(prompt: str, reply: str, *, nano: int | None = 1_000) -> list[AnyEvent]:
    """A whole turn: thoughts, text, a tool, money, end."""
    request = RequestId("r_1")
    return [
        TurnStarted(prompt=prompt),
        route(),
        ThinkingStreamed(request=request, delta="let me see"),
        BlockClosed(request=request, kind="thinking"),
        text(reply[:3]),
        text(reply[3:]),
        BlockClosed(request=request, kind="text"),
        ToolCalled(request=request, id=CallId("c_1"), name="read", args={"path": "x"}),
        charge(nano),
        RequestFinished(request=request, stop="tool", said="tool_use"),
        ToolReturned(call=CallId("c_1"), name="read", ok=True, output=f"file of {prompt}"),
        TurnFinished(stop="end", nano=nano, requests=1),
    ]


def write_turns(store: Store, *turns: list[AnyEvent], session: SessionId = ONE) -> None:
    """Write a new session with these turns."""
    at = NOW
    created = SessionCreated(cwd="/work", version="test", branch="main")
    store.append(session, [(created, 0)], at)
    for number, events in enumerate(turns, start=1):
        for event in events:
            at += dt.timedelta(seconds=1)
            store.append(session, [(event, number)], at)


def change(path: Path, statement: str, *values: Any) -> None:
    """Damage the closed store by a statement that ownkey would never run."""
    db = sqlite3.connect(path)
    with db:
        assert db.execute(statement, values).rowcount > 0
    db.close()
