from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.command import run_command
from tests.engine_world import MODELS, QUICK, RunningEngine, environ_of, text_of
from tests.fake_provider import FakeProvider
from tests.seeds import kept_and_new, seeded
from tests.streaming_child import crc
from tui.events.base import SessionId
from tui.store.check import check_store
from tui.store.log import Store

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]

FORKED, ENGINES, RUNS = 76, 12, 12
"""100 kills."""

LONGEST_S = 0.7
WORDS = " ".join(f"word{n}" for n in range(600))
TURNS = [
    {"thinking": WORDS[:800], "text": WORDS[:400], "rate": 2_000,
     "tool_calls": [{"name": "list", "args": {"path": "."}}]},
    {"error": {"kind": "rate_limit", "retry_after": 0.02}},
    {"text": WORDS, "rate": 2_000},
]  # fmt: skip


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        provider.script(TURNS * 1_000)
        yield provider


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


@pytest.fixture
def path(home):
    return home / "data" / "sessions.db"


class Nursery:
    """Children that stream, and what each has shown by the time it was killed."""

    def __init__(self, environ, folder: Path, kind: str, slow_ms: int) -> None:
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.streaming_child", kind, str(slow_ms)],
            env={**os.environ, **environ, "PYTHONPATH": root}, cwd=folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[list[str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.split())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(10)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def kill_one(self, session: str | None, model: str, after_s: float):
        """The session of a child that is killed so long after its start, and what it showed."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"session": session, "model": model}) + "\n")
        self._process.stdin.flush()
        (_, pid) = self._lines.get(timeout=60)
        time.sleep(after_s)
        os.kill(int(pid), signal.SIGKILL)
        shown: dict[int, int] = {}
        found: str | None = None
        while (line := self._lines.get(timeout=60))[0] != "end":
            if line[0] == "session":
                found = line[1]
            else:
                shown[int(line[1])] = int(line[2])
        return found, shown


def lost(path: Path, session: str, shown: dict[int, int]) -> list[int]:
    """The numbers that were shown and are not in the reopened store, as they were."""
    store = Store(path)
    kept = {record.seq: crc(record) for record in store.read(SessionId(session))}
    store.close()
    return [seq for seq, content in shown.items() if kept.get(seq) != content]


def kill_many(environ, path: Path, folder: Path, chance, count: int, kind: str, slow_ms: int):
    """How many events were shown in all, and every loss: (round, numbers or problems)."""
    total, losses = 0, []
    with Nursery(environ, folder, kind, slow_ms) as nursery:
        for number in range(count):
            session = chance.choice((None, "last")) if number and path.exists() else None
            model = chance.choice(MODELS[:2])
            found, shown = nursery.kill_one(session, model, chance.uniform(0.02, LONGEST_S))
            total += len(shown)
            if found is not None and (numbers := lost(path, found, shown)):
                losses.append((number, numbers))
            if problems := check_store(path).problems:
                losses.append((number, problems))
    return total, losses


@pytest.mark.parametrize("seed", kept_and_new("crashes"))
def test_nothing_that_was_shown_is_lost_by_a_kill_at_any_moment(environ, path, tmp_path, seed):
    with seeded("crashes", seed) as chance:
        total, losses = kill_many(environ, path, tmp_path, chance, FORKED, "real", 5)
        print(f"{FORKED} kills, {total} events shown")
        assert losses == []
        assert total > 5 * FORKED


def test_showing_before_writing_would_be_found_out(environ, path, tmp_path):
    with seeded("crashes-mutant", 7) as chance:
        for _ in range(5):  # a machine that has much to do kills at other moments
            _, losses = kill_many(environ, path, tmp_path, chance, 12, "mutant", 20)
            if losses:
                return
    raise AssertionError("nothing was lost by a console that shows before it writes")


@pytest.mark.parametrize("seed", kept_and_new("crashes-engine"))
async def test_nothing_that_reached_the_console_is_lost_by_a_kill_of_the_engine(
    environ, path, tmp_path, seed
):
    with seeded("crashes-engine", seed) as chance:
        session, shown = None, 0
        for number in range(ENGINES):
            async with RunningEngine(environ, tmp_path) as engine:
                opened = await engine.open(session)
                await engine.say(opened, "hello")
                if chance.random() < 0.7:
                    await engine.until(text_of)
                await asyncio.sleep(chance.uniform(0, LONGEST_S / 2))
                os.kill(engine.client.pid, signal.SIGKILL)
                await asyncio.wait_for(engine.died.wait(), 10)
            told = {record.seq: crc(record) for record in engine.records}
            shown += len(told)
            assert lost(path, opened.session, told) == [], f"round {number}"
            assert check_store(path).problems == (), f"round {number}"
            session = chance.choice((None, opened.session))
        print(f"{ENGINES} kills, {shown} events shown")


@pytest.mark.parametrize("seed", kept_and_new("crashes-run"))
def test_no_character_that_run_printed_is_lost_by_a_kill(environ, path, tmp_path, seed):
    argv = [sys.executable, "-P", "-m", "tui.cli.main", "run", "hello", "--json", "--model", QUICK]
    with seeded("crashes-run", seed) as chance:
        for number in range(RUNS):
            with subprocess.Popen(
                argv, env={**os.environ, **environ}, cwd=tmp_path, stdout=subprocess.PIPE
            ) as child:
                assert child.stdout is not None
                first = child.stdout.readline()
                time.sleep(chance.uniform(0, LONGEST_S))
                child.kill()
                lines = [first, *child.stdout]
            # A line that the kill cut off was not shown.
            told = [json.loads(line) for line in lines if line.endswith(b"\n")]
            said = "".join(one["delta"] for one in told if one["type"] == "text")
            id = told[0]["session"]
            kept = json.loads(run_command("sessions", "export", id, "--format", "json").stdout)
            texts = "".join(m["text"] for m in kept["messages"] if m["role"] == "assistant")
            assert texts.startswith(said), f"round {number}"
            ended = told[-1]["type"] == "done"
            assert ended or kept["messages"][-1].get("stop", "interrupted") != "end"
            assert check_store(path).problems == (), f"round {number}"


def test_a_session_that_was_killed_again_and_again_still_goes_on(environ, path, tmp_path, fake):
    with seeded("crashes-again", 1) as chance, Nursery(environ, tmp_path, "real", 0) as nursery:
        session = None
        for _ in range(8):
            found, _ = nursery.kill_one(session, QUICK, chance.uniform(0.1, LONGEST_S))
            session = found or session
    fake.script([])

    async def go_on() -> str:
        async with RunningEngine(environ, tmp_path) as engine:
            opened = await engine.open(session)
            await engine.say(opened, "still there?")
            await engine.until(lambda records: "still there?" in text_of(records))
            return text_of(engine.records)

    assert asyncio.run(go_on()).endswith("You said: still there?")
