"""A session's own life."""

from __future__ import annotations

from typing import Literal

from tui.events.base import Event, RequestId

Mode = Literal["read", "ask", "edit"]
"""How freely the agent works: read only, ask before changes, edit freely in this folder."""


class SessionCreated(Event, tag="session_created", frozen=True, kw_only=True):
    """Always the first event of a session."""

    cwd: str
    version: str  # of ownkey, that wrote it
    branch: str | None = None


class SessionTitled(Event, tag="session_titled", frozen=True, kw_only=True):
    title: str


class ModelChosen(Event, tag="model_chosen", frozen=True, kw_only=True):
    """The person (or a default) chose the model of the turns that follow."""

    model: str
    effort: str | None = None


class ModeChosen(Event, tag="mode_chosen", frozen=True, kw_only=True):
    """The person chose how freely the agent works from now on."""

    mode: Mode


class SessionForked(Event, tag="session_forked", frozen=True, kw_only=True):
    """What stands before this was copied out of another session, up to one of its events."""

    source: str
    seq: int


class SessionRewound(Event, tag="session_rewound", frozen=True, kw_only=True):
    """Everything behind `to` no longer counts for what is sent and shown; it stays in the log.

    `files`: the paths of this session's own changes since then that were taken back; `left`:
    those that were not, because somebody else has changed them since.
    """

    to: int
    files: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class GuidesRead(Event, tag="guides_read", frozen=True, kw_only=True):
    """The folder's own words for agents (AGENTS.md, CLAUDE.md), as the model is told of them.

    Written when they differ from what was read before; `files`: their paths, none where none is.
    """

    files: tuple[str, ...]


class HistoryCompacted(Event, tag="compacted", frozen=True, kw_only=True):
    """A summary takes the place of everything up to `upto` in what is sent to a model."""

    upto: int
    summary: str
    request: RequestId | None = None  # that wrote it; its charge is recorded like any other


class EngineRestarted(Event, tag="engine_restarted", frozen=True, kw_only=True):
    """A new engine took the session over after the last one ended without saying so."""
