from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from contextlib import aclosing

import pytest

from tests.command import run_command
from tests.engine_world import (
    MODELS,
    QUICK,
    BareConsole,
    RunningEngine,
    child_program,
    environ_of,
    is_done,
    kind,
    kinds,
    text_of,
)
from tests.fake_provider import FakeProvider
from tests.local_model import find_weights, is_gone
from tui.engine import frames
from tui.engine.bridge import Bridge
from tui.engine.client import EngineDied
from tui.errors import StoreError, UsageError
from tui.events.base import SessionId
from tui.secret import Secret
from tui.session.commands import (
    AddKey,
    ChooseModel,
    Interrupt,
    ListSessions,
    OpenSession,
    StartTurn,
)
from tui.session.replies import KeyAnswer, SessionOpened
from tui.store.check import check_store
from tui.store.log import Store

WORDS = " ".join(f"word{n}" for n in range(400))


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


def store_of(home):
    return home / "data" / "sessions.db"


@pytest.mark.parametrize("model", MODELS)
async def test_a_turn_runs_with_each_maker(environ, tmp_path, model):
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open(model=model)
        await engine.say(opened, "hello over there")
        records = await engine.until(is_done)
    assert text_of(records) == "You said: hello over there"
    assert records[-1].event.stop == "end"


@pytest.mark.soak
async def test_a_model_is_switched_across_makers_in_one_session(environ, tmp_path, fake):
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        for count, model in enumerate(MODELS, start=1):
            await engine.client.call(ChooseModel(session=opened.session, model=model))
            await engine.say(opened, f"prompt {count}")
            await engine.until(lambda records, count=count: kinds(records).count("done") == count)
    assert [r.event.model for r in engine.records if kind(r) == "route"] == list(MODELS)
    assert text_of(engine.records).count("You said: prompt") == 3


@pytest.mark.long
async def test_following_begins_behind_the_number_it_is_asked_from(environ, tmp_path):
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        await engine.say(opened, "hello")
        records = list(await engine.until(is_done))
        async with aclosing(engine.client.follow(opened.session, 3)) as batches:
            again = list(await anext(batches))
    assert again == records[3:]


async def test_an_interrupt_stops_the_turn_within_200_ms(environ, tmp_path, fake):
    fake.script([{"text": WORDS, "rate": 50}])
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        await engine.say(opened, "hello")
        await engine.until(text_of)
        began = time.monotonic()
        await engine.client.call(Interrupt(session=opened.session))
        await engine.until(is_done)
        took = time.monotonic() - began
    print(f"interrupt: {took * 1000:.0f} ms")
    assert engine.records[-1].event.stop == "interrupted"
    assert took < 5 * 0.2


@pytest.mark.long
async def test_an_interrupt_right_behind_its_prompt_still_ends_the_turn(environ, tmp_path, fake):
    fake.script([{"text": WORDS, "rate": 50}])
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        engine.client.post(StartTurn(session=opened.session, prompt="hello"))
        await engine.client.call(Interrupt(session=opened.session))
        await engine.until(is_done)
    assert engine.records[-1].event.stop == "interrupted"


@pytest.mark.long
async def test_prompts_sent_while_it_works_run_in_their_order(environ, tmp_path, fake):
    fake.script([{"text": "one", "wait": 0.3}])
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        for prompt in ("first", "second", "third"):
            await engine.say(opened, prompt)
        records = await engine.until(lambda records: kinds(records).count("done") == 3)
    assert [r.event.prompt for r in records if kind(r) == "turn_started"] == [
        "first", "second", "third",
    ]  # fmt: skip


@pytest.mark.long
async def test_two_sessions_of_one_engine_run_side_by_side(environ, tmp_path, fake):
    fake.script([{"text": WORDS, "rate": 50}, {"text": "the second one"}])
    async with RunningEngine(environ, tmp_path) as engine:
        slow, quick = await engine.open(), await engine.open()
        await engine.say(slow, "slowly")
        await engine.until(text_of)
        await engine.say(quick, "quickly")
        await engine.until(lambda records: any(kind(r) == "done" for r in records))
        done = next(r for r in engine.records if kind(r) == "done")
    assert done.session == quick.session


