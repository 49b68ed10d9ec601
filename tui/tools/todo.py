"""A list of what is to do, kept in the conversation itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from tui.events.tool import ToolSpec
from tui.tools.base import CallFailed, ToolContext, ToolOutput, failed, make_spec, parse_args
from tui.tools.effects import Effect, Nothing
from tui.tools.output import amount

_MOST_ITEMS = 50
_MOST_CHARS = 300
_MARKS = {"todo": "[ ]", "doing": "[>]", "done": "[x]", "dropped": "[-]"}


class TodoItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(description="What is to do.")]
    state: Literal["todo", "doing", "done", "dropped"] = "todo"


class TodoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: Annotated[
        tuple[TodoItem, ...], msgspec.Meta(description="The whole list, in order, each time.")
    ]


class TodoTool:
    """Writes the list down; the person sees it."""

    def __init__(self) -> None:
        self.spec: ToolSpec = _inlined(
            make_spec(
                "todo",
                "Writes down the steps of a longer task and their state, for you and the person. "
                "Send the whole list each time; one item is `doing`.",
                TodoArgs,
            )
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        _todo_args(args)
        return Nothing()

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        try:
            items = _todo_args(args).items
        except CallFailed as error:
            return failed(error, args)
        lines = [f"{_MARKS[item.state]} {' '.join(item.text.split())}" for item in items]
        done = sum(item.state in ("done", "dropped") for item in items)
        return ToolOutput(True, "\n".join([*lines, f"[{done} of {amount(len(items), 'items')}]"]))


def _todo_args(args: dict[str, Any]) -> TodoArgs:
    call = parse_args(args, TodoArgs, '{"items": [{"text": "Fix the test", "state": "doing"}]}')
    if len(call.items) > _MOST_ITEMS:
        raise CallFailed(f"More than {_MOST_ITEMS} items: keep to the larger steps.")
    if any(len(item.text) > _MOST_CHARS or not item.text.strip() for item in call.items):
        raise CallFailed(f"Each item needs words, at most {_MOST_CHARS} characters of them.")
    return call


def _inlined(spec: ToolSpec) -> ToolSpec:
    """With the item's schema in its place: not every provider follows a reference."""
    _, components = msgspec.json.schema_components([TodoItem])
    item = dict(components["TodoItem"])
    item.pop("title", None)
    schema = dict(spec.schema)
    schema["properties"] = {"items": {**schema["properties"]["items"], "items": item}}
    return msgspec.structs.replace(spec, schema=schema)
