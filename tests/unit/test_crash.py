from __future__ import annotations

import subprocess
import sys

import pytest

from tests.canary import leaks, made_up_key

KEY = made_up_key()
FAILURES = {
    "uncaught": "raise ValueError(key)",
    "in a thread": "t = threading.Thread(target=fail); t.start(); t.join(); sys.exit(1)",
    "in a task that nobody awaits": "asyncio.run(forgetful()); sys.exit(1)",
    "while it is taken away": "Failing(); sys.exit(1)",
    "logged": "logging.getLogger('anthropic').error('with %s', key); sys.exit(1)",
    "warned of": "logging.warning(key); sys.exit(1)",
}
PROGRAM = """
import asyncio, gc, logging, sys, threading
from tui.crash import hush
hush()
key = sys.stdin.read()
def fail():
    held = key
    raise ValueError(f"cannot take {held}")
async def fails():
    fail()
async def forgetful():
    asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
class Failing:
    def __del__(self):
        fail()
"""


def said_of(failure: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + FAILURES[failure]],
        input=KEY, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_nobody_catches_shows_no_value(failure: str):
    status, said = said_of(failure)
    assert status == 1
    assert leaks(said, KEY) == []
    assert "Traceback" not in said


@pytest.mark.parametrize("failure", ["uncaught", "in a thread"])
def test_a_failure_nobody_catches_says_its_kind_its_place_and_the_next_step(failure: str):
    said = said_of(failure)[1]
    assert said.startswith("ownkey: ")
    assert "(ValueError)" in said
    assert "try again" in said
    assert "For a report: " in said
