"""Local servers: found on loopback, offered, with the context that they really have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.fake_faults import closed_port
from tests.fake_gateway import (
    FakeGateway,
    lay_out_llama_cpp,
    lay_out_lm_studio,
    lay_out_ollama,
)
from tui.endpoints.found import FoundServer, find_servers, known_server


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as fake:
        yield fake


async def found(gateway: FakeGateway, known: str) -> FoundServer | None:
    servers = await find_servers({}, {known: f"{gateway.root}/v1"})
    return servers[0] if servers else None


def contexts(server: FoundServer | None) -> dict[str, int | None]:
    assert server is not None
    return {one.id: one.context for one in server.models}


async def test_ollama_tells_the_context_it_is_loaded_or_set_with(gateway):
    lay_out_ollama(gateway)
    server = await found(gateway, "ollama")
    assert contexts(server) == {"qwen3:8b": 16384, "gemma3:4b": 4096}


async def test_what_ollama_only_passes_on_is_left_out_and_said(gateway):
    lay_out_ollama(gateway)
    server = await found(gateway, "ollama")
    assert server is not None
    assert server.left_out == ("gpt-oss:120b-cloud",)


async def test_lm_studio_tells_the_context_it_is_loaded_with(gateway):
    lay_out_lm_studio(gateway)
    assert contexts(await found(gateway, "lmstudio")) == {"qwen2.5-7b": 8192}


async def test_llama_cpp_tells_the_context_of_a_slot(gateway):
    lay_out_llama_cpp(gateway)
    assert contexts(await found(gateway, "llama.cpp")) == {"smol.gguf": 6144}


@pytest.mark.parametrize("known", ["ollama", "lmstudio", "llama.cpp"])
async def test_another_program_on_the_usual_port_is_not_taken_for_one(gateway, known):
    gateway.says("GET /v1/models", {"data": [{"id": "something"}]})
    assert await found(gateway, known) is None


@pytest.mark.parametrize("known", ["ollama", "lmstudio", "llama.cpp"])
async def test_nobody_listening_is_nothing_found(known):
    assert await find_servers({}, {known: f"http://127.0.0.1:{closed_port()}/v1"}) == ()


@pytest.mark.parametrize(
    ("lay_out", "known"),
    [
        (lay_out_ollama, "ollama"),
        (lay_out_lm_studio, "lmstudio"),
        (lay_out_llama_cpp, "llama.cpp"),
    ],
)
async def test_a_server_is_known_by_its_answers_on_any_port(
    gateway, lay_out: Callable[[FakeGateway], None], known: str
):
    lay_out(gateway)
    server = await known_server(f"{gateway.root}/v1", {})
    assert server is not None
    assert server.known == known
