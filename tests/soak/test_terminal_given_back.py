from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from tests.echoes import children_of
from tests.engine_world import environ_of
from tests.fake_provider import FakeProvider
from tests.kept_terminal import KeptTerminal
from tests.local_model import is_gone

pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]

READY = "Type a message"
WORDS = " ".join(f"word{n}" for n in range(2000))
OWNKEY = [sys.executable, "-P", "-m", "tui.cli.main"]
CHANGED = """
import os, signal, sys, threading
from tui.console.app import ConsoleApp
{changes}
from tui.cli.main import main
sys.exit(main())
"""
"""A console with a part of it replaced."""

PLAIN_TEXTUAL = CHANGED.format(
    changes="""
from tui.cli import console
console.show = lambda app: app.run() and 0
"""
)
"""The mutant: the console as Textual runs it, without what we do beside."""

CRASH = """
mounted = ConsoleApp.on_mount
def on_mount(self):
    mounted(self)
    leave = self.exit
    self.set_timer(1.5, {crash})
ConsoleApp.on_mount = on_mount
"""
CRASHES = {
    "widget": "lambda: 1 / 0",
    "render": "lambda: setattr(self.status, 'render_line', None) or self.status.refresh()",
    "interrupt": "lambda: (_ for _ in ()).throw(KeyboardInterrupt)",
    "exit": "lambda: sys.exit(7)",
    "thread": "lambda: threading.Thread(target=lambda: 1 / 0).start() or self.set_timer(1, leave)",
    "output closed": "lambda: os.close(1) or self.refresh(layout=True)",
    "input closed": "lambda: os.close(0) or self.set_timer(1, leave)",
}  # fmt: skip


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


@pytest.fixture
def terminal():
    with KeptTerminal() as opened:
        yield opened


@pytest.fixture
def before(terminal):
    return terminal.state()


@pytest.fixture
def console(terminal, before, environ, tmp_path):
    """The console, ready in the terminal."""
    terminal.run(OWNKEY, environ=environ, cwd=tmp_path)
    terminal.wait_for(READY)
    assert terminal.state() != before
    return terminal


def engine_of(console: int) -> int:
    """The process id of a console's engine, which starts beside the first paint."""
    ends = time.monotonic() + 10
    while len(found := children_of(console)) != 1 and time.monotonic() < ends:
        time.sleep(0.01)
    (engine,) = found
    return engine


def test_ctrl_d_gives_the_terminal_back(console, before):
    console.type("\x04")
    assert console.wait_end() == 0
    assert console.state() == before


def test_ctrl_c_twice_gives_the_terminal_back(console, before):
    console.type("\x03")
    console.wait_for("again")
    console.type("\x03")
    assert console.wait_end() == 0
    assert console.state() == before


def test_leaving_in_mid_stream_gives_the_terminal_back(console, before, fake):
    fake.script([{"text": WORDS, "rate": 300}])
    console.type("hello\r")
    console.wait_for("word3")
    console.type("\x04")
    assert console.wait_end() == 0
    assert console.state() == before


SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_gives_the_terminal_back_and_ends_the_engine(console, before, number):
    engine = engine_of(console.child)
    console.signal(number)
    assert console.wait_end() == 128 + number
    assert console.state() == before
    assert is_gone(engine, 5)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_in_mid_stream_gives_the_terminal_back(console, before, fake, number):
    fake.script([{"text": WORDS, "rate": 1000}])
    console.type("hello\r")
    console.wait_for("word3")
    console.signal(number)
    assert console.wait_end() == 128 + number
    assert console.state() == before


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_moment_of_the_start_gives_the_terminal_back(
    terminal, before, environ, tmp_path, number
):
    for wait_ms in (100, 250, 400, 550, 700):
        terminal.run(OWNKEY, environ=environ, cwd=tmp_path)
        time.sleep(wait_ms / 1000)
        terminal.signal(number)
        assert terminal.wait_end() in {128 + number, -number}
        assert terminal.state() == before


def test_a_console_as_textual_runs_it_would_be_found_out(terminal, before, environ, tmp_path):
    argv = [sys.executable, "-c", PLAIN_TEXTUAL]
    terminal.run(argv, environ=environ, cwd=tmp_path)
    terminal.wait_for(READY)
    terminal.signal(signal.SIGTERM)
    terminal.wait_end()
    assert terminal.state() != before


def test_fifty_stops_and_goes_give_the_terminal_back_each_time(console, before):
    for _ in range(50):
        running = console.state()
        console.signal(signal.SIGTSTP)
        console.wait_stop()
        assert console.state() == before
        console.signal(signal.SIGCONT)
        console.wait_for(READY)
        console.wait_state(running)
    console.type("\x04")
    assert console.wait_end() == 0
    assert console.state() == before


def test_stops_that_cannot_be_caught_do_no_harm(console, before):
    running = console.state()
    for _ in range(5):
        console.signal(signal.SIGSTOP)
        console.wait_stop()
        console.signal(signal.SIGCONT)
        console.wait_for(READY)
        console.wait_state(running)
    console.type("still here")
    console.wait_for("still here")
    console.type("\x15\x04")
    assert console.wait_end() == 0
    assert console.state() == before


