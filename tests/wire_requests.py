"""Recorded request bodies as neutral requests, where what a provider counted can be counted.

    request = counted_request(case)      # a CountedRequest; None where it cannot be

What cannot be counted by anybody outside: bodies that the recorder shortened or changed, tools and
files that live at the provider's, reasoning that comes back encrypted, forced output formats, which
ownkey never asks for, and places whose price list says that they add to prompts (web search).
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from tests.wire_cases import Case
from tui.events.tool import ToolSpec
from tui.providers.base import (
    Api,
    Block,
    FileBlock,
    Message,
    ModelRequest,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)

MAKERS = {"anthropic": "anthropic", "openai-chat": "openai", "openai-responses": "openai",
          "google": "google"}  # fmt: skip
HIDDEN = ("thoughtSignature", "encrypted_content", "signature", "reasoning_content",
          "redacted_thinking", "reasoning_text")  # fmt: skip
CHANGED = ("elided>", "removed)")
FORMS = ("response_format", "output_format", "text", "mcp_servers", "output_config.format",
         "moderation", "container")  # fmt: skip
SEARCHES = frozenset({"perplexity"})
ROUTERS = ("compound", "x-ai/")
"""Models that answer over prompts of their maker's."""


class CountedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`maker`: anthropic, openai or google where it was recorded there, else `compatible`."""

    id: str
    maker: str
    api: Api
    request: ModelRequest
    told: int  # tokens of the prompt, by the provider


class NotCounted(Exception):
    """Why a body cannot be counted."""


def counted_request(case: Case) -> CountedRequest | None:
    """The case's request, where its tokens are told and all of its prompt is at hand."""
    expect, sent = case["expect"], case.get("request") or {}
    told = (expect.get("billing") or {}).get("input_total")
    body = sent.get("body")
    if not told or not isinstance(body, dict) or case["api"] not in MAKERS:
        return None
    try:
        _refuse(case, body)
        model = str(body.get("model") or expect.get("model") or "")
        request = _READERS[case["api"]](body, model)
    except (NotCounted, KeyError, TypeError):  # KeyError: a kind of part that is read by nobody
        return None
    made = case["provider"] in MAKERS and not case.get("vendor")
    maker = MAKERS[case["api"]] if made else "compatible"
    return CountedRequest(id=case["id"], maker=maker, api=case["api"], request=request, told=told)


def _refuse(case: Case, body: dict[str, Any]) -> None:
    written = json.dumps(body, ensure_ascii=False)
    usage = case["expect"].get("usage") or {}
    if usage.get("tool_prompt") or case["expect"].get("server_tools"):
        raise NotCounted("the provider ran a tool of its own")
    if any(f'"{word}"' in written for word in HIDDEN):
        raise NotCounted("it holds reasoning that only the provider can read")
    if any(word in written for word in CHANGED) or case.get("origin") == "edited":
        raise NotCounted("the recorder has changed it")
    if any(body.get(form) for form in FORMS):
        raise NotCounted("it asks for a form of output that adds to the prompt")
    if (body.get("generationConfig") or {}).get("responseSchema"):
        raise NotCounted("it asks for a form of output that adds to the prompt")
    choice = body.get("tool_choice") if case["api"] == "anthropic" else None
    if choice and choice.get("type") not in {"auto", "none"}:
        raise NotCounted("a forced tool has a prompt of its own, and ownkey forces none")
    if case.get("vendor") in SEARCHES or any(x in str(body.get("model")) for x in ROUTERS):
        raise NotCounted("the place adds a prompt of its own")
    if body.get("models"):
        raise NotCounted("another model answered than the one that was asked")
    cached = (usage.get("cache_read") or 0) + (usage.get("cache_write") or 0)
    if case["api"] == "anthropic" and cached and "cache_control" not in written:
        raise NotCounted("its usage is not that of this body: nothing in it asks for a cache")


def _anthropic(body: dict[str, Any], model: str) -> ModelRequest:
    system = body.get("system") or ""
    messages = [
        (one["role"], [_anthropic_block(part) for part in _parts(one["content"])])
        for one in body["messages"]
    ]
    thinking = (body.get("thinking") or {}).get("type")
    return _request(
        model,
        system if isinstance(system, str) else "".join(part["text"] for part in system),
        messages,
        [_spec(tool, "input_schema") for tool in body.get("tools") or ()],
        {"enabled": "budget", "adaptive": "adaptive"}.get(thinking or ""),
    )


def _anthropic_block(part: dict[str, Any]) -> Block:
    match part["type"]:
        case "text":
            return TextBlock(text=part["text"])
        case "tool_use":
            return ToolCallBlock(id=part["id"], name=part["name"], args=part["input"])
        case "tool_result":
            return _result(part["tool_use_id"], part.get("content"))
        case "image" | "document" if part["source"]["type"] == "base64":
            source = part["source"]
            return _file(source["media_type"], source["data"])
        case other:
            raise NotCounted(other)


