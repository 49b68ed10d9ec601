"""What more than one wire asks of a neutral history before it may be sent."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from tui.providers.base import FileBlock, ToolCallBlock
from tui.providers.loose import as_rows, as_table

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def wire_id(call: str) -> str:
    """A tool call's id in the letters that every wire takes; one that has only these stays.

    The same id always gives the same, so that a call and its result still meet and a prompt cache
    still hits; two different ids never give one.
    """
    if _ID.fullmatch(call):
        return call
    digest = hashlib.sha256(call.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^a-zA-Z0-9_-]', '_', call[:40]) or 'call'}_{digest}"


def wire_name(name: str, longest: int) -> str:
    """A tool's name in the letters that every wire takes: a model may have called what is none."""
    cleaned = re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:longest]
    return cleaned if re.match(r"[a-zA-Z_]", cleaned) else f"_{cleaned}"[:longest]


def wire_args(call: ToolCallBlock) -> dict[str, Any]:
    """A call's arguments as an object; those that were no JSON object stand in it as they came."""
    return call.args if call.args is not None else {"invalid_json": call.raw or ""}


def encoded(file: FileBlock) -> str:
    """The file's bytes in base64."""
    return base64.b64encode(file.data).decode("ascii")


def not_sent(file: FileBlock) -> str:
    """The sentence that stands for a file of a kind that this wire does not take."""
    return f"[The file {file.name} ({file.media_type}) cannot be sent to this model.]"


def sendable(body: dict[str, Any]) -> dict[str, Any]:
    """`body` with every string fit for UTF-8: surrogates, from bytes that were none, replaced."""
    return {_text(key): _value(entry) for key, entry in body.items()}


def _value(value: object) -> object:
    if isinstance(value, str):
        return _text(value)
    if (fields := as_table(value)) is not None:
        return sendable(fields)
    if (entries := as_rows(value)) is not None:
        return [_value(entry) for entry in entries]
    return value


def _text(text: str) -> str:
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
