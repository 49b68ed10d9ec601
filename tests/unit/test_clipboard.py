from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui.console.clipboard import MOST_OSC, give, said, terminal_takes

pytestmark = pytest.mark.linux  # elsewhere its own pbcopy comes first


def a_program(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def desktop(tmp_path):
    """A folder of programs, and an environment in which they are what there is."""
    folder = tmp_path / "bin"
    kept = tmp_path / "clipboard"
    path = f"{folder}:{os.defpath}"
    a_program(folder, "wl-copy", f'cat > "{kept}"')
    return folder, kept, {"PATH": path, "WAYLAND_DISPLAY": "wayland-0"}


def test_a_desktops_program_is_given_the_text(desktop, tmp_path):
    _, kept, environ = desktop
    assert give("häh\nzwei", environ, tmp_path / "work") == ["wl-copy"]
    assert kept.read_text("utf-8") == "häh\nzwei"


def test_the_next_is_asked_where_one_fails(desktop, tmp_path):
    folder, kept, environ = desktop
    a_program(folder, "wl-copy", "exit 1")
    a_program(folder, "xclip", f'cat > "{kept}"; echo "$@" > "{kept}.words"')
    assert give("text", environ | {"DISPLAY": ":0"}, tmp_path / "work") == ["xclip"]
    assert kept.read_text("utf-8") == "text"
    assert Path(f"{kept}.words").read_text("utf-8") == "-selection clipboard\n"


def test_tmux_is_given_it_beside_the_desktop(desktop, tmp_path):
    folder, kept, environ = desktop
    a_program(folder, "tmux", f'cat > "{kept}.tmux"; env > "{kept}.env"')
    took = give("text", environ | {"TMUX": "socket", "MY_API_KEY": "made-up"}, tmp_path / "work")
    assert took == ["wl-copy", "tmux"]
    assert "made-up" not in Path(f"{kept}.env").read_text("utf-8")


def test_a_program_of_the_working_folder_is_not_started(desktop, tmp_path):
    folder, kept, environ = desktop
    assert give("text", environ | {"PATH": str(folder)}, folder) == []
    assert not kept.exists()


def test_a_program_that_hangs_is_given_up(desktop, tmp_path, monkeypatch):
    folder, _, environ = desktop
    monkeypatch.setattr("tui.console.clipboard._PATIENCE_S", 0.2)
    a_program(folder, "wl-copy", "sleep 20")
    assert give("text", environ, tmp_path / "work") == []


@pytest.mark.parametrize(
    ("environ", "takes"),
    [({"TERM": "xterm-kitty"}, True), ({"TERM": "foot"}, True), ({"TERM": "linux"}, False),
     ({"TERM": "dumb"}, False), ({"TERM": "xterm-256color"}, None),
     ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
     ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
     ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, False),
     ({"TERM": "xterm-256color", "WT_SESSION": "x"}, True), ({}, None)],
)  # fmt: skip
def test_what_is_known_of_a_terminal(environ: dict[str, str], takes: bool | None):
    assert terminal_takes(environ) is takes


@pytest.mark.parametrize(
    ("length", "took", "takes", "words"),
    [(10, ["wl-copy"], False, "Copied the reply: 2 lines (wl-copy)."),
     (10, ["wl-copy", "tmux"], None, "(wl-copy and tmux)"),
     (10, [], True, "Copied the reply: 2 lines, by the terminal (OSC 52)."),
     (100_000, [], True, "which may be too long for it"),
     (10, [], None, "which may not take it"),
     (10, [], False, "Not copied: neither this terminal nor a program here"),
     (MOST_OSC + 1, [], True, "too much for a terminal's clipboard")],
)  # fmt: skip
def test_what_was_done_is_said(length: int, took: list[str], takes: bool | None, words: str):
    assert words in said("the reply", "2 lines", length, took, takes)