def _chat(body: dict[str, Any], model: str) -> ModelRequest:
    system: list[str] = []
    messages: list[tuple[str, list[Block]]] = []
    for one in body["messages"]:
        parts = _parts(one.get("content") or "")
        match one["role"]:
            case "system" | "developer":
                system.append("".join(part["text"] for part in parts))
            case "tool":
                messages.append(("user", [_result(one["tool_call_id"], parts)]))
            case role:
                blocks = [_openai_part(part) for part in parts]
                blocks += [_call(one["id"], one["function"]) for one in one.get("tool_calls") or ()]
                messages.append((role, blocks))
    specs = [_spec(tool["function"], "parameters") for tool in body.get("tools") or ()]
    return _request(model, "\n".join(system), messages, specs)


def _responses(body: dict[str, Any], model: str) -> ModelRequest:
    system = [body["instructions"]] if body.get("instructions") else []
    items = body["input"]
    items = [{"role": "user", "content": items}] if isinstance(items, str) else items
    messages: list[tuple[str, list[Block]]] = []
    for item in items:
        match item.get("type", "message"):
            case "function_call":
                messages.append(("assistant", [_call(item["call_id"], item)]))
            case "function_call_output":
                messages.append(("user", [_result(item["call_id"], item["output"])]))
            case "message" if item["role"] in {"system", "developer"}:
                system.append("".join(part["text"] for part in _parts(item["content"])))
            case "message":
                blocks = [_openai_part(part) for part in _parts(item["content"])]
                messages.append((item["role"], blocks))
            case other:
                raise NotCounted(other)
    tools = body.get("tools") or ()
    if any(tool.get("type") != "function" or tool.get("defer_loading") for tool in tools):
        raise NotCounted("a tool of the provider's")
    return _request(model, "\n".join(system), messages, [_spec(t, "parameters") for t in tools])


def _openai_part(part: dict[str, Any]) -> Block:
    if part["type"] in {"text", "input_text", "output_text"}:
        return TextBlock(text=part["text"])
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    url = url or part.get("file_data") or (part.get("file") or {}).get("file_data") or ""
    if not url.startswith("data:"):
        raise NotCounted("a file that is not in the body")
    head, _, data = url.removeprefix("data:").partition(";base64,")
    return _file(head, data)


def _google(body: dict[str, Any], model: str) -> ModelRequest:
    system = (body.get("systemInstruction") or {}).get("parts") or ()
    messages = [
        ("assistant" if one.get("role") == "model" else "user",
         [_google_part(part) for part in one["parts"]])
        for one in body["contents"]
    ]  # fmt: skip
    specs: list[ToolSpec] = []
    for tool in body.get("tools") or ():
        if set(tool) != {"functionDeclarations"}:
            raise NotCounted("a tool of the provider's")
        for one in tool["functionDeclarations"]:
            key = "parameters" if "parameters" in one else "parametersJsonSchema"
            specs.append(_spec(one, key))
    return _request(model, "".join(part["text"] for part in system), messages, specs)


def _google_part(part: dict[str, Any]) -> Block:
    match part:
        case {"text": text}:
            return TextBlock(text=text)
        case {"functionCall": call}:
            return ToolCallBlock(id=call["name"], name=call["name"], args=call.get("args") or {})
        case {"functionResponse": answer}:
            found = answer.get("response") or {}
            only = next(iter(found.values())) if len(found) == 1 else found
            return _result(answer["name"], only, answer["name"])
        case {"inlineData": file}:
            return _file(file["mimeType"], file["data"])
        case _:
            raise NotCounted(", ".join(part))


_READERS = {
    "anthropic": _anthropic, "openai-chat": _chat, "openai-responses": _responses,
    "google": _google,
}  # fmt: skip


def _parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _call(id: str, function: dict[str, Any]) -> ToolCallBlock:
    try:
        return ToolCallBlock(id=id, name=function["name"], args=json.loads(function["arguments"]))
    except ValueError:
        raw = function["arguments"]
        return ToolCallBlock(id=id, name=function["name"], args=None, raw=raw)


def _result(call: str, content: object, name: str = "") -> ToolResultBlock:
    if isinstance(content, list) and all(one.get("type") == "text" for one in content):
        content = "".join(one["text"] for one in content)
    if isinstance(content, list) and any("text" not in one for one in content):
        raise NotCounted("a result that is no text")
    output = content if isinstance(content, str) else json.dumps(content or "")
    return ToolResultBlock(call=call, name=name, ok=True, output=output)


def _file(media_type: str, data: str) -> FileBlock:
    if not media_type.startswith("image/") and media_type != "application/pdf":
        raise NotCounted(media_type)
    return FileBlock(name="file", media_type=media_type, data=base64.b64decode(data))


def _spec(tool: dict[str, Any], schema: str) -> ToolSpec:
    if tool.get("type", "custom") not in {"custom", "function"} or tool.get("defer_loading"):
        raise NotCounted("a tool of the provider's")
    found = tool.get(schema) or {"type": "object", "properties": {}}
    return ToolSpec(name=tool["name"], description=tool.get("description") or "", schema=found)


def _request(
    model: str,
    system: str,
    messages: list[tuple[str, list[Block]]],
    tools: list[ToolSpec],
    thinking: str | None = None,
) -> ModelRequest:
    return ModelRequest(
        model=model,
        messages=tuple(Message(role=role, blocks=tuple(made)) for role, made in messages),  # type: ignore[arg-type]
        system=system,
        tools=tuple(tools),
        thinking=thinking,
    )
