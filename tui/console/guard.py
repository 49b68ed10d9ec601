"""A part of the screen that fails shows so in its own place, and the rest goes on.

    class Plots(Guarded, Static): ...

Caught are failures while it is composed, laid out, painted and told something. What a timer or a
worker of it raises is not: those belong to their own edge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.console.theme import rich_style
from tui.crash import places_of
from tui.text import truncate


def failure_words(what: str, error: BaseException) -> str:
    """One sentence; the kind and the place alone, as a message or a value may hold a key."""
    place = places_of(error).rpartition(", ")[2]
    where = f" at {place}" if place else ""
    return f"{what} failed ({type(error).__name__}{where}); the rest goes on."


if TYPE_CHECKING:
    _Base = Widget
else:
    _Base = object  # Textual takes a widget's styles from its first base that is a widget


class Guarded(_Base):
    """Mixed in before the widget's own base; tried again when it is shown or resized."""

    GUARDED_AS = "this part"
    """What it is called where it is said that it failed."""

    failure: Exception | None = None
    unfinished = False
    """Whether it could not be composed, which is done once."""

    def __init_subclass__(
        cls,
        can_focus: bool | None = None,
        can_focus_children: bool | None = None,
        inherit_css: bool = True,
        inherit_bindings: bool = True,
    ) -> None:
        super().__init_subclass__(can_focus, can_focus_children, inherit_css, inherit_bindings)
        if "compose" in cls.__dict__:
            setattr(cls, "compose", _guarded_compose(cls.compose))  # noqa: B010 - its type is wider

    async def _dispatch_message(self, message: Message) -> None:
        seen_again = isinstance(message, events.Show | events.Resize)
        if self.failure is not None and seen_again and not self.unfinished:
            self.recover()
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # the outermost edge of a part of the screen
            self.fail(error)

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.failure is None:
            try:
                return super().render_lines(crop)
            except Exception as error:  # the same: it is painted instead
                self.fail(error)
        assert self.failure is not None
        words = truncate(failure_words(self.GUARDED_AS.capitalize(), self.failure), crop.width)
        style = rich_style("$bad")
        said = Strip([Segment(words, style)]).adjust_cell_length(crop.width)
        blank = Strip.blank(crop.width)
        return [said if y == 0 else blank for y in range(crop.y, crop.bottom)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        if self.failure is None:
            try:
                return super().get_content_height(container, viewport, width)
            except Exception as error:  # the same: it is painted instead
                self.fail(error)
        return 1

    def fail(self, error: Exception) -> None:
        """Show this failure in place of what it shows else."""
        self.failure = error
        self._show_children()
        self.call_later(self._show_children)  # those that were being composed come only now
        self.refresh(layout=True)

    def recover(self) -> None:
        """Try again."""
        self.failure = None
        self._show_children()
        self.refresh(layout=True)

    def _show_children(self) -> None:
        for child in self.children:
            child.display = self.failure is None


def _guarded_compose(compose: Callable[[Any], ComposeResult]) -> Callable[[Any], ComposeResult]:
    def guarded(self: Guarded) -> ComposeResult:
        try:
            yield from compose(self)
        except Exception as error:  # the same: nothing of it is mounted
            self.unfinished = True
            self.fail(error)

    return guarded
