"""Rules that several wires share; see `tests.wire_shapes`."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]

ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NAME = {
    "anthropic": re.compile(r"[a-zA-Z0-9_-]{1,128}"),
    "openai": re.compile(r"[a-zA-Z0-9_-]{1,64}"),
    "google": re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"),
}
IMAGES = {"image/png", "image/jpeg", "image/webp"}


def turns(messages: list[Any], role: str, other: str, inner: str) -> Iterator[str]:
    """Roles alternate, the person's stands first and last, nothing is empty."""
    if not messages:
        yield "no messages"
        return
    roles = [message[role] for message in messages]
    yield from (f"unknown role {name}" for name in set(roles) - {"user", other})
    if any(a == b for a, b in itertools.pairwise(roles)):
        yield "roles do not alternate"
    if roles[0] != "user" or roles[-1] != "user":
        yield f"begins with {roles[0]} and ends with {roles[-1]}"
    yield from (f"message {at} is empty" for at, m in enumerate(messages) if not m[inner])


def tools(maker: str, tools: list[tuple[str, Any]]) -> Iterator[str]:
    names = [name for name, _ in tools]
    yield from (f"tool name {name!r}" for name in names if not NAME[maker].fullmatch(name))
    if len(set(names)) != len(names):
        yield "tool names are not unique"
    yield from (f"schema of {n} is no object" for n, s in tools if s.get("type") != "object")


def named(maker: str, id: str, name: str) -> Iterator[str]:
    if not ID.fullmatch(id):
        yield f"call id {id!r}"
    if not NAME[maker].fullmatch(name):
        yield f"call of {name!r}"


def called(id: str, name: str, arguments: Any) -> Iterator[str]:
    if not id or len(id) > 64:
        yield f"call id {id!r}"
    if not NAME["openai"].fullmatch(name):
        yield f"call of {name!r}"
    if not isinstance(arguments, str):
        yield "arguments are no string"


def file(media_type: str, data: str) -> Iterator[str]:
    if media_type not in IMAGES | {"image/gif", "application/pdf"}:
        yield f"media type {media_type}"
    if not data or not is_base64(data):
        yield "data is no base64"


def data_url(url: str) -> Iterator[str]:
    found = re.fullmatch(r"data:([a-z]+/[a-z0-9.+-]+);base64,(.*)", url, re.DOTALL)
    if found is None:
        yield "not a data URL"
        return
    yield from file(found[1], found[2])


def is_base64(said: str) -> bool:
    try:
        base64.b64decode(
            said.translate(str.maketrans("-_", "+/")) + "=" * (-len(said) % 4), validate=True
        )
    except (binascii.Error, ValueError):
        return False
    return True
