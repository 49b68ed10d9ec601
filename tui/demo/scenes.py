"""The scenes that the demo's model plays, as data."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import msgspec


class SceneCall(msgspec.Struct, frozen=True):
    name: str
    args: dict[str, Any]


class Step(msgspec.Struct, frozen=True):
    """One request: what comes of it, in this order.

    Args:
        limited: Seconds that the provider asks to wait before it goes through; 0: at once.
        refused: Said in the place of all else when a call before was refused or failed.
    """

    thinking: str = ""
    text: str = ""
    calls: tuple[SceneCall, ...] = ()
    refused: str = ""
    limited: float = 0.0


class Scene(msgspec.Struct, frozen=True):
    name: str
    step: tuple[Step, ...]


class Play(msgspec.Struct, frozen=True):
    """All of it. `talk`: of a model without tools; `summary`: what a compaction gets."""

    scene: tuple[Scene, ...]
    talk: Step
    summary: Step


def read_play() -> Play:
    """What the data says."""
    text = (files("tui.demo") / "data" / "scenes.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Play)
