"""How lines come from the person: from a terminal with readline where it is there, or a pipe."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from tui.linear.editing import Editing

if TYPE_CHECKING:
    from tui.store.history import History

MARK, MORE = "> ", "... "
AT_ONCE_S = 0.03
"""What comes within this of a line's end was pasted with it."""
GUARD_S = 0.4
"""What is typed before a question has stood there so long does not answer it."""
_MOST_BYTES = 20_000_000


class Interrupted(Exception):
    """Ctrl+C while a line was written; `empty`: nothing stood in it."""

    def __init__(self, *, empty: bool) -> None:
        super().__init__()
        self.empty = empty


class Lines(Protocol):
    """Where lines come from."""

    person: bool
    """Whether somebody sits there who can be asked."""

    def prompt(self) -> str:
        """The next prompt, of one line or several. Raises EOFError, Interrupted."""
        ...

    def answer(self, mark: str, start: str = "") -> str:
        """One line that is no prompt; `start` stands in it already. Raises the same."""
        ...

    def hidden(self, mark: str) -> str:
        """One line that is not shown. Raises EOFError, Interrupted."""
        ...

    def fileno(self) -> int | None:
        """What becomes readable when something is typed while nobody asked; None: nothing does."""
        ...

    def typed(self) -> list[str]:
        """The lines that were typed meanwhile. Raises EOFError."""
        ...

    def listen(self) -> bool:
        """A question stands there now: wait until it can be answered; whether typing was kept."""
        ...

    def give_back(self, text: str) -> None:
        """The next prompt begins with this."""
        ...

    def remember(self, text: str) -> None:
        """A prompt that was sent can be had again."""
        ...

    def on_interrupt(self) -> None:
        """In the signal's handler: raises Interrupted where a line is being written."""
        ...


class Terminal:
    """A person at a terminal.

    Args:
        descriptor: Of the terminal's input.
        ask: Shows a mark and reads a line: Python's `input`, which readline improves.
        hide: Reads a line without echo.
        history: Prompts of before.
        names: What Tab completes at a line's beginning.
    """

    person = True

    def __init__(
        self,
        descriptor: int,
        *,
        ask: Callable[[str], str],
        hide: Callable[[str], str],
        history: History,
        names: Sequence[str] = (),
        mark: str = MARK,
    ) -> None:
        self._descriptor = descriptor
        self._mark = mark
        self._ask = ask
        self._hide = hide
        self._editing = Editing(history, names)
        self._kept = ""
        self._reading = False
        self._last_end = 0.0

    def prompt(self) -> str:
        start, self._kept = self._kept, ""
        lines = [self._line(self._mark, start, recall=True)]
        while lines[-1].endswith("\\") or self._more_at_once():
            lines.append(self._line(MORE if lines[-1].endswith("\\") else "", "", recall=True))
        return joined(lines)

    def answer(self, mark: str, start: str = "") -> str:
        return self._line(mark, start, recall=False)

    def hidden(self, mark: str) -> str:
        self._reading = True
        try:
            return self._hide(mark)
        finally:
            self._reading = False

    def _line(self, mark: str, start: str, *, recall: bool) -> str:
        self._reading = True
        try:
            with self._editing.line(start, recall=recall):
                return self._ask(mark)
        except UnicodeDecodeError:
            return ""  # bytes that are no text: nothing of it could be shown or sent
        finally:
            self._reading = False

    def _more_at_once(self) -> bool:
        return bool(select.select([self._descriptor], [], [], AT_ONCE_S)[0])

    def fileno(self) -> int | None:
        return self._descriptor

    def typed(self) -> list[str]:
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError as error:  # the terminal is gone
            raise EOFError from error
        if not data:  # Ctrl+D; from a terminal that is gone it comes without end
            now = time.monotonic()
            again, self._last_end = now - self._last_end < 1.0, now
            if again:
                raise EOFError
            return []
        return data.decode("utf-8", "replace").splitlines()

    def listen(self) -> bool:
        before = self._kept
        self._kept += self._drain(GUARD_S)
        return self._kept != before

    def _drain(self, seconds: float) -> str:
        """What has been typed and is typed for so long, with or without an Enter behind it."""
        import termios

        try:
            modes = termios.tcgetattr(self._descriptor)
        except (termios.error, OSError):
            time.sleep(seconds)
            return ""
        quiet: list[Any] = [*modes[:6], [*modes[6]]]
        quiet[3] &= ~(termios.ECHO | termios.ICANON)
        quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
        data, ends = b"", time.monotonic() + seconds
        termios.tcsetattr(self._descriptor, termios.TCSANOW, quiet)
        try:
            while (left := ends - time.monotonic()) > 0 and len(data) < _MOST_BYTES:
                if select.select([self._descriptor], [], [], left)[0]:
                    piece = os.read(self._descriptor, 65_536)
                    data += piece
                    if not piece:
                        break
        except OSError:  # the terminal is gone: the next line says so
            pass
        finally:
            with suppress(termios.error, OSError):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)
        return _without_controls(data.decode("utf-8", "replace"))

    def give_back(self, text: str) -> None:
        self._kept = text

    def remember(self, text: str) -> None:
        self._editing.remember(text)

    def on_interrupt(self) -> None:
        if self._reading:
            empty, self._reading = self._editing.is_empty(), False
            raise Interrupted(empty=empty)


class Pipe:
    """Standard input that is no terminal: each line a prompt, one after the other."""

    person = False

    def __init__(self, stream: BinaryIO, echo: Callable[[str], None]) -> None:
        self._stream = stream
        self._echo = echo
        self._reading = False

    def prompt(self) -> str:
        lines = [self._line()]
        while lines[-1].endswith("\\"):
            try:
                lines.append(self._line())
            except EOFError:
                break
        text = joined(lines)
        self._echo(text)
        return text

    def _line(self) -> str:
        self._reading = True
        try:
            data = self._stream.readline(_MOST_BYTES)
        finally:
            self._reading = False
        if not data:
            raise EOFError
        return data.decode("utf-8", "replace").rstrip("\r\n")

    def answer(self, mark: str, start: str = "") -> str:
        raise EOFError

    def hidden(self, mark: str) -> str:
        raise EOFError

    def fileno(self) -> int | None:
        return None

    def typed(self) -> list[str]:
        return []

    def listen(self) -> bool:
        return False

    def give_back(self, text: str) -> None:
        pass

    def remember(self, text: str) -> None:
        pass

    def on_interrupt(self) -> None:
        if self._reading:
            self._reading = False
            raise Interrupted(empty=True)


def joined(lines: list[str]) -> str:
    """Lines as one prompt; a backslash at the end of a line only says that it goes on."""
    return "\n".join(
        line[:-1] if line.endswith("\\") and index < len(lines) - 1 else line
        for index, line in enumerate(lines)
    )


def _without_controls(text: str) -> str:
    """Typed text without keys that are no characters; a Backspace takes one back."""
    kept: list[str] = []
    for char in text.replace("\r", "\n"):
        if char in "\x7f\x08":
            del kept[-1:]
        elif char == "\n" or char.isprintable():
            kept.append(char)
    return "".join(kept).strip("\n")
