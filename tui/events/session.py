"""A session's own life."""

from __future__ import annotations

from tui.events.base import Event


class SessionCreated(Event, tag="session_created"):
    """Always the first event of a session."""

    cwd: str
    version: str  # of ownkey, that wrote it
    branch: str | None = None


class SessionTitled(Event, tag="session_titled"):
    title: str


class ModelChosen(Event, tag="model_chosen"):
    """The person (or a default) chose the model of the turns that follow."""

    model: str
    effort: str | None = None


class EngineRestarted(Event, tag="engine_restarted"):
    """A new engine took the session over after the last one ended without saying so."""
