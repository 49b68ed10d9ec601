"""The model picker: the list, its filter above, the highlighted model's facts below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.console.sidebar.marker import signs
from tui.console.sidebar.models import ModelList
from tui.console.sidebar.rows import next_prompt_nano, price, short_name, short_usd
from tui.console.status.meter import tokens
from tui.money import show_usd
from tui.session.replies import ModelRow
from tui.text import cell_width, neutralise, truncate

Fact = tuple[str, str]
SLIM = 28
"""Cells of the facts under which their names are shortened."""


class ModelPicker(Vertical):
    """The sidebar; `sidebar.modal` shows the same on a narrow terminal."""

    BLANK = True  # only a ground below its widgets

    def __init__(self, *, letters: bool) -> None:
        super().__init__(id="picker")
        self.list = ModelList(letters=letters)
        self._letters = letters
        self._head = Static("", id="picker-head")
        self._detail = Static("", id="picker-detail")
        self._query = ""
        self._in_use: int | None = None
        self._current: str | None = None
        self._shown: tuple[ModelRow | None, str | None] = (None, None)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.list
        yield self._detail

    def on_resize(self) -> None:
        self._show_head()
        self._show_detail()

    def show_letters(self, *, letters: bool) -> None:
        """Show markers as letters from now on, or as signs."""
        self._letters = letters
        self.list.show_letters(letters=letters)
        self._show_head()
        self._show_detail()

    def show_conversation(self, context_tokens: int | None, current: str | None) -> None:
        """Know how long the conversation is and on which model, for what it costs to go on."""
        if (context_tokens, current) != (self._in_use, self._current):
            self._in_use, self._current = context_tokens, current
            self._show_detail()

    def on_model_list_highlighted(self, event: ModelList.Highlighted) -> None:
        self._query, self._shown = event.query, (event.row, event.effort)
        self._show_head()
        self._show_detail()

    @property
    def _room(self) -> int:
        return max(0, self.size.width - 4)

    def _show_head(self) -> None:
        shown = neutralise(self._query, strict=True)
        shown = truncate(shown, max(0, self._room - 10))
        words = (shown, "$text") if shown else ("filter", "$faint")
        self._head.update(
            _ends(("Models", "bold $text"), Content.assemble(("/ ", "$mute"), words), self._room)
        )

    def _show_detail(self) -> None:
        row, effort = self._shown
        if row is None:
            words = "nothing fits" if self._query else ""
            self._detail.update(Content.assemble((words, "$mute")))
            return
        window = "" if row.context is None else f"{tokens(row.context)} context"
        room = max(0, self._room - len(window) - 1)
        name = truncate(short_name(neutralise(row.name, strict=True), room), room)
        id = neutralise(row.id, strict=True)
        if cell_width(id) > self._room:  # whose it is stands above
            id = id.partition("/")[2]
        rule = signs("─" * self._room, letters=self._letters)
        lines = [
            Content.assemble((rule, "$line")),
            _ends((name, "bold $text"), Content.assemble((window, "$mute")), self._room),
            Content.assemble((truncate(id, self._room), "$mute")),
        ]
        for left, right in self._facts(row, effort):
            right = signs(right, letters=self._letters)
            lines.append(_ends((left, "$mute"), Content.assemble((right, "$soft")), self._room))
        self._detail.update(Content("\n").join(lines))

    def _facts(self, row: ModelRow, effort: str | None) -> list[Fact]:
        slim = self._room < SLIM
        facts: list[Fact] = []
        if row.payer is None:
            facts.append(
                ("Enter fetches it" if row.provider == "local" else "Enter adds a key", "")
            )
        elif row.payer == "nobody":
            facts.append(("runs here, nobody pays", ""))
        if row.input_usd is not None and row.payer != "nobody":
            facts.append(("in / out" if slim else "in / out, per 1M", price_words(row)))
            if row.cache_read_usd is not None:
                facts.append(("cached", short_usd(row.cache_read_usd)))
            facts += self._forecasts(row, "next" if slim else "next prompt")
        if row.efforts:
            facts.append(("effort", f"◂ {effort or 'default'} ▸"))
        return facts

    def _forecasts(self, row: ModelRow, what: str) -> list[Fact]:
        """The prompt alone, as what the answer will be nobody knows."""
        cold = next_prompt_nano(row.input_usd, self._in_use)
        warm = next_prompt_nano(row.cache_read_usd, self._in_use)
        facts: list[Fact] = []
        if warm is not None and row.id == self._current:
            facts.append((f"{what}, warm", about_usd(warm)))
        if cold is not None:
            facts.append((f"{what}, cold", about_usd(cold)))
        return facts


def about_usd(nano: int) -> str:
    """A forecast; one under a hundredth of a cent says no more than that."""
    return f"≈ {show_usd(nano)}" if nano >= 100_000 else "< $0.0001"


def price_words(row: ModelRow) -> str:
    """Prices in and out whether it is served or not."""
    if row.input_usd is None or row.output_usd is None:
        return price(row)[0]
    return f"{short_usd(row.input_usd)} / {short_usd(row.output_usd)}"


def _ends(left: Fact, right: Content, room: int) -> Content:
    gap = room - Content.assemble(left).cell_length - right.cell_length
    return Content.assemble(left, " " * max(1, gap), right)
