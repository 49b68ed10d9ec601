"""A list of what is to do, read out of a tool call's arguments, whatever its words for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

from tui.console.transcript.lines import Line, Span, wrap
from tui.text import neutralise

State = Literal["open", "doing", "done", "dropped"]

_WORDS = ("content", "text", "title", "task", "item", "description", "name")
_STATES: Mapping[str, State] = {
    "completed": "done", "complete": "done", "done": "done", "finished": "done",
    "in_progress": "doing", "in progress": "doing", "doing": "doing", "active": "doing",
    "cancelled": "dropped", "canceled": "dropped", "dropped": "dropped",
}  # fmt: skip
_SIGNS: Mapping[State, tuple[str, str, str]] = {
    "done": ("✓", "good", "mute"),
    "doing": ("▸", "person", "strong"),
    "open": ("·", "mute", "soft"),
    "dropped": ("·", "mute", "strike"),
}
_MOST = 60
_LONGEST = 300


class Item(NamedTuple):
    """One thing to do."""

    words: str
    state: State


def checklist(name: str, args: dict[str, Any] | None) -> list[Item]:
    """What is to do, in order; empty where the call is no such list."""
    if "todo" not in name.casefold() or not args:
        return []
    for value in args.values():
        if isinstance(value, list) and value:
            items = [_item(one) for one in cast("list[object]", value)]
            if all(items):
                return [one for one in items if one is not None]
    return []


def _item(value: object) -> Item | None:
    if isinstance(value, str):
        return Item(value, "open")
    if not isinstance(value, dict):
        return None
    facts = cast("dict[str, object]", value)
    words = next((text for key in _WORDS if isinstance(text := facts.get(key), str)), None)
    if words is None:
        return None
    told = facts.get("status", facts.get("state"))
    if isinstance(told, str):
        return Item(words, _STATES.get(told.casefold(), "open"))
    return Item(words, "done" if facts.get("done") or facts.get("completed") else "open")


def tally(items: Sequence[Item]) -> str:
    """How far it is."""
    counted = [one for one in items if one.state != "dropped"]
    return f"{sum(one.state == 'done' for one in counted)} of {len(counted)} done"


def list_lines(items: Sequence[Item], width: int) -> Iterator[Line]:
    """The list, a sign before each thing to do."""
    for one in items[:_MOST]:
        sign, colour, style = _SIGNS[one.state]
        words = neutralise(one.words[:_LONGEST]).replace("\n", " ").expandtabs(1)
        for index, line in enumerate(wrap((Span(words, style),), max(width - 6, 8))):
            lead = Span(f"    {' ' if index else sign} ", colour, None, True)
            yield line._replace(spans=(lead, *line.spans))
    if len(items) > _MOST:
        yield Line((Span(f"    … {len(items) - _MOST} more", "mute", None, True),))
