"""A program in a pseudo-terminal, read by a terminal emulator: what a person sees, and what the
terminal was told to do.

    with Emulated(ownkey("--model", "…"), environ=…, cwd=…) as seen:
        seen.wait_for("Type a message")
        seen.type("hello\\r")
        seen.lines            # the screen, row by row
        seen.raw              # every byte that the program wrote
        seen.controls         # every control function in it
        seen.answers          # what the terminal said of its own accord, as typed input

The terminal answers the questions that a program may ask it (attributes, cursor, mode, colour),
so that a question out of hostile text comes back as typed input and is seen.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import pyte
from wcwidth import wcwidth

COLUMNS, ROWS = 132, 42

_CONTROL = re.compile(
    rb"\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])"
    rb"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    rb"|\x1b(?P<string>[P_^X][^\x1b]*)\x1b\\"
    rb"|\x1b(?P<esc>[ -/]*[0-~])"
    rb"|(?P<c1>\xc2[\x80-\x9f])"
    rb"|(?P<c0>[\x00-\x1a\x1c-\x1f\x7f])",
)
_ANSWERS = {
    b"c": b"\x1b[?62;c", b"0c": b"\x1b[?62;c", b">c": b"\x1b[>1;10;0c", b">0c": b"\x1b[>1;10;0c",
    b"5n": b"\x1b[0n", b"6n": b"\x1b[1;1R", b">q": b"\x1bP>|emulated\x1b\\",
    b"18t": b"\x1b[8;42;132t", b"14t": b"\x1b[4;840;1320t", b"21t": b"\x1b]lowned\x1b\\",
    b"?2026$p": b"\x1b[?2026;2$y", b"?2048$p": b"\x1b[?2048;0$y",
}  # fmt: skip
_TITLE_OR_COLOUR = re.compile(rb"(4;\d+|1[0-9]|52;[^;]*);\?")


class Control(NamedTuple):
    """One control function.

    `kind` is `csi`, `osc`, `string`, `esc`, `c0` or `c1`. `what` says which it is: of a CSI the
    private mark, intermediates and final byte (of a mode all of it), of an OSC all of it.
    """

    kind: str
    what: str
    whole: bytes


def controls_in(data: bytes) -> list[Control]:
    """Every control function in what a program wrote, in order."""
    return [_control(found) for found in _CONTROL.finditer(data)]


def _control(found: re.Match[bytes]) -> Control:
    kind = found.lastgroup or ""
    body = found[kind]
    match kind:
        case "csi":
            what = re.sub(rb"[0-9:;]", b"", body)
            if what[:1] == b"?" and what[-1:] in b"hl":
                what = body
        case "osc":
            what = body
        case "string":
            what = body[:1]
        case _:
            what = body
    return Control(kind, what.decode("latin-1"), found[0])


def ownkey(*words: str) -> list[str]:
    """The command line of `ownkey WORDS…`."""
    return [sys.executable, "-m", "tui.cli.main", *words]


class _Screen(pyte.Screen):
    """Pyte's screen; it notes modes, and leaves answering to us."""

    def report_device_attributes(self, mode: int = 0, **_: object) -> None:
        pass

    def report_device_status(self, mode: int) -> None:
        pass


class Painted:
    """A screen of so many cells, and what was written to it."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    def feed(self, data: bytes) -> None:
        """Write to it."""
        self._stream.feed(data)

    @property
    def title(self) -> str:
        """The window's title."""
        return self._screen.title

    @property
    def lines(self) -> list[str]:
        """The screen's rows, without the blanks at their ends."""
        self._blank_half_characters()
        return [row.rstrip() for row in self._screen.display]

    def _blank_half_characters(self) -> None:
        """The second half of a wide character whose first was written over is a blank.

        Terminals blank it; pyte leaves an empty cell, and fails when it reads that.
        """
        for row in self._screen.buffer.values():
            for column in [at for at, cell in row.items() if not cell.data]:
                if column == 0 or wcwidth(row[column - 1].data[:1] or " ") != 2:
                    row[column] = row[column]._replace(data=" ")


