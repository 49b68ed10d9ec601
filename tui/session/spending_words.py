"""What was spent in words: the names of its groups (pure, neutral text)."""

from __future__ import annotations

from tui.store.usage import Group
from tui.text import neutralise

_PAYERS = {
    "own_key": "your keys",
    "endpoint": "endpoints",
    "cloud_account": "cloud accounts",
    "credits": "credits",
    "platform_credits": "platform credits",
    "nobody": "this machine",
}
_UNKNOWN: dict[Group, str] = {
    "day": "no day",
    "model": "model not known",
    "key": "key not known",
    "folder": "folder not known",
    "session": "session not known",
    "payer": "payer not known",
}


def group_name(by: Group, key: str, name: str = "") -> str:
    """A row's group for a person.

    Args:
        by: What the row is of.
        key: Its key; empty where that is not known.
        name: A key's label, a session's title.
    """
    if not key:
        return _UNKNOWN[by]
    if by == "payer":
        return _PAYERS.get(key, neutralise(key, strict=True))
    if by == "session":
        return neutralise(name, strict=True) or "a session that was removed"
    return neutralise(name or key, strict=True)
