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
from collections.abc import Callable, Mapping, Sequence
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


COMMAND_ALLOWED = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYENV_ROOT", "PYENV_VERSION", "NVM_DIR",
    "NVM_BIN", "FNM_DIR", "VOLTA_HOME", "RBENV_ROOT", "RBENV_VERSION", "GEM_HOME", "JAVA_HOME",
    "GOPATH", "GOROOT", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "DOTNET_ROOT",
    "ANDROID_HOME", "SDKMAN_DIR", "HOMEBREW_PREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
"""What a model's command may see: where the tools of a trade lie, and no way to the session bus,
the screen, agents or a proxy's password."""

MOST_OUTPUT = 64 * 1024 * 1024
"""Bytes after which a streamed command counts as one that prints for ever, and is stopped."""

_GRACE_S = 0.1  # between being asked to end and being killed; the whole takes at most 200 ms
_KEEPER_GRACE_S = 0.06
_DRAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a streamed command ended: `status` as of a shell, negative for a signal.

    `cause` is `exit`, `time` (over its limit) or `output` (printed more than `MOST_OUTPUT`).
    """

    status: int
    cause: str


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


def command_environment(
    environ: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a model's command; of `PATH`, the folders that are named absolutely."""
    kept = {name: environ[name] for name in COMMAND_ALLOWED if name in environ}
    parts = kept.get("PATH", os.defpath).split(os.pathsep)
    kept["PATH"] = os.pathsep.join(part for part in parts if part.startswith("/"))
    return kept | dict(extra or {})


def python_command(module: str, *words: str) -> list[str]:
    """The command that runs one of our modules; `-P` keeps the working folder off `sys.path`."""
    return [sys.executable, "-P", "-m", module, *words]


Child = subprocess.Popen[bytes]
"""A long-lived child."""
PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired
"""For `start`, and what its child's `communicate` raises."""


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


def start_in_front(argv: Sequence[str], *, environ: Mapping[str, str], cwd: Path) -> Child:
    """Start a program that takes the terminal, in a group of its own. Raises as `start`."""
    return subprocess.Popen(list(argv), env=child_environment(environ), cwd=cwd, process_group=0)


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


async def run_streamed(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    timeout_s: float,
    take: Callable[[bytes], None],
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    keepers: int = 0,
) -> Ended:
    """Run a model's command; what it prints, both ways in order, goes to `take` as it comes.

    Whatever it started ends with it, within 200 ms of a time-out or cancelling. `keepers` says
    how many processes stand around the command itself (2 for bubblewrap, 1 for
    `tui.tools.launcher`): they end what is left when they are told to.

    Raises:
        OSError: the program is missing or may not be run.
    """
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader(limit=1 << 18)
    with open(ours, "rb", buffering=0) as pipe:
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                env=command_environment(environ, extra),
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                cwd=cwd,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        loop = asyncio.get_running_loop()
        transport, pump, ended = None, None, asyncio.create_task(child.wait())
        try:
            protocol = asyncio.StreamReaderProtocol(reader)
            transport, _ = await loop.connect_read_pipe(lambda: protocol, pipe)
            pump = asyncio.create_task(_pump(reader, take))
            cause = await _first(ended, pump, timeout_s)
            await _end_tree(child, keepers)
            await asyncio.wait({pump}, timeout=_DRAIN_S)
            return Ended(await ended, cause)
        finally:
            if not ended.done():
                await _end_tree(child, keepers)
            if pump is not None and not pump.done():
                pump.cancel()
            if transport is not None:
                transport.close()


async def _first(ended: asyncio.Task[int], pump: asyncio.Task[bool], timeout_s: float) -> str:
    """What comes first: the end, the time, or too much output."""
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.wait({ended, pump}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done() and not pump.result() and not ended.done():
                return "output"
            await asyncio.wait({ended})  # it may have closed its output and go on
            return "exit"
    except TimeoutError:
        return "time"


async def _pump(reader: asyncio.StreamReader, take: Callable[[bytes], None]) -> bool:
    """Hand on what comes; whether it came to its end by itself."""
    count = 0
    while piece := await reader.read(1 << 16):
        take(piece)
        count += len(piece)
        if count > MOST_OUTPUT:
            return False
    return True


async def _end_tree(child: asyncio.subprocess.Process, keepers: int) -> None:
    """End a command and everything below it: asked, then killed; at once if cancelled again."""
    if child.returncode is not None:
        kill_group(child.pid)  # what it left; its keepers leave nothing
        return
    try:
        _signal_below(child.pid, signal.SIGTERM, keepers)
        if await _gone(child, _GRACE_S):
            return
        if keepers == 1:
            child.terminate()
        elif keepers:
            _signal_below(child.pid, signal.SIGKILL, 1)
        await _gone(child, _KEEPER_GRACE_S if keepers else 0)
    finally:
        _signal_below(child.pid, signal.SIGKILL, 0)
        kill_group(child.pid)
    await child.wait()


async def _gone(child: asyncio.subprocess.Process, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await child.wait()
    except TimeoutError:
        return False
    return True


def _signal_below(root: int, number: signal.Signals, depth: int) -> None:
    """Signal a process and all below it, but for the uppermost `depth` generations."""
    level, generation = [root], 0
    children = _children()
    while level:
        if generation >= depth:
            for pid in level:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        level = [below for pid in level for below in children.get(pid, ())]
        generation += 1
    if not children and not depth:  # no /proc to look at: the group is what is known
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(root, number)


def _children() -> dict[int, list[int]]:
    """Every process by its parent, as the kernel shows them now; empty where it does not."""
    children: dict[int, list[int]] = {}
    if sys.platform != "linux":
        return children
    for name in os.listdir("/proc"):
        if name.isdigit():
            with (
                suppress(OSError, IndexError, ValueError),
                open(f"/proc/{name}/stat", "rb") as file,
            ):
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    return children


async def start_piped(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    stderr: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    foreign: bool = False,
) -> asyncio.subprocess.Process:
    """Start a long-lived child that is spoken to over its standard input and output.

    The caller closes `stdin` to end it, and waits; it ends with us too if it watches that pipe
    by `end_with_parent`. One that is `foreign` sees no more than a model's command does.

    Raises:
        OSError: the program is missing or may not be run.
    """
    return await asyncio.create_subprocess_exec(
        *argv,
        env=(command_environment if foreign else child_environment)(environ, extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=cwd,
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
