"""How models are told of a tool: as JSON, or as a type declaration (pure).

OpenAI writes functions out as TypeScript types in a namespace; others write their JSON Schema.
"""

from __future__ import annotations

import json
from typing import Any, cast

from tui.events.tool import ToolSpec

_Shape = dict[str, Any]


def as_json(value: object) -> str:
    """JSON as templates write it: a blank behind commas and colons, letters as they are."""
    return json.dumps(value, ensure_ascii=False, default=str)


def as_types(spec: ToolSpec) -> str:
    """`// what it does`, then `type name = (_: {…}) => any;`."""
    told = [f"// {line.strip()}" for line in spec.description.splitlines() if line.strip()]
    fields = _fields(spec.schema)
    takes = f"(_: {{\n{fields}\n}})" if fields else "()"
    return "\n".join([*told, f"type {spec.name} = {takes} => any;"])


def _fields(schema: _Shape) -> str:
    needed = cast("list[Any]", schema.get("required") or [])
    lines: list[str] = []
    for name, shape in cast("dict[str, Any]", schema.get("properties") or {}).items():
        if not isinstance(shape, dict):
            continue
        known = cast("_Shape", shape)
        if about := known.get("description"):
            lines.append(f"// {about}")
        lines.append(f"{name}{'' if name in needed else '?'}: {_type(known)},")
    return "\n".join(lines)


def _type(shape: _Shape) -> str:
    if choices := shape.get("enum"):
        return " | ".join(as_json(one) for one in cast("list[Any]", choices))
    for several in ("anyOf", "oneOf"):
        if found := shape.get(several):
            return " | ".join(_type(one) for one in cast("list[_Shape]", found))
    match shape.get("type"):
        case "object" | "OBJECT":
            return f"{{\n{_fields(shape)}\n}}" if shape.get("properties") else "object"
        case "array" | "ARRAY":
            return f"{_type(cast('_Shape', shape.get('items') or {}))}[]"
        case "integer":
            return "number"
        case str(name):
            return name.lower()
        case _:
            return "any"
