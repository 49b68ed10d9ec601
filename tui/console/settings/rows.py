"""What the settings list: rows with what Enter does to them, and how they are laid out (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from tui.session.credit_talk import CreditRow
from tui.session.replies import EndpointRow, KeyRow, RuleRow
from tui.settings.schema import Setting
from tui.settings.search import Entry
from tui.text import cell_width, truncate

Piece = tuple[str, str]
"""Neutral text and its style, in words of the theme: `bold $text`."""

GUTTER = 3
"""Cells at the left of a row: its marker, or the sign that it was changed."""


class ChangeSetting(msgspec.Struct, frozen=True):
    setting: Setting


class ChangeKey(msgspec.Struct, frozen=True):
    key: KeyRow


class UseKey(msgspec.Struct, frozen=True):
    key: KeyRow


class AddKey(msgspec.Struct, frozen=True):
    provider: str


class UndoForgetting(msgspec.Struct, frozen=True):
    pass


class CheckKeys(msgspec.Struct, frozen=True):
    pass


class OpenVault(msgspec.Struct, frozen=True):
    pass


class FetchModel(msgspec.Struct, frozen=True):
    pass


class AddModelFile(msgspec.Struct, frozen=True):
    pass


class TakeBackRule(msgspec.Struct, frozen=True):
    rule: RuleRow


class ForgetFallback(msgspec.Struct, frozen=True):
    """A rule that takes credits after a kind of error is no more."""

    kind: str


class UseServers(msgspec.Struct, frozen=True):
    """The yes to what the folder's file is now."""

    sha256: str


class AddEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A new one; with what stands in its fields at first."""

    known: str = ""
    name: str = ""
    url: str = ""


class ChangeEndpoint(msgspec.Struct, frozen=True):
    endpoint: EndpointRow


class UndoRemoval(msgspec.Struct, frozen=True):
    """The endpoint that was removed last comes back."""


class ForgetAll(msgspec.Struct, frozen=True):
    """Everything is removed, once it was typed that it shall be."""


class AddService(msgspec.Struct, frozen=True):
    """A new credit service."""


class ChangeService(msgspec.Struct, frozen=True):
    service: CreditRow


class UndoService(msgspec.Struct, frozen=True):
    """The credit service that was removed last comes back."""


ServiceAct = AddService | ChangeService | UndoService


class Nothing(msgspec.Struct, frozen=True):
    """A fact: there to be read."""


Act = (
    ChangeSetting
    | ChangeKey
    | UseKey
    | AddKey
    | UndoForgetting
    | CheckKeys
    | OpenVault
    | FetchModel
    | AddModelFile
    | TakeBackRule
    | ForgetFallback
    | UseServers
    | AddEndpoint
    | ChangeEndpoint
    | UndoRemoval
    | ForgetAll
    | ServiceAct
    | Nothing
)


class Line(msgspec.Struct, frozen=True):
    """Pieces at the left, cut where there is no room, and at the right."""

    left: tuple[Piece, ...] = ()
    right: tuple[Piece, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the list.

    Args:
        entry: What it is found by.
        act: What Enter does.
        head: Its first line.
        marker: What stands before it.
        notes: More lines, each cut.
        help: A sentence, wrapped; neutral.
        aside: What stands at the right of the help's first line.
        bar: Colour of the bar beside it while it is chosen.
        when: Whether it stands in its section, among what was found, or in both.
    """

    entry: Entry
    act: Act
    head: Line
    marker: Piece = ("", "")
    notes: tuple[Line, ...] = ()
    help: str = ""
    aside: tuple[Piece, ...] = ()
    bar: str = "$focus"
    when: Literal["listed", "found", "both"] = "both"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under a title; `count` is of what the person has there, or None."""

    title: str
    rows: tuple[Row, ...]
    aside: tuple[Piece, ...] = ()
    section: str = ""
    count: int | None = None


class Laid(msgspec.Struct, frozen=True):
    """One line on the screen, of a row by its place in the list, or of none."""

    row: int | None
    pieces: tuple[Piece, ...] = ()
    option: int | None = None
    first: bool = False  # of its row


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The row that is being changed: its values to choose among, or a field to type in.

    Args:
        row: Id of the row's entry.
        options: Value and words of each; none for a field.
        current: The value in force.
        trouble: Why the last value was refused.
    """

    row: str
    options: tuple[tuple[str, str], ...] = ()
    current: str = ""
    trouble: str = ""


