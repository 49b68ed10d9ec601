"""Promise 3: no byte of a key in any file, output, request, core, or child's environment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulated
from tests.fake_provider import FakeProvider
from tests.fake_reply import CUT
from tests.key_places import (
    GPT,
    OPUS,
    SECRETS_FILE,
    KeyPlaces,
    all_forms,
    allow_cores,
    two_makers,
)
from tests.live_console import ESCAPE_S, READY, WORKING, turns_in
from tests.secret_service import a_secret_service

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]

MODES = ("sealed", "system", "env")
SCRUB_OFF = """
from tui.runtime import scrub
class Open:
    def feed(self, delta): return delta
    def finish(self): return ""
scrub.LiveScrub.text = scrub.LiveScrub.data = lambda self, given: given
scrub.LiveScrub.stream = lambda self: Open()
"""
"""A mutant: keys are masked nowhere."""

BY_SIGNAL = """
import asyncio, signal, threading
from pathlib import Path
from tui.console.app import ConsoleApp
mounted = ConsoleApp.on_mount
def on_mount(self):
    mounted(self)
    key = Path(KEY_FILE).read_text()
    def fail(held):
        raise RuntimeError(f"cannot show {held}")
    def shoot():
        Path("screen.svg").write_text(self.export_screenshot(), encoding="utf-8")
    def crash_thread():
        threading.Thread(target=fail, args=(key,)).start()
    def crash_widget():
        held = key
        self.status.render = lambda: fail(held)
        self.status.refresh()
    loop = asyncio.get_running_loop()
    for number, act in ((signal.SIGUSR1, shoot), (signal.SIGUSR2, crash_thread),
                        (signal.SIGRTMIN, crash_widget)):
        loop.add_signal_handler(number, act)
ConsoleApp.on_mount = on_mount
"""
"""A console that takes a picture of itself, or fails with a key in its hands, at a signal."""

FAILS_IN_A_THREAD = """
import threading
from pathlib import Path
def fail(held): raise RuntimeError(f"cannot use {held}")
threading.Timer(0.6, fail, (Path(KEY_FILE).read_text(),)).start()
"""
FAILS = """
from pathlib import Path
import tui.cli.models
def run(args):
    held = Path(KEY_FILE).read_text()
    raise RuntimeError(f"cannot use {held}")
