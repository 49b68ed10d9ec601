from __future__ import annotations

import sys

import pytest

from tui.cli.console import command_again


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The program in a folder of its own, which is the whole PATH."""
    program = tmp_path / "bin" / "ownkey"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


@pytest.mark.parametrize(
    ("called", "again"),
    [
        (".venv/bin/ownkey", ".venv/bin/ownkey"),
        ("/a b/ownkey", "'/a b/ownkey'"),
        ("/usr/lib/python3/tui/cli/main.py", "ownkey"),
    ],
)
def test_it_is_called_again_as_it_was_called(installed, monkeypatch, called, again):
    monkeypatch.setattr(sys, "argv", [called])
    assert command_again() == again


def test_it_is_called_by_its_name_where_the_shell_finds_that(installed, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(installed)])
    assert command_again() == "ownkey"
