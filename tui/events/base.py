"""Ids, and what every event is made of."""

from __future__ import annotations

import datetime as dt
from typing import NewType

import msgspec

SessionId = NewType("SessionId", str)
RequestId = NewType("RequestId", str)
CallId = NewType("CallId", str)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Something that happened in a session. A field that is None is unknown, never zero."""


def utc_now() -> dt.datetime:
    """The clock that production hands out; tests hand out another."""
    return dt.datetime.now(dt.UTC)
