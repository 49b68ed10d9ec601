"""What the two OpenAI adapters send."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.conversations import GREP, READ, answered, assistant, call, result, rich, user
from tests.fake_provider import FakeProvider
from tests.snapshot import assert_snapshot
from tests.wire_cases import access_to, collect, plain_request
from tui.events.stream import Sealed
from tui.events.tool import ToolSpec
from tui.net import Network
from tui.providers.base import Access, Api, ModelRequest, TextBlock, ThinkingBlock
from tui.providers.openai_chat_request import body as chat_body
from tui.providers.openai_responses_request import body as responses_body
from tui.providers.openai_shared import ToolNames
from tui.providers.registry import provider
from tui.secret import Secret

APIS: tuple[Api, ...] = ("openai-chat", "openai-responses")
HOST = "https://api.openai.com:443"
KEY = "sk-fake-wire-0123456789"


@dataclasses.dataclass
class Place:
    base_url: str = "https://api.openai.com/v1"
    vendor: str | None = None


GATEWAY = Place("https://gateway.example/v1")


def ask(**asked: Any) -> ModelRequest:
    return ModelRequest(**{"model": "gpt-x", "messages": (user(TextBlock(text="hello")),), **asked})


def chat(request: ModelRequest, place: Place = GATEWAY) -> dict[str, Any]:
    return chat_body(request, place, HOST, ToolNames(request.tools))


def responses(request: ModelRequest) -> dict[str, Any]:
    return responses_body(request, HOST, ToolNames(request.tools))


def made(api: Api, request: ModelRequest) -> dict[str, Any]:
    return chat(request) if api == "openai-chat" else responses(request)


def sealed(api: Api, payload: dict[str, Any]) -> Sealed:
    return Sealed(api=api, host=HOST, model="gpt-x", payload=payload)


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with FakeProvider() as fake:
        yield fake


@pytest.fixture
def fake(served: FakeProvider) -> FakeProvider:
    served.reset()
    return served


RICH = ask(
    messages=rich(), system="Be brief.", tools=(READ, GREP), thinking="effort", effort="high"
)


def test_a_rich_conversation_for_chat_is_as_recorded() -> None:
    assert_snapshot("openai-chat-rich", chat(RICH))


def test_a_rich_conversation_for_openrouters_claude_is_as_recorded() -> None:
    place = Place("https://openrouter.ai/api/v1", "openrouter")
    request = ask(
        messages=rich(), model="anthropic/claude-x", system="Be brief.", tools=(READ, GREP)
    )
    assert_snapshot("openai-chat-openrouter-claude", chat(request, place))


def test_a_rich_conversation_for_mistral_is_as_recorded() -> None:
    place = Place("https://api.mistral.ai/v1", "mistral")
    assert_snapshot("openai-chat-mistral", chat(RICH, place))


def test_a_rich_conversation_for_responses_is_as_recorded() -> None:
    assert_snapshot("openai-responses-rich", responses(RICH))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "where",
    [{"api": "anthropic"}, {"host": "https://elsewhere.example:443"}, {"model": "gpt-y"}],
    ids=["another wire", "another host", "another model"],
)
def test_what_was_sealed_elsewhere_stays_out(api: Api, where: dict[str, str]) -> None:
    payload = {
        "type": "reasoning",
        "encrypted_content": "not-yours",
        "summary": [],
        "reasoning_content": "not-yours",
        "reasoning_details": [{"data": "not-yours"}],
        "id": "not-yours",
        "phase": "not-yours",
    }
    seal = msgspec.structs.replace(sealed(api, payload), **where)
    blocks = (
        ThinkingBlock(text="hm", sealed=seal),
        TextBlock(text="a", sealed=seal),
        call("c1", sealed=seal),
    )
    assert "not-yours" not in json.dumps(made(api, ask(messages=answered(blocks))))


def test_reasoning_of_this_very_place_goes_back_to_responses_before_what_it_led_to() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "mine"}
    blocks = (ThinkingBlock(text="", sealed=sealed("openai-responses", item)), call("c1"))
    items = responses(ask(messages=answered(blocks)))["input"]
    assert [entry["type"] for entry in items][1:3] == ["reasoning", "function_call"]


def test_reasoning_without_what_it_led_to_is_left_out_of_responses() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "mine"}
    blocks = (ThinkingBlock(text="", sealed=sealed("openai-responses", item)),)
    assert "mine" not in json.dumps(responses(ask(messages=answered(blocks))))


def test_a_models_phase_goes_back_with_its_text() -> None:
    text = TextBlock(text="a", sealed=sealed("openai-responses", {"phase": "commentary"}))
    assert responses(ask(messages=answered((text,))))["input"][1]["phase"] == "commentary"


def test_reasoning_content_goes_back_with_calls_in_later_turns_too() -> None:
    seal = sealed("openai-chat", {"reasoning_content": "hm"})
    history = answered((ThinkingBlock(text="hm", sealed=seal), call("c1")))
    messages = chat(ask(messages=history))["messages"]
    assert [m.get("reasoning_content") for m in messages if m["role"] == "assistant"] == ["hm"]


def test_reasoning_content_behind_a_plain_answer_stays_here() -> None:
    seal = sealed("openai-chat", {"reasoning_content": "hm"})
    history = answered((ThinkingBlock(text="hm", sealed=seal), TextBlock(text="a")))
    assert "reasoning_content" not in json.dumps(chat(ask(messages=history)))


@pytest.mark.parametrize(
    ("vendor", "model"),
    [("deepseek", "deepseek-v4-pro"), ("moonshotai", "kimi-k2"), (None, "deepseek-v4-flash")],
)
def test_calls_of_another_model_have_reasoning_where_it_is_wanted_with_every_call(
    vendor: str | None, model: str
) -> None:
    request = ask(model=model, messages=answered((call("c1"),)))
    messages = chat(request, Place("https://api.example/v1", vendor))["messages"]
    assert [bool(m.get("reasoning_content")) for m in messages if "tool_calls" in m] == [True]


def test_details_go_back_whole_to_openrouter() -> None:
    details = [{"type": "reasoning.encrypted", "data": "mine", "index": 0}]
    seal = sealed("openai-chat", {"reasoning_details": details})
    history = answered((ThinkingBlock(text="", sealed=seal), TextBlock(text="a")))
    assert chat(ask(messages=history))["messages"][1]["reasoning_details"] == details


def test_an_odd_id_goes_back_as_it_came_to_the_place_that_gave_it() -> None:
    seal = sealed("openai-chat", {"id": "call|odd", "extra_content": {"signature": "s"}})
    history = answered((call("call|odd", sealed=seal),))
    body = chat(ask(messages=history))
    assert body["messages"][1]["tool_calls"][0]["extra_content"] == {"signature": "s"}
    assert [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"] == ["call|odd"]


@pytest.mark.parametrize("id", ["odd id|/é", "x" * 64, "toolu_01AbCdEfGhIjKlMnOpQrStUv"])
@pytest.mark.parametrize(("vendor", "longest"), [(None, 40), ("mistral", 9)])
def test_ids_are_re_shaped_alike_in_call_and_result(
    id: str, vendor: str | None, longest: int
) -> None:
    place = Place("https://api.example/v1", vendor)
    messages = chat(ask(messages=answered((call(id),))), place)["messages"]
    sent = messages[1]["tool_calls"][0]["id"]
    assert messages[2]["tool_call_id"] == sent
    assert len(sent) <= longest
    assert sent.replace("_", "").replace("-", "").isalnum()


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (Place(), "max_completion_tokens"),
        (Place("https://us.api.openai.com/v1"), "max_completion_tokens"),
        (Place("https://my.azure.example/openai/v1", "azure"), "max_completion_tokens"),
        (Place("https://api.openai.com.example/v1"), "max_tokens"),
        (GATEWAY, "max_tokens"),
    ],
)
def test_the_bound_of_output_has_the_name_that_the_place_knows(place: Place, name: str) -> None:
    body = chat(ask(max_tokens=77), place)
    assert {k: v for k, v in body.items() if k.startswith("max_")} == {name: 77}


@pytest.mark.parametrize(
    ("vendor", "effort", "sent"),
    [
        (None, None, {}),
        (None, "high", {"reasoning_effort": "high"}),
        ("openrouter", "low", {"reasoning": {"effort": "low"}}),
        ("zai", "none", {"thinking": {"type": "disabled"}}),
        ("deepseek", "max", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        ("deepseek", "none", {"thinking": {"type": "disabled"}}),
        ("alibaba", "none", {"enable_thinking": False}),
    ],
)
def test_effort_is_asked_for_in_the_vendors_own_way(
    vendor: str | None, effort: str | None, sent: dict[str, Any]
) -> None:
    body = chat(ask(effort=effort), Place("https://api.example/v1", vendor))
    names = {"reasoning_effort", "reasoning", "thinking", "enable_thinking"}
    assert {k: v for k, v in body.items() if k in names} == sent


def test_a_model_that_does_not_think_is_not_asked_for_its_reasoning() -> None:
    assert not {"reasoning", "include"} & responses(ask(temperature=0.0)).keys()


def test_nothing_is_stored_at_the_maker() -> None:
    assert responses(ask())["store"] is False


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("thinking", ["effort", None])
def test_temperature_is_sent_only_where_it_is_taken(api: Api, thinking: str | None) -> None:
    request = ask(temperature=0.0, thinking=thinking)
    body = chat(request, Place()) if api == "openai-chat" else responses(request)
    assert ("temperature" in body) == (thinking is None)


@pytest.mark.parametrize("vendor", ["openrouter", None])
@pytest.mark.parametrize("model", ["anthropic/claude-x", "openai/gpt-x"])
def test_cache_marks_are_for_claude_at_openrouter_alone(vendor: str | None, model: str) -> None:
    body = chat(ask(model=model, system="s"), Place("https://openrouter.ai/api/v1", vendor))
    wanted = vendor == "openrouter" and model.startswith("anthropic/")
    assert ("cache_control" in json.dumps(body)) == wanted


def test_a_failed_result_says_so_in_words() -> None:
    history = (user(TextBlock(text="a")), assistant(call("c1")), user(result("c1", ok=False)))
    assert chat(ask(messages=history))["messages"][-1]["content"] == "The tool failed: found"


TWINS = (
    ToolSpec(name="mcp/files.read", description="a", schema={"type": "object"}),
    ToolSpec(name="mcp.files/read", description="b", schema={"type": "object"}),
    ToolSpec(name="n" * 90, description="c", schema={"type": "object"}),
)


@pytest.mark.parametrize("api", APIS)
async def test_a_tools_name_comes_back_as_ours_though_the_wire_takes_another(
    api: Api, fake: FakeProvider
) -> None:
    await collect(provider(api), ask(tools=TWINS), access_to(fake.url(api)))
    tools = fake.requests[-1].body["tools"]
    names = [tool.get("function", tool)["name"] for tool in tools]
    fake.script([{"tool_calls": [{"name": name, "args": {}} for name in names]}])
    found = await collect(provider(api), ask(tools=TWINS), access_to(fake.url(api)))
    assert [call.name for call in found.calls] == [tool.name for tool in TWINS]
    assert len(set(names)) == 3 and all(len(name) <= 64 for name in names)


@pytest.mark.parametrize("api", APIS)
async def test_only_the_named_headers_leave(api: Api, fake: FakeProvider) -> None:
    await collect(provider(api), ask(), access_to(fake.url(api)))
    assert set(fake.requests[-1].headers) == {
        "host", "accept-encoding", "connection", "content-length", "accept", "content-type",
        "authorization", "user-agent",
    }  # fmt: skip


@pytest.mark.parametrize("api", APIS)
async def test_nothing_of_the_environment_leaves_with_a_request(
    api: Api, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collect(provider(api), ask(), access_to(fake.url(api)))
    without = fake.requests[-1]
    elsewhere = f"http://127.0.0.1:{fake.sink.port}"
    for name, value in {
        "OPENAI_CUSTOM_HEADERS": "X-Leak: 1\nAuthorization: Bearer other\nhost: other",
        "OPENAI_ORG_ID": "org-leak",
        "OPENAI_PROJECT_ID": "proj-leak",
        "OPENAI_API_KEY": "sk-other",
        "OPENAI_ADMIN_KEY": "sk-admin-other",
        "OPENAI_WEBHOOK_SECRET": "other",
        "OPENAI_BASE_URL": elsewhere,
        "OPENAI_LOG": "debug",
        "HTTPS_PROXY": elsewhere,
        "HTTP_PROXY": elsewhere,
        "ALL_PROXY": elsewhere,
    }.items():
        monkeypatch.setenv(name, value)
    await collect(provider(api), ask(), access_to(fake.url(api)))
    with_it = fake.requests[-1]
    assert (with_it.headers, with_it.body, fake.sink.seen) == (without.headers, without.body, [])


@pytest.mark.parametrize("api", APIS)
async def test_no_key_sends_no_authorization(
    api: Api, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    access = Access(base_url=fake.url(api), secret=None, network=Network({}), local=True)
    await collect(provider(api), plain_request(), access)
    assert "authorization" not in fake.requests[-1].headers


@pytest.mark.parametrize("api", APIS)
async def test_the_key_is_sent_as_bearer(api: Api, fake: FakeProvider) -> None:
    await collect(provider(api), ask(), access_to(fake.url(api)))
    assert fake.requests[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("api", APIS)
async def test_a_key_that_no_header_may_have_is_an_invalid_key(
    api: Api, fake: FakeProvider
) -> None:
    access = Access(base_url=fake.url(api), secret=Secret("sk-é\n"), network=Network({}))
    error = (await collect(provider(api), plain_request(), access)).error
    assert error is not None
    assert (error.kind, "é" in str(error)) == ("invalid_key", False)
