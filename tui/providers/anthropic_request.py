"""The neutral conversation as Anthropic's Messages API takes it.

Rules: platform.claude.com, "Messages", "Tool use", "Extended thinking", "Prompt caching".
"""

from __future__ import annotations

from typing import Any, assert_never

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
from tui.providers.sendable import encoded, not_sent, sendable, wire_args, wire_id, wire_name

API = "anthropic"

_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_LONGEST_NAME = 128
_LEAST_BUDGET = 1024
_ANSWER_ROOM = 1024
_BUDGETS = {
    "minimal": 1024, "low": 4096, "medium": 8192, "high": 24_000, "xhigh": 32_000, "max": 48_000,
}  # fmt: skip
_USUAL_BUDGET = 8192
_MARK = {"type": "ephemeral"}
_MARKED_MESSAGES = 2


def body(request: ModelRequest, host: str) -> dict[str, Any]:
    """The request's JSON.

    Args:
        request: What to ask.
        host: "scheme://host:port" it goes to; what was sealed elsewhere is left out.
    """
    messages = _messages(request, host)
    made: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": messages,
    }
    if request.stream:
        made["stream"] = True
    if request.system.strip():
        made["system"] = [{"type": "text", "text": request.system}]
    if request.tools:
        made["tools"] = [_tool(tool) for tool in request.tools]
    thinking = _thinking(request, messages)
    if thinking is not None:
        made["thinking"] = thinking
    elif request.temperature is not None:  # the API takes none beside thinking
        made["temperature"] = request.temperature
    if request.thinking in {"adaptive", "effort"} and request.effort not in {None, "none"}:
        made["output_config"] = {"effort": request.effort}
    if request.cache:
        _mark(made)
    return sendable(made)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.schema}


def _thinking(request: ModelRequest, messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    if request.thinking not in {"adaptive", "budget"}:
        return None
    if request.effort == "none":
        return {"type": "disabled"}
    if request.thinking == "adaptive":
        return {"type": "adaptive", "display": "summarized"}
    wanted = _BUDGETS.get(request.effort or "", _USUAL_BUDGET)
    budget = min(wanted, request.max_tokens - _ANSWER_ROOM)
    if budget < _LEAST_BUDGET or not _may_start_thinking(messages):
        return None
    return {"type": "enabled", "budget_tokens": budget}


def _may_start_thinking(messages: list[dict[str, Any]]) -> bool:
    """Whether `enabled` is taken here: not between a call that has no thinking and its result.

    So it is when the call came from another model; the thinking starts with the next prompt.
    """
    if not messages or messages[-1]["content"][0]["type"] != "tool_result":
        return True
    last = next((m for m in reversed(messages) if m["role"] == "assistant"), None)
    return last is None or last["content"][0]["type"] in {"thinking", "redacted_thinking"}


def _messages(request: ModelRequest, host: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for message in request.messages:
        content = _content(message, request.model, host)
        if not content:
            continue
        if made and made[-1]["role"] == message.role:
            made[-1]["content"] += content
        else:
            made.append({"role": message.role, "content": content})
    for message in made:
        if message["role"] == "user":
            message["content"].sort(key=_after_results)
    if made and made[-1]["role"] == "assistant":
        _trim_end(made[-1]["content"])
    return made


def _after_results(block: dict[str, Any]) -> bool:
    """Sorts results first: behind anything else the API misses them."""
    return block["type"] != "tool_result"


def _trim_end(content: list[dict[str, Any]]) -> None:
    if content[-1]["type"] == "text":
        content[-1]["text"] = content[-1]["text"].rstrip()


def _content(message: Message, model: str, host: str) -> list[dict[str, Any]]:
    blocks = (_block(block, model, host) for block in message.blocks)
    return [block for block in blocks if block is not None]


def _block(block: Block, model: str, host: str) -> dict[str, Any] | None:
    match block:
        case TextBlock():
            return {"type": "text", "text": block.text} if block.text.strip() else None
        case ThinkingBlock():
            if block.sealed is None or not block.sealed.belongs_to(API, host, model):
                return None
            return dict(block.sealed.payload)
        case ToolCallBlock():
            return {
                "type": "tool_use",
                "id": wire_id(block.id),
                "name": wire_name(block.name, _LONGEST_NAME),
                "input": wire_args(block),
            }
        case ToolResultBlock():
            return _result(block)
        case FileBlock():
            return _file(block)
        case _:
            assert_never(block)


def _result(block: ToolResultBlock) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "tool_result", "tool_use_id": wire_id(block.call)}
    if block.output.strip():
        made["content"] = [{"type": "text", "text": block.output}]
    elif not block.ok:  # an error must say something
        made["content"] = [{"type": "text", "text": "failed without output"}]
    if not block.ok:
        made["is_error"] = True
    return made


def _file(block: FileBlock) -> dict[str, Any]:
    source = {"type": "base64", "media_type": block.media_type, "data": encoded(block)}
    if block.media_type in _IMAGES:
        return {"type": "image", "source": source}
    if block.media_type == "application/pdf":
        return {"type": "document", "source": source, "title": block.name}
    return {"type": "text", "text": not_sent(block)}


def _mark(made: dict[str, Any]) -> None:
    """Cache marks, at most the four that the API takes: tools, system, the last two user messages.

    The first two hold for the whole session; of the messages, the one before the last was marked
    in the request before this, so it is read, and the last is written for the next one.
    """
    for key in ("tools", "system"):
        if made.get(key):
            made[key][-1]["cache_control"] = _MARK
    ours = [message for message in made["messages"] if message["role"] == "user"]
    for message in ours[-_MARKED_MESSAGES:]:
        message["content"][-1]["cache_control"] = _MARK