async def killed_in_mid_stream(environ, folder, fake):
    """The session, what it had told, and how long it took to be known that the engine is dead."""
    fake.script([{"text": WORDS, "rate": 100}])
    async with RunningEngine(environ, folder) as engine:
        opened = await engine.open()
        await engine.say(opened, "hello")
        await engine.until(lambda records: len(text_of(records)) > 100)
        os.kill(engine.client.pid, signal.SIGKILL)
        began = time.monotonic()
        await asyncio.wait_for(engine.died.wait(), 10)
        took = time.monotonic() - began
    return opened, list(engine.records), took


async def test_a_killed_engine_is_known_to_be_dead_within_a_second(environ, tmp_path, fake):
    _, _, took = await killed_in_mid_stream(environ, tmp_path, fake)
    print(f"death known after {took * 1000:.0f} ms")
    assert took < 1


@pytest.mark.long
async def test_after_a_kill_the_turn_ends_as_interrupted_and_keeps_all_that_was_shown(
    environ, tmp_path, fake, home
):
    opened, shown, _ = await killed_in_mid_stream(environ, tmp_path, fake)
    async with RunningEngine(environ, tmp_path) as engine:
        await engine.open(opened.session)
        records = list(await engine.until(is_done))
    assert records[: len(shown)] == shown
    assert [kind(r) for r in records[len(shown) :] if kind(r) != "text"] == [
        "engine_restarted", "charge", "done",
    ]  # fmt: skip
    assert records[-1].event.stop == "interrupted"
    assert check_store(store_of(home)).problems == ()


@pytest.mark.long
@pytest.mark.parametrize("reopened", [False, True])
async def test_after_a_kill_the_export_holds_every_character_that_was_shown(
    environ, tmp_path, fake, reopened
):
    opened, shown, _ = await killed_in_mid_stream(environ, tmp_path, fake)
    if reopened:
        async with RunningEngine(environ, tmp_path) as engine:
            await engine.open(opened.session)
    said = run_command("sessions", "export", opened.session, "--format", "json")
    reply = json.loads(said.stdout)["messages"][-1]
    assert reply["stop"] == "interrupted"
    assert reply["text"].startswith(text_of(shown))


async def test_after_a_kill_the_session_goes_on(environ, tmp_path, fake):
    opened, _, _ = await killed_in_mid_stream(environ, tmp_path, fake)
    async with RunningEngine(environ, tmp_path) as engine:
        await engine.open("last", after=opened.seq)
        await engine.say(opened, "")
        await engine.until(lambda records: kinds(records).count("done") == 2)
    assert text_of(engine.records).endswith("You said: Go on where you stopped.")


@pytest.mark.long
async def test_what_is_asked_of_a_dead_engine_fails_and_does_not_hang(environ, tmp_path):
    async with RunningEngine(environ, tmp_path) as engine:
        await engine.open()
        os.kill(engine.client.pid, signal.SIGSTOP)
        waiting = engine.client.post(ListSessions())
        os.kill(engine.client.pid, signal.SIGKILL)
        with pytest.raises(EngineDied):
            await asyncio.wait_for(waiting, 10)
        with pytest.raises(EngineDied):
            await engine.client.call(ListSessions())


@pytest.mark.long
async def test_a_stopped_engine_is_gone_and_no_news(environ, tmp_path):
    async with RunningEngine(environ, tmp_path) as engine:
        await engine.open()
        pid = engine.client.pid
    assert is_gone(pid, 1)
    assert not engine.died.is_set()


class FakeListener:
    """A console that counts."""

    def __init__(self) -> None:
        self.opened: list[SessionOpened] = []
        self.deaths: list[float] = []
        self.failures: list[Exception] = []
        self.news = asyncio.Event()

    def on_records_waiting(self) -> None:
        self.news.set()

    def on_notice(self, notice) -> None:
        self.news.set()

    def on_preview(self, preview) -> None:
        self.news.set()

    def on_session(self, opened) -> None:
        self.opened.append(opened)
        self.news.set()

    def on_engine_died(self, *, restarting) -> None:
        self.deaths.append(time.monotonic())
        self.news.set()

    def on_failure(self, error) -> None:
        self.failures.append(error)
        self.news.set()

    async def until(self, ready) -> None:
        async with asyncio.timeout(30):
            while not ready():
                self.news.clear()
                await self.news.wait()


