"""What is typed while a screen opens is that screen's, as soon as it can take it."""

from __future__ import annotations

from collections import deque
from typing import TypeVar

from textual import events
from textual.app import App

from tui.console.grounds import Modal

Result = TypeVar("Result")


class TypingAhead(App[Result], inherit_bindings=False):
    """Textual lets go of keys that come before a new screen's field has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead: deque[events.Key | events.Paste] = deque()

    async def on_event(self, event: events.Event) -> None:
        """Keep what is typed and pasted till the screen is there; all else is done at once."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._ahead.append(event)
            await self.take_typed()
        else:
            await super().on_event(event)

    async def take_typed(self) -> None:
        """Do what was typed, in its order, as far as there is somebody to take it."""
        while self._ahead and not self._opening:
            await super().on_event(self._ahead.popleft())

    @property
    def _opening(self) -> bool:
        if not self.screen_stack:
            return False
        above = self.screen_stack[-1]
        return isinstance(above, Modal) and not above.opened
