"""What the turns of one session share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tui.billing.budget import Spent
from tui.session.context import Conversation
from tui.session.ports import Guide, Ports, Toolbox
from tui.session.projection import SessionState
from tui.session.writer import SessionWriter


class Choice(msgspec.Struct, kw_only=True):
    """The session's model; changed by the person while a turn runs."""

    model: str
    effort: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One session's parts.

    Args:
        cwd: Its folder.
        choice: Its model, read anew before each request.
        state: A fold of its events, kept up to date by the writer.
        conversation: Another, of what is sent.
        toolbox: The tools of its folder.
        spent: What is spent so far, given what the running turn has spent.
        guides: The folder's words for agents, as the running turn began.
    """

    cwd: Path
    choice: Choice
    ports: Ports
    writer: SessionWriter
    state: SessionState
    conversation: Conversation
    toolbox: Toolbox
    spent: Callable[[int], Awaitable[Spent]]
    guides: tuple[Guide, ...] = ()
