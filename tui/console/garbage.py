"""When garbage is looked for: the whole of it only while nobody types and nothing streams.

A look through all that lives stops the console for 80 ms and more: a key would not echo.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

QUIET_S = 2.0
"""Seconds without a key after which nobody waits."""
YOUNG, MIDDLE = 2_000, 10
OLD = 1_000
"""So many looks at what is newer, as in a stream of hours, before one at all comes by itself."""


def begin_collecting() -> None:
    """Leave what is there now alone, and look for garbage among what is new from now on."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()


class QuietCollector:
    """Looks through all that lives once nobody waits.

    Args:
        app: Whose timer is used.
        busy: Whether something streams now.
    """

    def __init__(self, app: App[Any], busy: Callable[[], bool]) -> None:
        self._app = app
        self._busy = busy
        self._armed = False
        self._pressed_at = 0.0

    @property
    def quiet_s(self) -> float:
        """Seconds since the last key."""
        return time.monotonic() - self._pressed_at

    def press(self) -> None:
        """A key came."""
        self._pressed_at = time.monotonic()

    def collect_soon(self) -> None:
        """Something has ended, and left its garbage."""
        if not self._armed:
            self._armed = True
            self._app.set_timer(QUIET_S, self._collect)

    def _collect(self) -> None:
        self._armed = False
        if self._busy():
            return  # its end asks again
        if self.quiet_s < QUIET_S:
            self.collect_soon()
        else:
            gc.collect()
