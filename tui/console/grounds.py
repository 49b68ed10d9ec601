"""Widgets that are only a ground below others.

Textual draws every widget that is seen again with each frame; of a blank one it needs no lines.
"""

from __future__ import annotations

from textual.containers import Horizontal, Vertical
from textual.screen import Screen


class Row(Horizontal):
    """Side by side."""

    BLANK = True


class Column(Vertical):
    """One below the other."""

    BLANK = True


class Ground(Screen[None]):
    """The screen below all."""

    BLANK = True
