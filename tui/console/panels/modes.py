"""How freely the agent works, in words."""

from __future__ import annotations

from textual.content import Content

from tui.events.session import Mode
from tui.session.words import MODES

WORDS: dict[Mode, tuple[str, str]] = {
    "read": (MODES["read"], "$focus"),
    "ask": (MODES["ask"], "$soft"),
    "edit": (MODES["edit"], "$warn"),
}
"""Each mode's words and the style that they stand in."""

_ORDER: tuple[Mode, ...] = ("read", "ask", "edit")


def after(mode: Mode) -> Mode:
    """The next mode in the circle."""
    return _ORDER[(_ORDER.index(mode) + 1) % len(_ORDER)]


def mode_content(mode: Mode) -> Content:
    """The mode's words for the composer's line."""
    return Content.assemble(WORDS[mode])