class Emulated:
    """The program, its terminal and what was seen of it; ended when the context is left.

    Args:
        argv: The command.
        environ: Laid over this process's own environment.
        cwd: Its working folder.
        columns: Width.
        rows: Height.
        before: Called in the child before the program starts.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        columns: int = COLUMNS,
        rows: int = ROWS,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self.raw = bytearray()
        self.answers: list[bytes] = []
        self.watched = True
        self._painted = Painted(columns, rows)
        self._unread = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes_before = termios.tcgetattr(self.master)
        own = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": os.getcwd()}
        self.child = subprocess.Popen(
            list(argv), stdin=slave, stdout=slave, stderr=slave, cwd=cwd,
            env={**os.environ, **own, **environ}, start_new_session=True,
            preexec_fn=lambda: (fcntl.ioctl(0, termios.TIOCSCTTY, 0), before()),
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
        self.end(signal.SIGTERM)
        os.close(self.master)

    def end(self, number: int, seconds: float = 8.0) -> int:
        """Send a signal, read on to the end, and give the exit status; killed if it stays."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        self.read_to_end(seconds)
        self.child.kill()
        return self.child.wait(10)

    def read_to_end(self, seconds: float = 8.0) -> None:
        """Read until the program has ended, at most so long."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self.child.poll() is None:
            self.read(0.05)
        self.read(0)

    @property
    def lines(self) -> list[str]:
        """The screen's rows, without the blanks at their ends."""
        return self._painted.lines

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    @property
    def title(self) -> str:
        """The window's title."""
        return self._painted.title

    @property
    def controls(self) -> list[Control]:
        """Every control function that the program wrote."""
        return controls_in(bytes(self.raw))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal now."""
        rows, columns, *_ = struct.unpack(
            "HHHH", fcntl.ioctl(self.master, termios.TIOCGWINSZ, b"\0" * 8)
        )
        return columns, rows

    def resize(self, columns: int, rows: int) -> float:
        """Make the window so large, and give the moment; its screen is blank until painted."""
        self._painted = Painted(columns, rows)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        return time.monotonic()

    def type(self, text: str | bytes) -> float:
        """Type, and give the moment at which the last byte was written."""
        os.write(self.master, text.encode() if isinstance(text, str) else text)
        return time.monotonic()

    def paste(self, text: str) -> None:
        """Paste, as a terminal does in bracketed-paste mode."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def wait_for(self, text: str, seconds: float = 30.0) -> float:
        """The moment at which the screen shows the text."""
        return self.wait_until(lambda: text in self.text, repr(text), seconds)

    def wait_until(self, reached: Callable[[], bool], what: str, seconds: float = 30.0) -> float:
        """The moment at which a read made `reached()` true.

        Raises:
            AssertionError: it did not come true in time.
        """
        ends = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > ends or not self.read(0.1):
                raise AssertionError(f"{what} was not seen within {seconds} s:\n{self.text}")
        return time.monotonic()

    def rest(self, seconds: float) -> None:
        """Let time pass; what is written is read."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and self.read(left):
            pass

    def record(self, seconds: float) -> list[tuple[float, bytes]]:
        """What is written for so long and the moments of it, not emulated: `Painted` can be later.

        On a large screen the emulator takes longer than what paints it.
        """
        pieces: list[tuple[float, bytes]] = []
        ends, before = time.monotonic() + seconds, len(self.raw)
        self.watched = False
        while (left := ends - time.monotonic()) > 0 and self.read(left):
            pieces.append((time.monotonic(), bytes(self.raw[before:])))
            before = len(self.raw)
        self.watched = True
        return pieces

    def rest_until_quiet(self, quiet_s: float = 0.06, seconds: float = 10.0) -> None:
        """Let time pass until nothing was written for a while."""
        ends = time.monotonic() + seconds
        before = -1
        while time.monotonic() < ends and before != len(self.raw):
            before = len(self.raw)
            self.rest(quiet_s)

    def read(self, seconds: float) -> bool:
        """Take in what there is; False once the program has closed its terminal."""
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return True
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # Linux says EIO where others say end of file
            return False
        self.raw += data
        if self.watched:
            self._painted.feed(data)
        self._answer(data)
        return bool(data)

    def _answer(self, data: bytes) -> None:
        whole = self._unread + data
        end = 0
        for found in _CONTROL.finditer(whole):
            end = found.end()
            answer = _ANSWERS.get(found["csi"] or b"")
            if (said := found["osc"]) is not None and _TITLE_OR_COLOUR.match(said):
                answer = b"\x1b]" + said.replace(b"?", b"rgb:0000/0000/0000") + b"\x1b\\"
            if answer is not None:
                self.answers.append(answer)
                os.write(self.master, answer)
        self._unread = whole[max(end, len(whole) - 64) :]
