"""The status bar: who pays, model, turn, session, today, context; live while tokens stream."""

from __future__ import annotations

import msgspec
from textual.content import Content
from textual.widget import Widget

from tui.console.sidebar.marker import colour, glyph, word
from tui.console.status.meter import share
from tui.money import show_usd
from tui.text import neutralise


class StatusFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the bar shows. Money in nano-dollars; None is unknown and shown as `?`."""

    payer: str | None = None
    label: str = ""
    model: str = "no model"
    turn_nano: int | None = 0
    session_nano: int | None = 0
    sure: bool = True
    today_nano: int | None = None
    context: int | None = None  # tokens in use
    window: int | None = None  # tokens the model takes
    limit: str | None = None  # a rate limit or wait, in words
    flash: str | None = None  # one sentence that stands before all else
    letters: bool = False
    following: bool = False  # another process drives the session


Part = tuple[str, str]


class StatusBar(Widget):
    """One line; drops parts from the right as it narrows, never the payer or the turn's cost."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._facts = StatusFacts()

    def show(self, facts: StatusFacts) -> None:
        """Show these facts; nothing is painted when nothing changed."""
        if facts != self._facts:
            self._facts = facts
            self.refresh()

    def render(self) -> Content:
        facts = self._facts
        chip_word = facts.label or word(facts.payer)
        ground = "$mute" if facts.payer is None else colour(facts.payer)
        chip = Content.assemble(
            (f" {glyph(facts.payer, letters=facts.letters)} {neutralise(chip_word)} ",
             f"bold $page on {ground}"),
        )  # fmt: skip
        if facts.flash is not None:
            return Content.assemble(chip, "  ", (neutralise(facts.flash), "$warn")).truncate(
                self.size.width, ellipsis=True
            )
        parts = self._parts()
        while parts and chip.cell_length + sum(_width(p) for p in parts) > self.size.width:
            parts.pop(_first_to_go(parts))
        out: list[str | Content | Part] = [chip]
        for _, pieces in parts:
            out += ["  ", *pieces]
        return Content.assemble(*out).truncate(self.size.width)

    def _parts(self) -> list[tuple[str, list[Part]]]:
        facts = self._facts
        turn = show_usd(facts.turn_nano, sure=facts.sure)
        parts: list[tuple[str, list[Part]]] = [
            ("model", [(" ", ""), (neutralise(facts.model), "bold $text")]),
            ("turn", [("turn ", "$mute"), (f"{turn:<8}", "$text")]),
            ("session", [
                ("session ", "$mute"),
                (f"{show_usd(facts.session_nano, sure=facts.sure):<8}", "$text"),
            ]),
        ]  # fmt: skip
        if facts.today_nano is not None:
            parts.append(("today", [("today ", "$mute"), (show_usd(facts.today_nano), "$text")]))
        if (percent := share(facts.context, facts.window)) is not None:
            parts.append(("context", [("context ", "$mute"), (percent, "$text")]))
        if facts.limit is not None:
            parts.append(("limit", [(neutralise(facts.limit), "$warn")]))
        if facts.following:
            parts.append(("limit", [("read only: another ownkey drives it", "$warn")]))
        return parts


_ORDER = ("today", "context", "session", "limit", "model")
"""What goes first when it is narrow (look/README.md, Widths)."""


def _first_to_go(parts: list[tuple[str, list[Part]]]) -> int:
    names = [name for name, _ in parts]
    for name in _ORDER:
        if name in names:
            return names.index(name)
    return len(parts) - 1


def _width(part: tuple[str, list[Part]]) -> int:
    return 2 + sum(Content(text).cell_length for text, _ in part[1])
