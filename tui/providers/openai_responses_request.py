"""The neutral conversation as OpenAI's Responses API takes it.

Rules: platform.openai.com, "Responses", "Reasoning" (encrypted items go back as they came, each
followed by what it led to), "Function calling".
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
from tui.providers.loose import table, word
from tui.providers.openai_shared import (
    IMAGES,
    PDF,
    ToolNames,
    data_url,
    result_text,
    sent_args,
)
from tui.providers.sendable import not_sent, sendable, wire_id

API = "openai-responses"

ENCRYPTED = "reasoning.encrypted_content"


def body(request: ModelRequest, host: str, names: ToolNames) -> dict[str, Any]:
    """The request's JSON; nothing is stored at the maker's.

    Args:
        request: What to ask.
        host: "scheme://host:port" it goes to; what was sealed elsewhere is left out.
        names: The names that the tools have on the wire.
    """
    made: dict[str, Any] = {
        "model": request.model,
        "input": _Items(request, host, names).made(),
        "max_output_tokens": request.max_tokens,
        "store": False,
    }
    if request.stream:
        made["stream"] = True
    if request.system.strip():
        made["instructions"] = request.system
    if request.tools:
        made["tools"] = [_tool(tool, names) for tool in request.tools]
    if request.thinking is not None:
        # A model that does not think refuses both.
        made["include"] = [ENCRYPTED]
        made["reasoning"] = {"summary": "auto"}
        if request.effort is not None:
            made["reasoning"]["effort"] = request.effort
    elif request.temperature is not None:
        made["temperature"] = request.temperature
    return sendable(made)


def _tool(tool: ToolSpec, names: ToolNames) -> dict[str, Any]:
    return {
        "type": "function",
        "name": names.sent(tool.name),
        "description": tool.description,
        "parameters": tool.schema,
        "strict": False,
    }


class _Items:
    """The input items of one request."""

    def __init__(self, request: ModelRequest, host: str, names: ToolNames) -> None:
        self._request, self._host, self._names = request, host, names

    def made(self) -> list[dict[str, Any]]:
        """All of them."""
        made: list[dict[str, Any]] = []
        for message in self._request.messages:
            made += self._user(message) if message.role == "user" else self._assistant(message)
        return made

    def _user(self, message: Message) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        parts: list[dict[str, Any]] = []
        for block in message.blocks:
            match block:
                case ToolResultBlock():
                    made.append(
                        {
                            "type": "function_call_output",
                            "call_id": wire_id(block.call),
                            "output": result_text(block),
                        }
                    )
                case TextBlock():
                    if block.text.strip():
                        parts.append({"type": "input_text", "text": block.text})
                case FileBlock():
                    parts.append(_file(block))
                case ThinkingBlock() | ToolCallBlock():
                    pass  # the model's, not the person's
                case _:
                    assert_never(block)
        if parts:
            made.append({"type": "message", "role": "user", "content": parts})
        return made

    def _assistant(self, message: Message) -> list[dict[str, Any]]:
        made = [item for item in map(self._item, message.blocks) if item is not None]
        # Reasoning that an interruption left without what it led to is refused.
        while made and made[-1]["type"] == "reasoning":
            made.pop()
        return made

    def _item(self, block: Block) -> dict[str, Any] | None:
        match block:
            case TextBlock():
                return self._text(block)
            case ThinkingBlock():
                return self._own(block.sealed) or None
            case ToolCallBlock():
                return {
                    "type": "function_call",
                    "call_id": wire_id(block.id),
                    "name": self._names.sent(block.name),
                    "arguments": sent_args(block.args, block.raw),
                }
            case ToolResultBlock() | FileBlock():
                return None  # the person's, not the model's
            case _:
                assert_never(block)

    def _text(self, block: TextBlock) -> dict[str, Any] | None:
        if not block.text.strip():
            return None
        made: dict[str, Any] = {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": block.text}],
        }
        phase = word(self._own(block.sealed).get("phase"))
        return {**made, "phase": phase} if phase else made

    def _own(self, sealed: Sealed | None) -> dict[str, Any]:
        """What was sealed by this very maker, host and model."""
        if sealed is None or not sealed.belongs_to(API, self._host, self._request.model):
            return {}
        return table(sealed.payload)


def _file(block: FileBlock) -> dict[str, Any]:
    if block.media_type in IMAGES:
        return {"type": "input_image", "image_url": data_url(block)}
    if block.media_type == PDF:
        return {"type": "input_file", "filename": block.name, "file_data": data_url(block)}
    return {"type": "input_text", "text": not_sent(block)}
