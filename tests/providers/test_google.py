"""What the Google adapter sends, and how it meets what is not an answer."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conversations import GREP, READ, answered, assistant, call, result, rich, user
from tests.fake_provider import FakeProvider
from tests.snapshot import assert_snapshot
from tests.wire_cases import Outcome, access_to, collect
from tui.errors import KINDS, BadRequest, EndedEarly, NotFound, ProtocolBroken
from tui.events.stream import Sealed
from tui.net import Network
from tui.providers.base import (
    Access,
    FileBlock,
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from tui.providers.google import Google
from tui.providers.google_request import body, schema
from tui.secret import Secret

HOST = "https://generativelanguage.googleapis.com:443"
KEY = "sk-fake-wire-0123456789"


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def fake(served: FakeProvider) -> FakeProvider:
    served.reset()
    return served


def ask(**asked: Any) -> ModelRequest:
    words: tuple[Message, ...] = (user(TextBlock(text="hello")),)
    return ModelRequest(**{"model": "gemini-x", "messages": words, **asked})


async def outcome(fake: FakeProvider, fault: str | None = None, **asked: Any) -> Outcome:
    return await collect(Google(), ask(**asked), access_to(fake.url("google", fault=fault)))


def sealed(**payload: Any) -> Sealed:
    return Sealed(api="google", host=HOST, model="gemini-x", payload=payload)


def parts_of(*messages: Message, thinking: str | None = None) -> list[dict[str, Any]]:
    """The parts of the second message."""
    made = body(ask(messages=messages, thinking=thinking), HOST)
    return made["contents"][1]["parts"]


@pytest.mark.parametrize("thinking", ["level", "budget"])
def test_a_rich_conversation_is_sent_as_recorded(thinking: str) -> None:
    asked = ask(
        messages=rich(), system="Be brief.", tools=(READ, GREP), thinking=thinking, effort="high"
    )
    assert_snapshot(f"google-rich-{thinking}", body(asked, HOST))


def test_what_was_signed_goes_back_in_its_place_and_unchanged() -> None:
    blocks = (
        ThinkingBlock(text="Hm.", sealed=sealed(thoughtSignature="dGg+/==", start=0)),
        TextBlock(text="Hello", sealed=sealed(thoughtSignature="dGU+/==", start=3)),
        call("c1", sealed=sealed(thoughtSignature="Y2E+/==")),
        TextBlock(text="", sealed=sealed(thoughtSignature="ZW4+/==", start=0)),
    )
    assert parts_of(*answered(blocks)) == [
        {"text": "Hm.", "thought": True, "thoughtSignature": "dGg+/=="},
        {"text": "Hel"},
        {"text": "lo", "thoughtSignature": "dGU+/=="},
        {
            "functionCall": {"id": "c1", "name": "read", "args": {"path": "c1.txt"}},
            "thoughtSignature": "Y2E+/==",
        },
        {"text": "", "thoughtSignature": "ZW4+/=="},
    ]


def test_calls_of_another_model_are_excused_once_where_gemini_thinks() -> None:
    parts = parts_of(*answered((call("c1"), call("c2"))), thinking="level")
    assert ["thoughtSignature" in part for part in parts] == [True, False]


def test_calls_are_not_excused_where_one_is_signed() -> None:
    blocks = (call("c1"), call("c2", sealed=sealed(thoughtSignature="Y2E=")))
    parts = parts_of(*answered(blocks), thinking="level")
    assert [part.get("thoughtSignature") for part in parts] == [None, "Y2E="]


def test_nulls_in_arguments_are_sent() -> None:
    args = {"a": None, "snake_case": {"thinking_config": None}, "b": [None]}
    block = ToolCallBlock(id="c1", name="read", args=args)
    assert parts_of(*answered((block,)))[0]["functionCall"]["args"] == args


def test_results_stand_before_what_the_person_adds() -> None:
    history = (
        user(TextBlock(text="a")),
        assistant(call("c1")),
        user(TextBlock(text="by the way"), result("c1", ok=False, output="no such file")),
    )
    made = body(ask(messages=history), HOST)["contents"][2]["parts"]
    response = {"id": "c1", "name": "read", "response": {"error": "no such file"}}
    assert made == [{"functionResponse": response}, {"text": "by the way"}]


def test_a_file_of_another_kind_is_named_instead() -> None:
    file = FileBlock(name="a.bmp", media_type="image/bmp", data=b"x")
    made = body(ask(messages=(user(file, TextBlock(text="?")),)), HOST)
    assert "a.bmp" in made["contents"][0]["parts"][0]["text"]


def test_a_schema_loses_only_what_gemini_refuses() -> None:
    source = {
        "$schema": "x",
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "$comment": "c", "default": {"$id": 1}},
            "of": {"anyOf": [{"$id": "y", "type": "null"}, {"type": "array", "items": {"$id": 1}}]},
        },
        "additionalProperties": False,
    }
    assert schema(source) == {
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "default": {"$id": 1}},
            "of": {"anyOf": [{"type": "null"}, {"type": "array", "items": {}}]},
        },
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("thinking", "effort", "made"),
    [
        (None, "high", None),
        ("level", None, {"includeThoughts": True}),
        ("level", "low", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("level", "none", {"includeThoughts": True, "thinkingLevel": "MINIMAL"}),
        ("budget", None, {"includeThoughts": True}),
        ("budget", "none", {"includeThoughts": True, "thinkingBudget": 0}),
        ("budget", "medium", {"includeThoughts": True, "thinkingBudget": 8192}),
        ("budget", "high", {"includeThoughts": True, "thinkingBudget": 14_976}),
    ],
)
def test_thinking_is_asked_for_in_the_models_own_way(
    thinking: str | None, effort: str | None, made: dict[str, Any] | None
) -> None:
    config = body(ask(thinking=thinking, effort=effort), HOST)["generationConfig"]
    assert config.get("thinkingConfig") == made


async def test_the_body_that_leaves_is_the_one_that_was_made(fake: FakeProvider) -> None:
    request = ask(messages=rich(), tools=(READ,), system="s", thinking="level", effort="low")
    await collect(Google(), request, access_to(fake.url("google")))
    host = f"http://127.0.0.1:{fake.port}"
    assert fake.requests[-1].body == body(request, host)


async def test_the_path_names_version_model_and_way(fake: FakeProvider) -> None:
    await outcome(fake)
    await outcome(fake, stream=False)
    assert [seen.path for seen in fake.requests] == [
        "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
        "/v1beta/models/gemini-x:generateContent",
    ]


async def test_only_the_named_headers_leave(fake: FakeProvider) -> None:
    await outcome(fake)
    headers = fake.requests[-1].headers
    assert (headers["x-goog-api-key"], set(headers)) == (
        KEY,
        {"host", "accept-encoding", "connection", "content-length", "accept", "content-type",
         "x-goog-api-key", "user-agent"},
    )  # fmt: skip


async def test_nothing_of_the_environment_leaves_with_a_request(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outcome(fake)
    without = fake.requests[-1]
    elsewhere = f"http://127.0.0.1:{fake.sink.port}"
    for name, value in {
        "GOOGLE_API_KEY": "other",
        "GEMINI_API_KEY": "other",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "project",
        "GOOGLE_CLOUD_LOCATION": "us-east5",
        "GOOGLE_GEMINI_BASE_URL": elsewhere,
        "GOOGLE_VERTEX_BASE_URL": elsewhere,
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GENAI_CLIENT_MODE": "replay",
        "GOOGLE_GENAI_REPLAY_ID": "x",
        "GOOGLE_API_USE_MTLS_ENDPOINT": "always",
        "GOOGLE_API_USE_CLIENT_CERTIFICATE": "true",
        "HTTPS_PROXY": elsewhere,
        "HTTP_PROXY": elsewhere,
    }.items():
        monkeypatch.setenv(name, value)
    await outcome(fake)
    _, with_it = fake.requests
    assert (with_it.path, with_it.headers, with_it.body, fake.sink.seen) == (
        without.path,
        without.headers,
        without.body,
        [],
    )


async def test_a_switch_that_breaks_the_sdk_is_named(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_HTTP_CLIENT", "httpx")
    error = (await outcome(fake)).error
    assert isinstance(error, BadRequest)
    assert "GOOGLE_GENAI_HTTP_CLIENT" in error.hint


def test_the_sdk_writes_nothing_on_the_screen() -> None:
    code = """if True:
        import asyncio, contextlib
        from tests.wire_cases import access_to, collect, plain_request
        from tui.providers.google import Google
        found = asyncio.run(collect(Google(), plain_request(), access_to("http://127.0.0.1:9")))
        assert found.error.kind == "network", found.error
    """
    environ = {**os.environ, "GOOGLE_API_KEY": "a", "GEMINI_API_KEY": "b"}
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


async def test_no_key_sends_no_key_header(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "other")
    access = Access(base_url=fake.url("google"), secret=None, network=Network({}))
    await collect(Google(), ask(), access)
    assert "x-goog-api-key" not in fake.requests[-1].headers


async def test_a_key_that_no_header_may_have_is_an_invalid_key(fake: FakeProvider) -> None:
    access = Access(base_url=fake.url("google"), secret=Secret("é\n"), network=Network({}))
    error = (await collect(Google(), ask(), access)).error
    assert error is not None
    assert (error.kind, "é" in str(error)) == ("invalid_key", False)


async def test_a_redirect_is_not_followed_with_the_key(fake: FakeProvider) -> None:
    found = await outcome(fake, "redirect")
    assert (type(found.error), fake.sink.seen) == (NotFound, [])


@pytest.mark.parametrize("kind", sorted({"invalid_key", "permission", "not_found", "rate_limit",
    "quota", "context_length", "bad_request", "overloaded", "server"}))  # fmt: skip
async def test_an_error_of_the_provider_has_its_kind_and_is_asked_once(
    fake: FakeProvider, kind: str
) -> None:
    fake.script([{"error": {"kind": kind}, "times": 9}])
    found = await outcome(fake)
    assert (type(found.error), len(fake.requests)) == (KINDS[kind], 1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("cut", EndedEarly), ("cut-clean", EndedEarly), ("reset-mid", EndedEarly),
     ("portal", ProtocolBroken), ("refuse", KINDS["network"])],
)  # fmt: skip
async def test_a_broken_connection_has_its_kind_and_is_not_tried_again(
    fake: FakeProvider, fault: str, error: type[Exception]
) -> None:
    fake.script([{"text": "A longer text that comes in several pieces, one after another."}] * 3)
    found = await outcome(fake, fault)
    assert (type(found.error), found.stopped, len(fake.requests)) == (error, None, 1)


async def test_an_address_that_is_none_is_a_bad_request() -> None:
    found = await collect(Google(), ask(), access_to("nonsense"))
    assert isinstance(found.error, BadRequest)


async def test_an_answer_asked_for_whole_has_the_same_parts(fake: FakeProvider) -> None:
    step = {
        "thinking": "Hm.",
        "text": "Hi.",
        "tool_calls": [{"name": "read", "args": {"a": 1}, "id": "c1"}],
    }
    fake.script([step, step])
    streamed, whole = await outcome(fake), await outcome(fake, stream=False)
    assert (whole.text, whole.thinking, whole.calls) == (
        streamed.text,
        streamed.thinking,
        streamed.calls,
    )
    assert (whole.stopped, whole.usage) == (streamed.stopped, streamed.usage)


@pytest.mark.soak
async def test_the_sdks_client_lives_as_long_as_the_answer(fake: FakeProvider) -> None:
    fake.script([{"text": "one two three four five six", "rate": 200}])
    texts: list[str] = []
    async for part in Google().stream(ask(), access_to(fake.url("google"))):
        gc.collect()
        texts.append(getattr(part, "text", ""))
    assert "".join(texts) == "one two three four five six"
