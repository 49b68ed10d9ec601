"""The status bar: who pays, model, turn, session, today, context; live while tokens stream."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import msgspec
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.console.sidebar.marker import colour, glyph, signs, word
from tui.console.status.meter import money, share
from tui.money import show_usd
from tui.text import neutralise, truncate

LONGEST_LABEL = 20
METER = 10


class StatusFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the bar shows. Money in nano-dollars; None is unknown and shown as `?`.

    `turn_unknown` and the like count charges that are not in the sum beside them.
    """

    payer: str | None = None
    label: str = ""
    model: str = ""
    effort: str | None = None
    turn_nano: int | None = 0
    turn_unknown: int = 0
    session_nano: int | None = 0
    session_unknown: int = 0
    sure: bool = True
    today_nano: int | None = None
    today_unknown: int = 0
    day_budget_nano: int | None = None
    budget_left: tuple[str, int] | None = None  # of the tightest budget: which, and what is left
    context: int | None = None  # tokens in use
    window: int | None = None  # tokens the model takes
    credits: tuple[str, str] | None = None  # what is left at the service, and its unit
    limit: tuple[str, str] | None = None  # a rate limit or wait: what, and how much
    flash: str | None = None  # one sentence that stands before all else
    letters: bool = False
    following: bool = False  # another process drives the session
    free: bool = False  # it did, and has gone


Part = tuple[str, str]


class StatusBar(Widget):
    """One line; drops parts from the right as it narrows, never the payer or the turn's cost."""

    class TodayAsked(Message):
        """A click on what today has cost."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._facts = StatusFacts()
        self._today = range(0)  # the cells where today's sum stands

    def on_click(self, event: events.Click) -> None:
        """On today's sum: what was spent."""
        if event.x in self._today:
            self.post_message(self.TodayAsked())

    def show(self, facts: StatusFacts) -> None:
        """Show these facts; nothing is painted when nothing changed."""
        if facts != self._facts:
            self._facts = facts
            self.refresh()

    def render(self) -> Content:
        facts, width = self._facts, self.size.width
        chip = _chip(facts)
        self._today = range(0)
        if facts.flash is not None:
            words = neutralise(facts.flash).replace("\n", " ")
            line = Content.assemble(chip, "  ", (words, "$warn"))
            return line.truncate(width, ellipsis=True)
        parts = _parts(facts)
        while parts and chip.cell_length + sum(_width(pieces) for _, pieces in parts) > width:
            if not _shortened(parts):
                parts.pop(_first_to_go([name for name, _ in parts]))
        out: list[str | Content | Part] = [chip]
        at = chip.cell_length
        spare = width - at - sum(_width(pieces) for _, pieces in parts)
        for name, pieces in parts:
            out += [" " * max(0, spare - 1) if name == "credits" else "", "   ", *pieces]
            if name == "today":
                self._today = range(at + 3, at + _width(pieces))
            at += _width(pieces)
        return Content.assemble(*out).truncate(width)


def _chip(facts: StatusFacts) -> Content:
    words = truncate(neutralise(facts.label or word(facts.payer), strict=True), LONGEST_LABEL)
    ground = "$mute" if facts.payer is None else colour(facts.payer)
    marker = glyph(facts.payer, letters=facts.letters)
    return Content.assemble((f" {marker} {words} ", f"bold $page on {ground}"))


def _parts(facts: StatusFacts) -> list[tuple[str, list[Part]]]:
    model = [(neutralise(facts.model, strict=True), "bold $text")]
    if facts.effort:
        model.append((f" {neutralise(facts.effort, strict=True)}", "$mute"))
    parts: list[tuple[str, list[Part]]] = [
        *([("model", model)] if facts.model else []),
        ("turn", _sum("turn", facts.turn_nano, facts.turn_unknown, facts)),
        ("session", _sum("session", facts.session_nano, facts.session_unknown, facts)),
    ]
    if facts.today_nano is not None:
        parts.append(("today", _today(facts, facts.today_nano)))
    if facts.budget_left is not None:
        what, left = facts.budget_left
        style = "$warn" if left <= 0 else "$text"
        words = f"{show_usd(max(left, 0), sure=facts.sure)} left"
        parts.append(("budget", [(f"{neutralise(what)} ", "$mute"), (words, style)]))
    if (percent := share(facts.context, facts.window)) is not None:
        parts.append(("context", [("context ", "$mute"), (f"{percent:>4}", "$text")]))
    if facts.limit is not None:
        what, much = facts.limit
        parts.append(("limit", [(f"{neutralise(what)} ", "$mute"), (neutralise(much), "$warn")]))
    if facts.following:
        way: list[Part] = [(": ", "$mute"), ("Enter", "$text"), (" takes over", "$mute")]
        parts.append(("limit", [("read only", "$warn"), *(way if facts.free else [])]))
    if facts.credits is not None:
        parts.append(("credits", _credits(facts, facts.credits)))
    return parts


def _credits(facts: StatusFacts, credits: tuple[str, str]) -> list[Part]:
    """At the right end: what is left, which moves while tokens stream."""
    left, unit = credits
    marker = glyph("credits", letters=facts.letters)
    return [
        (marker, colour("credits")), (neutralise(left, strict=True), "$text"),
        (f" {unit}" if unit else "", "$mute"),
    ]  # fmt: skip


def _sum(name: str, nano: int | None, unknown: int, facts: StatusFacts) -> list[Part]:
    return [(f"{name} ", "$mute"), (money(nano, unknown, sure=facts.sure), "$text")]


def _today(facts: StatusFacts, today: int) -> list[Part]:
    said = _sum("today", today, facts.today_unknown, facts)
    if facts.day_budget_nano:
        full = ceil(min(Fraction(today, facts.day_budget_nano), Fraction(1)) * METER)
        done, left = (
            signs(one, letters=facts.letters) for one in ("━" * full, "━" * (METER - full))
        )
        # The meter is about money, so it has its payer's colour.
        said += [
            (f" of {show_usd(facts.day_budget_nano)} ", "$mute"),
            (done, colour(facts.payer)), (left.replace("=", "-"), "$line"),
        ]  # fmt: skip
    return said


def _shortened(parts: list[tuple[str, list[Part]]]) -> bool:
    """Take from today's sum the meter, then what it is out of; whether there was any of it."""
    for at, (name, pieces) in enumerate(parts):
        if name == "today" and len(pieces) > _SUM:
            parts[at] = name, pieces[:-1] if len(pieces) == _SUM + 1 else pieces[: _SUM + 1]
            return True
    return False


_SUM = 2
"""Pieces of a name and its amount alone."""
_ORDER = ("today", "context", "budget", "session", "limit", "credits", "model")
"""What goes first when it is narrow (look/README.md, Widths)."""


def _first_to_go(names: list[str]) -> int:
    return next((names.index(name) for name in _ORDER if name in names), len(names) - 1)


def _width(pieces: list[Part]) -> int:
    return 3 + sum(Content(text).cell_length for text, _ in pieces)
