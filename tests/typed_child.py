"""A command in a pseudo-terminal of its own, typed to and read like a person does."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

# The terminal has to be the child's own, or Ctrl+C is only a character.
_IN_ITS_TERMINAL = """
import os, signal, sys
# Ignored where the tests run in the background, or a test before left it so.
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [])
os.login_tty(0)
os.execv(sys.executable, [sys.executable, "-m", "tui.cli.main", *sys.argv[1:]])
"""


class TypedChild:
    """`ownkey WORDS…` in a terminal; everything that it shows is kept in `shown`."""

    def __init__(
        self, *words: str, environ: dict[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.shown = ""
        self._waited = 0
        self._master, slave = pty.openpty()
        self._child = subprocess.Popen(
            [sys.executable, "-c", _IN_ITS_TERMINAL, *words],
            stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", **(environ or {})}, cwd=cwd,
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
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait(10)
        os.close(self._master)

    @property
    def pid(self) -> int:
        """Process id of the command."""
        return self._child.pid

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        """Read until the text is shown behind what was waited for before."""
        ends = time.monotonic() + seconds
        while (found := self.shown.find(text, self._waited)) < 0:
            if time.monotonic() > ends or not self._read(0.1):
                raise AssertionError(f"{text!r} was not shown, but: {self.shown!r}")
        self._waited = found + len(text)

    def type(self, text: str) -> None:
        """Type or paste."""
        os.write(self._master, text.encode())

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def end(self, seconds: float = 30.0) -> int:
        """Read to the end, and give the exit status."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self._read(0.1):
            pass
        return self._child.wait(max(ends - time.monotonic(), 0.1))

    def _read(self, seconds: float) -> bool:
        """Take in what is shown by now; False once the child has closed its terminal."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # Linux says EIO where others say end of file
            return False
        self.shown += data.decode("utf-8", "replace")
        return bool(data)
