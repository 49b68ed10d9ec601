"""What the Anthropic adapter sends, and how it meets what is not an answer."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conversations import GREP, READ, rich, user
from tests.fake_provider import FakeProvider
from tests.snapshot import assert_snapshot
from tests.wire_cases import Outcome, access_to, collect, plain_request
from tui.errors import KINDS, BadRequest, EndedEarly, NotFound, ProtocolBroken
from tui.net import Network
from tui.providers.anthropic import WIRE_VERSION, Anthropic
from tui.providers.anthropic_request import body
from tui.providers.base import Access, Limit, Message, ModelRequest, TextBlock, ThinkingBlock
from tui.providers.limits import anthropic_limits
from tui.secret import Secret

HOST = "https://api.anthropic.com:443"
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
    return ModelRequest(**{"model": "claude-x", "messages": words, **asked})


async def outcome(fake: FakeProvider, fault: str | None = None, **asked: Any) -> Outcome:
    return await collect(Anthropic(), ask(**asked), access_to(fake.url("anthropic", fault=fault)))


def marked(made: dict[str, Any]) -> list[str]:
    """Where cache marks stand, as paths."""
    found: list[str] = []

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            if "cache_control" in value:
                found.append(path)
            for key, entry in value.items():
                walk(entry, f"{path}.{key}")
        elif isinstance(value, list):
            for at, entry in enumerate(value):
                walk(entry, f"{path}.{at}")

    walk(made, "")
    return found


@pytest.mark.parametrize("thinking", ["adaptive", "budget"])
def test_a_rich_conversation_is_sent_as_recorded(thinking: str) -> None:
    asked = ask(
        messages=rich(), system="Be brief.", tools=(READ, GREP), thinking=thinking, effort="high"
    )
    assert_snapshot(f"anthropic-rich-{thinking}", body(asked, HOST))


def test_cache_marks_stand_on_tools_system_and_the_last_two_prompts() -> None:
    made = body(ask(messages=rich(), system="Be brief.", tools=(READ, READ)), HOST)
    assert marked(made) == [
        ".messages.4.content.0",
        ".messages.6.content.1",
        ".system.0",
        ".tools.1",
    ]


def test_without_cache_there_are_no_marks() -> None:
    assert marked(body(ask(messages=rich(), system="s", tools=(READ,), cache=False), HOST)) == []


def test_marks_do_not_reach_the_schema_of_the_tool_itself() -> None:
    body(ask(tools=(READ,)), HOST)
    assert "cache_control" not in json.dumps(READ.schema)


@pytest.mark.parametrize(
    ("thinking", "effort", "made"),
    [
        (None, "high", {}),
        ("adaptive", None, {"thinking": {"type": "adaptive", "display": "summarized"}}),
        (
            "adaptive",
            "max",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "max"},
            },
        ),
        ("adaptive", "none", {"thinking": {"type": "disabled"}}),
        ("budget", "low", {"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        ("budget", "max", {"thinking": {"type": "enabled", "budget_tokens": 14_976}}),
        ("budget", "none", {"thinking": {"type": "disabled"}}),
        ("effort", "low", {"output_config": {"effort": "low"}}),
    ],
)
def test_thinking_is_asked_for_in_the_models_own_way(
    thinking: str | None, effort: str | None, made: dict[str, Any]
) -> None:
    sent = body(ask(thinking=thinking, effort=effort), HOST)
    assert {k: v for k, v in sent.items() if k in {"thinking", "output_config"}} == made


def test_a_budget_leaves_room_for_the_answer_or_is_not_set() -> None:
    assert "thinking" not in body(ask(thinking="budget", max_tokens=2000), HOST)


def test_a_budget_waits_while_calls_without_thinking_are_answered() -> None:
    unfinished = rich()[:3]
    assert "thinking" not in body(ask(thinking="budget", messages=unfinished), HOST)


def test_temperature_is_left_out_beside_thinking() -> None:
    assert "temperature" not in body(ask(thinking="adaptive", temperature=0.0), HOST)


def test_temperature_is_sent_without_thinking() -> None:
    assert body(ask(temperature=0.0), HOST)["temperature"] == 0.0


def test_a_message_of_which_nothing_may_be_sent_is_left_out() -> None:
    thoughts = Message(role="assistant", blocks=(ThinkingBlock(text="private"),))
    again = (user(TextBlock(text="a")), thoughts, user(TextBlock(text="b")))
    assert [m["role"] for m in body(ask(messages=again), HOST)["messages"]] == ["user"]


def test_the_version_of_the_wire_is_the_sdks() -> None:
    constants = importlib.import_module("anthropic._constants")
    assert constants.ANTHROPIC_API_VERSION == WIRE_VERSION


async def test_only_the_named_headers_leave(fake: FakeProvider) -> None:
    await outcome(fake)
    assert set(fake.requests[-1].headers) == {
        "host", "accept-encoding", "connection", "content-length", "accept", "content-type",
        "anthropic-version", "authorization", "user-agent",
    }  # fmt: skip


async def test_nothing_of_the_environment_leaves_with_a_request(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outcome(fake)
    without = fake.requests[-1]
    elsewhere = f"http://127.0.0.1:{fake.sink.port}"
    for name, value in {
        "ANTHROPIC_CUSTOM_HEADERS": "X-Leak: 1\nAuthorization: Bearer other\nhost: other\n"
        "authorization: Bearer third\nanthropic-version: 1999-01-01\nContent-Length: 3",
        "ANTHROPIC_API_KEY": "sk-ant-other",
        "ANTHROPIC_AUTH_TOKEN": "other",
        "ANTHROPIC_BASE_URL": elsewhere,
        "ANTHROPIC_PROFILE": "other",
        "ANTHROPIC_LOG": "debug",
        "HTTPS_PROXY": elsewhere,
        "HTTP_PROXY": elsewhere,
        "ALL_PROXY": elsewhere,
    }.items():
        monkeypatch.setenv(name, value)
    await outcome(fake)
    _, with_it = fake.requests
    assert (with_it.headers, with_it.body, fake.sink.seen) == (without.headers, without.body, [])


async def test_the_key_is_sent_as_bearer(fake: FakeProvider) -> None:
    await outcome(fake)
    assert fake.requests[-1].headers["authorization"] == f"Bearer {KEY}"


async def test_no_key_sends_no_authorization(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-other")
    access = Access(base_url=fake.url("anthropic"), secret=None, network=Network({}))
    await collect(Anthropic(), plain_request(), access)
    assert "authorization" not in fake.requests[-1].headers


async def test_a_key_that_no_header_may_have_is_an_invalid_key(fake: FakeProvider) -> None:
    access = Access(base_url=fake.url("anthropic"), secret=Secret("sk-é\n"), network=Network({}))
    error = (await collect(Anthropic(), plain_request(), access)).error
    assert error is not None
    assert (error.kind, "é" in str(error)) == ("invalid_key", False)


async def test_a_redirect_is_not_followed(fake: FakeProvider) -> None:
    found = await outcome(fake, "redirect")
    assert (type(found.error), fake.sink.seen) == (NotFound, [])


@pytest.mark.parametrize("kind", sorted({"invalid_key", "permission", "not_found", "rate_limit",
    "quota", "context_length", "bad_request", "overloaded", "server"}))  # fmt: skip
async def test_an_error_of_the_provider_has_its_kind_and_is_asked_once(
    fake: FakeProvider, kind: str
) -> None:
    fake.script([{"error": {"kind": kind}, "times": 5}])
    found = await outcome(fake)
    assert (type(found.error), len(fake.requests)) == (KINDS[kind], 1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("cut", EndedEarly), ("cut-clean", EndedEarly), ("reset-mid", EndedEarly),
     ("portal", ProtocolBroken), ("refuse", KINDS["network"])],
)  # fmt: skip
async def test_a_broken_connection_has_its_kind(
    fake: FakeProvider, fault: str, error: type[Exception]
) -> None:
    fake.script([{"text": "A longer text that comes in several pieces, one after another."}])
    found = await outcome(fake, fault)
    assert (type(found.error), found.stopped) == (error, None)


async def test_usage_that_came_before_a_cut_is_reported(fake: FakeProvider) -> None:
    fake.script([{"text": "A longer text, in pieces.", "usage": {"input": 70}}])
    found = await outcome(fake, "cut")
    assert found.usage[0].raw["input_tokens"] == 70


async def test_an_address_that_is_none_is_a_bad_request() -> None:
    found = await collect(Anthropic(), ask(), access_to("nonsense"))
    assert isinstance(found.error, BadRequest)


async def test_an_answer_asked_for_whole_has_the_same_parts(fake: FakeProvider) -> None:
    step = {
        "thinking": "Hm.",
        "text": "Hi.",
        "tool_calls": [{"name": "read", "args": {"a": 1}, "id": "toolu_1"}],
    }
    fake.script([step, step])
    streamed, whole = await outcome(fake), await outcome(fake, stream=False)
    assert "stream" not in fake.requests[-1].body
    assert (whole.text, whole.thinking, whole.calls) == (
        streamed.text,
        streamed.thinking,
        streamed.calls,
    )
    assert (whole.stopped, whole.usage) == (streamed.stopped, streamed.usage)


async def test_an_old_model_does_not_write_a_warning_on_the_screen(
    fake: FakeProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        await outcome(fake, model="claude-opus-4-6", thinking="budget", stream=False)
        await outcome(fake, model="claude-2.1")
    assert capfd.readouterr() == ("", "")


def test_limits_are_told_with_seconds_until_their_reset() -> None:
    headers = {
        "date": "Tue, 24 Nov 2026 10:00:00 GMT",
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-24T10:00:02Z",
        "anthropic-ratelimit-input-tokens-limit": "20000",
        "anthropic-ratelimit-input-tokens-remaining": "x",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-24T09:00:00Z",
    }
    assert anthropic_limits(headers, dt.datetime(2030, 1, 1, tzinfo=dt.UTC)) == (
        Limit(what="requests", limit=50, remaining=49, reset_s=2.0),
        Limit(what="input_tokens", limit=20_000, remaining=None, reset_s=None),
        Limit(what="output_tokens", limit=None, remaining=None, reset_s=0.0),
    )


def test_a_reset_is_counted_from_our_clock_where_the_response_has_no_date() -> None:
    headers = {"anthropic-ratelimit-tokens-reset": "2026-11-24T10:00:30Z"}
    now = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
    assert anthropic_limits(headers, now)[0].reset_s == 30.0
