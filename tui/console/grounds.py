"""Screens, and widgets that are only a ground below others.

Textual draws every widget that is seen again with each frame; of a blank one it needs no lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from tui.console.shell import Shell

Result = TypeVar("Result")

DEMO = " DEMO "


class Row(Horizontal):
    """Side by side."""

    BLANK = True


class Column(Vertical):
    """One below the other."""

    BLANK = True


class Echo(Screen[Result]):
    """A screen on which what is waited for does not wait for a frame.

    Textual paints sixty times a second; while a reply streams, a key would wait for the next of
    these frames and then for its painting. What ends a reply would, too.
    """

    _pressed = False
    _ended: Widget | None = None

    def press(self) -> None:
        """A key goes to what has the focus now."""
        self._pressed = True

    def end(self, shown: Widget) -> None:
        """Something has ended and is shown by `shown`."""
        self._ended = shown

    def on_idle(self) -> None:
        """Paint at once what a key or an end has changed."""
        dirty = self._dirty_widgets
        if (self._pressed and self.focused in dirty) or self._ended in dirty:
            self._pressed, self._ended = False, None
            self._on_timer_update()


class Ground(Echo[None]):
    """The screen below all."""

    BLANK = True


class DemoMark(Static):
    """Says on a screen above the others what the header says below it: this is the demo."""

    def __init__(self) -> None:
        super().__init__(DEMO, classes="demo-mark")


class Modal(ModalScreen[Result], Echo[Result]):
    """A screen above another, which it answers to.

    Attributes:
        opened: It is painted, and what has its focus takes keys.
    """

    opened = False

    def on_mount(self) -> None:
        if is_demo(self):
            self.mount(DemoMark())
        self.call_after_refresh(self._take_keys)

    def on_unmount(self) -> None:
        self._take_keys()

    def _take_keys(self) -> None:
        self.opened = True
        app = _app_of(self)
        app.call_later(app.take_typed)  # behind the focus, which is given the same way


def is_demo(widget: Widget) -> bool:
    """Whether the app that it stands in is a demo."""
    return _app_of(widget).demo


def _app_of(widget: Widget) -> Shell[object]:
    return cast("Shell[object]", widget.app)  # pyright: ignore[reportUnknownMemberType] - ours