def lay_out(
    groups: Sequence[Group], width: int, opened: Opened | None, *, close: bool
) -> list[Laid]:
    """The lines of all groups, `width` cells each; `close` leaves the empty ones between rows out.

    Only what changed is worth painting, so the lines know nothing of what is chosen.
    """
    lines: list[Laid] = []
    place = 0
    for group in groups:
        if lines:
            lines.append(Laid(None))
        title, aside = (group.title, "bold $text"), group.aside
        while aside and _cells((title, *aside)) >= width:
            aside = aside[:-1]
        lines.append(Laid(None, spread((title,), aside, width)))
        if not close:
            lines.append(Laid(None))
        for at, row in enumerate(group.rows):
            if at and not close and (_tall(row) or _tall(group.rows[at - 1])):
                lines.append(Laid(None))
            lines += _row_lines(row, place, width, opened)
            place += 1
    return lines


def _tall(row: Row) -> bool:
    return bool(row.notes or row.help)


def _row_lines(row: Row, place: int, width: int, opened: Opened | None) -> list[Laid]:
    marker, style = row.marker
    gutter = (marker + " " * (GUTTER - cell_width(marker)), style)
    indent = (" " * GUTTER, "")
    is_open = opened is not None and opened.row == row.entry.id
    typed = is_open and opened is not None and not opened.options
    head = Line(row.head.left, () if typed else row.head.right)
    lines = [Laid(place, spread((gutter, *head.left), head.right, width), first=True)]
    if opened is not None and is_open and opened.trouble:
        lines += [
            Laid(place, spread((indent, (text, "$bad")), (), width))
            for text in wrap(opened.trouble, width - GUTTER)
        ]
    for note in row.notes:
        right = note.right if _cells((indent, *note.left, *note.right)) < width else ()
        lines.append(Laid(place, spread((indent, *note.left), right, width)))
    aside = _cells(row.aside)
    room = width - GUTTER - (aside + 3 if aside else 0)
    aside_fits = room >= 24
    for at, text in enumerate(wrap(row.help, room if aside_fits else width - GUTTER)):
        right = row.aside if at == 0 and aside_fits else ()
        lines.append(Laid(place, spread((indent, (text, "$mute")), right, width)))
    if row.aside and not aside_fits:
        lines.append(Laid(place, spread((indent, *row.aside), (), width)))
    if opened is not None and is_open:
        for at, (value, words) in enumerate(opened.options):
            now = "in force" if value == opened.current else ""
            left = (indent, (f"  {words}", "$soft"))
            lines.append(Laid(place, spread(left, ((now, "$mute"),), width), option=at))
    return lines


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(cell_width(text) for text, _ in pieces)


def spread(left: Sequence[Piece], right: Sequence[Piece], width: int) -> tuple[Piece, ...]:
    """Pieces at both ends of `width` cells, cut where there is no room; half is for the left."""
    right = _cut(right, max(width // 2 - 1, width - _cells(left) - 1))
    taken = _cells(right)
    out = _cut(left, width - taken - (1 if taken else 0))
    gap = width - taken - _cells(out)
    return (*out, (" " * max(0, gap), ""), *right)


def _cut(pieces: Sequence[Piece], room: int) -> list[Piece]:
    out: list[Piece] = []
    for text, style in pieces:
        shown = truncate(text, max(0, room))
        room -= cell_width(shown)
        out.append((shown, style))
        if shown != text:
            break
    return out


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken between words."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and cell_width(line) + 1 + cell_width(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else truncate(word, max(1, width))
    return [*lines, line] if line else lines
