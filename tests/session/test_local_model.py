from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from tests.local_model import find_weights, is_gone
from tui.errors import BadRequest, InvalidKey, TimedOut
from tui.localmodel.process import LocalServer
from tui.net import Network
from tui.providers.base import (
    Access,
    Message,
    ModelRequest,
    Stopped,
    TextBlock,
    TextDelta,
    UsageReported,
)
from tui.providers.registry import provider
from tui.secret import Secret

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="module"),
]

WIRES = ("openai-chat", "openai-responses", "anthropic")


@pytest.fixture(scope="module")
def weights() -> Path:
    return find_weights()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(weights):
    async with LocalServer(os.environ) as running:
        await running.start(weights)
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def served(server, weights):
    return await server.start(weights)


def user(text: str) -> Message:
    return Message(role="user", blocks=(TextBlock(text=text),))


def assistant(text: str) -> Message:
    return Message(role="assistant", blocks=(TextBlock(text=text),))


def access(api: str, served, secret: Secret | None) -> Access:
    base_url = served.base_url.removesuffix("/v1") if api == "anthropic" else served.base_url
    return Access(base_url=base_url, secret=secret, network=Network({}), local=True)


async def parts_of(api: str, served, *messages: Message, stream: bool = True) -> list:
    request = ModelRequest(
        model="smollm2-135m",
        messages=messages,
        system="You are a helpful assistant.",
        max_tokens=20,
        temperature=0,
        cache=False,
        stream=stream,
    )
    adapter = provider(api)
    return [part async for part in adapter.stream(request, access(api, served, served.secret))]


def text_of(parts: list) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", WIRES)
async def test_each_wire_brings_text_that_ends(served, api, stream):
    parts = await parts_of(api, served, user("What is the capital of France?"), stream=stream)
    assert "Paris" in text_of(parts)
    assert isinstance(parts[-1], Stopped)


@pytest.mark.parametrize("api", WIRES)
async def test_each_wire_remembers_what_was_said_before(served, api):
    parts = await parts_of(
        api,
        served,
        user("Remember the word banana."),
        assistant("I will remember the word banana."),
        user("Which word did I ask you to remember?"),
    )
    assert "banana" in text_of(parts)


@pytest.mark.soak
@pytest.mark.parametrize("api", WIRES)
async def test_each_wire_reports_tokens(served, api):
    parts = await parts_of(api, served, user("Say hello."))
    (usage,) = [part.raw for part in parts if isinstance(part, UsageReported)]
    assert usage.get("output_tokens", usage.get("completion_tokens")) > 0


@pytest.mark.parametrize("api", WIRES)
async def test_without_the_key_no_wire_is_answered(served, api):
    request = ModelRequest(model="smollm2-135m", messages=(user("hello"),), max_tokens=4)
    with pytest.raises(InvalidKey):
        wrong = access(api, served, Secret("not-the-key-of-this-server"))
        async for _ in provider(api).stream(request, wrong):
            pass


async def get(served, path: str, headers: dict[str, str]) -> httpx2.Response:
    base_url = served.base_url.removesuffix("/v1")
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.get(base_url + path, headers=headers)


@pytest.mark.parametrize("path", ["/v1/models", "/props", "/slots", "/metrics", "/models"])
async def test_nothing_is_told_without_the_key(served, path):
    assert (await get(served, path, {})).status_code == 401


async def test_there_is_no_page_for_a_browser(served):
    assert (await get(served, "/", {"accept-encoding": "gzip"})).status_code == 404


async def test_a_web_page_of_another_origin_may_not_read_answers(served):
    key = f"Bearer {served.secret.reveal()}"
    headers = {"origin": "https://pages.example", "authorization": key}
    answer = await get(served, "/v1/models", headers)
    assert answer.headers.get("access-control-allow-origin", "") == ""


async def test_the_path_of_the_file_is_not_told(served, weights):
    answer = await get(served, "/v1/models", {"authorization": f"Bearer {served.secret.reveal()}"})
    assert str(weights.parent) not in answer.text


async def test_the_same_model_is_served_by_the_same_process(server, weights, served):
    pid = server.pid
    await asyncio.gather(server.start(weights), server.start(weights))
    assert server.pid == pid


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_key_stands_in_no_argument_and_no_environment(server, served):
    seen = b"".join(
        Path(f"/proc/{server.pid}/{part}").read_bytes() for part in ("cmdline", "environ")
    )
    assert served.secret.reveal().encode() not in seen


async def test_after_a_stop_the_process_is_gone(weights):
    running = LocalServer(os.environ)
    await running.start(weights)
    pid = running.pid
    await running.stop()
    assert (running.alive, is_gone(pid, 0.5)) == (False, True)


@pytest.mark.soak
async def test_a_model_that_crashed_is_started_again(weights):
    async with LocalServer(os.environ) as running:
        await running.start(weights)
        crashed = running.pid
        os.kill(crashed, signal.SIGKILL)
        while running.alive:
            await asyncio.sleep(0.01)
        await running.start(weights)
        assert running.alive and running.pid != crashed


async def test_a_start_that_takes_too_long_is_said_and_leaves_nothing(weights):
    async with LocalServer(os.environ, start_timeout_s=0.01) as running:
        with pytest.raises(TimedOut, match="did not start"):
            await running.start(weights)
        assert running.pid is None


async def test_a_start_that_is_cancelled_leaves_nothing(weights):
    async with LocalServer(os.environ) as running:
        starting = asyncio.create_task(running.start(weights))
        while (pid := running.pid) is None:
            await asyncio.sleep(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert is_gone(pid, 0.5)


def cut(data: bytes) -> bytes:
    return data[:1_000_000]


def scrambled(data: bytes) -> bytes:
    return data[:8] + os.urandom(100_000)


def blank(data: bytes) -> bytes:
    return data[:8] + bytes(100_000)


@pytest.mark.parametrize("damage", [cut, scrambled, blank])
async def test_a_broken_file_is_one_clear_sentence(weights, tmp_path, damage):
    file = tmp_path / "broken.gguf"
    with open(weights, "rb") as whole:
        file.write_bytes(damage(whole.read(1_000_000)))
    async with LocalServer(os.environ) as running:
        with pytest.raises(BadRequest, match=r"^the model file broken\.gguf is broken or of a"):
            await running.start(file)


async def test_a_missing_file_is_one_clear_sentence(tmp_path):
    async with LocalServer(os.environ) as running:
        with pytest.raises(BadRequest, match="is not there"):
            await running.start(tmp_path / "none.gguf")
