"""Readline, where the module is there: editing, prompts of before, `/commands` by Tab."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.store.history import History

LONGEST_RECALLED = 2_000
"""A longer prompt of before is not walked through line by line."""


class Editing:
    """The editing of a line.

    Args:
        history: Prompts of before, the console's own.
        names: What Tab completes at a line's beginning.
    """

    def __init__(self, history: History, names: Sequence[str]) -> None:
        self._history = history
        self._names = names
        self._begun = False
        try:
            import readline
        except ImportError:  # Python was built without: the terminal's own line has to do
            self._readline = None
        else:
            self._readline = readline
            readline.set_auto_history(False)  # a key that is typed here is kept nowhere

    @contextmanager
    def line(self, start: str, *, recall: bool) -> Generator[None]:
        """While a line is read that begins with `start`; `recall`: Up brings prompts back."""
        readline = self._readline
        if readline is None:
            yield
            return
        self._begin()
        readline.set_startup_hook((lambda: readline.insert_text(start)) if start else None)
        readline.clear_history()
        if recall:
            for prompt in reversed(self._history.latest()):
                if len(prompt) <= LONGEST_RECALLED:
                    readline.add_history(prompt)
        try:
            yield
        finally:
            readline.set_startup_hook(None)

    def remember(self, text: str) -> None:
        """A prompt that was sent is the latest now."""
        self._history.add(text)

    def is_empty(self) -> bool:
        """Whether nothing stands in the line that is written."""
        return self._readline is None or not self._readline.get_line_buffer()

    def _begin(self) -> None:
        readline = self._readline
        if self._begun or readline is None:
            return
        self._begun = True
        readline.set_completer_delims(" \t\n")
        readline.set_completer(self._complete)
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")

    def _complete(self, text: str, state: int) -> str | None:
        if self._readline is None or self._readline.get_begidx() or not text.startswith("/"):
            return None
        fits = [name for name in self._names if name.startswith(text)]
        return f"{fits[state]} " if state < len(fits) else None
