"""What a tool of a server gave, as text for the model: nothing in it is fetched."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from tui.tools.base import ToolOutput
from tui.tools.files import LOOK, binary_kind
from tui.tools.output import amount, shown_name

MOST_CHARS = 40_000
_MOST_ADDRESS = 2_000


def as_output(server: str, result: Mapping[str, Any]) -> ToolOutput:
    """The result of `tools/call`, as it crosses; cut with a notice where it is long."""
    content = result.get("content")
    blocks = cast("list[object]", content) if isinstance(content, list) else []
    text = "\n".join(_told(blocks))
    structured = result.get("structuredContent")
    if not text and structured is not None:
        text = json.dumps(structured, ensure_ascii=False)
    ok = result.get("isError") is not True
    if not ok:
        text = f"{server}: {text or 'it failed, and said nothing'}"
    cut = len(text) > MOST_CHARS
    note = f"\n[cut: {MOST_CHARS:,} of {amount(len(text), 'characters')}]" if cut else ""
    return ToolOutput(ok, f"{text[:MOST_CHARS]}{note}" or "[nothing]", truncated=cut)


def _told(blocks: Sequence[object]) -> Iterator[str]:
    for one in blocks:
        block = _table(one)
        match block.get("type"):
            case "text":
                yield _text(block.get("text"))
            case "image" | "audio" as kind:
                yield _bytes(block, "data", f"a piece of {kind}" if kind == "audio" else "an image")
            case "resource_link":
                yield f"[a link, not followed: {_address(block)} {_name(block)}]"
            case "resource":
                yield from _resource(_table(block.get("resource")))
            case kind:
                yield f"[a part of the kind {shown_name(str(kind)[:80])}, not shown]"


def _resource(resource: Mapping[str, Any]) -> Iterator[str]:
    yield f"[resource {_address(resource)}]"
    if isinstance(resource.get("text"), str):
        yield _text(resource["text"])
    elif "blob" in resource:
        yield _bytes(resource, "blob", "a file")


def _bytes(block: Mapping[str, Any], field: str, what: str) -> str:
    """What stands for bytes: what they are, as `read` says it of a file."""
    data = block.get(field)
    encoded = data if isinstance(data, str) else ""
    size = len(encoded) * 3 // 4 - encoded[-2:].count("=")
    try:
        head = base64.b64decode(encoded[: LOOK // 3 * 4], validate=True)
    except (binascii.Error, ValueError):
        head = b""
    media = shown_name(str(block.get("mimeType") or "unknown")[:80])
    kind = binary_kind(head) or what
    return f"[{kind}, {media}, {amount(max(size, 0), 'bytes')}: it holds no text]"


def _address(block: Mapping[str, Any]) -> str:
    return shown_name(str(block.get("uri") or "")[:_MOST_ADDRESS])


def _name(block: Mapping[str, Any]) -> str:
    return shown_name(str(block.get("title") or block.get("name") or "")[:_MOST_ADDRESS])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
