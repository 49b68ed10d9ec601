"""Anthropic's and Google's wires from the provider's side, after the recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fake_reply import STOPS, Reply, Weighted, event, halves, pieces_of


def _anthropic_head(reply: Reply) -> dict[str, Any]:
    return {
        "id": f"msg_fake{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def anthropic_body(reply: Reply) -> dict[str, Any]:
    return {
        **_anthropic_head(reply),
        "content": _anthropic_blocks(reply),
        "stop_reason": STOPS["anthropic"][reply.ending],
        "usage": _anthropic_usage(reply),
    }


def _anthropic_usage(reply: Reply) -> dict[str, Any]:
    read, written = reply.count("cache_read"), reply.count("cache_write")
    return {
        "input_tokens": max(0, reply.count("input") - read - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": reply.count("output"),
        "service_tier": "standard",
    }


def _anthropic_blocks(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.thinking:
        blocks.append(
            {"type": "thinking", "thinking": reply.thinking, "signature": f"sig-{reply.id}"}
        )
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    for at, call in enumerate(reply.tool_calls):
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id") or f"toolu_fake{reply.id}{at}",
                "name": call["name"],
                "input": call.get("args") or {},
            }
        )
    return blocks


def anthropic_stream(reply: Reply) -> Iterator[Weighted]:
    usage = _anthropic_usage(reply)
    start = {**_anthropic_head(reply), "usage": {**usage, "output_tokens": 1}}
    yield event("message_start", {"type": "message_start", "message": start}), 0
    yield event("ping", {"type": "ping"}), 0
    for at, block in enumerate(_anthropic_blocks(reply)):
        yield from _anthropic_block(at, block)
    delta = {"stop_reason": STOPS["anthropic"][reply.ending], "stop_sequence": None}
    counts = {
        k: usage[k]
        for k in (
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
        )
    }
    yield event("message_delta", {"type": "message_delta", "delta": delta, "usage": counts}), 0
    yield event("message_stop", {"type": "message_stop"}), 0


def _anthropic_block(at: int, block: dict[str, Any]) -> Iterator[Weighted]:
    empty: dict[str, dict[str, Any]] = {
        "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        "text": {"type": "text", "text": ""},
        "tool_use": {**block, "input": {}},
    }
    start = {"type": "content_block_start", "index": at, "content_block": empty[block["type"]]}
    yield event("content_block_start", start), 0

    def delta(**fields: Any) -> str:
        return event(
            "content_block_delta", {"type": "content_block_delta", "index": at, "delta": fields}
        )

    match block["type"]:
        case "thinking":
            for piece in pieces_of(block["thinking"]):
                yield delta(type="thinking_delta", thinking=piece), 1
            yield delta(type="signature_delta", signature=block["signature"]), 0
        case "text":
            for piece in pieces_of(block["text"]):
                yield delta(type="text_delta", text=piece), 1
        case _:
            if block["input"]:
                for piece in halves(json.dumps(block["input"], ensure_ascii=False)):
                    yield delta(type="input_json_delta", partial_json=piece), 1
    yield event("content_block_stop", {"type": "content_block_stop", "index": at}), 0


def _google_parts(reply: Reply) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if reply.thinking:
        parts.append({"text": reply.thinking, "thought": True})
    if reply.text:
        parts.append({"text": reply.text})
    for at, call in enumerate(reply.tool_calls):
        made: dict[str, Any] = {
            "functionCall": {"name": call["name"], "args": call.get("args") or {}}
        }
        if call.get("id"):
            made["functionCall"]["id"] = call["id"]
        if at == 0:
            made["thoughtSignature"] = "c2lnbmVk"
        parts.append(made)
    return parts


def _google_chunk(reply: Reply, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    thought = reply.count("reasoning")
    usage = {
        "promptTokenCount": reply.count("input"),
        "candidatesTokenCount": max(0, reply.count("output") - thought),
        "totalTokenCount": reply.count("input") + reply.count("output"),
    }
    usage |= {"thoughtsTokenCount": thought} if thought else {}
    usage |= (
        {"cachedContentTokenCount": reply.count("cache_read")} if reply.count("cache_read") else {}
    )
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": reply.model,
        "responseId": f"fake{reply.id}",
    }


def google_stream(reply: Reply, sse: bool) -> Iterator[Weighted]:
    chunks: list[tuple[dict[str, Any], int]] = []
    for part in _google_parts(reply):
        words = pieces_of(part["text"]) if "text" in part else []
        for piece in words:
            chunks.append((_google_chunk(reply, [{**part, "text": piece}], None), 1))
        if not words:
            chunks.append((_google_chunk(reply, [part], None), 1))
    chunks.append((_google_chunk(reply, [{"text": ""}], STOPS["google"][reply.ending]), 0))
    for at, (chunk, weight) in enumerate(chunks):
        text = json.dumps(chunk, ensure_ascii=False)
        if sse:
            yield f"data: {text}\r\n\r\n", weight
        else:
            last = at == len(chunks) - 1
            yield ("[" if at == 0 else ",\r\n") + text + ("]" if last else ""), weight


def google_body(reply: Reply) -> dict[str, Any]:
    return _google_chunk(reply, _google_parts(reply), STOPS["google"][reply.ending])
