"""Keys that a folder names: requests from it and from below it take that key first (pure).

A pin lies in the person's own list, never in the folder: a folder grants nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.keys.records import KeyFile

Pins = Mapping[str, Mapping[str, str]]
"""By folder and maker, the id of a key."""


def pinned_in(pins: Pins, folder: str) -> dict[str, str]:
    """By maker the id that holds in `folder`: its own pin, else that of the nearest one above."""
    found: dict[str, str] = {}
    at = PurePath(folder) if folder else None
    for place in () if at is None else (at, *at.parents):
        for provider, id in pins.get(str(place), {}).items():
            found.setdefault(provider, id)
    return found


def folders_of(pins: Pins, id: str) -> tuple[str, ...]:
    """The folders that name this key, in order."""
    return tuple(sorted(folder for folder, named in pins.items() if id in named.values()))


def with_pin(content: KeyFile, folder: str, provider: str, id: str) -> KeyFile:
    """With this key named by a folder, in place of another of its maker."""
    named = {**content.pins.get(folder, {}), provider: id}
    return replace(content, pins={**content.pins, folder: named})


def without_pin(content: KeyFile, folder: str, id: str) -> KeyFile:
    """With this key named by the folder no more. Raises UsageError where it was not."""
    named = {maker: one for maker, one in content.pins.get(folder, {}).items() if one != id}
    if len(named) == len(content.pins.get(folder, {})):
        others = folders_of(content.pins, id)
        hint = (
            f"It is pinned to {', '.join(others)}." if others else "`ownkey keys list` shows all."
        )
        raise UsageError(f"that key is not pinned to {folder}", hint=hint)
    rest = {place: those for place, those in content.pins.items() if place != folder}
    return replace(content, pins={**rest, folder: named} if named else rest)


def with_pins_of(content: KeyFile, id: str, before: str) -> KeyFile:
    """With the pins of a key (`before`) that another (`id`) takes the place of."""
    pins = {
        folder: {maker: id if one == before else one for maker, one in named.items()}
        for folder, named in content.pins.items()
    }
    return replace(content, pins=pins)
