from __future__ import annotations

import signal
import sys
import time

import pytest

from tests.canary import made_up_key
from tests.engine_world import environ_of
from tests.fake_provider import FakeProvider
from tests.kept_terminal import KeptTerminal

pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]

READY = "Type a message"
OWNKEY = [sys.executable, "-P", "-m", "tui.cli.main"]
FORGETS = [
    sys.executable, "-c",
    "import sys\n"
    "from tui.console.prompt.drafts import Drafts\n"
    "Drafts.write = lambda *_: None\n"
    "from tui.cli.main import main\n"
    "sys.exit(main())",
]  # fmt: skip
"""The mutant: a console that writes no draft down."""

F7 = "\x1b[18~"


@pytest.fixture
def environ(home):
    with FakeProvider() as fake:
        yield environ_of(fake, home)


@pytest.fixture
def terminal():
    with KeptTerminal() as opened:
        yield opened


def written(home) -> list[bytes]:
    return [one.read_bytes() for one in (home / "state" / "drafts").glob("*.json")]


def type_and_kill(terminal, environ, folder, argv, text: str) -> None:
    terminal.run(argv, environ=environ, cwd=folder)
    terminal.wait_for(READY)
    terminal.wait_for("turn")  # the engine has opened a session
    terminal.type(text)
    terminal.wait_for(text[-12:])
    time.sleep(1.0)  # three times as long as it takes at most
    terminal.signal(signal.SIGKILL)
    assert terminal.wait_end() == -signal.SIGKILL


@pytest.mark.parametrize(("argv", "is_back"), [(OWNKEY, True), (FORGETS, False)])
def test_what_was_typed_is_back_after_kill_9(terminal, environ, home, tmp_path, argv, is_back):
    type_and_kill(terminal, environ, tmp_path, argv, "half a thought about cookies")
    assert bool(written(home)) == is_back
    terminal.run(OWNKEY, environ=environ, cwd=tmp_path)
    terminal.wait_for("turn")
    time.sleep(1.0)
    terminal.read(0.5)
    assert ("half a thought about cookies" in terminal.text) == is_back


def test_a_key_that_is_typed_is_not_in_the_draft_after_kill_9(terminal, environ, home, tmp_path):
    key = made_up_key()
    type_and_kill(terminal, environ, tmp_path, OWNKEY, f"why is {key} refused")
    files = [one for one in home.rglob("*") if one.is_file()]
    assert [one for one in files if key.encode() in one.read_bytes()] == []


EDITOR = """#!{python}
import os, signal, subprocess, sys
os.kill(os.getpid(), signal.SIGTSTP) if {stops} else None
subprocess.run(["stty", "raw"], check=True)
assert os.tcgetpgrp(0) == os.getpgrp()
assert not [name for name in os.environ if name.endswith("_API_KEY")]
text = open(sys.argv[1]).read()
open(sys.argv[1], "w").write(text + " and more\\nfrom outside\\n")
sys.exit({status})
"""


def an_editor(folder, **how) -> str:
    program = folder / "tools" / "an-editor"
    program.parent.mkdir()
    program.write_text(EDITOR.format(python=sys.executable, **how))
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("stops", [False, True])
def test_an_editor_has_the_terminal_and_gives_it_back(terminal, environ, tmp_path, home, stops):
    before = terminal.state()
    work = tmp_path / "work"
    work.mkdir()
    editor = {"EDITOR": an_editor(tmp_path, stops=stops, status=0), "VISUAL": ""}
    terminal.run(OWNKEY, environ=environ | editor, cwd=work)
    terminal.wait_for(READY)
    terminal.type("begun here")
    terminal.wait_for("begun here")
    inside = terminal.state()
    terminal.type(F7)
    terminal.wait_for("from outside")
    assert "begun here and more" in terminal.text
    assert terminal.state() == inside
    assert list((home / "state" / "editing").iterdir()) == []
    terminal.type("\x15\x15\x15")
    time.sleep(0.2)
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_end() == 143
    assert terminal.state() == before


def test_an_editor_that_fails_leaves_the_prompt_as_it_is(terminal, environ, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    editor = {"EDITOR": an_editor(tmp_path, stops=False, status=1), "VISUAL": ""}
    terminal.run(OWNKEY, environ=environ | editor, cwd=work)
    terminal.wait_for(READY)
    terminal.type("begun here")
    terminal.wait_for("begun here")
    terminal.type(F7)
    terminal.wait_for("ended with an error")
    assert "begun here" in terminal.text
    assert "from outside" not in terminal.text


def test_an_editor_in_the_folder_is_not_started(terminal, environ, tmp_path):
    editor = {"EDITOR": an_editor(tmp_path, stops=False, status=0), "VISUAL": ""}
    terminal.run(OWNKEY, environ=environ | editor, cwd=tmp_path)
    terminal.wait_for(READY)
    terminal.type(F7)
    terminal.wait_for("names no program outside")
