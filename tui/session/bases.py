"""What every command, reply and notice is: the roots of their closed unions."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all commands."""


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all replies."""


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of what the engine tells beside sessions; never logged."""
