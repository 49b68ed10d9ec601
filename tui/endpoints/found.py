"""Local servers on loopback: who listens on their usual ports, and what they really hold.

Asked briefly, only when a person looks (`endpoints list --found`, the picker, the settings); what
is found is offered, never used. A server is known by what only it answers, never by its port.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from tui.endpoints.known import LOCAL, Known
from tui.endpoints.model_list import models_of
from tui.endpoints.records import EndpointModel
from tui.errors import RequestError
from tui.net import Answer, get_json, post_json

LIMIT_S = 1.5
"""Longest time for one server; all are asked at once."""

_MOST_SHOWN = 40
"""So many of Ollama's models are asked for their context, one by one."""


class FoundServer(msgspec.Struct, frozen=True, kw_only=True):
    """One that answers. `left_out`: models that it would fetch answers for from elsewhere."""

    known: str
    base_url: str
    models: tuple[EndpointModel, ...]
    left_out: tuple[str, ...] = ()


async def find_servers(
    environ: Mapping[str, str], addresses: Mapping[str, str] | None = None
) -> tuple[FoundServer, ...]:
    """Those that answer now, within `LIMIT_S`.

    Args:
        environ: Proxy and certificate variables; loopback goes past them.
        addresses: Base URLs by known id, in place of the usual ones.
    """
    where = addresses if addresses is not None else usual_addresses()
    asked = [ask_server(known, where[known.id], environ) for known in LOCAL if known.id in where]
    return tuple(one for one in await asyncio.gather(*asked) if one is not None)


def usual_addresses() -> Mapping[str, str]:
    """Where the servers listen as they come, by known id."""
    return {one.id: one.base_url for one in LOCAL}


async def ask_server(
    known: Known, base_url: str, environ: Mapping[str, str], limit_s: float = LIMIT_S
) -> FoundServer | None:
    """What this kind of server says at an address; None where another, or nobody, listens."""
    ask = _Asking(base_url, environ)
    try:
        async with asyncio.timeout(limit_s):
            match known.id:
                case "ollama":
                    return await _ollama(ask, base_url)
                case "lmstudio":
                    return await _lm_studio(ask, base_url)
                case _:
                    return await _llama_cpp(ask, base_url)
    except (RequestError, TimeoutError):
        return None


async def known_server(base_url: str, environ: Mapping[str, str]) -> FoundServer | None:
    """Which local server listens at this address, if any of them does."""
    for found in await asyncio.gather(*(ask_server(one, base_url, environ) for one in LOCAL)):
        if found is not None:
            return found
    return None


class _Asking:
    """Questions to one server."""

    def __init__(self, base_url: str, environ: Mapping[str, str]) -> None:
        self._root = base_url.removesuffix("/").removesuffix("/v1")
        self._environ = environ

    async def get(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        answer = await get_json(
            f"{self._root}{path}", headers={}, timeout_s=LIMIT_S, environ=self._environ,
            purpose="local servers",
        )  # fmt: skip
        return _json(answer)

    async def post(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        answer = await post_json(
            f"{self._root}{path}", json.dumps(body).encode(), headers={}, timeout_s=LIMIT_S,
            environ=self._environ, purpose="local servers",
        )  # fmt: skip
        return _json(answer)


async def _ollama(ask: _Asking, base_url: str) -> FoundServer | None:
    """`/api/tags` lists; a model's context is what it is loaded or set with, else its own."""
    tags = _rows(_table(await ask.get("/api/tags")).get("models"))
    version = _table(await ask.get("/api/version")).get("version")
    if not isinstance(version, str):
        return None
    names = [name for one in tags if isinstance(name := one.get("name"), str)]
    elsewhere = {
        str(one.get("name")) for one in tags if one.get("remote_host") or one.get("remote_model")
    }
    here = [name for name in names if name not in elsewhere]
    shown = await asyncio.gather(*(_shown(ask, name) for name in here[:_MOST_SHOWN]))
    loaded = _rows(_table(await ask.get("/api/ps")).get("models"))
    running = {str(one.get("name")): one.get("context_length") for one in loaded}
    contexts = {name: running.get(name) or own for name, own in zip(here, shown, strict=False)}
    models = models_of([{"id": name, "context_length": contexts.get(name)} for name in here])
    return FoundServer(
        known="ollama", base_url=base_url, models=tuple(models), left_out=tuple(sorted(elsewhere))
    )


async def _shown(ask: _Asking, name: str) -> int | None:
    try:
        said = _table(await ask.post("/api/show", {"model": name}))
    except RequestError:
        return None
    for line in str(said.get("parameters") or "").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "num_ctx" and words[1].isdigit():
            return int(words[1])
    info = _table(said.get("model_info"))
    trained = (v for k, v in info.items() if k.endswith(".context_length") and isinstance(v, int))
    return next(trained, None)


async def _lm_studio(ask: _Asking, base_url: str) -> FoundServer | None:
    """`/api/v0/models`: each with its type, and the context that it is loaded with."""
    body = _table(await ask.get("/api/v0/models"))
    rows = _rows(body.get("data"))
    if not rows or not all("state" in one or "max_context_length" in one for one in rows):
        return None
    listed = [
        {**one, "context_length": one.get("loaded_context_length") or one.get("max_context_length")}
        for one in rows
    ]
    return FoundServer(known="lmstudio", base_url=base_url, models=tuple(models_of(listed)))


async def _llama_cpp(ask: _Asking, base_url: str) -> FoundServer | None:
    """`/props` tells the context of a slot; `/v1/models` the name of what is loaded."""
    props = _table(await ask.get("/props"))
    settings = _table(props.get("default_generation_settings"))
    context = settings.get("n_ctx") or _table(settings.get("params")).get("n_ctx")
    if not settings:
        return None
    rows = _rows(_table(await ask.get("/v1/models")).get("data"))
    listed = [{**one, "context_length": context or one.get("context_length")} for one in rows]
    return FoundServer(known="llama.cpp", base_url=base_url, models=tuple(models_of(listed)))


def _json(answer: Answer) -> Any:  # noqa: ANN401 - any JSON value
    if answer.status != 200:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _rows(value: object) -> list[dict[str, Any]]:
    rows = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", one) for one in rows if isinstance(one, dict)]
