"""What OpenAI's two wires have in common: headers out, names and arguments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tui.events.tool import ToolSpec
from tui.providers.base import Access, FileBlock, ToolResultBlock
from tui.providers.loose import as_table
from tui.providers.sendable import encoded, wire_name

LONGEST_NAME = 64
IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
PDF = "application/pdf"

_PRICE_HEADERS = ("x-litellm-response-cost",)


def headers(access: Access) -> dict[str, str]:
    """All headers of a request, beside those that HTTP itself needs."""
    own = {"accept": "application/json", "content-type": "application/json"}
    taken = {*own, "authorization"}
    made = {k: v for k, v in access.headers.items() if k.lower() not in taken} | own
    if access.secret is not None:
        made["authorization"] = f"Bearer {access.secret.reveal()}"
    return made


def price_headers(heads: Mapping[str, str]) -> dict[str, str]:
    """The headers that state what the request cost."""
    return {name: heads[name] for name in _PRICE_HEADERS if heads.get(name)}


class ToolNames:
    """The tools' names as the wire takes them, and back; two tools never share one."""

    def __init__(self, tools: Iterable[ToolSpec]) -> None:
        self._ours: dict[str, str] = {}
        self._theirs: dict[str, str] = {}
        for tool in tools:
            name = wire_name(tool.name, LONGEST_NAME)
            number = 2
            while name in self._ours:
                tail = f"_{number}"
                name = wire_name(tool.name, LONGEST_NAME - len(tail)) + tail
                number += 1
            self._ours[name], self._theirs[tool.name] = tool.name, name

    def sent(self, name: str) -> str:
        """The wire's name of a tool, also of one that is not offered now."""
        return self._theirs.get(name) or wire_name(name, LONGEST_NAME)

    def came(self, name: str) -> str:
        """Our name of a tool that the model called."""
        return self._ours.get(name, name)


def read_args(said: object) -> tuple[dict[str, Any] | None, str | None]:
    """A call's arguments: (the object, None), or (None, what came) where it is no JSON object.

    Nothing, an empty string and `null` are an empty object.
    """
    if (given := as_table(said)) is not None:
        return given, None
    if said is None:
        return {}, None
    if not isinstance(said, str):
        return None, json.dumps(said)
    if not said.strip():
        return {}, None
    try:
        value: object = json.loads(said)
        if isinstance(value, str):  # encoded twice, as some small models' servers do
            value = json.loads(value) if value.strip() else None
    except (ValueError, RecursionError):
        return None, said
    if value is None:
        return {}, None
    args = as_table(value)
    return (args, None) if args is not None else (None, said)


def sent_args(args: dict[str, Any] | None, raw: str | None) -> str:
    """A call's arguments as JSON text; those that were no object stand in one as they came."""
    return json.dumps(args if args is not None else {"invalid_json": raw or ""}, ensure_ascii=False)


def result_text(block: ToolResultBlock) -> str:
    """A result as text: these wires have no mark for a failed call, and take no empty one."""
    output = block.output if block.output.strip() else "(no output)"
    return output if block.ok else f"The tool failed: {output}"


def data_url(file: FileBlock) -> str:
    """The file as a `data:` address."""
    return f"data:{file.media_type};base64,{encoded(file)}"
