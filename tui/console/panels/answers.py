"""The answers of a panel and its keys, as lines (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tui.console.panels.columns import Cells, Columns, column_lines
from tui.console.transcript.lines import Line, Span, width_of, wrap
from tui.text import cell_width

_APART = "   "


class Choice(msgspec.Struct, frozen=True):
    """One answer: its words, what stands behind them, and what it does.

    Args:
        words: What it is called.
        aside: What there is to know of it.
        act: What it does.
        key: Its digit; empty for its place in the list.
        exact: What it would be remembered as, letter by letter.
        late: Whether it waits until all that is asked about was seen.
        columns: What stands beside its words in columns.
        short: Its words where those columns have little room.
        by_enter: Whether Enter gives it once it is the chosen one.
        enter: What Enter does then, where that is more than taking it.
    """

    words: str
    aside: str
    act: Callable[[], None]
    key: str = ""
    exact: str = ""
    late: bool = False
    columns: Columns | None = None
    short: str = ""
    by_enter: bool = False
    enter: str = ""


def answer_lines(
    choices: Sequence[Choice], closed: frozenset[str], room: int, *, beside: bool, chosen: str = ""
) -> list[Line]:
    """The answers, beside each other as far as there is room, or one a row.

    `chosen`: the key of the one that Enter gives; only answers in columns show it.
    """
    if beside:
        return list(_flowing([_short(one, one.key in closed) for one in choices], room))
    if any(one.columns for one in choices):
        cells = [
            Cells(one.key, one.words, one.columns, one.short, one.key == chosen) for one in choices
        ]
        return column_lines(cells, room)
    column = min(max(cell_width(one.words) for one in choices), room)
    return [line for one in choices for line in _row(one, column, room)]


def key_lines(keys: Sequence[tuple[str, str]], closed: frozenset[str], room: int) -> list[Line]:
    """Keys that act besides, and why some answers do not."""
    items = [[Span(key, "soft"), Span(f" {does}", "mute")] for key, does in keys]
    if closed:
        numbers = " ".join(sorted(closed))
        items.append([Span(f"{numbers} open when you have seen the end", "warn")])
    return list(_flowing(items, room))


def _short(choice: Choice, shut: bool) -> list[Span]:
    key, words = ("faint", "faint") if shut else ("strong", "soft")
    spans = [Span(choice.key, key), Span(f" {choice.words}", words)]
    if choice.exact:
        spans += [Span(": ", words), Span(choice.exact, "faint" if shut else "text")]
    elif choice.aside:
        spans.append(Span(f", {choice.aside}", "mute"))
    return spans


def _flowing(items: Sequence[list[Span]], room: int) -> Iterator[Line]:
    row: list[Span] = []
    for item in items:
        apart = [Span(_APART)] if row else []
        if row and width_of([*row, *apart, *item]) > room:
            yield Line(tuple(row))
            row, apart = [], []
        if width_of(item) > room:
            yield from wrap(item, room)
        else:
            row = [*row, *apart, *item]
    if row:
        yield Line(tuple(row))


def _row(choice: Choice, column: int, room: int) -> Iterator[Line]:
    if 3 + cell_width(choice.words) > room:
        for index, line in enumerate(wrap((Span(choice.words, "text"),), max(room - 3, 8))):
            lead = Span("   " if index else f"{choice.key}  ", "strong")
            yield line._replace(spans=(lead, *line.spans))
        return
    words = choice.words + " " * (column - cell_width(choice.words))
    head = (Span(f"{choice.key}  ", "strong"), Span(words, "text"))
    if not choice.aside:
        yield Line(head)
        return
    aside = Span(choice.aside, "mute", None, True)
    if width_of(head) + 3 + cell_width(choice.aside) <= room:
        yield Line((*head, Span(_APART), aside))
        return
    yield Line(head)
    for line in wrap((aside,), max(room - 3, 8)):
        yield line._replace(spans=(Span("   "), *line.spans))
