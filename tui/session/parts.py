"""What the turns of one session share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from tui.events.base import SessionId
from tui.session.context import Conversation
from tui.session.ports import Guide, Ports, Toolbox
from tui.session.projection import SessionState
from tui.session.request import RequestRun
from tui.session.wall import Wall
from tui.session.writer import SessionWriter


class Choice(msgspec.Struct, kw_only=True):
    """The session's model; changed by the person while a turn runs."""

    model: str
    effort: str | None = None


class Measured(msgspec.Struct, kw_only=True):
    """The session's last request, and how many tokens its prompt could have at most."""

    request: RequestRun | None = None
    bound: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One session's parts.

    Args:
        cwd: Its folder.
        choice: Its model, read anew before each request.
        state: A fold of its events, kept up to date by the writer.
        conversation: Another, of what is sent.
        toolbox: The tools of its folder.
        wall: What every request is held against.
        measured: What the provider counted last.
        guides: The folder's words for agents, as the running turn began.
    """

    cwd: Path
    choice: Choice
    ports: Ports
    writer: SessionWriter
    state: SessionState
    conversation: Conversation
    toolbox: Toolbox
    session: SessionId
    wall: Wall
    measured: Measured
    guides: tuple[Guide, ...] = ()
