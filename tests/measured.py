"""`ownkey run --json` as a child of its own: what it said, how long it took, how large it grew."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPUS = "anthropic/claude-opus-4-7"
SHORT = """
from tui import net
from tui.net import client
from tui.session import retry
net.CLOUD_SILENCE_S = client.CLOUD_SILENCE_S = 1.0
client.CONNECT_TIMEOUT_S, retry.FIRST_WAIT_S = 2.0, 0.05
"""
"""Python in front of the program: a cloud is silent for 1 s, not for 300, before it counts."""

SILENCE_S, CONNECT_S = 1.0, 2.0
_PROGRAM = "import sys\n{before}\nfrom tui.cli.main import main\nsys.exit(main())\n"


@dataclass(frozen=True)
class Measured:
    """How the child ended. `peak` is the most memory it had, in bytes."""

    status: int
    events: list[dict[str, Any]]
    errors: str
    seconds: float
    peak: int

    @property
    def text(self) -> str:
        return "".join(one["delta"] for one in self.events if one["type"] == "text")

    @property
    def error(self) -> str | None:
        """The last error's kind."""
        kinds = [one["kind"] for one in self.events if one["type"] == "error"]
        return kinds[-1] if kinds else None

    @property
    def stop(self) -> str | None:
        """How the turn ended; None where it was not said once and last."""
        done = [one for one in self.events if one["type"] == "done"]
        return done[0]["stop"] if done and done == self.events[-1:] else None


def command(*words: str, before: str = SHORT) -> list[str]:
    """The command line of `ownkey WORDS…`, with Python in front of the program."""
    return [sys.executable, "-c", _PROGRAM.format(before=before), *words]


class Running:
    """The child while it runs."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        inside: Sequence[str] = (),
        before: str = SHORT,
        words: Sequence[str] = ("run", "--json", "--model", OPUS, "go"),
    ) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._err = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._began = time.monotonic()
        self._child = subprocess.Popen(
            [*inside, *command(*words, before=before)], stdin=subprocess.DEVNULL,
            stdout=self._out, stderr=self._err, env={**os.environ, **environ},
        )  # fmt: skip

    def interrupt(self, number: int = signal.SIGINT) -> float:
        """Ctrl+C; the moment at which it was pressed."""
        self._child.send_signal(number)
        return time.monotonic()

    def wait_until(self, reached: Callable[[], bool], seconds: float = 30.0) -> None:
        """Return when `reached()`, or when the child has ended."""
        ends = time.monotonic() + seconds
        while not reached() and self._child.poll() is None and time.monotonic() < ends:
            time.sleep(0.01)

    def events(self) -> list[dict[str, Any]]:
        """What it has printed by now."""
        self._out.seek(0)
        lines = self._out.read().decode("utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def end(self) -> Measured:
        """Wait for the end."""
        peak = 0
        while self._child.poll() is None:
            peak = max(peak, _peak_of(self._child.pid))
            time.sleep(0.005)
        seconds = time.monotonic() - self._began
        events = self.events()
        self._err.seek(0)
        errors = self._err.read().decode("utf-8", "replace")
        self._out.close()
        self._err.close()
        return Measured(self._child.returncode, events, errors, seconds, peak)


def _peak_of(pid: int) -> int:
    """The most memory that a process has had, in bytes. (`getrusage` counts its parent's, too.)"""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
        return int(found[1]) * 1024 if found else 0
    return 0


def measure(environ: Mapping[str, str], **more: Any) -> Measured:
    """Run a turn to its end."""
    return Running(environ, **more).end()
