"""What a name, a header, a model of an endpoint may be (pure). Each raises UsageError, saying why.

Nothing that is refused is repeated: it may be a secret.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from tui.address import holds_key, is_secret_name
from tui.errors import UsageError
from tui.keys.makers import MAKERS
from tui.keys.shapes import contains_key

MOST_MODELS = 5000
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?", re.ASCII)
_RESERVED = {
    *(maker.id for maker in MAKERS), "local", "demo", "own-best", "auto", "auto-efficient",
    "auto-genius", "auto-open", "custom", "bedrock", "vertex", "azure", "house",
}  # fmt: skip
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_NOT_OURS = {
    "host", "connection", "content-length", "content-type", "content-encoding", "accept",
    "accept-encoding", "transfer-encoding", "te", "trailer", "upgrade", "expect", "user-agent",
    "cookie", "proxy-authorization", "keep-alive",
}  # fmt: skip
_SCHEME = re.compile(r"(?:bearer|basic|token|digest)\s", re.IGNORECASE)
_MOST_HEADERS, _MOST_VALUE = 20, 1024
_MODEL = re.compile(r"[^\x00-\x20\x7f-\xa0]{1,200}")
_WORD = re.compile(r"[a-z0-9_-]{1,24}", re.ASCII)
_OF_OURS = {
    "model", "messages", "stream", "stream_options", "tools", "n", "max_tokens",
    "max_completion_tokens",
}  # fmt: skip
"""Fields of a request's body that the budget and the conversation stand on."""
_NO_SECRET = {"prompt_cache_key"}
_MOST_BODY = 16_384


def fit_name(text: str) -> str:
    """A name: lower-case letters, digits, `.`, `_`, `-`, and none that is taken by ourselves."""
    name = text.strip().lower()
    if holds_key(name) or contains_key(name):
        raise UsageError("a name is shown everywhere: it cannot be a key")
    if not _NAME.fullmatch(name):
        raise UsageError(
            "that is no name for an endpoint",
            hint="1 to 40 of a-z, 0-9, `.`, `_` and `-`; it stands in front of its models.",
        )
    if name in _RESERVED:
        raise UsageError(
            f"{name} is taken: models of that name are others'",
            hint=f"Another name: `my-{name}`.",
        )
    return name


def fit_headers(pairs: dict[str, str]) -> dict[str, str]:
    """Headers that may be kept in a file and sent: none that is a secret or HTTP's own."""
    if len(pairs) > _MOST_HEADERS:
        raise UsageError(f"more than {_MOST_HEADERS} headers")
    seen: set[str] = set()
    for name, value in pairs.items():
        if not _HEADER.fullmatch(name):
            raise UsageError("that is no name of a header", hint="NAME=VALUE, such as X-Team=core.")
        if is_secret_name(name):
            raise UsageError(
                "a header is named like a secret, and headers are kept in a plain file",
                hint="The key goes in as the key; it is sent as `Authorization: Bearer`.",
            )
        if name.lower() in _NOT_OURS or name.lower() in seen:
            raise UsageError(f"the header {name} is set by the request itself, or given twice")
        if _SCHEME.match(value) or holds_key(value) or contains_key(value):
            raise UsageError(
                f"the value of the header {name} looks like a secret: headers are kept in a plain "
                "file",
                hint="The key goes in as the key.",
            )
        plain = value.isascii() and value.isprintable() and value == value.strip()
        if not plain or not value or len(value) > _MOST_VALUE:
            raise UsageError(f"the value of the header {name} cannot be sent")
        seen.add(name.lower())
    return dict(pairs)


def fit_model(id: str) -> str:
    """A model's id or alias: no blanks or controls."""
    if not _MODEL.fullmatch(id) or not id.isprintable():
        raise UsageError("that is no id of a model", hint="As `ownkey endpoints models` lists it.")
    if holds_key(id) or contains_key(id):
        raise UsageError("a model's id is shown everywhere: it cannot be a key")
    return id


def fit_effort(word: str) -> str:
    """A word for effort."""
    if not _WORD.fullmatch(word):
        raise UsageError("that is no word for effort", hint="Such as low, medium, high.")
    return word


def fit_count(number: int, what: str) -> int:
    """A number of tokens."""
    if not 1 <= number <= 100_000_000:
        raise UsageError(f"{what} is no number of tokens")
    return number


def fit_body(value: object) -> dict[str, Any]:
    """What is laid over a request's body: an object without what is ours to set, or a secret."""
    if not isinstance(value, dict):
        raise UsageError("the extra body is no JSON object", hint='Such as {"top_p": 0.9}.')
    body = cast("dict[str, Any]", value)
    if ours := sorted(_OF_OURS & set(body)):
        raise UsageError(f"{', '.join(ours)} cannot be set by an extra body")
    try:
        text = json.dumps(body, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise UsageError("the extra body cannot be sent as JSON") from error
    if len(text) > _MOST_BODY:
        raise UsageError(f"the extra body is longer than {_MOST_BODY:,} characters")
    if any(_is_secret(one) for one in _leaves(body)) or any(
        map(is_secret_name, set(body) - _NO_SECRET)
    ):
        raise UsageError(
            "the extra body holds what looks like a secret, and it is kept in a plain file",
            hint="The key goes in as the key.",
        )
    return body


def read_body(text: str) -> dict[str, Any]:
    """An extra body as it is typed."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("the extra body is no JSON", hint='Such as {"top_p": 0.9}.') from error
    return fit_body(value)


def _is_secret(text: str) -> bool:
    return holds_key(text) or contains_key(text)


def _leaves(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [leaf for one in cast("list[object]", value) for leaf in _leaves(one)]
        case dict():
            pairs = cast("dict[str, object]", value).values()
            return [leaf for one in pairs for leaf in _leaves(one)]
        case _:
            return []
