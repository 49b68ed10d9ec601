from __future__ import annotations

import subprocess
from contextlib import contextmanager

import pytest

from tests.emulator import Emulated, ownkey
from tests.engine_world import QUICK, child_program, environ_of
from tests.fake_provider import FakeProvider
from tests.small_disk import fill, free, small_disk
from tui.store.check import check_store
from tui.store.log import Store

pytestmark = pytest.mark.soak

READY = "Type a message"
HOLD = """
import sqlite3, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


def console(environ, folder) -> Emulated:
    return Emulated(ownkey("--model", QUICK), environ=environ, cwd=folder)


@contextmanager
def held(path):
    """The store locked by another program."""
    with subprocess.Popen(child_program(HOLD, str(path)), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield
        child.kill()


def is_kept(seen: Emulated, prompt: str) -> bool:
    """Whether the prompt stands in the composer, to be sent again."""
    return any(f"▎ {prompt}" in line for line in seen.lines[-8:])


def test_what_was_typed_on_a_full_disk_is_kept_and_sent_once_there_is_room(environ, tmp_path, fake):
    with (
        small_disk(tmp_path) as disk,
        console({**environ, "OWNKEY_HOME": str(disk / "home")}, tmp_path) as seen,
    ):
        seen.wait_for(READY)
        seen.wait_for("GPT-5.5   turn")
        seen.rest_until_quiet()
        fill(disk)
        seen.type("my long thought\r")
        seen.wait_for("the disk is full")
        seen.wait_until(lambda: is_kept(seen, "my long thought"), "the prompt, kept")
        assert fake.requests == []
        free(disk)
        seen.type("\r")
        seen.wait_for("You said: my long thought")
        seen.type("\x04")
        seen.read_to_end()
        assert check_store(disk / "home" / "data" / "sessions.db").problems == ()


def test_what_was_typed_while_the_store_was_held_is_kept_and_sent_afterwards(
    environ, tmp_path, fake, home
):
    with console(environ, tmp_path) as seen:
        seen.wait_for(READY)
        seen.wait_for("GPT-5.5   turn")
        with held(home / "data" / "sessions.db"):
            seen.type("my long thought\r")
            seen.wait_for("another program holds the store")
            seen.wait_until(lambda: is_kept(seen, "my long thought"), "the prompt, kept")
        assert fake.requests == []
        seen.type("\r")
        seen.wait_for("You said: my long thought")
        assert len(fake.requests) == 1


@pytest.mark.parametrize("trouble", ["damaged", "held"])
def test_a_store_that_does_not_open_is_said_and_what_was_typed_goes_once_it_does(
    environ, tmp_path, fake, home, trouble
):
    path = home / "data" / "sessions.db"
    Store(path).close()
    if trouble == "damaged":
        path.write_bytes(b"no database at all " * 500)
    with console(environ, tmp_path) as seen:
        with held(path) if trouble == "held" else nothing():
            seen.wait_for(READY)
            seen.wait_for("damaged" if trouble == "damaged" else "holds the store")
            seen.type("my long thought\r")
            seen.wait_until(lambda: is_kept(seen, "my long thought"), "the prompt, kept")
            assert "Traceback" not in seen.text
            assert fake.requests == []
        if trouble == "damaged":
            path.unlink()
        seen.type("\r")
        seen.wait_for("You said: my long thought")
        assert check_store(path).problems == ()


@contextmanager
def nothing():
    yield
