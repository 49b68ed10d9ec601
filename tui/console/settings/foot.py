"""The keys that do something now, at the foot of the settings (pure)."""

from __future__ import annotations

from tui.console.settings.rows import (
    AddEndpoint,
    AddModelFile,
    AddService,
    ChangeEndpoint,
    ChangeKey,
    ChangeService,
    ChangeSetting,
    ForgetAll,
    ForgetFallback,
    Nothing,
    Row,
    TakeBackRule,
    UndoForgetting,
    UndoRemoval,
    UndoService,
    UseKey,
    UseServers,
)
from tui.session.replies import KeyRow

Pair = tuple[str, str]
_WISHES = {"replace": "replace", "check": "test", "default": "make default", "forget": "forget"}


def keys_of(
    where: str, row: Row | None, *, picking: bool, undo: bool, wish: str, asked: bool, slim: bool
) -> list[Pair]:
    """Key and what it does, most needed first.

    Args:
        where: What has the focus: search, list, sections or field.
        row: The chosen row.
        picking: Whether its values are open.
        undo: Whether a key was forgotten that U brings back.
        wish: What Enter does to a key.
        asked: Whether something was searched for.
        slim: Whether there is no room for the sections.
    """
    back = ("Esc", "back")
    match where:
        case "field":
            return [("Enter", "keep"), back]
        case "sections":
            return [("↑↓", "section"), ("Enter", "its settings"), ("Tab", "search"), back]
        case "search":
            first = [] if row is None or not asked else [("Enter", _enter(row, wish))]
            side = [] if slim else [("Shift+Tab", "sections")]
            return [*first, ("↓", "list"), *side, ("Esc", "clear" if asked else "close")]
        case _:
            pass
    if picking:
        return [("↑↓", "choose"), ("Enter", "take it"), back]
    pairs: list[Pair] = [("↑↓", "move")]
    if row is not None and not isinstance(row.act, Nothing):
        pairs.append(("Enter", _enter(row, wish)))
    pairs += _letters(row)
    if undo:
        pairs.append(("U", "undo"))
    return [*pairs, ("/", "search"), back]


def _enter(row: Row, wish: str) -> str:
    match row.act:
        case ChangeSetting() if row.act.setting.kind == "bool":
            return "toggle"
        case ChangeSetting():
            return "change"
        case ChangeKey():
            return _WISHES[wish if row.act.key.source == "stored" else "check"]
        case UseKey() | UseServers():
            return "use it"
        case ChangeEndpoint():
            return "change"
        case AddEndpoint():
            return "add"
        case AddService():
            return "add"
        case ChangeService():
            return "change"
        case UndoForgetting() | UndoRemoval() | UndoService():
            return "bring it back"
        case TakeBackRule():
            return "take back"
        case ForgetFallback():
            return "forget"
        case AddModelFile():
            return "name a file"
        case ForgetAll():
            return "forget everything"
        case Nothing():
            return "show"
        case _:
            return "go"


def _key_letters(key: KeyRow) -> list[Pair]:
    forget = [("D", "forget")] if key.source == "stored" else []
    label = [("L", "label")] if key.source == "stored" else []
    if key.admin:
        return [("T", "test"), *forget, *label]
    if not key.enabled:
        return [("O", "switch on"), *forget, *label]
    default = [("M", "default")]
    pin = [("P", "unpin" if key.pinned else "pin here")] if key.used else []
    return [("T", "test"), *default, *forget, *pin, *label, ("O", "off")]


def _letters(row: Row | None) -> list[Pair]:
    if row is None:
        return []
    match row.act:
        case ChangeKey():
            return _key_letters(row.act.key)
        case ChangeEndpoint():
            switch = "off" if row.act.endpoint.enabled else "on"
            return [("T", "test"), ("O", f"switch {switch}"), ("D", "remove, with undo")]
        case ChangeService():
            switch = "off" if row.act.service.enabled else "on"
            return [("T", "test"), ("O", f"switch {switch}"), ("D", "remove, with undo")]
        case ChangeSetting():
            return [("R", "reset")]
        case _:
            return []
