"""A tool call as a card: one line that opens to its arguments, its change, its output."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence

from tui.console.transcript.below import GUTTER, below
from tui.console.transcript.blocks import ToolCard
from tui.console.transcript.calls import change_of, language_of, outcome, verb
from tui.console.transcript.checklist import checklist, list_lines
from tui.console.transcript.diff import Change, lay_out
from tui.console.transcript.highlight import Colours
from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.session.call_words import subject
from tui.session.words import lasted, ticking
from tui.text import cell_width, neutralise, truncate

_MAX_CHARACTERS = 20_000
_MAX_LINES = 200
_WIDEST_NAME = 16
_SHORT = 60


def card_lines(
    card: ToolCard,
    width: int,
    prose: int,
    colours: Colours | None,
    opened: bool,
    now: dt.datetime,
) -> list[Line]:
    """The card's lines; a change to a file shows its lines while it is open."""
    change = change_of(card)
    lines = [_head(card, change, prose, opened, now), *below(card, prose, opened)]
    if not opened:
        return lines
    if items := checklist(card.name, card.args):
        return [*lines, *list_lines(items, prose)]
    if change is not None:
        language = language_of(card)

        def colour(code: str) -> Sequence[Sequence[Span]] | None:
            return colours.lines(code, language) if colours and language else None

        return lines + lay_out(change, width, colour)
    arguments, output = list(_arguments(card)), list(_output(card))
    between: list[list[Span]] = [[]] if arguments and output else []
    for span in (*arguments, *between, *output):
        lines += [line._replace(spans=GUTTER + line.spans) for line in wrap(span, prose - 4)]
    return lines


def _head(
    card: ToolCard, change: Change | None, width: int, opened: bool, now: dt.datetime
) -> Line:
    right = _seconds(card, now)
    did = f"{verb(card):<4} "
    went = _tally(change) if change else [Span(*outcome(card))]
    room = width - 2 - cell_width(did) - width_of(right) - 2
    plain = subject(card.name, card.args) if not checklist(card.name, card.args) else ""
    about = neutralise(plain, strict=True)
    short = truncate(about, max(room - width_of(went) - 2, room // 2))
    left = room - cell_width(short) - 2
    if len(went) == 1:
        went = [Span(truncate(went[0].text, max(left, 0)), went[0].style)]
    spans = [
        Span("▾ " if opened else "▸ ", "faint", None, True),
        Span(did, "soft"),
        Span(short, "text"),
        *([Span("  "), *went] if went[0].text else []),
    ]
    return Line(tuple(span for span in spans if span.text), right=right)


def _tally(change: Change) -> list[Span]:
    added, removed = Span(f"+{change.added}", "added"), Span(f"-{change.removed}", "removed")
    return [added, Span(" "), removed]


def _seconds(card: ToolCard, now: dt.datetime) -> tuple[Span, ...]:
    if card.seconds is not None and not card.denied:
        return (Span(lasted(card.seconds), "faint", None, True),)
    if card.output is None and card.started:
        return (Span(ticking((now - card.started).total_seconds()), "faint", None, True),)
    return ()


def _arguments(card: ToolCard) -> Iterator[list[Span]]:
    if card.args is None:
        yield [Span("arguments that are no JSON object:", "warn")]
        yield from _rows(card.raw or "", "soft")
        return
    if len(card.args) == 1 and subject(card.name, card.args) in card.args.values():
        return  # the card's line says it
    names = {name: neutralise(name, strict=True) for name in card.args}
    column = min(max(map(cell_width, names.values()), default=0), _WIDEST_NAME) + 2
    for name, value in card.args.items():
        label = names[name] + " " * max(column - cell_width(names[name]), 2)
        for index, row in enumerate(
            _rows(value if isinstance(value, str) else _json(value), "soft")
        ):
            yield [Span(label, "mute") if index == 0 else Span(" " * column), *row]


def _output(card: ToolCard) -> Iterator[list[Span]]:
    if card.output is None:
        return
    yield from _rows(card.output.rstrip("\n") or "no output", "soft" if card.ok else "bad-soft")
    if card.truncated:
        yield [Span("cut before it was sent to the model", "mute", None, True)]


def _rows(text: str, style: str) -> Iterator[list[Span]]:
    """Lines of outside text, as many as a card shows; the rest is said by its size."""
    shown = text[:_MAX_CHARACTERS]
    lines = neutralise(shown).expandtabs(4).split("\n")
    for line in lines[:_MAX_LINES]:
        yield [Span(line, style)]
    if len(lines) > _MAX_LINES or len(text) > _MAX_CHARACTERS:
        rest = text.count("\n") + 1 - _MAX_LINES
        more = f"{rest:,} more lines" if rest > 0 else f"{len(text) - len(shown):,} more characters"
        yield [Span(f"… {more}", "mute", None, True)]


def _json(value: object) -> str:
    try:
        short = json.dumps(value, ensure_ascii=False)
        return short if len(short) <= _SHORT else json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return str(value)
