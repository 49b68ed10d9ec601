from __future__ import annotations

import os
import shutil
import signal
import time

import pytest

from tests.canary import made_up_key
from tests.fake_provider import FakeProvider
from tests.linear.test_live import PROMPT, WORDS, Person

pytestmark = pytest.mark.soak

PASSPHRASE = "long enough for a test"


def test_keys_retries_steering_and_other_sessions_line_by_line(tmp_path):
    key, home = made_up_key(), tmp_path / "home"
    (tmp_path / "work").mkdir()
    with FakeProvider(keys={key}) as fake:
        environ = {
            "OWNKEY_HOME": str(home), "OWNKEY_KEYRING": "sealed", "PYTHONPATH": os.getcwd(),
            "ANTHROPIC_BASE_URL": fake.url("anthropic"),
        }  # fmt: skip
        with Person(environ=environ, cwd=tmp_path / "work") as person:
            _adds_a_key(person, key)
            fake.script([
                {"text": "hi you"}, {"text": WORDS, "rate": 60}, {"text": "after"},
                {"error": {"kind": "overloaded", "retry_after": 30}}, {"text": "tried again"},
            ])  # fmt: skip
            person.type("\r")  # goes on with what nothing served
            person.wait_for("hi you")
            person.wait_for(PROMPT)
            _is_told_while_it_works(person)
            person.type("retry\r")
            person.wait_for("Try 2 in 30 s; Enter tries now")
            person.type("\r")
            person.wait_for("tried again")
            person.wait_for(PROMPT)
            os.kill(person.engine, signal.SIGKILL)
            time.sleep(1)
            person.type("/effort\r")
            person.wait_for("Passphrase (not shown): ")
            person.type(f"{PASSPHRASE}\r")
            person.wait_for("Effort is one of: ")
            person.wait_for(PROMPT)
            _only_reads_what_another_drives(environ, tmp_path)
            _goes_from_session_to_session(person)
            person.type("half a line")
            time.sleep(0.2)
            os.kill(person.pid, signal.SIGTERM)
            assert person.end() == 143
            assert person.echoes
    for secret in (key, PASSPHRASE):
        assert secret not in person.shown
        for folder, _, files in os.walk(home):
            for file in files:
                with open(os.path.join(folder, file), "rb") as opened:
                    assert secret.encode() not in opened.read()
    shutil.rmtree(home)


def _adds_a_key(person, key):
    assert "Next: Add a key (`/key`)" in person.ask("hello there", "Next: ")
    person.type("/key anthropic\r")
    person.wait_for("Anthropic key (not shown): ")
    person.type(f"{made_up_key()}\r")
    person.wait_for("Not kept: ")
    person.wait_for(PROMPT)
    person.type("/key anthropic\r")
    person.wait_for("Anthropic key (not shown): ")
    person.type(f"{key}\r")
    person.wait_for("Keep keys in an encrypted file")
    person.wait_for("Answer 1 or 2: ")
    person.type("1\r")
    for _ in range(2):
        person.wait_for(": ")
        person.wait_for("")
        time.sleep(0.2)
        person.type(f"{PASSPHRASE}\r")
    person.wait_for(f"…{key[-4:]} is in use: it reaches 2 models; kept in ")
    person.wait_for("your Anthropic key main pays.")
    person.wait_for(PROMPT)


def _is_told_while_it_works(person):
    person.type("stream\r")
    person.wait_for("word3 ")
    person.type("also this\r")
    person.wait_for("Waits for the agent: also this")
    person.type("/cost\r")
    person.wait_for("Turn ~$")
    person.type("/stop\r")
    person.wait_for("Stopped by you.")
    person.wait_for("What waited is kept for the next prompt.")
    person.wait_for(f"{PROMPT}also this")
    person.type("\r")
    person.wait_for("after")
    person.wait_for(PROMPT)


def _only_reads_what_another_drives(environ, folder):
    other = environ | {"OWNKEY_PASSPHRASE": PASSPHRASE}
    with Person("--session", "last", environ=other, cwd=folder / "work") as reader:
        assert "here it can only be read" in reader.shown
        assert "The answer last: tried again" in reader.shown
        reader.type("mine\r")
        reader.wait_for("Next: /fork goes on in a copy of it.")
        reader.wait_for(f"{PROMPT}mine")
        reader.type("\x15\x04")
        assert reader.end() == 0


def _goes_from_session_to_session(person):
    person.type("/rewind 2\r")
    person.wait_for("Answer 1 or 2: ")
    person.type("1\r")
    person.wait_for(f"{PROMPT}also this")
    person.type("\x15")
    person.ask("/new", ", new.")
    assert "1. hello there" in person.ask("/sessions", "goes on with one")
    assert "You said last: stream" in person.ask("/resume 1", "You said last")
    assert "You said last: stream" in person.ask("/fork", "You said last")
