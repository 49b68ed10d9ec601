"""Strict validators of request bodies, one a wire: what each maker refuses.

    assert complaints("anthropic", body) == []

Written from the makers' references and error messages, not from our adapters. A complaint is a
sentence that names the place. `opaque_strings` finds what only its own maker may get back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.wire_shape_rules import Body, file, is_base64, named, tools, turns
from tests.wire_shapes_openai import chat, responses


def complaints(api: str, body: Body) -> list[str]:
    """What is wrong with a request of wire `api`; empty where its maker would take it."""
    checks = {
        "anthropic": _anthropic,
        "openai-responses": responses,
        "openai-chat": chat,
        "google": _google,
    }
    try:
        json.dumps(body).encode("utf-8")
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return ["a string is not UTF-8"]
    return list(checks[api](body))


def opaque_strings(payload: Any) -> set[str]:
    """The strings in a sealed payload that are long or odd enough to be told from words."""
    if isinstance(payload, str):
        return {payload} if len(payload) >= 5 and not payload.isalpha() else set()
    if isinstance(payload, dict):
        return set().union(*(opaque_strings(v) for k, v in payload.items() if k != "type"))
    if isinstance(payload, list):
        return set().union(*(opaque_strings(entry) for entry in payload))
    return set()


def _anthropic(body: Body) -> Iterator[str]:
    known = {
        "model", "max_tokens", "messages", "stream", "system", "tools", "tool_choice", "thinking",
        "output_config", "temperature", "stop_sequences", "metadata",
    }  # fmt: skip
    yield from (f"{key}: extra inputs are not permitted" for key in body.keys() - known)
    messages = body.get("messages") or []
    yield from turns(messages, "role", "assistant", "content")
    marks = json.dumps(body).count('"cache_control"')
    if marks > 4:
        yield f"{marks} cache marks, at most 4"
    yield from _anthropic_thinking(body, messages)
    yield from tools("anthropic", [(t["name"], t["input_schema"]) for t in body.get("tools", ())])
    for block in body.get("system") or ():
        if not block["text"].strip():
            yield "system: text must be non-empty"
    asked: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(messages):
        blocks = message["content"]
        results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        if sorted(results) != sorted(asked):
            yield f"messages.{at}: results {results} for calls {asked} right before"
        if any(b["type"] != "tool_result" for b in blocks[: len(results)]):
            yield f"messages.{at}: something stands before a tool_result"
        asked = [b["id"] for b in blocks if b["type"] == "tool_use"]
        yield from (f"messages.{at}: call id {id} twice" for id in asked if id in seen)
        seen |= set(asked)
        for block in blocks:
            yield from (f"messages.{at}: {s}" for s in _anthropic_block(message["role"], block))
    if asked:
        yield "the last calls have no results"


def _anthropic_thinking(body: Body, messages: list[Any]) -> Iterator[str]:
    thinking = body.get("thinking") or {"type": "disabled"}
    on = thinking["type"] in {"enabled", "adaptive"}
    if on and body.get("temperature", 1) != 1:
        yield "temperature may only be 1 when thinking is on"
    if thinking["type"] != "enabled":
        return
    if not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        yield "thinking.budget_tokens: not between 1024 and max_tokens"
    answering = messages and any(b["type"] == "tool_result" for b in messages[-1]["content"])
    if answering and "thinking" not in messages[-2]["content"][0]["type"]:
        yield "expected `thinking` or `redacted_thinking`, but found `tool_use`"


def _anthropic_block(role: str, block: Body) -> Iterator[str]:
    kind = block["type"]
    allowed = {
        "user": {"text", "image", "document", "tool_result"},
        "assistant": {"text", "thinking", "redacted_thinking", "tool_use"},
    }
    if kind not in allowed[role]:
        yield f"{kind} in a message of {role}"
    match kind:
        case "text":
            if not block["text"].strip():
                yield "text content blocks must be non-empty"
        case "thinking":
            if not block.get("signature") or not isinstance(block.get("thinking"), str):
                yield "thinking without signature"
        case "redacted_thinking":
            if not block.get("data"):
                yield "redacted_thinking without data"
        case "tool_use":
            yield from named("anthropic", block["id"], block["name"])
            if not isinstance(block["input"], dict):
                yield "tool_use.input is no object"
        case "tool_result":
            yield from _anthropic_result(block)
        case "image" | "document":
            yield from file(block["source"]["media_type"], block["source"]["data"])
        case _:
            yield f"unknown block {kind}"
    if "thinking" in kind and "cache_control" in block:
        yield "a cache mark on thinking"


def _anthropic_result(block: Body) -> Iterator[str]:
    content = block.get("content", [])
    if block.get("is_error") and not content:
        yield "tool_result: content cannot be empty if is_error is true"
    for inner in content:
        if inner["type"] == "text" and not inner["text"].strip():
            yield "tool_result: text content blocks must be non-empty"


def _google(body: Body) -> Iterator[str]:
    known = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
    yield from (f"Unknown name {key!r}" for key in body.keys() - known)
    contents = body.get("contents") or []
    yield from turns(contents, "role", "model", "parts")
    declared = [f for tool in body.get("tools", ()) for f in tool["functionDeclarations"]]
    yield from tools("google", [(f["name"], f["parametersJsonSchema"]) for f in declared])
    if any("$schema" in function["parametersJsonSchema"] for function in declared):
        yield 'Unknown name "$schema"'
    thinking = "thinkingConfig" in body.get("generationConfig", {})
    asked: list[tuple[str, str]] = []
    for at, content in enumerate(contents):
        parts = content["parts"]
        given = [p["functionResponse"] for p in parts if "functionResponse" in p]
        if sorted((g["id"], g["name"]) for g in given) != sorted(asked):
            yield f"contents.{at}: function responses {given} for calls {asked} right before"
        if any("functionResponse" not in part for part in parts[: len(given)]):
            yield f"contents.{at}: something stands before a functionResponse"
        calls = [part for part in parts if "functionCall" in part]
        asked = [(p["functionCall"]["id"], p["functionCall"]["name"]) for p in calls]
        if thinking and calls and "thoughtSignature" not in calls[0]:
            yield f"contents.{at}: function call is missing a thought_signature"
        for part in parts:
            yield from (f"contents.{at}: {said}" for said in _google_part(content["role"], part))
    if asked:
        yield "the last calls have no responses"


def _google_part(role: str, part: Body) -> Iterator[str]:
    kinds = part.keys() & {"text", "inlineData", "functionCall", "functionResponse"}
    marks = part.keys() - kinds
    if len(kinds) != 1 or not marks <= {"thought", "thoughtSignature"}:
        yield f"a part of {sorted(part)}"
        return
    signature = part.get("thoughtSignature")
    if signature is not None and not is_base64(signature):
        yield "thoughtSignature: Base64 decoding failed"
    if part.get("thought") and role != "model":
        yield "a thought of the user's"
    match kinds.pop():
        case "text":
            if not part["text"].strip() and signature is None:
                yield "empty text"
        case "inlineData":
            yield from file(part["inlineData"]["mimeType"], part["inlineData"]["data"])
        case "functionCall":
            call = part["functionCall"]
            yield from named("google", call["id"], call["name"])
            if role != "model" or not isinstance(call["args"], dict):
                yield "functionCall: of the user's, or args no object"
        case _:
            answer = part["functionResponse"]
            yield from named("google", answer["id"], answer["name"])
            if role != "user" or not isinstance(answer["response"], dict):
                yield "functionResponse: of the model's, or response no object"
