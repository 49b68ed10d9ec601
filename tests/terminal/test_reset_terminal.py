from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

KILLED = """
from textual.app import App
from textual.widgets import TextArea

class Full(App):
    def compose(self):
        yield TextArea()

Full().run()
"""

_PRIVATE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_KITTY = re.compile(rb"\x1b\[([<>])(\d*)u")
MEANT_TO_BE_ON = {7, 25}  # wrapping, the cursor


class FakeTerminal:
    """A pseudo-terminal that notes which modes are on, and answers nothing."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.modes: dict[int, bool] = {}
        self.keyboard = 0

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)

    def spawn(self, argv: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=dict(os.environ) | {"TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def read(self, *, until_mode: int | None = None, child=None, seconds: float = 30) -> None:
        """Take in what is written until the mode is on, or the child has ended."""
        end = time.monotonic() + seconds
        kept = b""
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                kept += os.read(self.master, 65536)
                self._note(kept)
            elif child is not None and child.poll() is not None:
                return
            if until_mode is not None and self.modes.get(until_mode):
                return
        raise AssertionError("the program did not come so far")

    def _note(self, data: bytes) -> None:
        self.keyboard = 0
        for found in re.finditer(_PRIVATE.pattern + b"|" + _KITTY.pattern, data):
            modes, switch, direction, count = found.groups()
            if modes:
                for mode in modes.split(b";"):
                    self.modes[int(mode)] = switch == b"h"
            elif direction == b">":
                self.keyboard += 1
            else:
                self.keyboard = max(0, self.keyboard - int(count or 1))

    @property
    def left_on(self) -> set[int]:
        return {mode for mode, on in self.modes.items() if on}


@pytest.fixture
def terminal():
    opened = FakeTerminal()
    yield opened
    opened.close()


@pytest.fixture
def before(terminal):
    return termios.tcgetattr(terminal.slave)


@pytest.fixture
def broken(terminal, before):
    with terminal.spawn([sys.executable, "-c", KILLED]) as child:
        terminal.read(until_mode=2004)
        time.sleep(0.3)
        os.killpg(child.pid, signal.SIGKILL)
    assert 1049 in terminal.left_on
    return terminal


def reset(terminal: FakeTerminal) -> None:
    argv = [sys.executable, "-m", "tui.cli.main", "doctor", "--reset-terminal"]
    with terminal.spawn(argv) as child:
        terminal.read(child=child)


def test_a_kill_leaves_the_terminal_in_its_modes(broken, before):
    assert termios.tcgetattr(broken.slave) != before


def test_after_a_kill_the_reset_switches_every_mode_off(broken):
    reset(broken)
    assert broken.left_on - MEANT_TO_BE_ON == set()


def test_after_a_kill_the_reset_shows_the_cursor(broken):
    reset(broken)
    assert broken.modes[25] is True


def test_after_a_kill_the_reset_gives_the_plain_keyboard_back(broken):
    reset(broken)
    assert broken.keyboard == 0


def test_after_a_kill_the_reset_gives_lines_and_echo_back(broken, before):
    reset(broken)
    assert termios.tcgetattr(broken.slave) == before


def test_a_terminal_that_is_well_stays_as_it_is(terminal, before):
    reset(terminal)
    assert termios.tcgetattr(terminal.slave) == before


def test_keys_that_the_person_chose_are_kept(terminal, before):
    chosen = termios.tcgetattr(terminal.slave)
    chosen[6][termios.VERASE] = b"\x08"
    termios.tcsetattr(terminal.slave, termios.TCSANOW, chosen)
    reset(terminal)
    assert termios.tcgetattr(terminal.slave)[6][termios.VERASE] == b"\x08"
