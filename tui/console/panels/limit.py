"""A request failed: the ways on, each with its payer and price (pure but for what answers do)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from tui.console.panels.answers import Choice
from tui.console.panels.approval import STOPS
from tui.console.panels.choices import Question
from tui.console.panels.columns import Columns
from tui.console.sidebar.marker import glyph
from tui.console.transcript.layout import PAYER_STYLES
from tui.console.transcript.lines import Span, styled
from tui.events.failing import PayerAsked, PayerChoice, WayOut, WayOutAsked
from tui.session.credit_talk import CreditRow
from tui.session.way_words import (
    always_words,
    failed_body,
    failed_title,
    payer_answers,
    payer_body,
    payer_title,
    price_words,
    short_words,
    way_words,
)
from tui.session.words import Names, countdown
from tui.text import neutralise, truncate

_LONGEST_NAME = 28
_LONGEST_LABEL = 20
_SHORT_LABEL = 12

Answer = Callable[[int, bool], None]
"""Takes a way by its place, and whether it is to be a rule."""


def limit_question(
    asked: WayOutAsked,
    answer: Answer,
    *,
    names: Names,
    letters: bool,
    now: dt.datetime,
    tz: dt.tzinfo | None,
    services: Sequence[CreditRow] = (),
) -> Question:
    """The panel of a failed request; its countdown is that of `now`."""
    title, label = failed_title(asked, names)
    wait: tuple[Span, ...] = ()
    short: tuple[Span, ...] = ()
    if asked.until is not None:
        left = Span(countdown((asked.until - now).total_seconds()), "warn")
        wait, short = (Span("trying again in ", "mute"), left), (Span("again in ", "mute"), left)
    choices = [
        Choice(
            way_words(way, asked), "", _given(answer, place),
            columns=_columns(way, names, services, letters=letters), short=short_words(way, asked),
            by_enter=way.payer != "credits",
            enter="tries now" if way.what == "wait" else "",
        )
        for place, way in enumerate(asked.ways)
    ]  # fmt: skip
    credits = next((n for n, way in enumerate(asked.ways) if way.what == "credits"), None)
    always = always_words(asked)
    if always is not None and credits is not None:
        choices.append(Choice(always, "", lambda: answer(credits, True)))
    return Question(
        subject=f"way out {asked.call}",
        title=title,
        label=(Span(f" {label}", PAYER_STYLES[asked.payer]),) if label else (),
        right=wait,
        right_short=short,
        first=taken_by_enter(asked),
        body=styled(failed_body(asked, tz), "mute"),
        choices=tuple(choices),
        keys=(("F2", "other models"), STOPS),
        bar="warn",
    )


def taken_by_enter(asked: WayOutAsked) -> int | None:
    """The way that a plain Enter takes: the first on which nobody else pays than before.

    Never one that takes credits, even where credits paid: those are taken by their number.
    """
    unchanged = (asked.payer, "nobody", None)
    for place, way in enumerate(asked.ways):
        if way.payer in unchanged and way.payer != "credits":
            return place
    return None


def payer_question(asked: PayerAsked, answer: Callable[[PayerChoice], None], *, names: Names,
                   letters: bool) -> Question:  # fmt: skip
    """The panel of a payer that would change."""
    style = PAYER_STYLES[asked.payer]
    return Question(
        subject=f"payer {asked.call}",
        title=payer_title(asked),
        right=(Span(glyph(asked.payer, letters=letters), style, None, True),),
        body=styled(payer_body(asked, names), "mute"),
        choices=tuple(
            Choice(one.words, one.aside, _chosen(answer, one.choice))
            for one in payer_answers(asked)
        ),
        keys=(("F2", "other models"), STOPS),
        bar="warn",
    )


def _columns(
    way: WayOut, names: Names, services: Sequence[CreditRow], *, letters: bool
) -> Columns | None:
    if way.payer is None:
        return None
    style = PAYER_STYLES[way.payer]
    model = truncate(neutralise(names.model(way.model), strict=True), _LONGEST_NAME)
    label = "this machine" if way.payer == "nobody" else neutralise(way.label, strict=True)
    if way.payer == "credits":
        label = f"{label} credits" if label else "credits"
    mark = f"{glyph(way.payer, letters=letters)} "
    sign = Span(mark, style, None, True)
    payer = (sign, Span(truncate(label, _LONGEST_LABEL), style))
    if way.payer == "credits" and way.label:  # that it takes credits its words say, too
        label = neutralise(way.label, strict=True)
    short = (sign, Span(truncate(label, _SHORT_LABEL), style))
    return Columns(model, payer, price_words(way, services), short)


def _given(answer: Answer, place: int) -> Callable[[], None]:
    return lambda: answer(place, False)


def _chosen(answer: Callable[[PayerChoice], None], choice: PayerChoice) -> Callable[[], None]:
    return lambda: answer(choice)
