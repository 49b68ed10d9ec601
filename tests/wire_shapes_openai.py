"""What OpenAI's two wires refuse in a request; see `tests.wire_shapes`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.wire_shape_rules import Body, called, data_url, tools


def chat(body: Body) -> Iterator[str]:
    messages = body.get("messages") or []
    yield from tools(
        "openai",
        [(t["function"]["name"], t["function"]["parameters"]) for t in body.get("tools", ())],
    )
    asked: list[str] = []
    for at, message in enumerate(messages):
        role = message["role"]
        if asked and role != "tool":
            yield f"messages.{at}: calls {asked} have no tool messages right behind"
            asked = []
        if role == "tool":
            if message["tool_call_id"] not in asked:
                yield f"messages.{at}: a result for no call right before"
            else:
                asked.remove(message["tool_call_id"])
            if not isinstance(message["content"], str):
                yield f"messages.{at}: a result that is no string"
        elif role == "assistant":
            asked = [call["id"] for call in message.get("tool_calls") or ()]
            yield from (f"messages.{at}: {said}" for said in _chat_assistant(message))
        elif role == "user":
            yield from (f"messages.{at}: {said}" for said in _chat_content(message["content"]))
        elif role not in {"system", "developer"} or at > 0:
            yield f"messages.{at}: role {role} here"
    if asked:
        yield "the last calls have no tool messages"
    if messages and messages[-1]["role"] == "assistant":
        yield "the last message is the assistant's"


def _chat_assistant(message: Body) -> Iterator[str]:
    calls = message.get("tool_calls")
    if calls == []:
        yield "tool_calls: empty array"
    if not calls and not message.get("content"):
        yield "content: expected a string, got nothing"
    unknown = message.keys() - {"role", "content", "tool_calls", "reasoning_content",
                                "reasoning", "reasoning_details"}  # fmt: skip
    yield from (f"unknown field {name}" for name in unknown)
    for call in calls or ():
        yield from called(call["id"], call["function"]["name"], call["function"]["arguments"])


def _chat_content(content: Any) -> Iterator[str]:
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not parts:
        yield "empty content"
    for part in parts:
        match part["type"]:
            case "text":
                if not part["text"].strip():
                    yield "empty text"
            case "image_url":
                yield from data_url(part["image_url"]["url"])
            case "file":
                yield from data_url(part["file"]["file_data"])
            case kind:
                yield f"unknown part {kind}"


def responses(body: Body) -> Iterator[str]:
    yield from tools("openai", [(t["name"], t["parameters"]) for t in body.get("tools", ())])
    if body.get("store") is not False:
        yield "store is not off"
    items = body.get("input") or []
    asked: list[str] = []
    for at, item in enumerate(items):
        following = items[at + 1] if at + 1 < len(items) else {}
        match item.get("type", "message"):
            case "message":
                yield from (f"input.{at}: {said}" for said in _responses_message(item))
                if item["role"] == "user" and asked:
                    yield f"input.{at}: no output for {asked}"
            case "function_call":
                yield from called(item["call_id"], item["name"], item["arguments"])
                asked.append(item["call_id"])
            case "function_call_output":
                if item["call_id"] not in asked:
                    yield f"input.{at}: an output for no call"
                else:
                    asked.remove(item["call_id"])
                if not isinstance(item["output"], str):
                    yield f"input.{at}: an output that is no string"
            case "reasoning":
                if not item.get("encrypted_content") or "summary" not in item:
                    yield f"input.{at}: reasoning that cannot be found: nothing is stored"
                role = following.get("role")
                if following.get("type") == "function_call_output" or role == "user":
                    yield f"input.{at}: reasoning without its required following item"
                if not following:
                    yield f"input.{at}: reasoning without its required following item"
            case kind:
                yield f"input.{at}: unknown item {kind}"
    if asked:
        yield f"no output for {asked}"


def _responses_message(item: Body) -> Iterator[str]:
    allowed = {"user": {"input_text", "input_image", "input_file"}, "assistant": {"output_text"}}
    kinds = allowed.get(item["role"], {"input_text"})
    content = item["content"]
    parts = [{"type": min(kinds), "text": content}] if isinstance(content, str) else content
    if not parts:
        yield "empty content"
    for part in parts:
        if part["type"] not in kinds and not isinstance(content, str):
            yield f"{part['type']} in a message of {item['role']}"
        if "text" in part and not part["text"].strip():
            yield "empty text"
        if part["type"] == "input_image" and not isinstance(content, str):
            yield from data_url(part["image_url"])
        if part["type"] == "input_file" and not isinstance(content, str):
            yield from data_url(part["file_data"])