tui.cli.models.run = run
"""


@pytest.fixture
def makers() -> Iterator[tuple[FakeProvider, FakeProvider]]:
    with two_makers() as both:
        yield both


@contextmanager
def store_of(mode: str) -> Iterator[Mapping[str, str]]:
    """What a store of this mode needs in the environment."""
    if mode == "system":
        with a_secret_service() as service:
            yield service.environ
    else:
        yield {}


def speaking(key: str) -> list[dict[str, Any]]:
    """A model that looks at what holds the key, calls with it, and then says it in every way."""
    cuts = "\n".join(f"{key[:at]}{CUT}{key[at:]}{CUT}" for at in range(1, len(key)))
    letters = CUT.join(key)
    calls = [
        ("read", {"path": SECRETS_FILE}),
        ("grep", {"pattern": key}),
        ("grep", {"pattern": "PATH|sk-ant"}),
        ("glob", {"pattern": f"*{key}*"}),
        ("list", {"path": "."}),
        ("read", {"path": "/proc/self/environ"}),
        (key, {key: [key, {"deep": key}]}),
    ]
    tools = [
        {"name": name, "args": args, "id": f"call_{n}"} for n, (name, args) in enumerate(calls)
    ]
    return [
        {"thinking": f"It is {key}. {letters}", "text": f"{letters}\n", "tool_calls": tools},
        {"thinking": cuts, "text": f"{all_forms(key)}\n{cuts}{CUT}\n{letters}", "model": key,
         "headers": {"request-id": key, "anthropic-ratelimit-requests-remaining": key}},
    ]  # fmt: skip


def refusing(key: str) -> dict[str, Any]:
    """A 401 that echoes the key in 16 forms, and in its headers."""
    error = {"kind": "invalid_key", "message": f"Incorrect API key provided: {all_forms(key)}"}
    return {"error": error, "headers": {"request-id": key, "retry-after": key}}


def run_commands(places: KeyPlaces) -> None:
    """Everything about keys, models and sessions that prints."""
    for words in (["keys", "list"], ["keys", "list", "--json"], ["keys", "check"],
                  ["keys", "check", "--json"], ["models"], ["models", "--json"]):  # fmt: skip
        assert places.ownkey(*words).returncode == 0
    places.ownkey("doctor", "--json")


def run_turns(places: KeyPlaces) -> None:
    """Turns whose prompt, tools, model and errors hold the key."""
    prompt = f"Use {places.key} for this.\n{all_forms(places.key)}"
    ways = {"system": [["--json"]], "env": [[]]}.get(places.mode, [["--json"], []])
    for also in ways:
        places.fake.script(speaking(places.key))
        done = places.ownkey("run", "--model", OPUS, *also, "-", stdin=prompt)
        assert done.returncode in {0, 3}, done.stderr
        places.other.script([{"text": "hello"}])
        done = places.ownkey("run", "--session", "last", "--model", GPT, "-", stdin="go on")
        assert done.returncode == 0, done.stderr
        places.fake.script([refusing(places.key)])
        assert places.ownkey("run", "--model", OPUS, *also, "-", stdin="go").returncode == 1
    assert len(places.other.requests) == len(ways)


def export_all(places: KeyPlaces) -> None:
    """Every form in which a session leaves."""
    for form in ("markdown", "json", "html"):
        for session in _sessions(places):
            assert places.ownkey("sessions", "export", session, "--format", form).returncode == 0
    for words in (["list"], ["list", "--json"], ["show", "last"], ["show", "last", "--json"],
                  ["check"]):  # fmt: skip
        assert places.ownkey("sessions", *words).returncode == 0


def _sessions(places: KeyPlaces) -> list[str]:
    return re.findall(r"s_\d{14}_\w{8}", places.ownkey("sessions", "list").stdout)


def run_crashes(places: KeyPlaces) -> None:
    """A thread and a command that fail with the key in their hands; kill -ABRT in mid-stream."""
    at = f"KEY_FILE = {str(places.key_file)!r}\n"
    places.fake.script([{"text": "slow " * 30, "rate": 20}])
    for also, words in ((FAILS_IN_A_THREAD, ["run", "--model", OPUS, "go"]), (FAILS, ["models"])):
        done = subprocess.run(
            places.command(*words, also=at + also), cwd=places.work,
            env=os.environ | places.environ, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert b"RuntimeError" in done.stderr
        places.sweep.note("a failing command", done.stdout + done.stderr)
    places.fake.script([{"text": "slow " * 200, "rate": 20}])
    places.fake.seen.clear()
    said = places.aborted("run", "--model", OPUS, "go", reached=lambda: bool(places.fake.requests))
    assert b"Fatal Python error: Aborted" in said
    if places.mode != "env":
        places.fake.seen.clear()
        said = places.aborted(
            "keys", "add", "anthropic", "--label", "again", "--base-url",
            places.fake.url("anthropic", fault="stall"),
            stdin=places.key, reached=lambda: bool(places.fake.seen),
        )  # fmt: skip
        assert b"Fatal Python error: Aborted" in said


class Console:
    """The console of these places, in a pseudo-terminal."""

    def __init__(self, places: KeyPlaces, seen: Emulated) -> None:
        self.places, self.seen = places, seen
        seen.wait_for(READY)
        seen.wait_for("Claude Opus 4.7   turn")
        seen.rest_until_quiet()

    def ask(self, prompt: str, steps: list[dict[str, Any]]) -> None:
        self.places.fake.script(steps)
        before = turns_in(self.places.home)
        self.seen.type(f"{prompt}\r")
        self.seen.wait_until(lambda: turns_in(self.places.home) > before, "the turn's end")
        self.seen.rest_until_quiet()
        self.seen.wait_until(lambda: WORKING not in self.seen.text, "rest")

    def be_refused(self, prompt: str, steps: list[dict[str, Any]]) -> None:
        """The key is refused in a turn: its dialog opens and is left, and so is the turn."""
        self.places.fake.script(steps)
        before = turns_in(self.places.home)
        self.seen.type(f"{prompt}\r")
        self.seen.wait_for("Paste the key")
        self.seen.rest_until_quiet()
        self.places.sweep.note("the screen", self.seen.text)
        self.escape()
        self.places.sweep.note("the screen behind the dialog", self.seen.text)
        self.escape()
        self.seen.wait_until(lambda: turns_in(self.places.home) > before, "the turn's end")
        self.seen.rest_until_quiet()

    def escape(self) -> None:
        self.seen.type("\x1b")
        self.seen.rest(ESCAPE_S)
        self.seen.rest_until_quiet()

    def click(self, mark: str) -> None:
        rows = [y for y, line in enumerate(self.seen.lines) if mark in line[32:]]
        if rows:
            x, y = self.seen.lines[rows[-1]].index(mark, 32) + 1, rows[-1] + 1
            self.seen.type(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")
            self.seen.rest_until_quiet()

    def signal(self, number: int) -> None:
        self.seen.child.send_signal(number)
        self.seen.rest_until_quiet(0.2)

    @property
    def engine(self) -> int:
        """Process id of the engine."""
        for name in os.listdir("/proc"):
            if name.isdigit() and _is_engine_of(int(name), self.seen.child.pid):
                return int(name)
        raise AssertionError("there is no engine")


def _is_engine_of(pid: int, parent: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()
        return int(status[1]) == parent and b"engine" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def console_of(places: KeyPlaces, name: str, *words: str) -> Iterator[Console]:
    """A console that can be made to fail; all that it wrote is noted."""
    at = f"KEY_FILE = {str(places.key_file)!r}\n"
    argv = places.command("--model", OPUS, *words, also=at + BY_SIGNAL)
    with Emulated(argv, environ=places.environ, cwd=places.work, before=allow_cores) as seen:
        yield Console(places, seen)
        places.sweep.note(f"{name}, the screen", seen.text)
        seen.end(signal.SIGTERM)
        places.sweep.note(name, bytes(seen.raw))


def talk_in_the_console(places: KeyPlaces) -> None:
    """The model speaks it; it is copied, pasted, refused; a picture is taken; parts fail."""
    with console_of(places, "the console") as console:
        console.ask("look", speaking(places.key))
        console.click("▸")
        console.click("[secret]")
        console.seen.type("\x1b[A\x1b[Ay")  # the block above the footer
        console.seen.wait_until(lambda: b"\x1b]52;" in console.seen.raw, "a copy")
        console.signal(signal.SIGUSR1)
        assert (places.work / "screen.svg").stat().st_size > 1_000
        places.sweep.note("the screen", console.seen.text)
        console.escape()
        console.be_refused("go", [refusing(places.key)])
        console.seen.paste(places.key)
        console.seen.rest_until_quiet(0.2)
        console.signal(signal.SIGUSR1)
        places.sweep.note("the key dialog", console.seen.text)
        console.escape()
        console.signal(signal.SIGUSR2)
        console.signal(signal.SIGRTMIN)
        console.seen.read_to_end()
        assert console.seen.child.poll() is not None
        assert "the console failed" in console.seen.text


def type_the_key_into_a_prompt(places: KeyPlaces) -> None:
    """What a person types is on that person's screen, and nowhere else."""
    argv = places.command("--model", OPUS)
    with Emulated(argv, environ=places.environ, cwd=places.work) as seen:
        console = Console(places, seen)
        console.ask(f"use {places.key} here", [{"text": "yes"}])
        console.ask(f"and {places.key[20:50]} there", [{"text": "yes"}])
        places.sweep.note("the screen after it was sent", seen.text)


