"""Screens, and widgets that are only a ground below others.

Textual draws every widget that is seen again with each frame; of a blank one it needs no lines.
"""

from __future__ import annotations

from typing import TypeVar

from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen, Screen

Result = TypeVar("Result")


class Row(Horizontal):
    """Side by side."""

    BLANK = True


class Column(Vertical):
    """One below the other."""

    BLANK = True


class Echo(Screen[Result]):
    """A screen on which what a key changed where it was typed does not wait for a frame.

    Textual paints sixty times a second; while a reply streams, a key would wait for the next of
    these frames and then for its painting.
    """

    _pressed = False

    def press(self) -> None:
        """A key goes to what has the focus now."""
        self._pressed = True

    def on_idle(self) -> None:
        """Paint at once if the pressed key has changed what has the focus."""
        if self._pressed and self.focused in self._dirty_widgets:
            self._pressed = False
            self._on_timer_update()


class Ground(Echo[None]):
    """The screen below all."""

    BLANK = True


class Modal(ModalScreen[Result], Echo[Result]):
    """A screen above another, which it answers to."""
