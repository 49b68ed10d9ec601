"""What the makers refuse in a request: their own sentences, for a fake that is as strict."""

from __future__ import annotations

import re
from typing import Any

from tests.fake_reply import Wire


def complaint(wire: Wire, body: dict[str, Any]) -> str | None:
    """The maker's objection to a request, or None where it would be served."""
    match wire:
        case "anthropic":
            return _anthropic(body)
        case "openai-chat":
            return _chat(body)
        case "openai-responses":
            return _responses(body)
        case "google":
            return _google(body)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else [{"type": "text", "text": content or ""}]


def _anthropic(body: dict[str, Any]) -> str | None:
    if not isinstance(body.get("max_tokens"), int):
        return "max_tokens: Field required"
    messages = body.get("messages") or []
    if not messages:
        return "messages: at least one message is required"
    asked: list[str] = []
    for at, message in enumerate(messages):
        blocks = _blocks(message)
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            return f"messages.{at}: text content blocks must be non-empty"
        given = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        if asked and set(given) != set(asked):
            return (
                f"messages.{at - 1}: `tool_use` ids were found without `tool_result` blocks "
                "immediately after"
            )
        if given and not asked:
            return (
                f"messages.{at}.content.0: unexpected `tool_use_id` found in `tool_result` blocks"
            )
        asked = [b["id"] for b in blocks if b["type"] == "tool_use"]
        if any(not re.fullmatch(r"[a-zA-Z0-9_-]+", name) for name in asked):
            pattern = "'^[a-zA-Z0-9_-]+$'"
            return f"messages.{at}.content.0.tool_use.id: String should match pattern {pattern}"
    names = [tool.get("name", "") for tool in body.get("tools") or [] if "type" not in tool]
    if any(not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", name) for name in names):
        return "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
    return None


def _function_name(name: str) -> str | None:
    if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        return None
    return f"Invalid 'tools[0].function.name': {name!r} does not match '^[a-zA-Z0-9_-]+$'."


def _chat(body: dict[str, Any]) -> str | None:
    for tool in body.get("tools") or []:
        if (words := _function_name(tool["function"]["name"])) is not None:
            return words
    if body.get("tools") == []:
        return "Invalid 'tools': empty array. Expected an array with minimum length 1."
    asked: list[str] = []
    for at, message in enumerate(body.get("messages") or []):
        if message["role"] == "tool":
            if message["tool_call_id"] not in asked:
                return (
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'."
                )
            asked.remove(message["tool_call_id"])
            continue
        if asked:
            return (
                "An assistant message with 'tool_calls' must be followed by tool messages "
                f"responding to each 'tool_call_id'. (at {at})"
            )
        calls = message.get("tool_calls")
        asked = [call["id"] for call in calls or ()]
        if calls == []:
            return f"Invalid 'messages[{at}].tool_calls': empty array."
        if message["role"] == "assistant" and not calls and message.get("content") is None:
            return f"Invalid value for 'content': expected a string, got null. (at {at})"
    return None


def _responses(body: dict[str, Any]) -> str | None:
    for tool in body.get("tools") or []:
        if tool["type"] == "function" and (words := _function_name(tool["name"])) is not None:
            return words
    items = body.get("input")
    if not isinstance(items, list):
        return None
    asked: list[str] = []
    for item in items:
        match item.get("type"):
            case "function_call":
                asked.append(item["call_id"])
            case "function_call_output":
                if item["call_id"] not in asked:
                    called = item["call_id"]
                    return f"No tool call found for function call output with call_id {called}."
                asked.remove(item["call_id"])
            case _:
                pass
    return f"No tool output found for function call {asked[0]}." if asked else None


def _google(body: dict[str, Any]) -> str | None:
    asked = 0
    for content in body.get("contents") or []:
        if content.get("role") not in {"user", "model"}:
            return "Please use a valid role: user, model."
        parts = content.get("parts") or []
        if not parts:
            return "Unable to submit request because it must include at least one parts field."
        answers = sum("functionResponse" in part or "function_response" in part for part in parts)
        if answers != asked:
            return (
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        asked = sum("functionCall" in part or "function_call" in part for part in parts)
    return None
