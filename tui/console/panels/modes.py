"""How freely the agent works, in words."""

from __future__ import annotations

from textual.content import Content

from tui.events.session import Mode

WORDS: dict[Mode, tuple[str, str]] = {
    "read": ("read only", "$focus"),
    "ask": ("ask", "$soft"),
    "edit": ("edit freely", "$warn"),
}
"""Each mode's words and the style that they stand in."""

_ORDER: tuple[Mode, ...] = ("read", "ask", "edit")


def after(mode: Mode) -> Mode:
    """The next mode in the circle."""
    return _ORDER[(_ORDER.index(mode) + 1) % len(_ORDER)]


def mode_content(mode: Mode) -> Content:
    """The mode's words for the composer's line."""
    return Content.assemble(WORDS[mode])
