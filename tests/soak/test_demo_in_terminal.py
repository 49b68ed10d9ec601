from __future__ import annotations

import os
import re
import signal
import tempfile
import time

import pytest

from tests.emulator import Emulated, ownkey
from tui.demo.world import LEFT, PREFIX

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]

F3, F4, F5 = "\x1bOR", "\x1bOS", "\x1b[15~"
TURN = re.compile(r"turn +(~?\$[0-9.]+)")


@pytest.fixture
def mine(tmp_path):
    """A person's home that nothing may come into, and where demos make their folders."""
    for name in ("home", "work", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def demo(mine, *words: str) -> Emulated:
    environ = {
        "HOME": str(mine / "home"), "TMPDIR": str(mine / "tmp"),
        "OWNKEY_HOME": str(mine / "home" / "ownkey"), "OWNKEY_KEYRING": "system",
    }  # fmt: skip
    return Emulated(ownkey("--demo", *words), environ=environ, cwd=mine / "work")


def left_behind(mine) -> list[str]:
    """Files in the home and the folders of demos that were not removed."""
    kept = [str(path) for path in (mine / "home").rglob("*")]
    return kept + [path.name for path in (mine / "tmp").iterdir() if PREFIX in path.name]


def ask_and_watch(seen: Emulated, prompt: str, ends: str) -> list[str]:
    """Send a prompt and read until the text stands there; the turn's sums that were shown."""
    sums: list[str] = []
    seen.type(f"{prompt}\r")

    def reached() -> bool:
        found = TURN.search(seen.lines[-1])
        if found and found[1] not in sums:
            sums.append(found[1])
        return ends in seen.text

    seen.wait_until(reached, ends, 60)
    return sums


def look(seen: Emulated, key: str, shows: str) -> None:
    """Open a screen that says DEMO, and close it."""
    seen.type(key)
    seen.wait_for(shows)
    assert seen.lines[0][10:16] == " DEMO ", seen.text
    seen.type("\x1b")
    seen.wait_until(lambda: shows not in seen.text, "its end")


def test_a_look_around_leaves_nothing(mine):
    with demo(mine) as seen:
        seen.wait_for("Type a message")
        assert " DEMO " in seen.lines[0]
        sums = ask_and_watch(seen, "what is this?", "Change this file?")
        assert len([one for one in sums if one.startswith("~")]) > 3, sums
        seen.rest(0.6)  # keys at once would not answer
        seen.type("1")
        seen.wait_for("Run this command?")
        seen.rest(0.6)
        seen.type("1")
        seen.wait_for("4 requests")
        ask_and_watch(seen, "and now?", "again in")
        began = seen.wait_for("0:06")
        assert seen.wait_for("Write this file?", 60) - began > 4
        seen.rest(0.6)
        seen.type("1")
        seen.wait_for("2 requests", 60)
        seen.rest_until_quiet(0.5)
        look(seen, F4, "the last 30 days")
        look(seen, F5, "why does the nightly export time out")
        look(seen, F3, "the demo's memory")
        seen.type("\x04")
        seen.read_to_end()
        assert LEFT in bytes(seen.raw).decode("utf-8", "replace")
        assert seen.child.wait(5) == 0
    assert left_behind(mine) == []


def test_line_by_line_too(mine):
    with demo(mine, "--linear") as seen:
        seen.wait_for("demo>")
        seen.type("hello\r")
        seen.wait_for("Answer", 60)
        seen.rest(0.6)
        seen.type("1\r")
        seen.wait_for("unittest", 60)
        seen.rest(1.0)
        seen.type("4\r")
        seen.wait_for("nothing was committed", 60)
        seen.wait_until(lambda: seen.text.rstrip().endswith("demo>"), "the next prompt")
        seen.type("\x04")
        seen.read_to_end()
        assert LEFT in bytes(seen.raw).decode("utf-8", "replace")
    assert left_behind(mine) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_either(mine, number):
    with demo(mine) as seen:
        seen.wait_for("in / out")
        assert seen.end(number) == 128 + number
    assert left_behind(mine) == []


def test_the_next_demo_removes_what_a_killed_one_left(mine, monkeypatch):
    with demo(mine) as seen:
        seen.wait_for("in / out")
        seen.child.kill()
        seen.child.wait(5)
    monkeypatch.setattr(tempfile, "tempdir", None)
    (left,) = (mine / "tmp").glob(f"{PREFIX}*")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # its engine ends by itself
        os.utime(left, (time.time() - 600,) * 2)
        time.sleep(0.5)
    with demo(mine) as seen:
        seen.wait_for("Type a message")
        seen.type("\x04")
        seen.read_to_end()
    assert left_behind(mine) == []
