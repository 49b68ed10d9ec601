"""A text in the person's own editor or pager: which one, and a private file for it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from tui import process
from tui.errors import UsageError
from tui.paths import private_folder, write_private

USUAL = ("sensible-editor", "nano", "vim", "vi")
PAGERS = ("less", "more")
MOST_BYTES = 20_000_000


def editor_command(environ: Mapping[str, str], folder: Path) -> list[str]:
    """The command of `$VISUAL`, `$EDITOR`, or of an editor that most machines have.

    Raises:
        UsageError: there is none, or it lies in the working folder.
    """
    for name in ("VISUAL", "EDITOR"):
        if (words := _said(name, environ, folder)) is not None:
            return words
    for name in USUAL:
        if (found := process.find_program(name, environ, outside=folder)) is not None:
            return [str(found)]
    raise UsageError("no editor was found", hint="Set $EDITOR to one.")


def _said(name: str, environ: Mapping[str, str], folder: Path) -> list[str] | None:
    """The command that a variable names; None where it is not set."""
    if not (said := environ.get(name, "").strip()):
        return None
    try:
        words = shlex.split(said)
    except ValueError:
        words = []
    found = process.find_program(words[0], environ, outside=folder) if words else None
    if found is None or found.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"${name} names no program outside the folder", hint=f"It says: {said}")
    return [str(found), *words[1:]]


def pager_command(environ: Mapping[str, str], folder: Path) -> list[str]:
    """The command of `$PAGER`, or of a usual one. Raises as `editor_command`."""
    words = _said("PAGER", environ, folder)
    if words is None:
        found = (process.find_program(name, environ, outside=folder) for name in PAGERS)
        first = next((one for one in found if one is not None), None)
        if first is None:
            raise UsageError("no pager was found", hint="Set $PAGER to one.")
        words = [str(first)]
    # One that ends by itself where all fits on the screen would show nothing.
    return [*words, "-+F"] if Path(words[0]).name == "less" else words


def show_outside(
    text: str,
    *,
    suffix: str,
    command: list[str],
    environ: Mapping[str, str],
    state: Path,
    cwd: Path,
) -> bool:
    """Let the person see a text in a program that takes the terminal. Blocks until it ends.

    Returns:
        Whether the program ended well. What was changed in the file is not kept.

    Raises:
        OSError: the file could not be written, or the program not be started.
    """
    file = private_folder(state / "editing") / f"shown-{uuid4().hex[:8]}.{suffix}"
    try:
        write_private(file, text.encode("utf-8", "replace"))
        return _run([*command, str(file)], environ, cwd) == 0
    finally:
        _remove(file)


def write_outside(
    text: str, *, command: list[str], environ: Mapping[str, str], state: Path, cwd: Path
) -> str | None:
    """Let the person write a text in an editor that takes the terminal. Blocks until it ends.

    Returns:
        What was written; None where the editor failed, and nothing is to change.

    Raises:
        OSError: the file could not be written, or the editor not be started.
    """
    file = private_folder(state / "editing") / f"prompt-{uuid4().hex[:8]}.md"
    try:
        write_private(file, text.encode("utf-8", "replace"))
        status = _run([*command, str(file)], environ, cwd)
        if status != 0:
            return None
        written = file.read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
        # Editors end a file with a line end of their own.
        return written if text.endswith("\n") else written.removesuffix("\n")
    finally:
        _remove(file)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    for pattern in (f"{file.name}*", f".{file.name}*"):  # its copies, swap files
        for left in file.parent.glob(pattern):
            left.unlink(missing_ok=True)


def _run(argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> int:
    """Run a program that has the terminal until its end; its modes are given back as they were.

    Its group is in front meanwhile. Where it stops itself it is told to go on: nobody else could.
    """
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    modes, ours = termios.tcgetattr(terminal), os.getpgrp()
    deaf = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        child = process.start_in_front(argv, environ=environ, cwd=cwd)
        status = None
        while status is None or os.WIFSTOPPED(status):
            os.tcsetpgrp(terminal, child.pid)
            os.killpg(child.pid, signal.SIGCONT)  # it may have asked before it was in front
            _, status = os.waitpid(child.pid, os.WUNTRACED)
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode
    finally:
        os.tcsetpgrp(terminal, ours)
        termios.tcsetattr(terminal, termios.TCSANOW, modes)
        signal.signal(signal.SIGTTOU, deaf)
