"""The one starter of child processes (reliability.md §3, rule 2).

A child gets an argument list, its own process group, closed descriptors and an environment built
from an allow-list, so that no secret of ours travels in it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.crash import harden as harden

ALLOWED = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "TERM", "COLORTERM", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
    "DBUS_SESSION_BUS_ADDRESS", "VIRTUAL_ENV",
)  # fmt: skip
"""What a child may see of our environment; anything else is given on purpose, by name."""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a short child ended; `truncated` when more came than was kept."""

    status: int
    output: bytes
    errors: bytes
    truncated: bool


def child_environment(
    environ: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a child: the allow-list out of `environ`, and `extra`."""
    kept = {name: environ[name] for name in ALLOWED if name in environ}
    return kept | dict(extra or {})


def python_command(module: str, *words: str) -> list[str]:
    """The command that runs one of our modules; `-P` keeps the working folder off `sys.path`."""
    return [sys.executable, "-P", "-m", module, *words]


Child = subprocess.Popen[bytes]
"""A long-lived child."""


def end(child: Child, patience_s: float) -> None:
    """Wait for a child that has been asked to end; kill its group after `patience_s`. Blocks."""
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        kill_group(child.pid)
        child.wait()


def start(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | None = subprocess.DEVNULL,
    stderr: int | None = subprocess.DEVNULL,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a long-lived child in a session of its own, so that no terminal signal reaches it.

    Raises:
        OSError: the program is missing or may not be run.
    """
    return subprocess.Popen(
        list(argv),
        env=child_environment(environ, extra),
        pass_fds=tuple(pass_fds),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        start_new_session=True,
    )


async def run(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    timeout_s: float,
    max_bytes: int = 1_000_000,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    lifeline: bool = False,
) -> Completed:
    """Run a short child to its end; its whole group is killed on time-out or cancelling.

    With `lifeline` its standard input closes when we die, however we die: see `end_with_parent`.

    Raises:
        TimeoutError: not done within `timeout_s`.
        OSError: the program is missing or may not be run.
    """
    child = await asyncio.create_subprocess_exec(
        *argv,
        env=child_environment(environ, extra),
        stdin=subprocess.PIPE if lifeline else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        start_new_session=True,
    )
    assert child.stdout is not None and child.stderr is not None
    try:
        async with asyncio.timeout(timeout_s):
            (output, cut), (errors, _) = await asyncio.gather(
                _read_capped(child.stdout, max_bytes), _read_capped(child.stderr, 65_536)
            )
            if cut:  # the rest is not wanted, and a full pipe would hold the child for ever
                kill_group(child.pid)
            return Completed(await child.wait(), output, errors, cut)
    finally:
        if child.returncode is None:
            kill_group(child.pid)
            await child.wait()


async def start_piped(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    stderr: int = subprocess.DEVNULL,
) -> asyncio.subprocess.Process:
    """Start a long-lived child that is spoken to over its standard input and output.

    The caller closes `stdin` to end it, and waits; it ends with us too if it watches that pipe
    by `end_with_parent`.

    Raises:
        OSError: the program is missing or may not be run.
    """
    return await asyncio.create_subprocess_exec(
        *argv,
        env=child_environment(environ, extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


def end_with_parent(descriptor: int = 0) -> None:
    """End this process as soon as its parent's end of `descriptor` closes, also by a kill -9.

    Nothing more may be sent on it: what comes ends the process too, where the kernel watches.
    """
    import fcntl
    import select

    if sys.platform == "linux":  # the kernel's signal needs no turn of a busy interpreter
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
            flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
            fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | fcntl.FASYNC)
    if select.select([descriptor], [], [], 0)[0]:  # closed before anyone watched
        os._exit(0)

    def watch() -> None:
        with suppress(OSError):
            os.read(descriptor, 1)
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


async def _read_capped(stream: asyncio.StreamReader, limit: int) -> tuple[bytes, bool]:
    kept = bytearray()
    while piece := await stream.read(65_536):
        kept += piece
        if len(kept) > limit:
            return bytes(kept[:limit]), True
    return bytes(kept), False


def kill_group(pid: int) -> None:
    """Kill a child started here and everything it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def find_program(name: str, environ: Mapping[str, str], *, outside: Path) -> Path | None:
    """The absolute path of a program, never one that lies in the working folder."""
    folders = [
        part
        for part in environ.get("PATH", os.defpath).split(os.pathsep)
        if part and Path(part).is_absolute() and not Path(part).resolve().is_relative_to(outside)
    ]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return Path(found) if found else None
