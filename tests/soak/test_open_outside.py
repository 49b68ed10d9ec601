"""The transcript in the person's own programs, in a real terminal."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from tests.bench.world import SHORT, write_session
from tests.engine_world import environ_of
from tests.fake_provider import FakeProvider
from tests.kept_terminal import KeptTerminal

pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]

READY = "Type a message"
OWNKEY = [sys.executable, "-P", "-m", "tui.cli.main", "--session", SHORT]
PROGRAM = """#!{python}
import os, stat, sys
name = sys.argv[-1]
assert os.tcgetpgrp(0) == os.getpgrp()
with open({seen!r}, "w") as seen:
    print(oct(stat.S_IMODE(os.stat(name).st_mode)), name.rpartition(".")[2], *sys.argv[1:-1],
          file=seen)
    seen.write(open(name).read())
print("\\x1b[2Jscribbled all over")
sys.exit({status})
"""


@pytest.fixture
def terminal():
    with KeptTerminal() as opened:
        yield opened


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(home, work):
    write_session(home, SHORT, 10, work)
    with FakeProvider() as fake:
        yield environ_of(fake, home)


def a_program(folder, name: str, status: int = 0) -> tuple[str, str]:
    program, seen = folder / "tools" / name, str(folder / "seen")
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, seen=seen, status=status))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program), seen


@pytest.mark.parametrize(
    ("command", "variable", "head", "holds"),
    [
        ("/pager", "PAGER", "0o600 md -+F", "What does message p00001 say"),
        ("/pager reply", "PAGER", "0o600 md -+F", "Reply r00005 in short"),
        ("/open code", "EDITOR", "0o600 py", "def load(path"),
    ],
)
def test_a_program_sees_it_and_the_screen_is_as_it_was(
    terminal, environ, tmp_path, work, home, command, variable, head, holds
):
    program, seen = a_program(tmp_path, "less" if variable == "PAGER" else "an-editor")
    terminal.run(OWNKEY, environ=environ | {variable: program, "VISUAL": ""}, cwd=work)
    terminal.wait_for("all of r00005")
    inside = terminal.state()
    terminal.type(f"{command}\r")
    while not os.path.exists(seen):
        terminal.read(0.1)
    terminal.wait_state(inside)
    terminal.wait_for("all of r00005")
    assert "scribbled" not in terminal.text
    first, _, rest = Path(seen).read_text("utf-8").partition("\n")
    assert first == head
    assert holds in rest
    assert list((home / "state" / "editing").iterdir()) == []


def test_a_program_that_fails_is_said(terminal, environ, tmp_path, work):
    program, _ = a_program(tmp_path, "an-editor", status=3)
    terminal.run(OWNKEY, environ=environ | {"EDITOR": program, "VISUAL": ""}, cwd=work)
    terminal.wait_for("all of r00005")
    terminal.type("/open\r")
    terminal.wait_for("The editor ended with an error")
