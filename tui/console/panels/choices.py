"""A panel that asks, in the flow above the prompt; digits in an empty prompt answer it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

import msgspec
from textual.content import Content
from textual.widgets import Static

from tui.console.sidebar.marker import signs
from tui.text import cell_width, truncate

DEAF_S = 0.4
"""Keys typed in the first 400 ms after a panel opens do not answer it."""


class Choice(msgspec.Struct, frozen=True):
    """One numbered answer: its words, what stands behind them, and what it does."""

    words: str
    aside: str
    act: Callable[[], None]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a panel asks; all texts are neutral already.

    Args:
        subject: Names the question, so that the same one is not opened anew.
        title: One line.
        aside: What stands at the title's right end.
        shown: What it is about, on a ground of its own; lines.
        body: What is to be known, or empty.
        choices: Answers, numbered from 1.
        beside: Whether the answers stand beside each other.
        keys: Other keys that act, and what they do.
    """

    subject: str
    title: str
    aside: str = ""
    shown: tuple[str, ...] = ()
    body: str = ""
    choices: tuple[Choice, ...] = ()
    beside: bool = False
    keys: tuple[tuple[str, str], ...] = ()


class ChoicePanel(Static):
    """Shows a question and its numbered answers; hidden while there is none."""

    SHOWN_LINES: ClassVar[int] = 12

    def __init__(self, *, letters: bool) -> None:
        super().__init__("", id="choices")
        self._letters = letters
        self._question: Question | None = None
        self._opened = 0.0
        self.display = False

    @property
    def subject(self) -> str:
        """Of the question that is open, or empty."""
        return "" if self._question is None else self._question.subject

    def ask(self, question: Question) -> None:
        """Open with a question."""
        if question.subject != self.subject:
            self._opened = time.monotonic()
        self._question = question
        self.display = True
        self._lay_out()

    def close(self) -> None:
        """Take the question away."""
        self._question = None
        self.display = False

    def answer(self, key: str) -> bool:
        """Act on a digit; whether it was an answer."""
        if self._question is None or not key.isdigit():
            return False
        number = int(key)
        if not 1 <= number <= len(self._question.choices):
            return False
        if time.monotonic() - self._opened < DEAF_S:
            return True  # swallowed: it was typed before the question could be read
        self._question.choices[number - 1].act()
        return True

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        asked, room = self._question, self.content_size.width
        if asked is None or room <= 0:
            return
        aside = truncate(asked.aside, max(0, room - cell_width(asked.title) - 3))
        gap = " " * max(1, room - cell_width(asked.title) - cell_width(aside))
        lines = [Content.assemble((asked.title, "bold $text"), gap, (aside, "$mute"))]
        if asked.shown:
            lines += [Content(""), *self._shown(asked, room)]
        if asked.body:
            lines.append(Content.assemble((asked.body, "$mute")))
        lines += [Content(""), *self._choices(asked, room)]
        if asked.keys:
            lines += [Content(""), _keys(asked.keys)]
        self.update(Content("\n").join(lines))

    def _shown(self, asked: Question, room: int) -> list[Content]:
        lines = list(asked.shown[: self.SHOWN_LINES])
        if left := len(asked.shown) - len(lines):
            lines.append(signs(f"… {left} more lines", letters=self._letters))
        shown: list[Content] = []
        for line in lines:
            words = truncate(f" {line}", room)
            shown.append(
                Content.assemble((words + " " * (room - cell_width(words)), "$text on $page"))
            )
        return shown

    def _choices(self, asked: Question, room: int) -> list[Content]:
        numbered = list(enumerate(asked.choices, start=1))
        if asked.beside:
            line = Content("")
            for number, choice in numbered:
                line += Content.assemble((f"{number}", "bold $text"), (f" {choice.words}", "$soft"))
                line += Content.assemble(
                    (f", {choice.aside}" if choice.aside else "", "$mute"), "   "
                )
            return [line]
        column = max(cell_width(choice.words) for choice in asked.choices)
        lines: list[Content] = []
        for number, choice in numbered:
            words = choice.words + " " * (column - cell_width(choice.words))
            said = signs(choice.aside, letters=self._letters)
            aside = said if column + 6 + cell_width(said) <= room else ""
            lines.append(
                Content.assemble(
                    (f"{number}  ", "bold $text"), (words, "$text"), (f"   {aside}", "$mute")
                )
            )
            if said and not aside:
                aside = truncate(said, max(0, room - 3))
                lines.append(Content.assemble((f"   {aside}", "$mute")))
        return lines


def _keys(pairs: tuple[tuple[str, str], ...]) -> Content:
    parts: list[tuple[str, str]] = []
    for key, does in pairs:
        parts += [(key, "$soft"), (f" {does}   ", "$mute")]
    return Content.assemble(*parts)
