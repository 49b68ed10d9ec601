"""The console's side of the usage screen: opened by key, command and click; told of new charges."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tui.console.sessions.going import GoingBetween

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class UsageDesk(GoingBetween[Result], inherit_bindings=False):
    """The part of the console that shows what was spent."""

    _usage_changed: Callable[[], None] | None = None  # of the screen, while it is open

    def on_status_bar_today_asked(self) -> None:
        self.action_usage()

    def action_usage(self) -> None:
        """Open the screen, or close it."""
        from tui.console.usage.screen import UsageScreen

        top = self.screen
        if isinstance(top, UsageScreen):
            top.dismiss(None)
        elif len(self.screen_stack) == 1:
            screen = UsageScreen(self, self._tz)
            self._usage_changed = screen.reload
            self.push_screen(screen, lambda _: self._usage_closed())

    def _usage_closed(self) -> None:
        self._usage_changed = None
        self.focus_prompt()

    def tell_usage(self) -> None:
        """Something was charged: what is shown of it is read anew."""
        if self._usage_changed is not None:
            self._usage_changed()
