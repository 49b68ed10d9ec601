"""A terminal that outlives what runs in it, as a person's does, with a small shell in between.

    with KeptTerminal() as terminal:
        before = terminal.state()
        terminal.run(["ownkey"], environ=…, cwd=…)
        terminal.wait_for("Type a message")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_end() == 143
        assert terminal.state() == before

The shell leads the session, starts each program in a process group of its own in the foreground,
and says how it ended or that it stopped: what a person's shell does, without mending anything.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyte

SHELL = """
import fcntl, json, os, signal, sys, termios
told = os.fdopen(int(sys.argv[1]), "w", buffering=1)
asked = os.fdopen(int(sys.argv[2]))
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
for line in asked:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        for number in order["ignored"]:
            signal.signal(number, signal.SIG_IGN)
        for descriptor in order["closed"]:
            os.close(descriptor)
        os.chdir(order["cwd"])
        os.execvpe(order["argv"][0], order["argv"], order["environ"])
    told.write(f"pid {child}\\n")
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        told.write("stopped\\n")
    os.tcsetpgrp(0, os.getpid())
    told.write(f"ended {os.waitstatus_to_exitcode(status)}\\n")
"""
COLUMNS, ROWS = 132, 42
USUAL = {7, 25}
"""Modes that are meant to be on: wrapping, the cursor."""

_SWITCH = re.compile(rb"\x1b\[\?([0-9;]+)([hl])|\x1b\[([<>=])(\d*)(?:;\d+)?u|\x1b\[>4;(\d+)m")
_QUESTIONS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;2$y"}
"""A terminal that can do both, as the newer ones can."""


class State(NamedTuple):
    """What a program may leave changed: `stty -g`, modes that are on, the keyboard's levels."""

    stty: str
    modes: frozenset[int]
    hidden: frozenset[int]
    keyboard: int


class KeptTerminal:
    """See the module."""

    def __init__(self) -> None:
        self.master, self._slave = pty.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)
        told, tell = os.pipe()
        ask_end, self._ask = os.pipe()
        self._shell = subprocess.Popen(
            [sys.executable, "-c", SHELL, str(tell), str(ask_end)], stdin=self._slave,
            stdout=self._slave, stderr=self._slave, pass_fds=(tell, ask_end),
            start_new_session=True,
        )  # fmt: skip
        os.close(tell)
        os.close(ask_end)
        self._told = os.fdopen(told)
        self._modes: dict[int, bool] = {}
        self._keyboards = {True: 0, False: 0}  # by whether it is the alternate screen's
        self._half = b""
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.child = 0

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._ask)
        self._shell.kill()
        self._shell.wait(10)
        self._told.close()
        self.hang_up()
        os.close(self._slave)

    def run(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        ignored: Sequence[int] = (),
        closed: Sequence[int] = (),
    ) -> None:
        """Start a program in the foreground, with signals ignored and descriptors closed."""
        order = {
            "argv": list(argv), "cwd": str(cwd), "ignored": list(ignored), "closed": list(closed),
            "environ": {**os.environ, "TERM": "xterm-256color", **environ},
        }  # fmt: skip
        self._screen.reset()
        os.write(self._ask, json.dumps(order).encode() + b"\n")
        self.child = int(self._hear("pid")[1])

    def signal(self, number: int) -> None:
        os.kill(self.child, number)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed does."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def wait_end(self, seconds: float = 15) -> int:
        """Read on until the program has ended; its exit status, negative for a signal."""
        return int(self._hear("ended", seconds)[1])

    def wait_stop(self) -> None:
        """Read on until the program has stopped."""
        self._hear("stopped")
        self._screen.reset()

    def _hear(self, word: str, seconds: float = 15) -> list[str]:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            watched = [self._told] if self.master < 0 else [self._told, self.master]
            ready = select.select(watched, [], [], 0.1)[0]
            if self.master in ready:
                self.read(0)
            if self._told in ready:
                words = self._told.readline().split()
                self.read(0.05)
                assert words[:1] == [word], f"{words} in place of {word}\n{self.text}"
                return words
        raise AssertionError(f"no {word} within {seconds} s:\n{self.text}")

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(row.rstrip() for row in self._screen.display)

    def wait_for(self, text: str, seconds: float = 30) -> None:
        ends = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < ends, f"{text!r} was not seen:\n{self.text}"
            self.read(0.1)

    def read(self, seconds: float) -> None:
        """Take in what is written until nothing more comes for so long, a while at most."""
        ends = time.monotonic() + max(seconds, 0.3)
        while self.master >= 0 and select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65_536)
            self._stream.feed(data)
            self._note(self._half + data)
            for question, answer in _QUESTIONS.items():
                if question in data:
                    os.write(self.master, answer)
            seconds = min(seconds, 0.05)
            if time.monotonic() > ends:
                return

    def _note(self, data: bytes) -> None:
        end = 0
        for found in _SWITCH.finditer(data):
            end = found.end()
            modes, switch, direction, number, _ = found.groups()
            alternate = self._modes.get(1049, False)
            if modes:
                for mode in modes.split(b";"):
                    self._modes[int(mode)] = switch == b"h"
            elif direction == b">":
                self._keyboards[alternate] += 1
            elif direction == b"<":
                self._keyboards[alternate] -= int(number or 1)
                self._keyboards[alternate] = max(0, self._keyboards[alternate])
        self._half = data[max(end, len(data) - 16) :]

    def wait_state(self, wanted: State, seconds: float = 10) -> None:
        """Read on until this is so."""
        ends = time.monotonic() + seconds
        while (now := self.state()) != wanted:
            assert time.monotonic() < ends, f"{now} in place of {wanted}"

    def state(self) -> State:
        """What is so now."""
        self.read(0.1)
        stty = subprocess.run(
            ["stty", "-g"], stdin=self._slave, capture_output=True, text=True, check=True
        ).stdout
        on = {mode for mode, is_on in self._modes.items() if is_on}
        off = {mode for mode, is_on in self._modes.items() if not is_on}
        return State(
            stty, frozenset(on - USUAL), frozenset(off & USUAL), sum(self._keyboards.values())
        )
