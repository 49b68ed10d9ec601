"""Settings as rows: value, help, default, and whether it was changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from tui.console.settings.rows import ChangeSetting, Group, Line, Nothing, Piece, Row
from tui.console.settings.world import World
from tui.console.sidebar.marker import signs
from tui.money import show_sum
from tui.settings.schema import SETTINGS, Setting, Value
from tui.settings.search import Entry, setting_entry
from tui.settings.values import show
from tui.text import neutralise


def settings_pane(section: str) -> Callable[[World], Group]:
    """A section that holds settings alone."""

    def rows(world: World) -> Group:
        return Group(title=section, section=section, rows=setting_rows(section, world))

    return rows


def setting_rows(section: str, world: World) -> tuple[Row, ...]:
    """The section's settings, in the schema's order."""
    return tuple(setting_row(one, world) for one in SETTINGS if one.section == section)


def setting_row(setting: Setting, world: World) -> Row:
    """One setting."""
    value = world.values[setting.id]
    changed = value != setting.default
    words = "default" if not changed else f"default {value_words(setting, setting.default)}"
    return Row(
        entry=setting_entry(setting, value),
        act=ChangeSetting(setting),
        marker=(signs("•", letters=False) if not world.letters else "*", "$focus")
        if changed
        else ("", ""),
        head=Line(((setting.title, "$text"),), (*_spent(setting, world), *_value(setting, world))),
        help=setting.help,
        aside=((words, "$mute" if changed else "$faint"),),
    )


def value_words(setting: Setting, value: Value) -> str:
    """A value as a person reads it: `on`, `$2.50`, `no limit`."""
    if value is None:
        return setting.unset
    match setting.kind:
        case "bool":
            return "on" if value else "off"
        case "money":
            return f"${show(value)}"
        case "choice" | "number" | "int" | "text" | "amounts":
            return neutralise(show(value), strict=True)
        case _:
            assert_never(setting.kind)


def _value(setting: Setting, world: World) -> tuple[Piece, ...]:
    value = world.values[setting.id]
    words = value_words(setting, value)
    if setting.kind == "bool":
        on, off = ("[x]", "[ ]") if world.letters else ("━━●", "○━━")
        switch = (on, "$good") if value else (off, "$mute")
        return ((f"{words:>3}  ", "$soft"), switch)
    return ((words, "$mute" if value is None else "bold $text"),)


def _spent(setting: Setting, world: World) -> tuple[Piece, ...]:
    """What has been spent already, where that is known."""
    match setting.id:
        case "budget.day_usd" if world.today is not None:
            spent = show_sum(world.today.nano, world.today.unknown)
            name = "today"
        case "budget.session_usd":
            spent = show_sum(world.session_nano, world.session_unknown)
            name = "this one"
        case _:
            return ()
    joint = "   " if world.values[setting.id] is None else " of "
    return ((f"{name} ", "$mute"), (spent, "$soft"), (joint, "$mute"))


def fact(
    id: str, title: str, section: str, help: str, *words: str, right: tuple[Piece, ...] = ()
) -> Row:
    """A row that says something."""
    return Row(
        entry=Entry(
            id=id,
            title=title,
            section=section,
            value=None,
            default=None,
            help=help,
            kind="action",
            words=words,
        ),
        act=Nothing(),
        head=Line(((title, "$text"),), right),
        help=help,
    )
