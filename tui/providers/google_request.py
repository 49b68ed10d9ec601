"""The neutral conversation as Gemini's generateContent takes it.

Rules: ai.google.dev, "Text generation", "Function calling", "Thinking", "Thought signatures".
"""

from __future__ import annotations

from typing import Any, assert_never

from tui.events.stream import Sealed
from tui.events.tool import ToolSpec
from tui.providers.base import (
    Block,
    FileBlock,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from tui.providers.loose import as_rows, as_table, table, word
from tui.providers.sendable import encoded, not_sent, sendable, wire_args, wire_id, wire_name

API = "google"

_FILES = {
    "image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "application/pdf",
}  # fmt: skip
_LONGEST_NAME = 64
_NO_SIGNATURE = "skip_thought_signature_validator"
_LEVELS = {"none": "MINIMAL", "max": "HIGH"}
_BUDGETS = {
    "none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 32_768,
    "max": 32_768,
}  # fmt: skip
_LEAST_BUDGET = 128
_ANSWER_ROOM = 1024
_NOT_SCHEMA = {"$schema", "$id", "$comment"}
_NAMED_SCHEMAS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_VALUES = {"enum", "const", "default", "examples", "required"}


def body(request: ModelRequest, host: str) -> dict[str, Any]:
    """The request's JSON.

    Args:
        request: What to ask.
        host: "scheme://host:port" it goes to; what was sealed elsewhere is left out.
    """
    config: dict[str, Any] = {"maxOutputTokens": request.max_tokens}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    thinking = _thinking(request)
    if thinking is not None:
        config["thinkingConfig"] = thinking
    made: dict[str, Any] = {"contents": _contents(request, host), "generationConfig": config}
    if request.system.strip():
        made["systemInstruction"] = {"parts": [{"text": request.system}]}
    if request.tools:
        made["tools"] = [{"functionDeclarations": [_tool(tool) for tool in request.tools]}]
    return sendable(made)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": schema(tool.schema),
    }


def schema(source: dict[str, Any]) -> dict[str, Any]:
    """A tool's JSON Schema without what Gemini refuses: `$schema`, `$id`, `$comment`."""
    made: dict[str, Any] = {}
    for key, value in source.items():
        if key in _NOT_SCHEMA:
            continue
        named = as_table(value) if key in _NAMED_SCHEMAS else None
        if named is not None:
            made[key] = {name: _sub(entry) for name, entry in named.items()}
        else:
            made[key] = value if key in _VALUES else _sub(value)
    return made


def _sub(value: object) -> object:
    if (inner := as_table(value)) is not None:
        return schema(inner)
    if (entries := as_rows(value)) is not None:
        return [_sub(entry) for entry in entries]
    return value


def _thinking(request: ModelRequest) -> dict[str, Any] | None:
    made: dict[str, Any] = {"includeThoughts": True}
    if request.thinking == "level":
        if request.effort is not None:
            made["thinkingLevel"] = _LEVELS.get(request.effort, request.effort.upper())
        return made
    if request.thinking == "budget":
        wanted = _BUDGETS.get(request.effort or "")
        if wanted is not None:
            # Thoughts count as output: what they take is not there for the answer.
            made["thinkingBudget"] = min(
                wanted, max(_LEAST_BUDGET, request.max_tokens - _ANSWER_ROOM)
            )
        return made
    return None


def _contents(request: ModelRequest, host: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for message in request.messages:
        parts = _parts(message, request.model, host)
        if not parts:
            continue
        role = "user" if message.role == "user" else "model"
        if made and made[-1]["role"] == role:
            made[-1]["parts"] += parts
        else:
            made.append({"role": role, "parts": parts})
    for content in made:
        if content["role"] == "user":
            content["parts"].sort(key=_after_results)
        elif request.thinking is not None:
            _excuse(content["parts"])
    return made


def _after_results(part: dict[str, Any]) -> bool:
    """Sorts results first: they stand right behind their calls."""
    return "functionResponse" not in part


def _excuse(parts: list[dict[str, Any]]) -> None:
    """Mark calls that another model made: a thinking Gemini refuses them without a signature."""
    calls = [part for part in parts if "functionCall" in part]
    if calls and not any("thoughtSignature" in part for part in calls):
        calls[0]["thoughtSignature"] = _NO_SIGNATURE


def _parts(message: Message, model: str, host: str) -> list[dict[str, Any]]:
    return [part for block in message.blocks for part in _part(block, model, host)]


def _part(block: Block, model: str, host: str) -> list[dict[str, Any]]:
    match block:
        case TextBlock():
            own = _own(block.sealed, model, host)
            if own is None:
                return [{"text": block.text}] if block.text.strip() else []
            return _signed(block.text, own, {})
        case ThinkingBlock():
            own = _own(block.sealed, model, host)
            return [] if own is None else _signed(block.text, own, {"thought": True})
        case ToolCallBlock():
            call = {
                "id": wire_id(block.id),
                "name": wire_name(block.name, _LONGEST_NAME),
                "args": wire_args(block),
            }
            own = _own(block.sealed, model, host) or {}
            signature = word(own.get("thoughtSignature"))
            extra = {"thoughtSignature": signature} if signature else {}
            return [{"functionCall": call, **extra}]
        case ToolResultBlock():
            said = {"output": block.output} if block.ok else {"error": block.output or "failed"}
            name = wire_name(block.name, _LONGEST_NAME)
            made = {"id": wire_id(block.call), "name": name, "response": said}
            return [{"functionResponse": made}]
        case FileBlock():
            if block.media_type not in _FILES:
                return [{"text": not_sent(block)}]
            return [{"inlineData": {"mimeType": block.media_type, "data": encoded(block)}}]
        case _:
            assert_never(block)


def _own(sealed: Sealed | None, model: str, host: str) -> dict[str, Any] | None:
    if sealed is None or not sealed.belongs_to(API, host, model):
        return None
    return table(sealed.payload)


def _signed(said: str, own: dict[str, Any], marks: dict[str, Any]) -> list[dict[str, Any]]:
    """A block as it came: what was said before the signed part, then that part, signed."""
    start = own.get("start")
    start = start if isinstance(start, int) else 0
    before = [{"text": said[:start], **marks}] if said[:start] else []
    signature = own.get("thoughtSignature")
    return [*before, {"text": said[start:], **marks, "thoughtSignature": signature}]
