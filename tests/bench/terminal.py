"""A program in a pseudo-terminal of 132x42: typed to, read, and timed to the byte."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

COLUMNS, ROWS = 132, 42
FRAME_ENDS = b"\x1b[?2026l"

_ASKS_SYNC = b"\x1b[?2026$p"
_HAS_SYNC = b"\x1b[?2026;2$y"
_ESCAPE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|\x1bP[^\x1b]*\x1b\\"  # DCS
    rb"|\x1b[ -/]*[0-Z\\^-~]"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|P[^\x1b]*\x1b?|[ -/]*)$")


class Screen:
    """What a program has written, without its escape sequences.

    It is kept as bytes that grow in place: a text is copied whole by each addition, and the copies
    of a long stream would take the time that is to be measured.

    Attributes:
        written: All of it so far, UTF-8, in the order in which it was written.
        frames: Where in `written` each synchronized frame ended.
    """

    def __init__(self) -> None:
        self.written = bytearray()
        self.frames: list[int] = []
        self._rest = b""

    def find(self, text: str, after: int = 0) -> int:
        """Where the text begins that was written behind `after`; -1 if it was not."""
        return self.written.find(text.encode(), after)

    def feed(self, data: bytes) -> bytes:
        """Take in what was read; returns it with what was unfinished before."""
        whole = self._rest + data
        unfinished = _UNFINISHED.search(whole)
        cut = unfinished.start() if unfinished else len(whole)
        whole, self._rest = whole[:cut], whole[cut:]
        pieces = whole.split(FRAME_ENDS)
        for number, piece in enumerate(pieces):
            self.written += _ESCAPE.sub(b"", piece)
            if number < len(pieces) - 1:
                self.frames.append(len(self.written))
        return whole


class Program:
    """A child in a terminal of its own; ended when the context is left.

    Args:
        argv: The command.
        environ: Its whole environment.
        cwd: Its working folder.
    """

    def __init__(self, argv: Sequence[str], *, environ: Mapping[str, str], cwd: Path) -> None:
        self.screen = Screen()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.started = time.monotonic()
        self._child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=dict(environ), cwd=cwd,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # It reads on while it ends: a full pipe would keep it from ending.
        self._child.send_signal(signal.SIGTERM)
        ends = time.monotonic() + 5
        while self._child.poll() is None and time.monotonic() < ends:
            self._read(0.05)
        self._child.kill()
        self._child.wait(10)
        os.close(self._master)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def mark(self) -> int:
        """Where what is written from now on begins."""
        return len(self.screen.written)

    def type(self, text: str) -> float:
        """Type, and give the moment at which the last byte was written."""
        os.write(self._master, text.encode())
        return time.monotonic()

    def wait_for(self, text: str, after: int = 0, seconds: float = 30.0) -> float:
        """The moment at which the text was there, read behind `after`.

        Raises:
            AssertionError: it was not written in time.
        """
        return self.wait_until(lambda: self.screen.find(text, after) >= 0, text, seconds)

    def wait_for_frame(self, text: str, after: int, seconds: float = 30.0) -> float:
        """The moment at which the frame was whole in which the text came."""

        def whole() -> bool:
            found = self.screen.find(text, after)
            return found >= 0 and any(end > found for end in self.screen.frames[-8:])

        return self.wait_until(whole, text, seconds)

    def wait_until(self, reached, what: str, seconds: float = 30.0) -> float:
        """The moment at which a read made `reached()` true."""
        ends = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > ends or not self._read(0.25):
                tail = self.screen.written[-1500:].decode(errors="replace")
                raise AssertionError(f"{what!r} was not written by {self._child.args}: {tail!r}")
        return time.monotonic()

    def rest(self, seconds: float) -> None:
        """Let time pass; what is written is read."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if not self._read(left):
                time.sleep(max(ends - time.monotonic(), 0))

    def rest_until_quiet(self, quiet_s: float = 0.2, seconds: float = 20.0) -> None:
        """Let time pass until nothing was written for a while."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            before = self.mark
            self.rest(quiet_s)
            if self.mark == before:
                return

    def _read(self, seconds: float) -> bool:
        """Take in what there is; False once the program has closed its terminal."""
        if not select.select([self._master], [], [], max(seconds, 0))[0]:
            return True
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # Linux says EIO where others say end of file
            return False
        if _ASKS_SYNC in self.screen.feed(data):
            os.write(self._master, _HAS_SYNC)
        return bool(data)
