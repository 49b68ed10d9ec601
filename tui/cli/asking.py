"""Questions on the terminal whose answers are not shown: keys, passphrases, a yes."""

from __future__ import annotations

import os
import re
import select
import sys

from tui.secret import Secret

_MOST_BYTES = 1024 * 1024
_NOTICED_S = 0.2
_PASTE = re.compile(rb"\x1b\[200~.*?\x1b\[201~", re.DOTALL)
_PASTE_MODE = ("\x1b[?2004h", "\x1b[?2004l")


def can_ask() -> bool:
    """Whether a person sits at standard input."""
    return sys.stdin.isatty()


def ask_yes(question: str) -> bool:
    """Ask for a plain yes; anything else is a no. Unseen, in case a key is pasted here."""
    from tui.cli.output import say

    say(question)
    return read_hidden("  yes or no (not shown): ").strip().lower() in ("yes", "y")


def ask_passphrase(*, new: bool) -> Secret | None:
    """The vault's passphrase from the terminal; None where it was left empty or mistyped.

    Args:
        new: Ask twice, for a vault that is about to be made.
    """
    from tui.cli.output import say

    first = read_hidden("Passphrase of the sealed vault (not shown): ")
    if new and first and read_hidden("The same again: ") != first:
        say("The two differ.")
        return None
    return Secret(first) if first else None


def read_hidden(prompt: str) -> str:
    """One answer from the terminal without echo; a paste may hold line breaks.

    What is left unread is thrown away: the rest of a key must not become the shell's next
    command. Raises EOFError where the terminal ends.
    """
    import termios

    screen = sys.stderr
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    quiet = termios.tcgetattr(descriptor)
    # Unlike a canonical line this has no limit of 4,096 characters; Ctrl+C stays alive. A
    # carriage return stays one, or CR LF in a paste would read as an empty line between.
    quiet[0] &= ~termios.ICRNL
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
    on, off = _PASTE_MODE if os.environ.get("TERM", "dumb") != "dumb" else ("", "")
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
        screen.write(on + prompt)
        screen.flush()
        return _edited(_typed(descriptor).decode("utf-8", "surrogateescape"))
    finally:
        screen.write(off + "\n")
        screen.flush()
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


def _typed(descriptor: int) -> bytes:
    """What is typed up to Enter; an Enter inside a marked paste is part of it."""
    data = b""
    while len(data) < _MOST_BYTES:
        # A Ctrl+C that comes just before a read begins is only noticed behind it.
        while not select.select([descriptor], [], [], _NOTICED_S)[0]:
            pass
        piece = os.read(descriptor, 65_536)
        data += piece
        typed = _PASTE.sub(b"", data)
        if not piece or data == b"\x04":
            raise EOFError("the terminal ended")
        if b"\x1b[200~" not in typed and re.search(rb"[\r\n\x04]", typed):
            break
    return data


def _edited(text: str) -> str:
    """The text after the editing keys in it: Backspace and Ctrl+U."""
    kept: list[str] = []
    for char in text.rstrip("\r\n\x04"):
        if char in "\x7f\x08":
            del kept[-1:]
        elif char == "\x15":
            kept.clear()
        else:
            kept.append(char)
    return "".join(kept)
