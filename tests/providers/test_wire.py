"""Every recorded case through every adapter, as it came and under each fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests import replay
from tests.wire_cases import (
    CASES,
    access_to,
    case_url,
    cases_of,
    plain_request,
    run_cases,
)
from tui.providers.base import Api, TextDelta
from tui.providers.registry import provider

ADAPTERS: tuple[Api, ...] = ("anthropic", "openai-chat", "openai-responses", "google")
STREAM_FAULTS = ("split-utf8", "cut", "cut-clean", "dup", "garbage")


def told(differing: dict[str, list[str]]) -> str:
    return "\n".join(f"{case}: {'; '.join(what)}" for case, what in sorted(differing.items()))


@pytest.fixture(scope="module")
def server() -> Iterator[replay.Server]:
    served = replay.serve([str(CASES)], delay=0.002)
    yield served
    served.stop()


@pytest.mark.parametrize("api", ADAPTERS)
async def test_every_recording_is_read_as_it_was_sent(api: Api, server: replay.Server) -> None:
    differing = await run_cases(provider(api), cases_of(api), server)
    assert not differing, told(differing)


@pytest.mark.parametrize("api", ADAPTERS)
async def test_a_whole_answer_to_a_streaming_request_is_read_too(
    api: Api, server: replay.Server
) -> None:
    whole = [case for case in cases_of(api) if "body" in case["response"]]
    differing = await run_cases(provider(api), whole, server, stream=True)
    assert not differing, told(differing)


@pytest.mark.parametrize("fault", STREAM_FAULTS)
@pytest.mark.parametrize("api", ADAPTERS)
async def test_a_fault_of_the_stream_loses_no_text_and_invents_none(
    api: Api, fault: str, server: replay.Server
) -> None:
    differing = await run_cases(provider(api), cases_of(api, streams_only=True), server, fault)
    assert not differing, told(differing)


@pytest.mark.soak
@pytest.mark.parametrize("api", ADAPTERS)
async def test_pieces_of_a_few_bytes_change_nothing(api: Api, server: replay.Server) -> None:
    cases = cases_of(api, streams_only=True)
    differing = await run_cases(provider(api), cases, server, "split-anywhere")
    assert not differing, told(differing)


@pytest.mark.parametrize("api", ADAPTERS)
async def test_a_slow_stream_is_read_whole(api: Api, server: replay.Server) -> None:
    differing = await run_cases(provider(api), cases_of(api, streams_only=True)[:5], server, "slow")
    assert not differing, told(differing)


@pytest.mark.parametrize("api", ADAPTERS)
async def test_a_stalled_stream_ends_within_a_second_of_being_cancelled(
    api: Api, server: replay.Server
) -> None:
    case = next(c for c in cases_of(api, streams_only=True) if len(c["expect"]["text"]) > 40)
    access = access_to(case_url(server, case, "stall"), vendor=case.get("vendor"))
    seen = asyncio.Event()

    async def read() -> None:
        async for part in provider(api).stream(plain_request(), access):
            if isinstance(part, TextDelta):
                seen.set()

    task = asyncio.create_task(read())
    async with asyncio.timeout(30):
        await seen.wait()
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 1
