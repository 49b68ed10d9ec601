"""`ownkey run --tools all`: files are changed as the mode says, and the log holds no key."""

from __future__ import annotations

import json
from unittest import mock

import pytest

from tests.canary import leaks, leaks_under, made_up_key
from tests.command import run_command
from tests.engine_world import QUICK, environ_of
from tests.fake_provider import FakeProvider

CALL = {"name": "edit", "args": {"path": "a.py", "old": "x = 1", "new": "x = 2"}}


@pytest.fixture
def fake():
    with FakeProvider() as fake:
        yield fake


@pytest.fixture
def run(fake, home, tmp_path, monkeypatch):
    """One turn in which the model edits `a.py` and says so; its objects and exit status."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").write_text("x = 1\n")
    monkeypatch.chdir(work)
    environ = environ_of(fake, home)

    def run(*words: str, mode: str, **more: str):
        assert (
            run_command("settings", "set", "approvals.mode", mode, environ=environ).returncode == 0
        )
        fake.script([{"tool_calls": [CALL]}, {"text": "Done."}])
        with mock.patch("tui.process.harden"):
            said = run_command(
                "run", "--json", "--tools", "all", "--model", QUICK, "go", *words,
                environ={**environ, **more},
            )  # fmt: skip
        return said.returncode, [json.loads(line) for line in said.stdout.splitlines()]

    return run


@pytest.mark.parametrize(
    ("mode", "status", "text"),
    [("edit", 0, "x = 2\n"), ("ask", 3, "x = 1\n"), ("read", 3, "x = 1\n")],
)
def test_file_is_changed_where_the_mode_lets_it(run, tmp_path, mode, status, text):
    returned, told = run(mode=mode)
    assert (returned, (tmp_path / "work" / "a.py").read_text()) == (status, text)
    assert told[-1]["stop"] == "end"


def test_file_that_holds_a_stored_key_is_changed_and_leaves_none_of_it_in_the_log(
    run, tmp_path, home
):
    key = made_up_key()
    (tmp_path / "work" / "a.py").write_text(f"x = 1\nkey = '{key}'\n")
    returned, told = run(mode="edit", ANTHROPIC_API_KEY=key)
    assert (returned, told[-1]["stop"]) == (0, "end")
    assert (tmp_path / "work" / "a.py").read_text() == f"x = 2\nkey = '{key}'\n"
    assert leaks_under(home, key) == []
    assert leaks(json.dumps(told), key) == []
