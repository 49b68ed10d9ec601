"""Going back in a session: which prompt, and whether its files go back, too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.console.dialogs.words import key_line
from tui.console.grounds import Modal
from tui.console.sessions.columns import end_of
from tui.console.sidebar.marker import signs
from tui.session.past import GoneBack, Past, PastPrompt
from tui.text import cell_width, neutralise, truncate

LOW = 30
FILES_SHOWN = 8
TIME_CELLS, DATE_CELLS = 8, 15


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """What the person chose.

    Args:
        to: The last event that counts.
        files: Whether the session's own changes behind it are taken back.
        fork: Whether a new session begins there, and this one stays.
        prompt: What is given back to be written anew.
    """

    to: int
    files: bool = False
    fork: bool = False
    prompt: str = ""


class RewindScreen(Modal[Back | None]):
    """First the prompts, the latest first; then what goes back with the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        *(Binding(str(digit), f"answer({digit})", "Answer", show=False) for digit in (1, 2, 3)),
    ]

    def __init__(
        self, past: Past, cwd: str, *, now: dt.datetime, tz: dt.tzinfo | None, letters: bool
    ) -> None:
        super().__init__()
        self._tz, self._today = tz, now.astimezone(tz).date()
        self._cwd = Path(cwd or "/")
        self._letters = letters
        self._rows: list[PastPrompt | GoneBack] = [*past.gone_back[-1:], *past.prompts]
        today = all(row.at.astimezone(tz).date() == self._today for row in self._rows)
        self._time_cells = TIME_CELLS if today else DATE_CELLS
        self._chosen: PastPrompt | None = None
        self._title = Static("", id="rewind-title", classes="dialog-title")
        self._list = OptionList(id="rewind-list", compact=True)
        self._ways = Static("", id="rewind-ways")
        self._foot = Static("", classes="dialog-foot")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="rewind"):
            yield self._title
            yield self._list
            yield self._ways
            yield self._foot

    def on_mount(self) -> None:
        self.set_class(self._letters, "-letters")
        self._ways.display = False
        self._list.focus()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        self.set_class(self.size.height < LOW, "-low")
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        if self._chosen is not None:
            self._show_ways(self._chosen)
            return
        self._title.update(_words("Go back to before a prompt", "bold $text"))
        at = self._list.highlighted or 0
        room = self._list.content_size.width - 2
        self._list.clear_options()
        self._list.add_options([Option(self._line(row, room)) for row in self._rows])
        first = next((n for n, row in enumerate(self._rows) if isinstance(row, PastPrompt)), 0)
        self._list.highlighted = max(at, first)
        self._foot.update(self._keys(("Enter", "choose"), ("↑↓", "move"), ("Esc", "close")))

    def _line(self, row: PastPrompt | GoneBack, room: int) -> Content:
        at = row.at.astimezone(self._tz)
        time = f"{at:%H:%M}" if at.date() == self._today else f"{at.day} {at:%b %H:%M}"
        if isinstance(row, GoneBack):
            gone = f"{row.prompts} prompt{'s' * (row.prompts != 1)}"
            words, right = "what stood before going back", f"{gone}, as a fork"
        else:
            words = neutralise(" ".join(row.text.split()), strict=True)
            count = len(row.files)
            right = f"{count} file{'s' * (count != 1)}" if count else ""
        words = truncate(words, max(0, room - self._time_cells - cell_width(right) - 2))
        gap = room - self._time_cells - cell_width(words) - cell_width(right)
        style = "italic $mute" if isinstance(row, GoneBack) else "$text"
        return Content.assemble(
            (f"{time:<{self._time_cells}}", "$mute"),
            (words, style),
            (" " * gap, ""),
            (right, "$mute"),
        )

    def _show_ways(self, chosen: PastPrompt) -> None:
        room = max(20, self._ways.content_size.width or self._list.content_size.width)
        words = neutralise(" ".join(chosen.text.split()), strict=True)
        self._title.update(
            Content.assemble(("Before ", "$mute"), (f"“{truncate(words, room - 9)}”", "bold $text"))
        )
        lines = [_way("1", "the conversation", "files stay as they are")]
        if chosen.files:
            count = len(chosen.files)
            own = f"the conversation and {count} file{'s' * (count != 1)} that this session changed"
            lines.append(_way("2", own, ""))
            lines += [
                Content.assemble(("     ", ""), (name, "$mute"))
                for name in self._names(chosen, room)
            ]
        lines.append(_way(self._last_way, "fork from here", "this session stays as it is"))
        self._ways.update(Content("\n").join(lines))
        self._foot.update(self._keys((f"1 … {self._last_way}", "answer"), ("Esc", "the prompts")))

    @property
    def _last_way(self) -> str:
        return "3" if self._chosen is not None and self._chosen.files else "2"

    def _names(self, chosen: PastPrompt, room: int) -> list[str]:
        names = [self._file_words(path) for path in chosen.files[:FILES_SHOWN]]
        more = len(chosen.files) - len(names)
        shown = [end_of(name, room - 5) for name in names]
        return [*shown, f"… {more} more"] if more else shown

    def _file_words(self, path: str) -> str:
        real = Path(path)
        inside = real.is_relative_to(self._cwd)
        return neutralise(str(real.relative_to(self._cwd) if inside else real), strict=True)

    def _keys(self, *pairs: tuple[str, str]) -> Content:
        return key_line(*((signs(key, letters=self._letters), does) for key, does in pairs))

    # Choosing.

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        row = self._rows[event.option_index]
        if isinstance(row, GoneBack):
            self.dismiss(Back(to=row.seq, fork=True))
        else:
            self._open(row)

    def _open(self, row: PastPrompt | None) -> None:
        self._chosen = row
        self._list.display, self._ways.display = row is None, row is not None
        if row is None:
            self._list.focus()
        self.call_after_refresh(self._show)

    def action_answer(self, digit: int) -> None:
        chosen = self._chosen
        if chosen is None or digit > int(self._last_way):
            return
        to, fork = chosen.seq - 1, digit == int(self._last_way)
        files = digit == 2 and not fork
        self.dismiss(Back(to=to, files=files, fork=fork, prompt=chosen.text))

    def action_back(self) -> None:
        if self._chosen is not None:
            self._open(None)
        else:
            self.dismiss(None)


def _words(text: str, style: str) -> Content:
    return Content.assemble((text, style))


def _way(key: str, words: str, aside: str) -> Content:
    return Content.assemble((f"  {key}  ", "$focus"), (words, "$text"), (f"   {aside}", "$mute"))