def kill_the_engine(places: KeyPlaces) -> None:
    """kill -9 and kill -ABRT of the engine in mid-stream, kill -ABRT of the console."""
    with console_of(places, "the console of a killed engine") as console:
        for number in (signal.SIGKILL, signal.SIGABRT):
            engine = console.engine
            places.fake.script([{"text": f"word {places.key} " * 40, "rate": 20}])
            console.seen.type("go\r")
            console.seen.wait_until(lambda: WORKING in console.seen.text, "work")
            console.seen.rest(0.5)
            os.kill(engine, number)
            console.seen.wait_until(
                lambda gone=engine: _engine_or(console, gone) != gone, "another"
            )
            console.seen.wait_until(lambda: WORKING not in console.seen.text, "rest")
        console.signal(signal.SIGABRT)
        console.seen.read_to_end()


def _engine_or(console: Console, gone: int) -> int:
    try:
        return console.engine
    except AssertionError:
        return gone


STAGES: tuple[Callable[[KeyPlaces], None], ...] = (
    run_commands, run_turns, export_all, run_crashes, talk_in_the_console,
    type_the_key_into_a_prompt, kill_the_engine,
)  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_no_byte_of_the_key_is_found_anywhere(
    mode: str, tmp_path: Path, makers: tuple[FakeProvider, FakeProvider]
):
    fake, other = makers
    with store_of(mode) as environ:
        places = KeyPlaces(tmp_path, mode, environ, fake=fake, other=other)
        with places.sweep.watching():
            places.add_keys()
            for stage in STAGES:
                began = time.monotonic()
                stage(places)
                print(f"{mode}: {stage.__name__} {time.monotonic() - began:.1f} s")
        found = places.found()
        assert found == [], "\n".join(found)
        assert list(places.work.glob("core*")) == []
        assert places.sweep.watched > 20


def test_a_program_that_masks_nothing_is_caught(
    tmp_path: Path, makers: tuple[FakeProvider, FakeProvider]
):
    fake, other = makers
    places = KeyPlaces(tmp_path, "env", {}, fake=fake, other=other, mutant=SCRUB_OFF)
    with places.sweep.watching():
        run_turns(places)
        export_all(places)
    found = " ".join(places.found())
    # A search's arguments hold it too, but for less time than lies between two looks at them.
    for place in ("output of run", "sessions.db", "output of sessions export", "another maker",
                  "its own maker"):  # fmt: skip
        assert place in found
