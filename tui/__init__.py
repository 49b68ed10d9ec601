"""ownkey: a full-screen console for coding agents that runs on a person's own API keys."""

__version__ = "0.1.0"
