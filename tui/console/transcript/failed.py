"""A failure as lines: what failed, what the other side said of it, the next step (pure)."""

from __future__ import annotations

import datetime as dt

from tui.console.transcript.blocks import Failure
from tui.console.transcript.layout import (
    LONGEST_LABEL,
    PAYER_STYLES,
    Setting,
    outside_text,
    sentence,
)
from tui.console.transcript.lines import Line, Span, styled, width_of, wrap
from tui.errors import headline
from tui.events.route import RouteDecided
from tui.session.words import Names, about_a_key, countdown, error_words, lasted
from tui.text import neutralise, truncate

_LONGEST_ERROR = 400
_LONGEST_RAW = 4_000


def failure_lines(block: Failure, setting: Setting, opened: bool, now: dt.datetime) -> list[Line]:
    """The failure; one that was got over in one line, and behind a fold all that was said."""
    route = block.route
    who = _who(route, setting.names) if route else None
    title = error_words(block.kind, who)
    if block.settled or block.waited_s is not None:
        after = (
            "went on" if block.waited_s is None else (f"tried again after {lasted(block.waited_s)}")
        )
        lines = [Line(styled(truncate(f"{title}; {after}", setting.prose), "faint"))]
        return [*lines, *_fold(block, setting, opened)] if opened else lines
    spans = _title(route, who, block.kind, title)
    counts = block.until is not None and not block.asked
    right: tuple[Span, ...] = ()
    if counts and block.until is not None:
        left = countdown((block.until - now).total_seconds())
        right = (Span("trying again in ", "mute"), Span(left, "warn"))
    lines = list[Line]()
    # A panel says it too; but over a key that was refused its dialog opens, and hides the panel.
    if not block.asked or not block.message.strip() or block.kind == "invalid_key":
        lines = wrap(spans, setting.prose - width_of(right) - 2)
        lines[0] = lines[0]._replace(right=right)
    if block.message.strip():
        lines += outside_text(
            headline(block.message.strip()), setting.prose, "soft", _LONGEST_ERROR
        )
    if block.hint and block.until is None and not block.asked:
        lines += wrap(sentence(block.hint, "mute"), setting.prose)
    lines += _fold(block, setting, opened)
    bar = "warn" if block.until is not None or block.asked else "bad"
    return [line._replace(bar=bar) for line in lines]


def holds_more(block: Failure) -> bool:
    """Whether there is more of what the other side said than is shown."""
    message = block.message.strip()
    longer = len(message) > _LONGEST_ERROR or headline(message) != message
    return bool(block.raw.strip()) or longer


def _title(route: RouteDecided | None, who: str | None, kind: str, title: str) -> list[Span]:
    if route and who and route.payer == "own_key" and route.label:
        named = about_a_key(kind, who)
        own = truncate(neutralise(route.label, strict=True), LONGEST_LABEL)
        label = Span(f" {own}", PAYER_STYLES["own_key"])
        if named:
            return [Span(named, "strong"), label]
    return [Span(title, "strong")]


def _fold(block: Failure, setting: Setting, opened: bool) -> list[Line]:
    if not holds_more(block):
        return []
    head = Line((Span("▾ " if opened else "▸ ", "faint", None, True),
                 Span("all of what it said", "mute")))  # fmt: skip
    if not opened:
        return [head]
    text = (block.raw or block.message).strip()
    gutter = (Span("  ", "", None, True), Span("│ ", "quote-bar", None, True))
    body = list(outside_text(text, setting.prose - 4, "thought", _LONGEST_RAW))
    if block.theirs:
        theirs = neutralise(block.theirs, strict=True)
        body.append(Line((Span(f"request {theirs}", "mute"),)))
    return [head, *(line._replace(spans=gutter + line.spans) for line in body)]


def _who(route: RouteDecided, names: Names) -> str:
    return neutralise(names.provider(route.model, route.connection), strict=True)
