from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.engine_world import (
    QUICK,
    RunningEngine,
    child_program,
    environ_of,
    is_done,
    kind,
    kinds,
    text_of,
)
from tests.fake_provider import FakeProvider
from tests.small_disk import fill, free, small_disk
from tests.store_world import a_turn, write_turns
from tui.errors import StoreError
from tui.events.base import SessionId
from tui.session.commands import StartTurn
from tui.session.replies import Trouble
from tui.store.check import check_store
from tui.store.log import Store

WORDS = " ".join(f"word{n}" for n in range(2000))


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


def ownkey(environ, *words, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`ownkey WORDS…` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "tui.cli.main", *words],
        env={**os.environ, **environ}, input=stdin, capture_output=True, text=True, timeout=50,
        check=False,
    )  # fmt: skip


def is_one_sentence(said: subprocess.CompletedProcess[str]) -> bool:
    """What went wrong, and the next step behind it; no traceback, nothing as a reply."""
    lines = said.stderr.splitlines()
    return (
        len(lines) == 2
        and lines[0].startswith("ownkey: ")
        and lines[1].startswith("  ")
        and "Traceback" not in said.stderr
    )


@contextmanager
def held(path, seconds: float = 60):
    """The store locked by another process."""
    code = """
import sqlite3, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""
    argv = child_program(code, str(path), str(seconds))
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def path(home):
    path = home / "data" / "sessions.db"
    store = Store(path)
    write_turns(store, a_turn("p", "r"))
    store.close()
    return path


# Locked.


def test_a_store_that_another_program_holds_is_said_in_one_sentence(environ, path, fake):
    with held(path):
        began = time.monotonic()
        said = ownkey(environ, "run", "hello", "--model", QUICK)
        took = time.monotonic() - began
    assert said.returncode == 1
    assert is_one_sentence(said)
    assert "holds the store" in said.stderr
    assert fake.requests == []
    assert took < 20


@pytest.mark.soak
async def test_a_prompt_that_cannot_be_written_is_refused_and_never_sent_by_itself(
    environ, path, tmp_path, fake
):
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        with held(path), pytest.raises(StoreError, match="holds the store"):
            await engine.say(opened, "refused")
        await engine.say(opened, "again")
        records = await engine.until(is_done)
    assert [r.event.prompt for r in records if kind(r) == "turn_started"] == ["again"]
    assert len(fake.requests) == 1
    assert check_store(path).problems == ()


async def test_a_lock_that_passes_is_waited_for(environ, path, tmp_path):
    async with RunningEngine(environ, tmp_path) as engine:
        opened = await engine.open()
        with held(path, 1.5):
            await engine.say(opened, "hello")
            records = await engine.until(is_done)
    assert text_of(records) == "You said: hello"


# Full.


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path) as mounted:
        yield mounted


@pytest.fixture
def on_small_disk(disk, environ):
    return {**environ, "OWNKEY_HOME": str(disk / "home")}


@pytest.mark.soak
@pytest.mark.parametrize(
    "leave_kb",
    [0, 4, 40],
)
def test_a_full_disk_is_said_in_one_sentence_and_nothing_is_sent_unrecorded(
    on_small_disk, disk, fake, leave_kb
):
    assert ownkey(on_small_disk, "run", "before", "--model", QUICK).returncode == 0
    fake.reset()
    fill(disk, leave_kb)
    said = ownkey(on_small_disk, "run", "hello", "--model", QUICK)
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr
    assert "the disk is full" in said.stderr
    assert fake.requests == []
    free(disk)
    assert ownkey(on_small_disk, "run", "hello", "--model", QUICK).stdout == "You said: hello\n"
    assert check_store(disk / "home" / "data" / "sessions.db").problems == ()


def test_a_first_start_on_a_full_disk_is_said_in_one_sentence(on_small_disk, disk):
    fill(disk)
    said = ownkey(on_small_disk, "run", "hello", "--model", QUICK)
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr
    assert "full" in said.stderr


async def test_a_disk_that_fills_in_mid_stream_ends_the_request_and_keeps_what_was_shown(
    on_small_disk, disk, tmp_path, fake
):
    fake.script([{"text": WORDS, "rate": 400}])
    async with RunningEngine(on_small_disk, tmp_path) as engine:
        opened = await engine.open()
        await engine.say(opened, "hello")
        await engine.until(lambda records: len(text_of(records)) > 100)
        fill(disk)
        async with asyncio.timeout(20):
            while not any(isinstance(notice, Trouble) for notice in engine.notices):
                await asyncio.sleep(0.05)
        shown = list(engine.records)
        with pytest.raises(StoreError, match="the disk is full"):
            await engine.say(opened, "refused")
        free(disk)
        await engine.say(opened, "again")
        await engine.until(lambda records: kinds(records).count("done") == 2)
        written = Store(disk / "home" / "data" / "sessions.db").read(opened.session)
    assert written[: len(shown)] == shown
    assert written == engine.records
    assert [r.event.stop for r in written if kind(r) == "done"] == ["error", "end"]
    prompts = [r.event.prompt for r in written if kind(r) == "turn_started"]
    assert prompts == ["hello", "again"]
    assert check_store(disk / "home" / "data" / "sessions.db").problems == ()


def test_a_disk_that_fills_in_mid_stream_ends_run_with_an_error(on_small_disk, disk, fake):
    fake.script([{"text": WORDS, "rate": 400}])
    argv = [sys.executable, "-P", "-m", "tui.cli.main", "run", "hello", "--json", "--model", QUICK]
    with subprocess.Popen(
        argv, env={**os.environ, **on_small_disk}, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(json.loads(line))
            if lines[-1]["type"] == "text" and not (disk / "filler").exists():
                fill(disk)
    assert child.returncode == 1
    assert [line["type"] for line in lines[-2:]] == ["error", "done"]
    assert "the disk is full" in lines[-2]["message"]
    assert lines[-1]["stop"] == "error"


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["ownkey", "run", "hello", "--model", sys.argv[2]]
from tui.cli.main import main
sys.exit(main())
"""


