"""Gives a terminal back that a killed program left in its modes (reliability.md §5, promise 9).

What a full-screen program switches on is switched off; what is off already stays off, so that it
does no harm to a terminal that is well.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

_MOUSE = (1000, 1002, 1003, 1005, 1006, 1015, 1016)
_PASTE, _FOCUS, _SYNC, _RESIZE = 2004, 1004, 2026, 2048
_CURSOR_KEYS = 1

RESET = "".join((
    f"\x1b[?{_SYNC}l",  # first: while it is on, a terminal may hold the rest back
    "\x1b[<99u\x1b[>4;0m",  # every level of the kitty keyboard, on this screen; xterm's keys
    *(f"\x1b[?{mode}l" for mode in (*_MOUSE, _PASTE, _FOCUS, _RESIZE, _CURSOR_KEYS)),
    "\x1b7\x1b[?1049l",  # the position kept first: on the main screen it is what comes back
    "\x1b[<99u",  # the main screen has a keyboard stack of its own
    "\x1b7\x1b[r\x1b8",  # whole screen scrolls; that moves the cursor, so keep it
    "\x1b[?7h\x1b[?25h\x1b[0m\x1b(B\x0f\x1b>",  # wrap, cursor, colours, letters, keypad
))  # fmt: skip
"""Every mode that Textual or we switch on, off; the alternate screen left; the cursor shown."""


def reset_terminal() -> bool:
    """Repair the terminal that this process is controlled from; False where there is none."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(terminal, RESET.encode())
        _sane(terminal)
    except OSError:
        return False
    finally:
        os.close(terminal)
    return True


def _sane(terminal: int) -> None:
    """What `stty sane` mends of what full-screen programs undo: lines, echo, signals.

    The rest is left alone, the keys that the person chose among it.
    """
    import termios

    iflag, oflag, cflag, lflag, ispeed, ospeed, chars = termios.tcgetattr(terminal)
    iflag |= termios.ICRNL | termios.IXON
    iflag &= ~(termios.IGNBRK | termios.INLCR | termios.IGNCR | termios.ISTRIP | termios.IXOFF)
    oflag |= termios.OPOST | termios.ONLCR
    cflag |= termios.CREAD
    lflag |= termios.ISIG | termios.ICANON | termios.IEXTEN
    lflag |= termios.ECHO | termios.ECHOE | termios.ECHOK
    with suppress(AttributeError):  # not in every Unix
        lflag |= termios.ECHOCTL | termios.ECHOKE
    lflag &= ~(termios.ECHONL | termios.NOFLSH)
    state: list[Any] = [iflag, oflag, cflag, lflag, ispeed, ospeed, _with_keys(chars)]
    termios.tcsetattr(terminal, termios.TCSANOW, state)
    termios.tcflush(terminal, termios.TCIFLUSH)  # half an answer of the terminal is no typing


def _with_keys(chars: list[Any]) -> list[Any]:
    import termios

    usual = {
        termios.VINTR: b"\x03", termios.VQUIT: b"\x1c", termios.VERASE: b"\x7f",
        termios.VKILL: b"\x15", termios.VEOF: b"\x04", termios.VSTART: b"\x11",
        termios.VSTOP: b"\x13", termios.VSUSP: b"\x1a",
    }  # fmt: skip
    disabled = b"\x00" if sys.platform == "linux" else b"\xff"
    mended = list(chars)
    for key, char in usual.items():
        if mended[key] == disabled:
            mended[key] = char
    # In these two cells some systems keep end-of-file and end-of-line while lines are on.
    if termios.VMIN not in (termios.VEOF, termios.VEOL):
        mended[termios.VMIN], mended[termios.VTIME] = b"\x01", b"\x00"
    return mended
