"""Textual's driver, made to give the terminal back in cases it leaves out.

It writes to standard output, which is the terminal, and not to standard error, which may be a
file. A terminal that is gone ends the console instead of blocking it. A stop that nobody could
announce (SIGSTOP, then SIGCONT) is taken for what it is. Pixel reports of the mouse are ended too.
What is typed in another encoding, or is no key at all, does not end the reading of keys.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

from tui.console.abilities import has_colours, without_colours
from tui.console.typed import TypedReader
from tui.text import cell_width

if TYPE_CHECKING:
    from textual.app import App

LOST_STATUS = 129
"""As a shell says it of SIGHUP: the terminal is gone."""

GIVE_UP_S = 3.0
"""So long an orderly end may take once the terminal is gone."""


_LOOK_AGAIN_MS = 100
_REST_MS = 1_000
"""Between looks where nothing is half typed: each costs a wake-up of an idle machine."""
_MOST_READ = 65_536


class TerminalDriver(LinuxDriver):
    """See the module; `lost` when the terminal takes nothing any more."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - Textual's is untyped
            app, debug=debug, mouse=mouse, size=size
        )
        assert sys.__stdout__ is not None  # the command has looked
        self._file = cast("TextIO", _Output(sys.__stdout__, self._on_lost))
        self._suspended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched = False
        self._wake_end, self._wake = os.pipe()  # ends the reader's wait at once
        self.lost = False

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own word; `COLUMNS` and `LINES`, if exported, may be another's or old."""
        with suppress(ValueError, OSError):
            columns, rows = os.get_terminal_size(self._file.fileno())
            if columns and rows:
                return columns, rows
        return super()._get_terminal_size()

    def start_application_mode(self) -> None:
        self._loop = asyncio.get_running_loop()
        super().start_application_mode()
        if not self._watched:
            self._watched = True
            threading.Thread(target=self._watch, name="terminal-watch", daemon=True).start()

    def disable_input(self) -> None:
        os.write(self._wake, b"\0")
        super().disable_input()
        os.read(self._wake_end, 1)

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        # Textual leaves the pixels on, and what an answer that came late has switched on.
        if self._in_band_window_resize:
            self.write("\x1b[?2048l")
        if self._mouse_pixels:
            self.write("\x1b[?1016l")

    # Both signals are acted on by the loop: in their handlers the main thread may be anywhere,
    # also inside the output's queue, which would then wait for itself.

    def _sigtstp_application(self, *_: object) -> None:
        self._on_loop(self._stop)

    def _sigcont_application(self, *_: object) -> None:
        self._on_loop(self._go_on)

    def _on_loop(self, act: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(act)

    def _stop(self) -> None:
        if self._auto_restart and not self._suspended:
            self.suspend_application_mode()
            self._suspended = self._must_signal_resume = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _go_on(self) -> None:
        if not self._auto_restart or self._writer_thread is None:
            return
        if not self._suspended:
            self.suspend_application_mode()  # whoever stopped us has used the terminal since
            self._must_signal_resume = True
        self.resume_application_mode()
        self._suspended = not self._writer_thread.is_alive()  # we are in the background
        # All of it: what was being painted as the stop came has reached nobody.
        self._app.refresh(layout=True)

    def _watch(self) -> None:
        """End with the terminal, also where SIGHUP is ignored and nothing is written."""
        watched = select.poll()
        watched.register(self.fileno, 0)
        if any(event & select.POLLHUP for _, event in watched.poll()):
            self._on_lost()
            time.sleep(GIVE_UP_S)
            os._exit(LOST_STATUS)

    def run_input_thread(self) -> None:
        """Read what is typed until the console ends; whatever it is, reading goes on."""
        assert sys.__stdin__ is not None
        reader = TypedReader(sys.__stdin__.encoding, debug=self._debug)
        watched = select.poll()
        watched.register(self.fileno, select.POLLIN)
        watched.register(self._wake_end, select.POLLIN)
        while not self.exit_event.is_set():
            ready = watched.poll(_LOOK_AGAIN_MS if reader.waiting else _REST_MS)
            if any(descriptor == self.fileno for descriptor, _ in ready):
                data = os.read(self.fileno, _MOST_READ)
                for message in reader.feed(data):
                    self.process_message(message)
                if not data:
                    time.sleep(_LOOK_AGAIN_MS / 1000)  # it has ended: `_watch` sees to that
            for message in reader.tick(quiet=not ready):
                self.process_message(message)
        reader.close()

    def _on_lost(self) -> None:
        if not self.lost:
            self.lost = True
            self._app.call_later(self._app.exit, None, LOST_STATUS)


def _marked(error: UnicodeError) -> tuple[str, int]:
    """What the terminal has no sign for, as question marks of the same width."""
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    return "".join("?" * cell_width(char) for char in lost), error.end


_CELLS = "ownkey-cells"
codecs.register_error(_CELLS, _marked)


class _Output:
    """The terminal as a file that forgives: what it does not take, or cannot show, is let go."""

    def __init__(self, file: TextIO, on_lost: Callable[[], None]) -> None:
        self._file = file
        self._on_lost = on_lost
        self._colours = has_colours(os.environ.get("TERM", ""))

    def write(self, text: str) -> None:
        if not self._colours:
            text = without_colours(text)
        try:
            self._file.write(text)
        except UnicodeEncodeError:
            encoding = self._file.encoding
            self._file.write(text.encode(encoding, _CELLS).decode(encoding))
        except (OSError, ValueError):
            self._on_lost()

    def flush(self) -> None:
        try:
            self._file.flush()
        except (OSError, ValueError):
            self._on_lost()

    def fileno(self) -> int:
        return self._file.fileno()
