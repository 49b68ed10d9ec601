"""The console ends in good order when a signal asks for it, and by force where that hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
GIVE_UP_S = 3.0
"""So long an orderly end may take; the engine writes what it has and ends by itself."""


class Ending:
    """Watches for signals while the console runs.

    Args:
        leave: Ends the console with this exit status; called on its loop.
        give_back: Gives the terminal back; called where `leave` did not end it in time.
    """

    def __init__(self, leave: Callable[[int], None], give_back: Callable[[], object]) -> None:
        self.status: int | None = None  # what the signal asks for, as a shell says it
        self._leave = leave
        self._give_back = give_back
        self._loop: asyncio.AbstractEventLoop | None = None

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the signals; they were the system's until now, when nothing was there to restore."""
        self._loop = loop
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        if self.status is not None:
            return
        self.status = 128 + number
        timer = threading.Timer(GIVE_UP_S, self._by_force)
        timer.daemon = True
        timer.start()
        assert self._loop is not None
        try:
            # Not a handler of the loop's own: it may be blocked by a terminal that takes nothing.
            self._loop.call_soon_threadsafe(self._leave, self.status)
        except RuntimeError:  # it has ended already
            self._by_force()

    def _by_force(self) -> None:
        giving = threading.Thread(target=self._give_back, daemon=True)
        giving.start()
        giving.join(1.0)  # the terminal may take nothing
        os._exit(self.status or 1)
