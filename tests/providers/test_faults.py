"""Every adapter against a server that goes wrong in every way: a named error, the text kept."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tests.wire_cases import Outcome, access_to, collect, plain_request
from tui import net
from tui.errors import (
    EndedEarly,
    InvalidKey,
    NetworkFailed,
    NotFound,
    Overloaded,
    ProtocolBroken,
    RateLimited,
    RequestError,
    ServerFailed,
    TimedOut,
)
from tui.providers.base import Api, StreamPart, TextDelta
from tui.providers.registry import provider

APIS: tuple[Api, ...] = ("anthropic", "openai-chat", "openai-responses", "google")
WORDS = "one two three four five six seven eight nine ten"
MEMORY_BYTES = 200 * 2**20


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with FakeProvider() as fake:
        yield fake


@pytest.fixture
def fake(served: FakeProvider) -> FakeProvider:
    served.reset()
    served.script([{"text": WORDS, "times": 9}])
    return served


async def under(fake: FakeProvider, api: Api, fault: str) -> Outcome:
    async with asyncio.timeout(30):
        return await collect(provider(api), plain_request(), access_to(fake.url(api, fault=fault)))


@pytest.mark.long
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("refuse", NetworkFailed),
        ("reset", NetworkFailed),
        ("401", InvalidKey),
        ("429", RateLimited),
        ("500", ServerFailed),
        ("503", Overloaded),
        ("529", Overloaded),
        ("cut-error", Overloaded),
        ("big-error", ServerFailed),
        ("portal", ProtocolBroken),
        ("redirect", NotFound),
        ("bomb", ProtocolBroken),
    ],
)
async def test_a_failure_before_the_answer_has_its_kind(
    api: Api, fault: str, kind: type[RequestError], fake: FakeProvider
) -> None:
    found = await under(fake, api, fault)
    assert (type(found.error), found.text, found.stopped) == (kind, "", None)


@pytest.mark.parametrize("api", APIS)
async def test_a_closed_port_is_a_network_failure(api: Api) -> None:
    access = access_to(f"http://127.0.0.1:{closed_port()}/v1")
    found = await collect(provider(api), plain_request(), access)
    assert isinstance(found.error, NetworkFailed)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", ["cut", "cut-clean", "reset-mid", "short-length"])
async def test_an_answer_that_breaks_off_keeps_its_text_and_is_never_done(
    api: Api, fault: str, fake: FakeProvider
) -> None:
    found = await under(fake, api, fault)
    assert (type(found.error), found.stopped) == (EndedEarly, None)
    assert found.text and WORDS.startswith(found.text)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "fault",
    ["wrong-length", "two-bodies", "http10", pytest.param("trickle:9000", marks=pytest.mark.soak)],
)
async def test_odd_framing_around_a_whole_answer_changes_nothing(
    api: Api, fault: str, fake: FakeProvider
) -> None:
    found = await under(fake, api, fault)
    assert (found.text, found.error) == (WORDS, None)


@pytest.mark.parametrize("api", APIS)
async def test_an_error_tells_how_long_to_wait(api: Api, fake: FakeProvider) -> None:
    found = await under(fake, api, "429:1,7.5")
    assert found.error is not None
    assert found.error.retry_after == 7.5


@pytest.mark.parametrize("api", APIS)
async def test_an_error_is_not_tried_again_by_the_sdk(api: Api, fake: FakeProvider) -> None:
    await under(fake, api, "500")
    assert len(fake.requests) == 1


@pytest.mark.parametrize("api", APIS)
async def test_a_redirect_carries_nothing_to_the_other_origin(api: Api, fake: FakeProvider) -> None:
    await under(fake, api, "redirect")
    assert fake.sink.seen == []


@pytest.mark.soak
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("fault", "least"), [("long-line:10", 10), ("huge:100", 60)])
async def test_a_long_answer_is_read_within_bounds(
    api: Api, fault: str, least: int, fake: FakeProvider
) -> None:
    count, access = 0, access_to(fake.url(api, fault=fault))
    error: RequestError | None = None
    tracemalloc.start()
    try:
        async for part in provider(api).stream(plain_request(), access):
            count += len(part.text) if isinstance(part, TextDelta) else 0
    except RequestError as failed:
        error = failed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count >= least * 2**20
    assert peak < MEMORY_BYTES
    assert error is None or type(error) is ProtocolBroken


async def first_part(api: Api, fake: FakeProvider, fault: str, seen: asyncio.Event) -> None:
    parts: list[StreamPart] = []
    async for part in provider(api).stream(plain_request(), access_to(fake.url(api, fault=fault))):
        parts.append(part)
        seen.set()


@pytest.mark.long
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", ["stall", "stall-mid", "trickle:1", "endless-1xx"])
async def test_a_cancel_ends_a_silent_request_within_a_second(
    api: Api, fault: str, fake: FakeProvider
) -> None:
    seen = asyncio.Event()
    task = asyncio.create_task(first_part(api, fake, fault, seen))
    async with asyncio.timeout(20):
        while not fake.requests:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 1


@pytest.mark.long
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", ["stall", "stall-mid", "endless-1xx"])
async def test_silence_ends_a_cloud_request_by_itself(
    api: Api, fault: str, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net, "CLOUD_SILENCE_S", 0.6)
    found = await under(fake, api, fault)
    assert isinstance(found.error, TimedOut)
    assert WORDS.startswith(found.text)
