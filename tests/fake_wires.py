"""What the four wires look like from the provider's side: replies, errors and model lists.

Pure: a `Reply` and the request's facts go in, event-stream text or a JSON body comes out. The
formats follow the recordings in tests/data/wire.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fake_makers import anthropic_body, anthropic_stream, google_body, google_stream
from tests.fake_openai import chat_body, chat_stream, response, response_items, responses_stream
from tests.fake_reply import Reply, Weighted, Wire


def stream_of(
    wire: Wire, reply: Reply, *, with_usage: bool = True, sse: bool = True
) -> Iterator[Weighted]:
    """The reply as event-stream text, an event at a time."""
    match wire:
        case "anthropic":
            yield from anthropic_stream(reply)
        case "openai-chat":
            yield from chat_stream(reply, with_usage)
        case "openai-responses":
            yield from responses_stream(reply)
        case "google":
            yield from google_stream(reply, sse)


def body_of(wire: Wire, reply: Reply) -> dict[str, Any]:
    """The reply to a request that does not stream."""
    match wire:
        case "anthropic":
            return anthropic_body(reply)
        case "openai-chat":
            return chat_body(reply)
        case "openai-responses":
            return response(reply, "completed", response_items(reply))
        case "google":
            return google_body(reply)


_ERRORS: dict[str, tuple[int, str, str, str]] = {
    # kind: status, Anthropic's type, OpenAI's code, Google's status
    "invalid_key": (401, "authentication_error", "invalid_api_key", "INVALID_ARGUMENT"),
    "permission": (403, "permission_error", "access_denied", "PERMISSION_DENIED"),
    "not_found": (404, "not_found_error", "model_not_found", "NOT_FOUND"),
    "rate_limit": (429, "rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"),
    "quota": (429, "invalid_request_error", "insufficient_quota", "RESOURCE_EXHAUSTED"),
    "context_length": (400, "invalid_request_error", "context_length_exceeded", "INVALID_ARGUMENT"),
    "content_filter": (
        400,
        "invalid_request_error",
        "content_policy_violation",
        "INVALID_ARGUMENT",
    ),
    "bad_request": (400, "invalid_request_error", "invalid_value", "INVALID_ARGUMENT"),
    "overloaded": (503, "overloaded_error", "server_is_overloaded", "UNAVAILABLE"),
    "server": (500, "api_error", "server_error", "INTERNAL"),
}
_MESSAGES = {
    "invalid_key": "Incorrect API key provided.",
    "quota": "Your credit balance is too low to access the API. Prepaid credits are depleted.",
    "context_length": "prompt is too long: 210000 tokens > 200000 maximum context length",
    "content_filter": "The prompt was flagged by our content policy.",
    "rate_limit": "Rate limit reached. Please try again later.",
    "overloaded": "Overloaded",
    "server": "Internal server error",
}


def error_of(
    wire: Wire, kind: str, message: str | None = None, status: int | None = None
) -> tuple[int, dict[str, Any]]:
    """An error as that maker sends it: (HTTP status, body)."""
    usual, anthropic_type, code, rpc = _ERRORS[kind]
    words = message or _MESSAGES.get(kind, f"This is a {kind} error.")
    if wire == "anthropic":
        said = 529 if kind == "overloaded" else 400 if kind == "quota" else usual
        error = {"type": anthropic_type, "message": words}
        return status or said, {"type": "error", "error": error, "request_id": "req_fake"}
    if wire == "google":
        said = 400 if kind == "invalid_key" else usual
        error = {"code": status or said, "message": words, "status": rpc}
        if kind == "invalid_key":
            error["message"] = message or "API key not valid. Please pass a valid API key."
            info = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
            }
            error["details"] = [{**info, "domain": "googleapis.com"}]
        return status or said, {"error": error}
    kinds = {"rate_limit": "requests", "quota": "insufficient_quota", "server": "server_error"}
    error = {
        "message": words,
        "type": kinds.get(kind, "invalid_request_error"),
        "param": None,
        "code": code,
    }
    return status or usual, {"error": error}


def models_of(wire: Wire, ids: list[str]) -> dict[str, Any]:
    """The model list as that maker sends it."""
    if wire == "anthropic":
        listed = [
            {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": "2026-01-01T00:00:00Z",
            }
            for name in ids
        ]
        ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
        return {"data": listed, "has_more": False, **ends}
    if wire == "google":
        listed = [
            {
                "name": f"models/{name}",
                "version": "001",
                "displayName": name,
                "description": "A fake.",
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
                "thinking": True,
            }
            for name in ids
        ]
        return {"models": listed}
    listed = [
        {"id": name, "object": "model", "created": 1_760_000_000, "owned_by": "fake"}
        for name in ids
    ]
    return {"object": "list", "data": listed}
