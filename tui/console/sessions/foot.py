"""The keys that do something now, at the foot of the list of the sessions (pure)."""

from __future__ import annotations

from tui.console.sessions.rows import SessionRow

Pair = tuple[str, str]


def keys_of(
    where: str, row: SessionRow | None, *, undo: bool, asked: bool, typed: str
) -> list[Pair]:
    """Key and what it does, most needed first.

    Args:
        where: What has the focus: search, list or field.
        row: The chosen row.
        undo: Whether a session was deleted that U brings back.
        asked: Whether something was searched for.
        typed: What the field is for.
    """
    back = ("Esc", "back")
    opens = [] if row is None else [("Enter", "close" if row.here else "open")]
    match where:
        case "field":
            return [("Enter", typed), back]
        case "search":
            return [*opens, ("↓", "list and its keys"), ("Esc", "clear" if asked else "close")]
        case _:
            pass
    pairs: list[Pair] = [*opens]
    if row is not None:
        pairs += [("R", "rename"), ("F", "fork"), ("W", "rewind"), ("E", "export")]
        pairs += [("D", "delete, with undo")]
    pairs += [("U", "undo")] if undo else []
    return [*pairs, ("N", "new"), ("/", "search"), back]
