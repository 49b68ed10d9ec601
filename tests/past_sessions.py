"""A session as it stands in the store from another day, with names that others gave."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tui.events.base import SessionId
from tui.events.session import SessionCreated
from tui.events.turn import TurnFinished, TurnStarted
from tui.paths import find_paths
from tui.store.log import Store

YESTERDAY = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


def past_session(home: Path, *, cwd: str, prompt: str, branch: str | None = None) -> SessionId:
    """Write a session of one turn into the store of this home; its title is its prompt."""
    store = Store(find_paths({"OWNKEY_HOME": str(home)}).store_file)
    session = SessionId("s_20261123100000_aaaaaaaa")
    made = SessionCreated(cwd=cwd, version="1", branch=branch)
    asked, done = TurnStarted(prompt=prompt), TurnFinished(stop="end", nano=0)
    store.append(session, [(made, 0), (asked, 1), (done, 1)], YESTERDAY)
    store.close()
    return session