@pytest.mark.soak
async def test_the_bridge_reads_on_behind_a_kill_without_a_gap_or_a_double(environ, tmp_path, fake):
    fake.script([{"text": WORDS, "rate": 100}])
    listener, records = FakeListener(), []
    bridge = Bridge(
        listener, environ={**os.environ, **environ}, folder=tmp_path, session=None, model=QUICK
    )

    def told(ready) -> bool:
        records.extend(bridge.take())
        return ready(records)

    await bridge.start()
    await bridge.in_session(lambda session: StartTurn(session=session, prompt="hello"))
    await listener.until(lambda: told(lambda records: len(text_of(records)) > 100))
    os.kill(bridge.engine_pid, signal.SIGKILL)
    killed = time.monotonic()
    await listener.until(lambda: listener.deaths)
    queued = bridge.in_session(lambda session: StartTurn(session=session, prompt="typed since"))
    await listener.until(lambda: told(lambda records: kinds(records).count("done") == 2))
    await queued
    await bridge.stop()
    assert listener.deaths[0] - killed < 1
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    assert [r.event.stop for r in records if kind(r) == "done"] == ["interrupted", "end"]
    assert text_of(records).endswith("You said: typed since")


@pytest.mark.long
async def test_an_engine_that_cannot_open_its_store_says_why_and_is_tried_again(
    environ, tmp_path, home
):
    store_of(home).parent.mkdir(parents=True)
    store_of(home).write_bytes(b"no database at all" * 1000)
    listener = FakeListener()
    bridge = Bridge(
        listener, environ={**os.environ, **environ}, folder=tmp_path, session=None, model=None
    )
    await bridge.start()
    assert isinstance(listener.failures[0], StoreError)
    assert "damaged" in listener.failures[0].message
    store_of(home).unlink()
    await bridge.in_session(lambda session: StartTurn(session=session, prompt="hello"))
    assert len(listener.opened) == 1
    await bridge.stop()


