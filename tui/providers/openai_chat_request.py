"""The neutral conversation as a chat completions endpoint takes it, with the vendors' differences.

Rules: platform.openai.com, "Chat completions"; openrouter.ai, "Reasoning tokens" and "Prompt
caching"; api-docs.deepseek.com, docs.z.ai and platform.moonshot.ai, "Thinking"; docs.mistral.ai.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Protocol, assert_never
from urllib.parse import urlsplit

from tui.providers.base import (
    FileBlock,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from tui.providers.loose import rows, table, word
from tui.providers.openai_shared import (
    IMAGES,
    PDF,
    ToolNames,
    data_url,
    result_text,
    sent_args,
)
from tui.providers.sendable import not_sent, sendable, wire_id

API = "openai-chat"

_LONGEST_ID = 40
_MISTRAL_ID = re.compile(r"[a-zA-Z0-9]{9}")
_NO_STREAM_OPTIONS = {"mistral"}
_NO_USER_BEHIND_TOOL = {"mistral"}
_COMPLETION_TOKENS = {"azure"}
_THINKING_SWITCH = {"deepseek", "zai", "moonshotai"}
_THOUGHTFUL = {"deepseek", "moonshotai"}
_THOUGHTFUL_MODEL = re.compile("deepseek|kimi", re.IGNORECASE)
_NO_THOUGHT = " "
"""Stands for the reasoning that these want with every call, where another model made it."""
_MARK = {"type": "ephemeral"}
_OURS = {"model", "messages", "stream", "tools"}


class Place(Protocol):
    """Where a request goes, as far as its body depends on it."""

    base_url: str
    vendor: str | None


def body(request: ModelRequest, place: Place, host: str, names: ToolNames) -> dict[str, Any]:
    """The request's JSON.

    Args:
        request: What to ask.
        place: Its address and vendor.
        host: "scheme://host:port" of it; what was sealed elsewhere is left out.
        names: The names that the tools have on the wire.
    """
    maker = _is_openai(place.base_url)
    most = "max_completion_tokens" if maker or place.vendor in _COMPLETION_TOKENS else "max_tokens"
    made: dict[str, Any] = {
        "model": request.model,
        "messages": _Messages(request, place, host, names).made(),
        most: request.max_tokens,
    }
    if request.stream:
        made["stream"] = True
        if place.vendor not in _NO_STREAM_OPTIONS:
            made["stream_options"] = {"include_usage": True}
    if request.tools:
        made["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": names.sent(tool.name),
                    "description": tool.description,
                    "parameters": tool.schema,
                },
            }
            for tool in request.tools
        ]
    if request.temperature is not None and not (maker and request.thinking):
        made["temperature"] = request.temperature
    made |= _effort(request, place.vendor)
    if place.vendor == "openrouter":
        made["usage"] = {"include": True}
        if request.cache and request.model.startswith("anthropic/"):
            _mark(made["messages"])
    made |= {name: value for name, value in request.extra_body.items() if name not in _OURS}
    return sendable(made)


def _is_openai(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def _effort(request: ModelRequest, vendor: str | None) -> dict[str, Any]:
    effort = request.effort
    if effort is None:
        return {}
    if vendor == "openrouter":
        return {"reasoning": {"effort": effort}}
    if vendor in _THINKING_SWITCH:
        switch = {"thinking": {"type": "disabled" if effort == "none" else "enabled"}}
        graded = vendor == "deepseek" and effort != "none"
        return {**switch, "reasoning_effort": effort} if graded else switch
    if vendor == "alibaba":
        return {"enable_thinking": effort != "none"}
    return {"reasoning_effort": effort}


class _Messages:
    """The messages of one request."""

    def __init__(self, request: ModelRequest, place: Place, host: str, names: ToolNames) -> None:
        self._request, self._vendor = request, place.vendor
        self._host, self._names = host, names
        self._ids: dict[str, str] = {}
        named = place.vendor is None and _THOUGHTFUL_MODEL.search(request.model) is not None
        self._wants_thought = named or place.vendor in _THOUGHTFUL

    def made(self) -> list[dict[str, Any]]:
        """All of them, the system prompt first."""
        made: list[dict[str, Any]] = []
        if self._request.system.strip():
            made.append({"role": "system", "content": self._request.system})
        for message in self._request.messages:
            made += self._user(message) if message.role == "user" else self._assistant(message)
        return made

    def _user(self, message: Message) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        parts: list[dict[str, Any]] = []
        for block in message.blocks:
            match block:
                case ToolResultBlock():
                    call = self._ids.get(block.call) or self._id(block.call)
                    made.append(
                        {"role": "tool", "tool_call_id": call, "content": result_text(block)}
                    )
                case TextBlock():
                    if block.text.strip():
                        parts.append({"type": "text", "text": block.text})
                case FileBlock():
                    parts.append(self._file(block))
                case ThinkingBlock() | ToolCallBlock():
                    pass  # the model's, not the person's
                case _:
                    assert_never(block)
        if parts:
            if made and self._vendor in _NO_USER_BEHIND_TOOL:
                made.append({"role": "assistant", "content": "OK."})
            made.append({"role": "user", "content": _plain(parts)})
        return made

    def _file(self, block: FileBlock) -> dict[str, Any]:
        url = data_url(block)
        if block.media_type in IMAGES:
            return {"type": "image_url", "image_url": {"url": url}}
        if block.media_type == PDF and self._vendor == "mistral":
            return {"type": "document_url", "document_url": url, "document_name": block.name}
        if block.media_type == PDF:
            return {"type": "file", "file": {"filename": block.name, "file_data": url}}
        return {"type": "text", "text": not_sent(block)}

    def _assistant(self, message: Message) -> list[dict[str, Any]]:
        texts: list[str] = []
        calls: list[dict[str, Any]] = []
        thought: list[dict[str, Any]] = []
        for block in message.blocks:
            match block:
                case TextBlock():
                    texts += [block.text] if block.text.strip() else []
                case ToolCallBlock():
                    calls.append(self._call(block))
                case ThinkingBlock():
                    thought.append(self._own(block))
                case ToolResultBlock() | FileBlock():
                    pass  # the person's, not the model's
                case _:
                    assert_never(block)
        if not texts and not calls:
            return []
        made: dict[str, Any] = {"role": "assistant", "content": "\n\n".join(texts) or None}
        if calls:
            made["tool_calls"] = calls
        _think(made, thought)
        if calls and self._wants_thought and "reasoning_content" not in made:
            made["reasoning_content"] = _NO_THOUGHT
        return [made]

    def _own(self, block: ThinkingBlock | ToolCallBlock) -> dict[str, Any]:
        """What was sealed by this very maker, host and model."""
        sealed = block.sealed
        if sealed is None or not sealed.belongs_to(API, self._host, self._request.model):
            return {}
        return table(sealed.payload)

    def _call(self, block: ToolCallBlock) -> dict[str, Any]:
        own = self._own(block)
        call = self._ids[block.id] = word(own.get("id")) or self._id(block.id)
        made: dict[str, Any] = {
            "id": call,
            "type": "function",
            "function": {
                "name": self._names.sent(block.name),
                "arguments": sent_args(block.args, block.raw),
            },
        }
        if own.get("extra_content"):
            made["extra_content"] = own["extra_content"]
        return made

    def _id(self, call: str) -> str:
        if self._vendor == "mistral":
            return call if _MISTRAL_ID.fullmatch(call) else _digest(call, 9)
        made = wire_id(call)
        return made if len(made) <= _LONGEST_ID else f"call_{_digest(call, 24)}"


def _digest(call: str, length: int) -> str:
    return hashlib.sha256(call.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def _think(made: dict[str, Any], thought: list[dict[str, Any]]) -> None:
    """The model's own reasoning, in the form in which it came.

    `reasoning_content` belongs to a message with calls for good (DeepSeek refuses the request
    without it, in later turns too); behind a plain answer it is ignored, and only costs.
    """
    details = [entry for own in thought for entry in rows(own.get("reasoning_details"))]
    if details:
        made["reasoning_details"] = details
    parts = [part for own in thought for part in rows(own.get("parts"))]
    if parts:
        text = [{"type": "text", "text": made["content"]}] if made["content"] else []
        made["content"] = [*parts, *text]
    content = "".join(word(own.get("reasoning_content")) or "" for own in thought)
    if content and "tool_calls" in made:
        made["reasoning_content"] = content


def _plain(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Text alone as a string: many compatible servers take no list."""
    if all(part["type"] == "text" for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return parts


def _mark(messages: list[dict[str, Any]]) -> None:
    """Cache marks for Anthropic's models: on the system prompt and the last user message."""
    users = [message for message in messages if message["role"] == "user"]
    for message in [*messages[:1], *users[-1:]]:
        if message["role"] not in {"system", "user"}:
            continue
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        parts: list[dict[str, Any]] = message["content"]
        parts[-1]["cache_control"] = _MARK
