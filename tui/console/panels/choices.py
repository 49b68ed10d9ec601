"""A panel that asks, in the flow above the prompt; digits in an empty prompt answer it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
from textual import events
from textual.content import Content
from textual.widgets import Static

from tui.console.panels.answers import Choice, answer_lines, key_lines
from tui.console.panels.columns import CHOSEN
from tui.console.panels.drawn import drawn
from tui.console.sidebar.marker import signs
from tui.console.transcript.lines import Line, Span, styled, width_of, wrap

DEAF_S = 0.4
"""Keys typed in the first 400 ms after a panel opens do not answer it."""
SHARE, LOW_SHARE, LOW_LINES = 0.6, 0.75, 30
"""Of the lines between header and status bar a panel takes at most so many; more on low screens."""
LEAST_SHOWN = 3
WHEEL_LINES = 3
BESIDE = " "
"""What stands at both sides of each line: the ground of a chosen answer is that much wider."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a panel asks; all texts are neutral already.

    Args:
        subject: Names the question, so that the same one is not opened anew.
        title: One line.
        label: Ends the title, in its own colour.
        right: Stands at the title's right end in place of `aside`.
        bar: `warn`: something is in the way.
        aside: What stands at the title's right end, or below it.
        shown: What it is about, as lines for a width; scrolls where it is long.
        body: What is to be known, or nothing.
        choices: Answers by their keys.
        beside: Whether the answers stand beside each other.
        keys: Other keys that act, and what they do.
        whole: Whether choices that are `late` wait until the end of `shown` was seen.
        heavy: Whether `shown` takes so long that it is made in a thread.
        right_short: Stands in place of `right` where there is no room for that.
        first: The place of the choice that Enter gives at first; None: none, until one is chosen.
    """

    subject: str
    title: str
    label: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()
    bar: str = ""
    aside: str = ""
    shown: Callable[[int], Sequence[Line]] | None = None
    body: tuple[Span, ...] = ()
    choices: tuple[Choice, ...] = ()
    beside: bool = False
    keys: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    heavy: bool = False
    right_short: tuple[Span, ...] = ()
    first: int | None = None


class ChoicePanel(Static):
    """Shows a question and its answers; hidden while there is none."""

    def __init__(self, *, letters: bool) -> None:
        super().__init__("", id="choices")
        self._letters = letters
        self._question: Question | None = None
        self._opened = 0.0
        self._laid: tuple[int, Sequence[Line]] = (0, ())
        self._top = 0
        self._window = 0
        self._seen = False
        self._ready = True
        self._lies_below: bool = False
        self._chosen: int | None = None  # the place of the choice that Enter gives
        self.display = False

    @property
    def subject(self) -> str:
        """Of the question that is open, or empty."""
        return "" if self._question is None else self._question.subject

    @property
    def answers(self) -> frozenset[str]:
        """The keys that answer."""
        return frozenset(one.key for one in self._choices)

    @property
    def overflows(self) -> bool:
        """Whether there is more of what is asked about than is seen."""
        return self._question is not None and len(self._laid[1]) > self._window

    @property
    def deaf(self) -> bool:
        """Whether the question has just opened: what is typed was not meant for it."""
        return time.monotonic() - self._opened < DEAF_S

    def ask(self, question: Question) -> None:
        """Open with a question."""
        if question.subject != self.subject:
            self._opened = time.monotonic()
            self._top, self._seen, self._chosen = 0, False, question.first
        self._question, self._laid = question, (0, ())
        self.set_class(question.bar == "warn", "-warn")
        self.display = True
        self._lay_out()

    def close(self) -> None:
        """Take the question away."""
        self._question = None
        self._chosen = None
        self.display = False

    def cover(self, *, covered: bool) -> None:
        """Something lies over it, or no more: nothing under it is read, and nothing answers."""
        if covered != self._lies_below:
            self._lies_below, self._opened = covered, time.monotonic()
            self._lay_out()

    def answer(self, key: str) -> bool:
        """Act on a digit; whether it was an answer."""
        choice = next((one for one in self._choices if one.key == key), None)
        if choice is None:
            return False
        # Swallowed: it was typed before the question could be read, or before its end was.
        if not self.deaf and not self._lies_below and not self._is_closed(choice):
            choice.act()
        return True

    def answer_chosen(self) -> bool:
        """Enter: act on the chosen answer; whether there is one."""
        choices = self._choices
        if self._chosen is None or self._chosen >= len(choices):
            return False
        return self.answer(choices[self._chosen].key)

    def move(self, by: int) -> bool:
        """Up or Down: scroll what is asked about, or choose another answer; whether it was taken.

        Only answers that Enter may give are chosen.
        """
        if self.scroll_lines(by):
            return True
        open_to = [place for place, one in enumerate(self._choices) if one.by_enter]
        if not open_to:
            return False
        if self._chosen not in open_to:
            self._chosen = open_to[0]
        else:
            at = open_to.index(self._chosen) + by
            self._chosen = open_to[min(max(at, 0), len(open_to) - 1)]
        self._lay_out()
        return True

    def scroll_lines(self, lines: int) -> bool:
        """Move what is asked about; whether there is more of it than is seen."""
        if not self.overflows:
            return False
        self._top = min(max(self._top + lines, 0), len(self._laid[1]) - self._window)
        self._lay_out()
        return True

    def scroll_pages(self, pages: int) -> bool:
        """The same by windows, one line kept."""
        return self.scroll_lines(pages * max(self._window - 1, 1))

    def on_resize(self) -> None:
        self._lay_out()

    def show_letters(self, *, letters: bool) -> None:
        """Show markers as letters from now on, or as signs."""
        self._letters = letters
        self._lay_out()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll what is asked about."""
        if self.scroll_lines(WHEEL_LINES):
            event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll what is asked about."""
        if self.scroll_lines(-WHEEL_LINES):
            event.stop()

    @property
    def _choices(self) -> tuple[Choice, ...]:
        if self._question is None:
            return ()
        return tuple(
            choice if choice.key else msgspec.structs.replace(choice, key=str(number))
            for number, choice in enumerate(self._question.choices, start=1)
        )

    def _is_closed(self, choice: Choice) -> bool:
        return choice.late and not self._seen

    def _lay_out(self) -> None:
        asked, room = self._question, self.content_size.width - 2 * len(BESIDE)
        if asked is None or room <= 0:
            return
        if self._laid[0] != room:
            self._laid = room, ()
            self._ready = asked.shown is None or not asked.heavy
            if asked.shown is not None and self._ready:
                self._laid = room, asked.shown(room)
            elif asked.shown is not None:
                self.run_worker(self._make(asked.subject, asked.shown, room), exclusive=True)
        head, total = self._head(asked, room), len(self._laid[1])
        foot = self._foot(asked, room)
        most = self._most_lines - len(head) - len(foot) - (1 if total else 0)
        self._window = total if total <= most else max(most - 1, LEAST_SHOWN)
        self._top = min(self._top, max(total - self._window, 0))
        at_end = self._ready and self._top + self._window >= total
        if not self._seen and not self._lies_below and (not asked.whole or at_end):
            self._seen = True
            foot = self._foot(asked, room)
        lines = [*head, *self._middle(total), *foot]
        self.update(Content("\n").join(self._row(line, room) for line in lines))

    def _row(self, line: Line, room: int) -> Content:
        """A line with its margin, which lies on the same ground where that is all the line's."""
        row = drawn(line, room, letters=self._letters)
        if line.fill != CHOSEN:
            return Content(BESIDE) + row
        edge = Content.styled(BESIDE, "on $focus-ground")
        return edge + row + edge

    async def _make(self, subject: str, shown: Callable[[int], Sequence[Line]], room: int) -> None:
        lines = await asyncio.to_thread(shown, room)
        if (self.subject, self._laid[0]) == (subject, room):
            self._laid, self._ready = (room, lines), True
            self._lay_out()

    @property
    def _most_lines(self) -> int:
        height = self.screen.size.height
        share = LOW_SHARE if height < LOW_LINES else SHARE
        return int((height - 2) * share) - self.gutter.height - self.styles.margin.height

    def _head(self, asked: Question, room: int) -> list[Line]:
        title = (Span(asked.title, "strong"), *asked.label)
        aside = asked.right or styled(asked.aside, "mute")
        for one in (aside, asked.right_short or aside):
            if width_of(title) + width_of(one) + 3 <= room:
                return [Line(title, right=one)]
        below = wrap(aside, room) if aside else []
        return [*wrap(title, room), *below]

    def _middle(self, total: int) -> list[Line]:
        if not self._ready:
            return [Line(), Line((Span("laying it out …", "mute", None, True),))]
        if not total:
            return []
        lines = list(self._laid[1][self._top : self._top + self._window])
        if total <= self._window:
            return [Line(), *lines]
        bottom = self._top + len(lines)
        where = f"lines {self._top + 1} to {bottom} of {total}"
        more = (
            (Span("PageDown", "warn"), Span(" shows the rest", "mute"))
            if bottom < total
            else (Span("PageUp", "soft"), Span(" goes back", "mute"))
        )
        return [Line(), *lines, Line((Span(f"{where}   ", "mute"), *more))]

    def _foot(self, asked: Question, room: int) -> list[Line]:
        lines = list(wrap(asked.body, room)) if asked.body else []
        closed = frozenset(one.key for one in self._choices if self._is_closed(one))
        if asked.choices:
            chosen = "" if self._chosen is None else self._choices[self._chosen].key
            answers = answer_lines(self._choices, closed, room, beside=asked.beside, chosen=chosen)
            lines += [Line(), *answers]
        keys = (*self._enter_keys(), *asked.keys)
        if keys or closed:
            apart = [] if self.screen.size.height < LOW_LINES else [Line()]
            lines += [*apart, *key_lines(keys, closed, room)]
        return [
            line._replace(spans=tuple(self._plain(span) for span in line.spans)) for line in lines
        ]

    def _enter_keys(self) -> Sequence[tuple[str, str]]:
        """What Enter and the arrows do, where some answers are open to them."""
        choices = self._choices
        open_to = sum(one.by_enter for one in choices)
        chosen = None if self._chosen is None else choices[self._chosen]
        enter = () if chosen is None else (("Enter", chosen.enter or f"takes {chosen.key}"),)
        return (*enter, ("↑↓", "choose")) if open_to > len(enter) else enter

    def _plain(self, span: Span) -> Span:
        return span._replace(text=signs(span.text, letters=self._letters)) if span.chrome else span
