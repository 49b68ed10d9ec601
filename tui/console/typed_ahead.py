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
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif not self.screen_stack:
            pass  # before the first screen and behind the last there is nobody
        elif event.is_forwarded:
            await super().on_event(event)
        else:
            self._ahead.append(event)
            await self.take_typed()

    async def take_typed(self) -> None:
        """Do what was typed, in its order, as far as there is somebody to take it."""
        while self._ahead and self.screen_stack and not self._opening:
            event = self._ahead.popleft()
            if not await self.does(event):
                await super().on_event(event)

    async def does(self, event: events.Key | events.Paste) -> bool:
        """Do what is not a widget's to do; whether that was all."""
        return False

    @property
    def _opening(self) -> bool:
        above = self.screen_stack[-1]
        return isinstance(above, Modal) and not above.opened
