"""The line at the transcript's foot while something is looked for: the words, and how many hits."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.text import neutralise

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from tui.console.transcript.finder import Report

_KEYS = (("Enter", "above"), ("↓", "below"), ("Tab", "stay"), ("Esc", "back"))
_FEW_COLUMNS = 74


class FindInput(Input):
    """The words; its keys move from hit to hit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,up,f8", "step(-1)", "the hit above", show=False),
        Binding("down", "step(1)", "the hit below", show=False),
        Binding("tab", "leave(True)", "stay here", show=False),
        Binding("escape", "leave(False)", "back", show=False),
        Binding("pageup", "app.scroll_transcript(-1)", "page up", show=False),
        Binding("pagedown", "app.scroll_transcript(1)", "page down", show=False),
    ]

    class Step(Message):
        """To the next hit."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Left(Message):
        """Look no further; `stay`: at the hit."""

        def __init__(self, *, stay: bool) -> None:
            super().__init__()
            self.stay = stay

    def action_step(self, step: int) -> None:
        self.post_message(self.Step(step))

    def action_leave(self, stay: bool) -> None:
        self.post_message(self.Left(stay=stay))

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        first = next(iter(neutralise(event.text).splitlines()), "")
        self.insert_text_at_cursor(first.replace("\t", " "))


class FindLine(Horizontal):
    """Shows what is looked for; whoever holds it looks."""

    class Asked(Message):
        """Look for these words."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self) -> None:
        super().__init__(id="find")
        self.words = FindInput(placeholder="words", compact=True, select_on_focus=True)
        self._count = Static("", id="find-count")
        self._report: Report | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble(("find ", "$mute")), id="find-label")
        yield self.words
        yield self._count

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Asked(event.value))

    def on_resize(self) -> None:
        self._draw()

    def show(self, report: Report) -> None:
        """Show how the search stands."""
        self._report = report
        self._draw()

    def _draw(self) -> None:
        words = count_words(self._report) if self._report and self.words.value.strip() else ""
        none = self._report is not None and not self._report.total and not self._report.counting
        parts: list[tuple[str, str]] = [(words, "$warn" if none else "$text")]
        for key, does in _KEYS if self.size.width >= _FEW_COLUMNS else _KEYS[-1:]:
            parts += [("   ", ""), (key, "$soft"), (f" {does}", "$mute")]
        self._count.update(Content.assemble(*parts))


def count_words(report: Report) -> str:
    """`3 of 17`, and what else is to be known of it."""
    if not report.total:
        return "looking …" if report.counting else "nothing found"
    so_far = " so far" if report.counting else ""
    if report.number is None:
        return f"{report.total:,}{so_far}"
    hidden = ", in a part not shown" if report.hidden else ""
    return f"{report.number:,} of {report.total:,}{so_far}{hidden}"