def test_a_quota_is_said_in_one_sentence_and_nothing_is_sent_unrecorded(environ, path, fake):
    said = subprocess.run(
        child_program(LIMITED, str(path.stat().st_size // 4), QUICK),
        env={**os.environ, **environ}, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr
    assert fake.requests == []
    assert check_store(path).problems == ()


# Damaged, unreadable, in the way.


def damage(path) -> None:
    path.write_bytes(b"no database at all " * 500)


@pytest.mark.parametrize(
    "words",
    [("run", "hello", "--model", QUICK), ("sessions", "list"), ("sessions", "show", "last"),
     ("sessions", "delete", "s_one")],
    ids=lambda words: " ".join(words[:2]),
)  # fmt: skip
def test_a_damaged_store_is_said_in_one_sentence(environ, path, words, fake):
    damage(path)
    said = ownkey(environ, *words)
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr
    assert "damaged" in said.stderr
    assert "sessions check" in said.stderr
    assert fake.requests == []


def test_the_check_says_that_a_store_is_damaged(environ, path):
    damage(path)
    said = ownkey(environ, "sessions", "check")
    assert said.returncode == 1
    assert "not a database" in said.stdout
    assert "Traceback" not in said.stderr


def test_a_damaged_event_is_said_and_the_other_sessions_open(environ, path):
    store = Store(path)
    write_turns(store, a_turn("other", "reply"), session=SessionId("s_other"))
    store.close()
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE events SET body = x'7b' WHERE session = 1 AND seq = 4")
    db.close()
    said = ownkey(environ, "sessions", "show", "s_one")
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr
    assert "reply" in ownkey(environ, "sessions", "show", "s_other").stdout


def test_a_folder_in_place_of_the_store_is_said_in_one_sentence(environ, home):
    (home / "data" / "sessions.db").mkdir(parents=True)
    said = ownkey(environ, "run", "hello", "--model", QUICK)
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr


def test_a_file_in_place_of_the_home_is_said_in_one_sentence(environ, tmp_path):
    (tmp_path / "file").write_text("")
    said = ownkey({**environ, "OWNKEY_HOME": str(tmp_path / "file")}, "run", "hello")
    assert said.returncode == 1
    assert is_one_sentence(said), said.stderr


# Two at once.


@pytest.mark.soak
def test_six_first_starts_at_once_all_work_and_lose_nothing(environ, home):
    argv = [sys.executable, "-P", "-m", "tui.cli.main", "run", "--model", QUICK]
    children = [
        subprocess.Popen(
            [*argv, f"hello {number}"], env={**os.environ, **environ},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(6)
    ]  # fmt: skip
    said = [child.communicate(timeout=50) for child in children]
    assert [out for out, _ in said] == [f"You said: hello {number}\n" for number in range(6)]
    assert [child.returncode for child in children] == [0] * 6
    report = check_store(home / "data" / "sessions.db")
    assert (report.sessions, report.problems) == (6, ())


async def test_a_second_ownkey_follows_the_session_that_the_first_drives(environ, tmp_path, fake):
    fake.script([{"text": WORDS[:500], "rate": 100}])
    async with (
        RunningEngine(environ, tmp_path) as first,
        RunningEngine(environ, tmp_path) as second,
    ):
        opened = await first.open()
        followed = await second.open(opened.session, None)
        assert not followed.driving
        await first.say(opened, "hello")
        await second.until(is_done)
        await first.until(is_done)  # the two are told by processes of their own
        assert second.records == first.records


def test_run_in_a_session_that_another_drives_is_refused_with_the_next_step(
    environ, tmp_path, home, fake
):
    async def both():
        async with RunningEngine(environ, tmp_path) as engine:
            opened = await engine.open()
            await engine.say(opened, "hello")
            await engine.until(is_done)
            words = ("run", "mine", "--session", opened.session, "--json")
            return await asyncio.to_thread(ownkey, environ, *words)

    said = asyncio.run(both())
    assert said.returncode == 2
    assert is_one_sentence(said), said.stderr
    assert "driven by another ownkey" in said.stderr
    assert len(fake.requests) == 1


@pytest.mark.soak
async def test_what_two_engines_write_at_once_is_all_there(environ, tmp_path, home, fake):
    async with (
        RunningEngine(environ, tmp_path) as first,
        RunningEngine(environ, tmp_path) as second,
    ):
        for engine in (first, second):
            opened = await engine.open()
            engine.client.post(StartTurn(session=opened.session, prompt="one"))
            engine.client.post(StartTurn(session=opened.session, prompt="two"))
        for engine in (first, second):
            await engine.until(lambda records: kinds(records).count("done") == 2)
    report = check_store(home / "data" / "sessions.db")
    assert (report.sessions, report.problems) == (2, ())
