"""A session's own life."""

from __future__ import annotations

from tui.events.base import Event


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


class EngineRestarted(Event, tag="engine_restarted", frozen=True, kw_only=True):
    """A new engine took the session over after the last one ended without saying so."""