def test_a_go_without_a_stop_does_no_harm(console, before):
    running = console.state()
    for _ in range(5):
        console.signal(signal.SIGCONT)
    time.sleep(2)
    console.wait_state(running)
    console.type("still here")
    console.wait_for("still here")
    console.type("\x15\x04")
    assert console.wait_end() == 0
    assert console.state() == before


def test_what_streams_while_it_is_stopped_is_there_afterwards(console, fake):
    fake.script([{"text": "the whole of it", "rate": 4}])
    console.type("hello\r")
    console.wait_for("Esc stop")
    console.signal(signal.SIGTSTP)
    console.wait_stop()
    time.sleep(1.5)
    console.signal(signal.SIGCONT)
    console.wait_for("the whole of it")
    console.type("\x04")
    assert console.wait_end() == 0


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_gives_the_terminal_back(terminal, before, environ, tmp_path, crash):
    program = CHANGED.format(changes=CRASH.format(crash=CRASHES[crash]))
    terminal.run([sys.executable, "-c", program], environ=environ, cwd=tmp_path)
    terminal.wait_for(READY)
    engine = engine_of(terminal.child)
    terminal.wait_end()
    assert terminal.state() == before
    assert is_gone(engine, 5)


@pytest.mark.parametrize("crash", ["widget", "render"])
def test_a_crash_is_one_sentence_without_a_traceback(terminal, environ, tmp_path, crash):
    program = CHANGED.format(changes=CRASH.format(crash=CRASHES[crash]))
    terminal.run([sys.executable, "-c", program], environ=environ, cwd=tmp_path)
    assert terminal.wait_end(30) == 1
    assert "Traceback" not in terminal.text
    assert "ownkey" in terminal.text


@pytest.mark.parametrize("ignored", [(), (signal.SIGHUP,)], ids=["heard", "ignored"])
def test_a_terminal_that_is_closed_ends_the_console_and_its_engine(console_ignoring, ignored):
    terminal = console_ignoring(ignored)
    engine = engine_of(terminal.child)
    child = terminal.child
    terminal.hang_up()
    assert is_gone(child, 8)
    assert is_gone(engine, 5)


@pytest.fixture
def console_ignoring(terminal, environ, tmp_path):
    def start(ignored):
        terminal.run(OWNKEY, environ=environ, cwd=tmp_path, ignored=ignored)
        terminal.wait_for(READY)
        return terminal

    return start


def test_a_terminal_that_takes_nothing_does_not_hold_a_signal_up(console, fake):
    fake.script([{"text": WORDS, "rate": 5000}])
    console.type("hello\r")
    time.sleep(3)  # nobody reads: its buffer is full
    child = console.child
    console.signal(signal.SIGTERM)
    assert is_gone(child, 8)


@pytest.mark.parametrize("closed", [(1,), (0,), (0, 1), (2,), (0, 1, 2)], ids=str)
def test_a_start_without_a_terminal_says_so_and_changes_nothing(
    terminal, before, environ, tmp_path, closed
):
    terminal.run(OWNKEY, environ=environ, cwd=tmp_path, closed=closed)
    if closed == (2,):
        terminal.wait_for(READY)
        terminal.type("\x04")
        assert terminal.wait_end() == 0
    else:
        assert terminal.wait_end() == 2
        assert (2 in closed) or "needs a terminal" in terminal.text
    assert terminal.state() == before


def killed(terminal, environ, folder) -> None:
    terminal.run(OWNKEY, environ=environ, cwd=folder)
    terminal.wait_for(READY)
    terminal.signal(signal.SIGKILL)
    assert terminal.wait_end() == -signal.SIGKILL


def test_after_a_kill_the_reset_gives_the_terminal_back(terminal, before, environ, tmp_path):
    killed(terminal, environ, tmp_path)
    assert terminal.state() != before
    reset = [*OWNKEY, "doctor", "--reset-terminal"]
    terminal.run(reset, environ=environ, cwd=tmp_path)
    terminal.wait_end(30)
    assert terminal.state() == before


def test_after_a_kill_the_next_start_gives_the_terminal_back(terminal, before, environ, tmp_path):
    killed(terminal, environ, tmp_path)
    terminal.run(OWNKEY, environ=environ, cwd=tmp_path)
    terminal.wait_for(READY)
    terminal.type("\x04")
    assert terminal.wait_end() == 0
    assert terminal.state() == before


def test_standard_error_in_a_file_leaves_the_screen_where_it_is(
    terminal, before, environ, tmp_path
):
    program = "import os, sys; os.dup2(os.open('log', os.O_CREAT | os.O_WRONLY), 2)\n"
    program += "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    terminal.run([sys.executable, "-c", program, *OWNKEY[1:]], environ=environ, cwd=tmp_path)
    terminal.wait_for(READY)
    terminal.type("\x04")
    assert terminal.wait_end() == 0
    assert terminal.state() == before
    assert os.path.getsize(tmp_path / "log") == 0
