"""The fake provider is what its docstring says: others lean on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.fake_provider import FakeProvider
from tests.wire_cases import access_to, collect, plain_request
from tui.providers.base import Api
from tui.providers.registry import provider

APIS: tuple[Api, ...] = ("anthropic", "openai-chat", "openai-responses", "google")
KEY = "sk-fake-wire-0123456789"
STEP = {
    "text": "Reading both.",
    "thinking": "Two files.",
    "tool_calls": [{"name": "read", "args": {"p": "a"}}, {"name": "read", "args": {"p": "b"}}],
    "usage": {"input": 70, "output": 30, "cache_read": 20, "reasoning": 5},
}


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider(keys={KEY}) as served:
        yield served


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("api", APIS)
async def test_a_scripted_step_reaches_every_adapter_whole(
    api: Api, stream: bool, fake: FakeProvider
) -> None:
    fake.script([STEP])
    found = await collect(provider(api), plain_request(stream=stream), access_to(fake.url(api)))
    assert (found.text, found.thinking) == (STEP["text"], STEP["thinking"])
    assert [call.args for call in found.calls] == [{"p": "a"}, {"p": "b"}]
    assert found.stopped is not None and found.stopped.stop == "tool"


@pytest.mark.parametrize("api", APIS)
async def test_without_a_script_the_prompt_comes_back(api: Api, fake: FakeProvider) -> None:
    found = await collect(provider(api), plain_request(), access_to(fake.url(api)))
    assert found.text == "You said: hello"


@pytest.mark.parametrize("api", APIS)
async def test_a_wrong_key_is_refused_in_the_makers_words(api: Api) -> None:
    with FakeProvider(keys={"another"}) as fake:
        found = await collect(provider(api), plain_request(), access_to(fake.url(api)))
    assert found.error is not None and found.error.kind == "invalid_key"


@pytest.mark.parametrize("api", APIS)
async def test_a_pace_is_kept(api: Api, fake: FakeProvider) -> None:
    fake.script([{"text": "word " * 100, "rate": 200}])
    begun = time.monotonic()
    await collect(provider(api), plain_request(), access_to(fake.url(api)))
    assert time.monotonic() - begun >= 0.45


@pytest.mark.parametrize("api", APIS)
async def test_an_error_ends_after_as_many_times_as_asked(api: Api, fake: FakeProvider) -> None:
    access = access_to(fake.url(api, fault="529:2"))
    found = [await collect(provider(api), plain_request(), access) for _ in range(3)]
    assert [outcome.error is None for outcome in found] == [False, False, True]


@pytest.mark.parametrize(
    ("path", "headers", "ids"),
    [
        ("/v1/models", {"authorization": f"Bearer {KEY}"}, lambda b: [m["id"] for m in b["data"]]),
        ("/v1/models", {"x-api-key": KEY, "anthropic-version": "2026-10-21"},
         lambda b: [m["display_name"] for m in b["data"]]),
        ("/v1beta/models", {"x-goog-api-key": KEY},
         lambda b: [m["name"].removeprefix("models/") for m in b["models"]]),
    ],
    ids=["openai", "anthropic", "google"],
)  # fmt: skip
def test_a_model_list_has_its_makers_shape(
    path: str, headers: dict[str, str], ids: Any, fake: FakeProvider
) -> None:
    answer = httpx2.get(f"http://127.0.0.1:{fake.port}{path}", headers=headers)
    assert ids(answer.json()) == ["fake-1", "fake-2-thinking"]


def test_a_process_of_its_own_is_scripted_and_read_over_http() -> None:
    command = [sys.executable, "-m", "tests.fake_provider", "--port", "0", "--key", KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        base = f"http://127.0.0.1:{json.loads(child.stdout.readline())['port']}"
        httpx2.post(f"{base}/__script", json={"steps": [{"text": "from a script"}]})
        answer = httpx2.post(
            f"{base}/v1/chat/completions",
            json={"model": "m", "messages": []},
            headers={"authorization": f"Bearer {KEY}"},
        )
        log = httpx2.get(f"{base}/__log").json()
        child.stdin.close()
        assert child.wait(10) == 0
    assert answer.json()["choices"][0]["message"]["content"] == "from a script"
    assert [entry["path"] for entry in log] == ["/v1/chat/completions"]
