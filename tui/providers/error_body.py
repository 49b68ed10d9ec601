"""What an error response says, whatever its shape: a message, its codes, its request id.

Shapes seen: an `error` object, string, null or list; the fields at the top; FastAPI's `detail`; an
`errors` list; an array of one object; the upstream's error as JSON inside a string; plain text;
an HTML page; JSON that is cut off.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any, cast

import msgspec

READ_BYTES = 64 * 1024
"""No more than this of an error's body is looked at."""

MESSAGE_CHARS = 500

_MESSAGE_NAMES = (
    "message", "msg", "Message", "error_message", "errorMessage", "error_msg", "status_msg",
    "detail", "details", "error_description", "description", "title", "reason",
)  # fmt: skip
_CODE_NAMES = (
    "code", "type", "status", "reason", "error_code", "errorCode", "error_type", "errorType",
    "__type", "name", "status_code", "statusCode",
)  # fmt: skip
_INNER_NAMES = ("error", "innererror", "inner_error", "metadata", "base_resp", "cause", "response")
_GENERIC = re.compile(r"provider returned error|upstream error|^error$", re.IGNORECASE)
_DEPTH = 5


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it was told.

    Args:
        message: The provider's words, stripped, at most `MESSAGE_CHARS`; "" where it has none.
        text: More of its words, for phrases; at most 4,000 characters.
        codes: Every code, type, status and reason in it, as written, the outer first.
        parsed: The JSON, or None where it is not.
        page: Whether it is an HTML page.
    """

    message: str
    text: str
    codes: tuple[str, ...] = ()
    request_id: str | None = None
    parsed: Any = None
    page: bool = False


def read_error(body: object, content_type: str = "") -> ErrorBody:
    """Read an error from its bytes, its text, or its parsed JSON."""
    if isinstance(body, (bytes, bytearray)):
        raw = bytes(body[:READ_BYTES]).decode("utf-8", "replace")
    elif isinstance(body, str):
        raw = body[:READ_BYTES]
    else:
        return _from_json(body)
    raw = raw.strip().lstrip("\ufeff")
    if raw.startswith("<") or ("html" in content_type and not raw.startswith(("{", "["))):
        return _from_page(raw)
    try:
        return _from_json(json.loads(raw))
    except (ValueError, RecursionError):
        return _from_text(raw)


def _from_page(raw: str) -> ErrorBody:
    """A page's title, and below it the page as it came: `errors.headline` shows the first alone."""
    for name in ("title", "h1", "h2", "p"):
        found = re.search(rf"<{name}\b[^>]{{0,200}}>(.{{1,2000}}?)(?:</|<|$)", raw, re.I | re.S)
        words = " ".join(html.unescape(found[1]).split()) if found else ""
        if words:
            message = f"{words[:MESSAGE_CHARS]}\n{raw[:MESSAGE_CHARS]}"
            return ErrorBody(message=message, text=words[:4000], page=True)
    return ErrorBody(message="", text="", page=True)


def _from_text(raw: str) -> ErrorBody:
    """Plain text, or JSON that broke off: then its first fields are picked out."""
    if raw.startswith(("{", "[")):
        found = re.search(r'"(?:message|detail|error)"\s*:\s*"((?:[^"\\]|\\.){1,4000})', raw)
        codes = re.findall(r'"(?:code|type|status)"\s*:\s*"?([\w.\-]{1,80})', raw)
        if found:
            words = _unescape(found[1])
            return ErrorBody(message=_short(words), text=words[:4000], codes=tuple(codes[:20]))
    # Servers that stream their errors: `data: {"error": …}`.
    if (at := raw.find("data:")) in range(400):
        try:
            return _from_json(json.loads(raw[at + 5 :].splitlines()[0]))
        except (ValueError, IndexError, RecursionError):
            pass
    return ErrorBody(message=_short(raw), text=raw[:4000])


def _unescape(words: str) -> str:
    try:
        return str(json.loads(f'"{words}"'))
    except ValueError:
        return words


def _from_json(value: object) -> ErrorBody:
    codes: list[str] = []
    _collect_codes(value, codes, 0)
    message = _message(value, 0)
    inner = _upstream(value)
    text = message
    if inner is not None:
        codes += inner.codes
        text = f"{message}\n{inner.text}"
        if inner.message and inner.message not in message and _GENERIC.search(message or "error"):
            message = f"{message}: {inner.message}" if message else inner.message
    return ErrorBody(
        message=_short(message),
        text=text[:4000],
        codes=tuple(dict.fromkeys(codes)),
        request_id=_request_id(value),
        parsed=value,
    )


def _fields(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _items(value: object) -> list[Any]:
    return cast("list[Any]", value)[:20] if isinstance(value, list) else []


def _message(value: object, depth: int) -> str:
    """The innermost sentence that is meant to be read."""
    if isinstance(value, str):
        inner = _embedded(value, depth)
        return inner or value.strip()
    if depth > _DEPTH:
        return ""
    for item in _items(value):
        if words := _message(item, depth + 1):
            return words
    fields = _fields(value)
    if fields is None:
        return ""
    for name in ("error", "errors", "response", "base_resp", *_MESSAGE_NAMES):
        if words := _message(fields.get(name), depth + 1):
            return words
    return ""


def _embedded(text: str, depth: int) -> str:
    """The message of an error that a proxy passes on as a JSON string."""
    if depth > _DEPTH or not text.lstrip().startswith(("{", "[")):
        return ""
    try:
        return _message(json.loads(text), depth + 1)
    except (ValueError, RecursionError):
        return ""


def _collect_codes(value: object, into: list[str], depth: int) -> None:
    if depth > _DEPTH or len(into) > 40:
        return
    for item in _items(value):
        _collect_codes(item, into, depth + 1)
    fields = _fields(value)
    if fields is None:
        return
    for name in _CODE_NAMES:
        code = fields.get(name)
        if isinstance(code, (str, int)) and not isinstance(code, bool) and len(str(code)) <= 120:
            into.append(str(code))
    if depth and isinstance(word := fields.get("error"), str) and len(word) <= 60:
        into.append(word)
    for name in (*_INNER_NAMES, "errors", "details", "detail"):
        _collect_codes(fields.get(name), into, depth + 1)
    message = fields.get("message")
    if isinstance(message, str) and message.lstrip().startswith(("{", "[")):
        try:
            _collect_codes(json.loads(message), into, depth + 1)
        except (ValueError, RecursionError):
            return


def _upstream(value: object) -> ErrorBody | None:
    """OpenRouter keeps the upstream's own answer in `error.metadata.raw`."""
    outer = _fields(next(iter(_items(value)), value)) or {}
    error = _fields(outer.get("error")) or {}
    raw = (_fields(error.get("metadata")) or {}).get("raw")
    return read_error(cast("object", raw)) if isinstance(raw, (str, dict)) and raw else None


def _request_id(value: object) -> str | None:
    outer = _fields(next(iter(_items(value)), value)) or {}
    for fields in (outer, _fields(outer.get("error")) or {}):
        for name in ("request_id", "requestId", "RequestId"):
            found = fields.get(name)
            if isinstance(found, str) and found:
                return found[:200]
    return None


def _short(words: str) -> str:
    words = words.strip()
    return words if len(words) <= MESSAGE_CHARS else words[: MESSAGE_CHARS - 1] + "…"
