"""Promise 11: whatever the network does, a named error or a finished reply, in time, text kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.bad_networks import BY_FAULT, ELSEWHERE, WORDS, Bad, elsewhere, environ_of
from tests.fake_provider import FakeProvider
from tests.measured import Measured, Running, measure
from tests.wire_cases import access_to, collect, plain_request
from tui.errors import NetworkFailed, ProtocolBroken
from tui.providers.base import Api
from tui.providers.registry import provider

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]

APIS: tuple[Api, ...] = ("anthropic", "openai-chat", "openai-responses", "google")
ROOM_BYTES = 200 * 2**20
FACTOR = 5
"""A test fails only at so many times the number that is the goal."""

STEP = 37
"""An answer is cut at every 37th byte, and at each of its first 60."""

Meet = Callable[[str], tuple[Bad, Measured]]


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with FakeProvider() as fake:
        fake.script([{"text": WORDS, "times": 9_999}])
        yield fake


@pytest.fixture(scope="module")
def healthy(served: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A turn over a good network: what a bad one is measured against."""
    home = tmp_path_factory.mktemp("healthy")
    done = measure(environ_of(home, served.url("anthropic")))
    assert (done.text, done.stop) == (WORDS, "end")
    return done


@pytest.fixture(scope="module")
def meet(
    served: FakeProvider, healthy: Measured, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Meet]:
    """A network, and how a turn over it ended; two turns at a time."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        bad = BY_FAULT | elsewhere(stack, served, tmp_path_factory.mktemp("tls"))
        running: dict[str, Future[Measured]] = {}
        for name, one in bad.items():
            fault = name if name in BY_FAULT else None
            environ = environ_of(
                tmp_path_factory.mktemp("home"), served.url("anthropic", fault=fault)
            )
            running[name] = pool.submit(
                measure, environ | dict(one.environ), inside=one.inside, before=one.before
            )
        yield lambda name: (bad[name], running[name].result())
        for one in running.values():
            one.cancel()


def why_wrong(bad: Bad, done: Measured, healthy: Measured, *, whole: str | None) -> list[str]:
    """What of the promise does not hold; nothing for a turn that ended as it has to."""
    failed = done.error is not None
    stops = {"incomplete", "error"} if failed else {"end"}
    wrong = {
        f"error {done.error} is none of {bad.kinds}": done.error not in bad.kinds,
        f"it ended as {done.stop}, {done.status}": (done.stop, done.status)
        not in {(stop, int(failed)) for stop in stops},
        "it says Traceback": "Traceback" in done.errors,
        f"it took {done.seconds - healthy.seconds:.1f} s": done.seconds - healthy.seconds
        >= FACTOR * bad.limit_s,
        f"it grew by {(done.peak - healthy.peak) >> 20} MB": done.peak - healthy.peak >= ROOM_BYTES,
        "its text is lost": bool(done.text) != (bad.keeps or not failed),
        "its text is another": whole is not None and not whole.startswith(done.text),
    }
    return [what for what, is_so in wrong.items() if is_so]


@pytest.mark.parametrize("name", [*BY_FAULT, *ELSEWHERE])
def test_a_turn_ends_in_a_named_error_or_whole_and_keeps_its_text(
    name: str, meet: Meet, healthy: Measured
):
    bad, done = meet(name)
    longer, larger = done.seconds - healthy.seconds, (done.peak - healthy.peak) >> 20
    print(f"{name}: {longer:.2f} s and {larger} MB beyond a healthy turn ({bad.limit_s} s, 200 MB)")
    made_up = name.startswith(("long-line", "huge"))
    assert why_wrong(bad, done, healthy, whole=None if made_up else WORDS) == []


@pytest.mark.parametrize("api", APIS)
async def test_an_answer_cut_at_any_byte_is_broken_or_whole_and_never_another(
    api: Api, served: FakeProvider
):
    at, ends = 0, 0
    while ends < 3 and at < 20_000:
        access = access_to(served.url(api, fault=f"cut-at:{at}"))
        found = await collect(provider(api), plain_request(), access)
        assert WORDS.startswith(found.text), at
        if found.error is None:
            assert (found.text, found.stopped is not None) == (WORDS, True), at
        else:
            assert isinstance(found.error, NetworkFailed | ProtocolBroken), at
            assert found.stopped is None, at
        ends = 0 if found.error is not None else ends + 1
        at += 1 if at < 60 else STEP
    assert 400 < at < 20_000


UNBOUND = "from tui.net import client\nclient.MAX_BODY_BYTES = 1 << 40\n"
UNTIMED = (
    "from tui import net\nfrom tui.net import client\n"
    "net.CLOUD_SILENCE_S = client.CLOUD_SILENCE_S = None\n"
)
"""Mutants: an answer has no end; silence has none."""


def test_a_program_that_reads_without_bound_is_caught(
    served: FakeProvider, healthy: Measured, tmp_path_factory: pytest.TempPathFactory
):
    url = served.url("anthropic", fault="huge:100")
    done = measure(environ_of(tmp_path_factory.mktemp("home"), url), before=UNBOUND)
    assert why_wrong(BY_FAULT["huge:100"], done, healthy, whole=None)


def test_a_program_that_waits_without_bound_is_caught(
    served: FakeProvider, healthy: Measured, tmp_path_factory: pytest.TempPathFactory
):
    url = served.url("anthropic", fault="stall:20")
    running = Running(environ_of(tmp_path_factory.mktemp("home"), url), before=UNTIMED)
    running.wait_until(lambda: False, healthy.seconds + BY_FAULT["stall"].limit_s)
    running.interrupt()
    assert why_wrong(BY_FAULT["stall"], running.end(), healthy, whole="")
