from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.fake_provider import FakeProvider
from tests.live_console import OPUS, environ_for
from tests.typed_child import TypedChild
from tui.paths import find_paths

pytestmark = pytest.mark.long

WORDS = " ".join(f"word{n}" for n in range(900))
PROMPT = "\n> "
READLINE = re.compile(r"\x1b\[\?2004[hl]|\x1b\[[KC]")
"""What readline itself writes while a line is edited; never within what is said."""
WEIGHT = re.compile(r"\x1b\[[012]m")


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.txt").write_text("one\ntwo\n")
    return tmp_path / "work"


@pytest.fixture
def environ(fake, tmp_path):
    return environ_for(fake, tmp_path / "home", made_up_key()) | {"PYTHONPATH": os.getcwd()}


class Person(TypedChild):
    """`ownkey --linear` as somebody uses it who types when it is their turn."""

    def __init__(self, *words, environ, cwd) -> None:
        super().__init__("--linear", *words, environ=environ, cwd=cwd)
        self.wait_for("Type a message")
        self.wait_for(PROMPT)

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        super().wait_for(text.replace("\n", "\r\n"), seconds)

    def ask(self, line: str, said: str = "session $") -> str:
        """Say a line at the prompt; what was shown from then until the next prompt."""
        before = len(self.shown)
        self.type(f"{line}\r")
        if said:
            self.wait_for(said)
        self.wait_for(PROMPT)
        return self.shown[before:].replace("\r\n", "\n")

    def press_ctrl_c(self) -> None:
        """At the prompt: readline notices no signal that comes just before it begins to wait."""
        time.sleep(0.1)
        self.type("\x03")

    @property
    def engine(self) -> int:
        """Its process: the one child, started by any thread."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return int("".join((task / "children").read_text() for task in tasks).split()[0])


def prompts_in(fake) -> list[str]:
    return [str(seen.body["messages"]) for seen in fake.requests]


def test_a_price_file_that_does_not_parse_is_said_at_the_start(environ, work):
    file = find_paths(environ).prices_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{", "utf-8")
    with Person("--model", OPUS, environ=environ, cwd=work) as person:
        person.ask("hello")
        assert "your price file does not count" in person.shown
        assert "Correct it and start ownkey again" in person.shown.replace("\r\n", " ")


def test_a_person_talks_is_asked_stops_and_comes_back_line_by_line(fake, environ, work, tmp_path):
    shell = {"tool_calls": [{"name": "shell", "args": {"command": "touch made"}}]}
    hostile = "plain\x1b[2J\u202etext"
    fake.script([
        {"thinking": "hidden thoughts", "text": hostile, "usage": {"input": 1200, "output": 30}},
        {"tool_calls": [{"name": "read", "args": {"path": "a.txt"}}]},
        {"text": "read it"}, shell, shell, {"text": "made it"},
        {"text": WORDS, "rate": 50}, {"text": WORDS, "rate": 50},
        {"thinking": "shown thoughts", "text": "at last"},
    ])  # fmt: skip
    with Person("--model", OPUS, environ=environ, cwd=work) as person:
        assert "Claude Opus 4.7" in person.shown
        assert "ANTHROPIC_API_KEY pays" in person.shown
        assert f"Folder: {work}" in person.shown

        said = person.ask("hello")
        assert "plain␛[2J⟨U+202E⟩text" in said
        assert "Thought for" in said and "hidden thoughts" not in said
        assert "1 request; tokens 1.2k in, 30 out; turn $0.0068; session $0.0068." in said

        person.type("first\\\r")
        person.wait_for("... ")
        said = person.ask("second")
        assert "Tool: read a.txt: 2 lines" in said
        assert "first\\nsecond" in prompts_in(fake)[-1]

        _answers_what_it_sees(person, work)
        _stops_and_outlives_a_kill(person)
        _keeps_keys_to_itself(person, fake)

        person.type("/thi\t")
        person.wait_for("/thinking ")
        person.ask("on", "Thinking is shown")
        assert "Thinking:\x1b[0m\nshown thoughts" in person.ask("go on")
        assert "1. Claude" in person.ask("/model", "1. Claude")
        assert "The nearest: /model." in person.ask("/modle", "nearest")
        person.press_ctrl_c()
        person.wait_for("Ctrl+C again leaves.")
        person.wait_for(PROMPT)
        person.press_ctrl_c()
        assert person.end() == 0
    assert "Go on with: " in person.shown
    left = READLINE.sub("", WEIGHT.sub("", person.shown))
    assert "\x1b" not in left
    _comes_back_on_a_poor_terminal(environ, work)


def _answers_what_it_sees(person, work):
    person.type("\x1b[200~make\rit\x1b[201~\r")
    person.wait_for("Run this command?")
    person.wait_for("| touch made\n")
    person.type("1\r")  # in the guard: it does not answer
    person.wait_for("kept for the next prompt")
    person.wait_for("Answer 1, 2, 3, 4, 5 or 6: ")
    assert not (work / "made").exists()
    person.type("5\r")
    person.wait_for("Why not: ")
    person.type("not yet\r")
    person.wait_for("refused by you: not yet")
    person.wait_for("Answer 1, 2, 3, 4, 5 or 6: ")
    person.type("1\r")
    person.wait_for("session $")
    person.wait_for(f"{PROMPT}1")  # what was typed too early
    person.type("\x15")
    assert (work / "made").exists()


def _stops_and_outlives_a_kill(person):
    person.type("long\r")
    person.wait_for("word5 ")
    person.type("\x03")
    person.wait_for("Stopped by you.")
    person.wait_for(PROMPT)
    person.type("long again\r")
    person.wait_for("word5 ")
    os.kill(person.engine, signal.SIGKILL)
    person.wait_for("The engine stopped; it is started again. What was said is kept.")
    person.wait_for("The answer broke off when ownkey stopped")
    person.wait_for(PROMPT)


def _keeps_keys_to_itself(person, fake):
    count = len(fake.requests)
    pasted = made_up_key()
    person.type(f"{pasted}\r")
    person.wait_for("That is a key: it was not sent.")
    person.wait_for("Answer 1 or 2: ")
    person.type("2\r")
    person.wait_for(PROMPT)
    person.ask(f"look at {pasted}", "There is a key in that")
    person.wait_for("look at [key]")
    person.type("\x15")
    assert len(fake.requests) == count


def _comes_back_on_a_poor_terminal(environ, work):
    poor = environ | {"TERM": "dumb", "ANTHROPIC_API_KEY": ""}
    with Person("--session", "last", environ=poor, cwd=work) as person:
        assert "The answer last: at last" in person.shown
        assert "changes nothing" not in person.shown
        person.ask("/mode read", "from here on: read only".capitalize())
        said = person.ask("!echo of my own", "Your command: done.")
        assert said.count("of my own") == 2
        assert "long again" in person.ask("/rewind", "goes back to before")
        person.type("\x04")
        assert person.end() == 0
    assert "\x1b" not in person.shown


def test_each_line_of_a_pipe_is_a_prompt_and_the_first_failure_is_the_status(fake, environ, work):
    shell = {"tool_calls": [{"name": "shell", "args": {"command": "touch made"}}]}
    retried = {"error": {"kind": "overloaded", "retry_after": 1}}
    refused = {"error": {"kind": "permission", "message": "not this one"}}
    fake.script([{"text": "one"}, retried, {"text": "two"}, shell, {"text": "three"}, refused])
    said = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "--linear", "--model", OPUS],
        input=f"a\nb\nc\\\nd\n{made_up_key()}\ne\n/cost",
        env={**os.environ, **environ}, cwd=work, capture_output=True, text=True, timeout=50,
        check=False,
    )  # fmt: skip
    lines = said.stdout.splitlines()
    assert said.returncode == 3, said.stdout
    assert said.stderr == ""
    assert [line for line in lines if line in ("one", "two", "three")] == ["one", "two", "three"]
    assert lines[lines.index("> b") + 1].startswith("Anthropic says: overloaded")
    assert "Tool: run touch made: refused: nobody was there to say yes" in lines
    assert any(line.startswith("Error: Anthropic says: not allowed") for line in lines)
    assert any(line.startswith("Next: ") and "/model" in line for line in lines)
    assert "\x1b" not in said.stdout
    assert not (work / "made").exists()
    assert len(fake.requests) == 6
    assert "c\\nd" in prompts_in(fake)[3]
