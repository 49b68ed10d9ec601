"""A panel that asks, in the flow above the prompt; digits in an empty prompt answer it."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from textual.content import Content
from textual.widgets import Static

DEAF_S = 0.4
"""Keys typed in the first 400 ms after a panel opens do not answer it."""


class Choice(msgspec.Struct, frozen=True):
    """One numbered answer: its words, what stands at its right, and what it does."""

    words: str
    aside: str
    act: Callable[[], None]


class ChoicePanel(Static):
    """Shows a question and its numbered answers; hidden while there is none."""

    def __init__(self) -> None:
        super().__init__("", id="choices")
        self._choices: tuple[Choice, ...] = ()
        self._opened = 0.0
        self.subject = ""
        self.display = False

    def ask(self, subject: str, title: str, body: str, choices: tuple[Choice, ...]) -> None:
        """Open with a question; texts are already neutral.

        Args:
            subject: Names the question, so that the same one is not opened anew.
            title: One line.
            body: What is to be known, or empty.
            choices: Answers, numbered from 1.
        """
        parts: list[tuple[str, str]] = [(title, "bold $text")]
        if body:
            parts.append((f"\n{body}", "$mute"))
        parts.append(("\n", ""))
        for number, choice in enumerate(choices, start=1):
            parts += [(f"\n{number}  ", "bold $text"), (choice.words, "$soft")]
            if choice.aside:
                parts.append((f"   {choice.aside}", "$mute"))
        self.update(Content.assemble(*parts))
        if subject != self.subject:
            self._opened = time.monotonic()
        self.subject = subject
        self._choices = choices
        self.display = True

    def close(self) -> None:
        """Take the question away."""
        self.subject, self._choices = "", ()
        self.display = False

    def answer(self, key: str) -> bool:
        """Act on a digit; whether it was an answer."""
        if not self.display or not key.isdigit():
            return False
        number = int(key)
        if not 1 <= number <= len(self._choices):
            return False
        if time.monotonic() - self._opened < DEAF_S:
            return True  # swallowed: it was typed before the question could be read
        self._choices[number - 1].act()
        return True
