"""A conversation goes on at another maker: valid there, without what was sealed for the first."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from tests import replay
from tests.conversations import GREP, INTERRUPTED, PNG, READ, answered, result, rich, said, user
from tests.fake_provider import FakeProvider
from tests.wire_cases import CASES, access_to, case_url, cases_of, plain_request
from tests.wire_shapes import complaints, opaque_strings
from tui.providers.base import (
    Access,
    Api,
    Block,
    FileBlock,
    Message,
    ModelRequest,
    StreamPart,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from tui.providers.registry import provider

MODULES: dict[Api, str] = {
    "anthropic": "anthropic",
    "openai-responses": "openai_responses",
    "openai-chat": "openai_chat",
    "google": "google",
}
APIS = [api for api, name in MODULES.items() if importlib.util.find_spec(f"tui.providers.{name}")]
THINKING = {
    "anthropic": "adaptive",
    "openai-responses": "effort",
    "openai-chat": None,
    "google": "level",
}
MODEL = "fake-2-thinking"
FIRST = {
    "thinking": "I should read two files.",
    "text": "Reading both.",
    "tool_calls": [
        {"name": "read", "args": {"path": "a.txt"}},
        {"name": "read", "args": {"path": "b.txt"}},
    ],
    "stop": "tool",
}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as served:
        yield served


@pytest.fixture(scope="module")
def recordings() -> Iterator[replay.Server]:
    served = replay.serve([str(CASES)])
    yield served
    served.stop()


async def parts_of(api: Api, request: ModelRequest, access: Access) -> list[StreamPart]:
    async with aclosing(provider(api).stream(request, access)) as stream:
        return [part async for part in stream]


async def sent(
    fake: FakeProvider, api: Api, messages: tuple[Message, ...], **asked: Any
) -> dict[str, Any]:
    """The body that a request with `messages` leaves as."""
    request = ModelRequest(
        model=asked.pop("model", MODEL), messages=messages, tools=(READ, GREP), system="Be brief.",
        thinking=asked.pop("thinking", THINKING[api]), **asked,
    )  # fmt: skip
    fake.reset()
    await parts_of(api, request, access_to(fake.url(api)))
    return fake.requests[-1].body


async def first_answer(fake: FakeProvider, api: Api) -> tuple[Block, ...]:
    """What an adapter makes of an answer with thinking, text and two calls at once."""
    fake.script([dict(FIRST)])
    request = plain_request(MODEL)
    return said(await parts_of(api, request, access_to(fake.url(api))))


def conversation(blocks: tuple[Block, ...]) -> tuple[Message, ...]:
    """An image, `blocks` as the answer, and of its calls one done and one interrupted."""
    one, two = (block for block in blocks if isinstance(block, ToolCallBlock))
    return (
        user(
            FileBlock(name="shot.png", media_type="image/png", data=PNG),
            TextBlock(text="What is this?"),
        ),
        Message(role="assistant", blocks=blocks),
        user(result(one.id), result(two.id, output=INTERRUPTED, ok=False), TextBlock(text="Well?")),
    )


def seals(blocks: tuple[Block, ...]) -> set[str]:
    found = [getattr(block, "sealed", None) for block in blocks]
    return set().union(*(opaque_strings(sealed.payload) for sealed in found if sealed is not None))


@pytest.mark.parametrize("target", APIS)
@pytest.mark.parametrize("source", APIS)
async def test_a_conversation_of_one_maker_is_taken_by_the_other(
    source: Api, target: Api, fake: FakeProvider
) -> None:
    history = conversation(await first_answer(fake, source))
    assert complaints(target, await sent(fake, target, history)) == []


@pytest.mark.parametrize("target", APIS)
@pytest.mark.parametrize("source", APIS)
async def test_what_one_maker_sealed_reaches_no_other(
    source: Api, target: Api, fake: FakeProvider
) -> None:
    blocks = await first_answer(fake, source)
    body = json.dumps(await sent(fake, target, conversation(blocks)), ensure_ascii=False)
    found = {secret for secret in seals(blocks) if secret in body}
    assert found == (seals(blocks) if source == target else set())


@pytest.mark.parametrize("api", APIS)
async def test_what_was_sealed_does_not_reach_another_model_of_the_same_maker(
    api: Api, fake: FakeProvider
) -> None:
    blocks = await first_answer(fake, api)
    body = json.dumps(await sent(fake, api, conversation(blocks), model="fake-1"))
    assert not [secret for secret in seals(blocks) if secret in body]


@pytest.mark.parametrize("api", APIS)
async def test_what_was_sealed_does_not_reach_another_host(api: Api, fake: FakeProvider) -> None:
    blocks = await first_answer(fake, api)
    with FakeProvider() as other:
        body = json.dumps(await sent(other, api, conversation(blocks)))
    assert not [secret for secret in seals(blocks) if secret in body]


@pytest.mark.parametrize("api", [api for api in APIS if api != "openai-chat"])
async def test_an_answer_with_thinking_has_something_sealed(api: Api, fake: FakeProvider) -> None:
    assert seals(await first_answer(fake, api))


@pytest.mark.parametrize("api", APIS)
async def test_the_thinking_of_another_maker_is_not_sent_as_text(
    api: Api, fake: FakeProvider
) -> None:
    blocks = (ThinkingBlock(text="a private thought"), TextBlock(text="Said."))
    body = json.dumps(await sent(fake, api, answered(blocks)))
    assert "a private thought" not in body


@pytest.mark.parametrize("api", APIS)
async def test_an_interrupted_call_has_its_result_on_every_wire(
    api: Api, fake: FakeProvider
) -> None:
    blocks = await first_answer(fake, api)
    assert INTERRUPTED in json.dumps(await sent(fake, api, conversation(blocks)))


@pytest.mark.parametrize("thinking", ["adaptive", "budget", "level", "effort", None])
@pytest.mark.parametrize("api", APIS)
async def test_a_rich_conversation_is_taken_by_every_maker(
    api: Api, thinking: str | None, fake: FakeProvider
) -> None:
    body = await sent(fake, api, rich(), thinking=thinking, effort="high")
    assert complaints(api, body) == []


@pytest.mark.soak
@pytest.mark.parametrize("target", APIS)
@pytest.mark.parametrize("source", APIS)
async def test_every_recorded_answer_can_be_gone_on_from(
    source: Api, target: Api, fake: FakeProvider, recordings: replay.Server
) -> None:
    found: dict[str, list[str]] = {}
    for case in cases_of(source, streams_only=True):
        if case["expect"]["error"] or case["expect"].get("truncated"):
            continue
        if case["expect"]["stop_norm"] in {"other", "error"} or case.get("vendor"):
            continue
        model = case["expect"].get("model") or "m"
        access = access_to(case_url(recordings, case))
        blocks = said(await parts_of(source, plain_request(model), access))
        body = await sent(fake, target, answered(blocks), model=model)
        leaked = [s for s in seals(blocks) if source != target and s in json.dumps(body)]
        if wrong := complaints(target, body) + leaked:
            found[case["id"]] = wrong
    assert not found
