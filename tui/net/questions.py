"""Short questions over HTTP, and their whole answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from tui.errors import NetworkFailed, ProtocolBroken, TimedOut
from tui.hosts import Purpose
from tui.net.client import Network
from tui.secret import Secret

MAX_JSON_BYTES = 2 * 1024 * 1024
"""Most of an answer to a short question (model list, key check)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A short HTTP answer: `body` is cut at `MAX_JSON_BYTES`."""

    status: int
    headers: dict[str, str]
    body: bytes


async def get_json(
    url: str,
    *,
    headers: Mapping[str, str | Secret],
    timeout_s: float,
    environ: Mapping[str, str],
    purpose: Purpose = "other",
) -> Answer:
    """GET a short answer, whatever its status; the whole of it within `timeout_s` seconds.

    Raises as `get_page`.
    """
    opened = {k: v.reveal() if isinstance(v, Secret) else v for k, v in headers.items()}
    return await get_page(
        url, headers=opened, timeout_s=timeout_s, environ=environ, purpose=purpose
    )


async def post_json(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str | Secret],
    timeout_s: float,
    environ: Mapping[str, str],
    purpose: Purpose = "other",
) -> Answer:
    """POST a short JSON question and take a short answer; else as `get_json`."""
    opened = {k: v.reveal() if isinstance(v, Secret) else v for k, v in headers.items()}
    opened["content-type"] = "application/json"
    return await _short(url, opened, timeout_s, environ, purpose, body=body)


async def get_page(
    url: str,
    *,
    headers: Mapping[str, str],
    timeout_s: float,
    environ: Mapping[str, str],
    public_only: bool = False,
    purpose: Purpose = "other",
) -> Answer:
    """GET an answer, whatever its status, without following a redirect; within `timeout_s`.

    Raises:
        NetworkFailed: no connection, or it broke; with `public_only` also where the host is none
            of the open internet.
        TimedOut: not within `timeout_s`.
        ProtocolBroken: what came is not HTTP.
    """
    return await _short(url, headers, timeout_s, environ, purpose, public_only=public_only)


async def _short(
    url: str,
    headers: Mapping[str, str],
    timeout_s: float,
    environ: Mapping[str, str],
    purpose: Purpose,
    *,
    body: bytes | None = None,
    public_only: bool = False,
) -> Answer:
    host = httpx2.URL(url).host
    method = "GET" if body is None else "POST"
    try:
        async with (
            asyncio.timeout(timeout_s),
            Network(environ).client(url, public_only=public_only, purpose=purpose) as client,
            client.stream(method, url, headers=headers, content=body) as response,
        ):
            taken = bytearray()
            async for piece in response.aiter_bytes():
                taken += piece
                if len(taken) > MAX_JSON_BYTES:
                    break
            heads = {k.lower(): v for k, v in response.headers.items()}
            return Answer(response.status_code, heads, bytes(taken[:MAX_JSON_BYTES]))
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise TimedOut(f"{host} did not answer within {max(timeout_s, 1):.0f} s") from error
    except (httpx2.RemoteProtocolError, httpx2.DecodingError) as error:
        raise ProtocolBroken(f"{host} did not answer in HTTP: {error}") from error
    except (httpx2.HTTPError, OSError, httpx2.InvalidURL, ValueError) as error:
        raise NetworkFailed(f"{host} cannot be reached: {error}") from error