PARENT = """
import asyncio, os
from pathlib import Path
from tests.engine_world import RunningEngine, text_of

async def main():
    environ = {n: v for n, v in os.environ.items() if n.endswith(("_API_KEY", "_BASE_URL"))}
    async with RunningEngine(environ, Path.cwd()) as engine:
        opened = await engine.open(model=sys.argv[1])
        await engine.say(opened, "Write a long story.")
        await engine.until(text_of, 60)
        print(engine.client.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def kill_the_parent(environ, folder, model) -> tuple[int, list[int]]:
    """Process ids of an engine, whose console is killed in mid-stream, and of its children."""
    argv = child_program(PARENT, model)
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, env={**os.environ, **environ}, cwd=folder
    ) as parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(engine)], capture_output=True, text=True, check=False
        )
        parent.kill()
    return engine, [int(pid) for pid in listed.stdout.split()]


@pytest.mark.long
def test_the_engine_ends_within_5_s_of_a_kill_of_its_console(environ, tmp_path, fake):
    fake.script([{"text": WORDS, "rate": 20}])
    engine, _ = kill_the_parent(environ, tmp_path, QUICK)
    assert is_gone(engine, 5)


@pytest.mark.long
def test_a_console_that_is_killed_leaves_an_interrupted_turn_and_nothing_lost(
    environ, tmp_path, fake, home
):
    fake.script([{"text": WORDS, "rate": 20}])
    engine, _ = kill_the_parent(environ, tmp_path, QUICK)
    assert is_gone(engine, 5)
    shown = json.loads(run_command("sessions", "export", "last", "--format", "json").stdout)
    assert shown["messages"][-1]["stop"] == "interrupted"
    assert shown["messages"][-1]["text"]
    assert check_store(store_of(home)).problems == ()


@pytest.mark.soak
@pytest.mark.local_model
@pytest.mark.timeout(300)
def test_the_local_model_ends_within_5_s_of_a_kill_of_the_console(environ, tmp_path, home):
    weights = find_weights()
    assert run_command("local", "add", str(weights)).returncode == 0
    model = json.loads(run_command("local", "list", "--json").stdout)[0]["id"]
    engine, children = kill_the_parent(environ, tmp_path, model)
    assert len(children) == 1
    assert is_gone(children[0], 5)
    assert is_gone(engine, 5)


@pytest.mark.soak
def test_a_console_that_does_not_read_holds_up_nobody_and_misses_nothing(
    environ, tmp_path, fake, home
):
    fake.script([{"fault": "huge:8"}])
    with BareConsole(environ, tmp_path) as console:
        console.send(frames.Call(id=1, command=OpenSession(cwd=str(tmp_path), model=QUICK)))
        opened = console.read_reply().reply
        assert isinstance(opened, SessionOpened)
        console.send(frames.Follow(session=opened.session, after=0))
        console.send(frames.Call(id=2, command=StartTurn(session=opened.session, prompt="hello")))
        store = Store(store_of(home))
        until = time.monotonic() + 40
        while not is_done(written := store.read(opened.session)):
            assert time.monotonic() < until, "the turn waits for its console"
            time.sleep(0.1)
        store.close()
        told = []
        while not is_done(told):
            if isinstance(frame := console.read(), frames.Told):
                told += frames.unpack_records(frame)
    assert len(text_of(written)) == 8 * 2**20
    assert told == written


@pytest.mark.long
async def test_a_prompt_with_half_a_character_reaches_the_engine(environ, tmp_path):
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        await engine.say(opened, "half \udce2 of one")
        records = await engine.until(is_done)
    assert text_of(records) == "You said: half ? of one"


async def test_a_frame_of_64_mb_is_read_and_answered(environ, tmp_path):
    async with RunningEngine(environ, tmp_path) as engine:
        order = AddKey(provider="anthropic", pasted=Secret("x" * 64 * 2**20))
        answer = await engine.client.call(order)
    assert isinstance(answer, KeyAnswer)
    assert answer.error == "too_long"


@pytest.mark.long
async def test_a_batch_of_64_mb_comes_back_as_it_was():
    record = frames.WireRecord(1, None, 1, b"x" * 64 * 2**20)  # type: ignore[arg-type]
    reader = asyncio.StreamReader()
    reader.feed_data(frames.encode(frames.Told(session=SessionId("s"), records=(record,))))
    body = await frames.read_frame(reader)
    assert body is not None
    assert len(body) > 64 * 2**20


async def test_a_frame_beyond_the_limit_ends_the_wire():
    reader = asyncio.StreamReader()
    reader.feed_data((frames.MAX_FRAME + 1).to_bytes(4, "big") + b"x" * 100)
    assert await frames.read_frame(reader) is None


@pytest.mark.parametrize("error", [StoreError("full", hint="free some"), UsageError("no")])
def test_an_error_crosses_the_wire_as_what_it_was(error):
    packed = frames.encode(frames.pack_error(7, error))[4:]
    frame = frames.decode_up(packed)
    assert isinstance(frame, frames.Failed)
    back = frames.unpack_error(frame)
    assert (type(back), back.message, back.hint) == (type(error), error.message, error.hint)


@pytest.mark.long
def test_the_engine_is_told_of_keys_and_addresses_in_its_first_frame_alone(environ):
    told = frames.environment_for_engine({**environ, "AWS_SECRET": "x", "PATH": "/bin"})
    assert set(told) == set(environ)


def test_the_engine_process_has_no_key_in_its_environment_or_arguments(environ, tmp_path):
    with BareConsole(environ, tmp_path) as console:
        console.send(frames.Call(id=1, command=OpenSession(cwd=str(tmp_path), model=QUICK)))
        console.read_reply()
        with open(f"/proc/{console.child.pid}/cmdline", "rb") as words:
            assert environ["ANTHROPIC_API_KEY"].encode() not in words.read()
        environment = subprocess.run(
            ["ps", "eww", "-o", "args=", "-p", str(console.child.pid)],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
    assert environ["ANTHROPIC_API_KEY"].encode() not in environment
