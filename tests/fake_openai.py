"""OpenAI's two wires from the provider's side, after the recordings in tests/data/wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fake_reply import STOPS, Reply, Weighted, event, halves, pieces_of


def _chat_usage(reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.count("input"),
        "completion_tokens": reply.count("output"),
        "total_tokens": reply.count("input") + reply.count("output"),
        "prompt_tokens_details": {"cached_tokens": reply.count("cache_read"), "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reply.count("reasoning")},
        **({"cost": reply.usage["cost"]} if "cost" in reply.usage else {}),
    }


def _chat_calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "id": call.get("id") or f"call_fake{reply.id}{at}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call.get("args") or {})},
        }
        for at, call in enumerate(reply.tool_calls)
    ]


def _chat_head(reply: Reply, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-fake{reply.id}",
        "object": kind,
        "created": 1_760_000_000,
        "model": reply.model,
        "system_fingerprint": None,
    }


def chat_body(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.tool_calls:
        message["tool_calls"] = _chat_calls(reply)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": STOPS["openai-chat"][reply.ending],
    }
    head = _chat_head(reply, "chat.completion")
    return {**head, "choices": [choice], "usage": _chat_usage(reply)}


def chat_stream(reply: Reply, with_usage: bool) -> Iterator[Weighted]:
    head = _chat_head(reply, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event(None, {**head, "choices": [choice], "usage": None})

    yield chunk({"role": "assistant", "content": "", "refusal": None}), 0
    for piece in pieces_of(reply.thinking):
        yield chunk({"reasoning_content": piece}), 1
    for piece in pieces_of(reply.text):
        yield chunk({"content": piece}), 1
    for at, call in enumerate(_chat_calls(reply)):
        first = {**call, "index": at, "function": {**call["function"], "arguments": ""}}
        yield chunk({"tool_calls": [first]}), 1
        for piece in halves(call["function"]["arguments"]):
            yield chunk({"tool_calls": [{"index": at, "function": {"arguments": piece}}]}), 1
    yield chunk({}, STOPS["openai-chat"][reply.ending]), 0
    if with_usage:
        yield event(None, {**head, "choices": [], "usage": _chat_usage(reply)}), 0
    yield "data: [DONE]\n\n", 0


def response(reply: Reply, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    over = status in {"completed", "incomplete"}
    usage = {
        "input_tokens": reply.count("input"),
        "input_tokens_details": {"cached_tokens": reply.count("cache_read")},
        "output_tokens": reply.count("output"),
        "output_tokens_details": {"reasoning_tokens": reply.count("reasoning")},
        "total_tokens": reply.count("input") + reply.count("output"),
    }
    reasons = {"length": "max_output_tokens", "filter": "content_filter"}
    return {
        "id": f"resp_fake{reply.id}",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reasons[reply.stop]} if status == "incomplete" else None,
        "model": reply.model,
        "output": output,
        "parallel_tool_calls": True,
        "service_tier": "default" if over else "auto",
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage if over else None,
    }


def response_items(reply: Reply) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if reply.thinking:
        items.append(
            {
                "id": f"rs_fake{reply.id}",
                "type": "reasoning",
                "encrypted_content": f"sealed-{reply.id}",
                "summary": [{"type": "summary_text", "text": reply.thinking}],
            }
        )
    if reply.text:
        part = {"type": "output_text", "annotations": [], "logprobs": [], "text": reply.text}
        items.append(
            {
                "id": f"msg_fake{reply.id}",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [part],
            }
        )
    for at, call in enumerate(reply.tool_calls):
        items.append(
            {
                "id": f"fc_fake{reply.id}{at}",
                "type": "function_call",
                "status": "completed",
                "call_id": call.get("id") or f"call_fake{reply.id}{at}",
                "name": call["name"],
                "arguments": json.dumps(call.get("args") or {}),
            }
        )
    return items


def responses_stream(reply: Reply) -> Iterator[Weighted]:
    number = 0

    def numbered(kind: str, **fields: Any) -> str:
        nonlocal number
        number += 1
        return event(kind, {"type": kind, "sequence_number": number - 1, **fields})

    yield numbered("response.created", response=response(reply, "in_progress", [])), 0
    yield numbered("response.in_progress", response=response(reply, "in_progress", [])), 0
    items = response_items(reply)
    for at, item in enumerate(items):
        hollow = {**item, "status": "in_progress"}
        hollow |= {"content": []} if "content" in item else {}
        hollow |= {"summary": []} if "summary" in item else {}
        hollow |= {"arguments": ""} if "arguments" in item else {}
        yield numbered("response.output_item.added", output_index=at, item=hollow), 0
        where = {"item_id": item["id"], "output_index": at}
        for kind, fields, weight in _item_events(item):
            yield numbered(kind, **where, **fields), weight
        yield numbered("response.output_item.done", output_index=at, item=item), 0
    cut = reply.stop in {"length", "filter"}
    status = "incomplete" if cut else "completed"
    yield numbered(f"response.{status}", response=response(reply, status, items)), 0


def _item_events(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    match item["type"]:
        case "reasoning":
            part = {"summary_index": 0}
            text = item["summary"][0]["text"]
            empty = {"type": "summary_text", "text": ""}
            yield "response.reasoning_summary_part.added", {**part, "part": empty}, 0
            for piece in pieces_of(text):
                yield "response.reasoning_summary_text.delta", {**part, "delta": piece}, 1
            yield "response.reasoning_summary_text.done", {**part, "text": text}, 0
            yield "response.reasoning_summary_part.done", {**part, "part": item["summary"][0]}, 0
        case "message":
            part = {"content_index": 0}
            whole = item["content"][0]
            yield "response.content_part.added", {**part, "part": {**whole, "text": ""}}, 0
            for piece in pieces_of(whole["text"]):
                yield "response.output_text.delta", {**part, "delta": piece, "logprobs": []}, 1
            yield "response.output_text.done", {**part, "text": whole["text"], "logprobs": []}, 0
            yield "response.content_part.done", {**part, "part": whole}, 0
        case _:
            for piece in halves(item["arguments"]):
                yield "response.function_call_arguments.delta", {"delta": piece}, 1
            done = {"arguments": item["arguments"], "name": item["name"]}
            yield "response.function_call_arguments.done", done, 0
