"""HTTP as the fake provider reads and writes it: raw, so that it can also be wrong."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fake_reply import Wire


@dataclasses.dataclass(frozen=True)
class Seen:
    """A request as it came; `headers` by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    at: float

    @property
    def size(self) -> int:
        return len(json.dumps(self.body)) if self.body is not None else 0


def wire_of(seen: Seen, path: str) -> Wire:
    """Which wire a request speaks, by its path, and for model lists by its headers."""
    if path.endswith("/messages"):
        return "anthropic"
    if path.endswith("/responses"):
        return "openai-responses"
    google = ":generateContent" in path or ":streamGenerateContent" in path
    if google or "/v1beta/" in path or "x-goog-api-key" in seen.headers or "?key=" in path:
        return "google"
    return "anthropic" if "anthropic-version" in seen.headers else "openai-chat"


def key_of(seen: Seen) -> str:
    """The key that came, from whichever header carries it."""
    query = parse_qs(urlsplit(seen.path).query)
    for name in ("x-api-key", "x-goog-api-key", "api-key"):
        if seen.headers.get(name):
            return seen.headers[name]
    bearer = seen.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return bearer or query.get("key", [""])[0]


def plain(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A whole response of JSON (or of what `headers` says)."""
    heads = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in heads.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body


async def read_request(reader: asyncio.StreamReader) -> Seen | None:
    """One request, or None where the client is gone."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    if "chunked" in headers.get("transfer-encoding", ""):
        raw = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            raw += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = {"_not_json": len(raw)}
    return Seen(method, path, headers, body, time.time())
