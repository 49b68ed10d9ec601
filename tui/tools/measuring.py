"""Finds the sandbox of this machine by trying it: what it holds is seen, not believed."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from tui import process
from tui.tools.bubblewrap import Bubblewrap
from tui.tools.landlock import Landlock, landlock_version
from tui.tools.sandbox import Holds, NoSandbox, Sandbox, Scope
from tui.tools.seatbelt import PROGRAM, Seatbelt

_SECONDS = 10.0

# Runs inside: prints the name of each thing that it could do.
_PROBE = """
import os, socket, sys
work, outside, secret, port, pid = sys.argv[1:]
def tried(name, act):
    try:
        if act() != "":
            print(name)
    except OSError:
        pass
def wrote(path):
    with open(path, "a") as file:
        return file.write("written from inside")
tried("work", lambda: wrote(work + "/made"))
tried("temp", lambda: wrote(os.environ.get("TMPDIR", "/tmp") + "/made"))
tried("writes", lambda: wrote(outside))
tried("writes", lambda: wrote(outside + ".new"))
tried("secrets", lambda: open(secret).read())
tried("guarded", lambda: wrote(work + "/.git/config"))
tried("guarded", lambda: wrote(work + "/.git/hooks/pre-commit"))
tried("guarded", lambda: os.rename(work + "/.git", work + "/moved"))
tried("network", lambda: socket.create_connection(("127.0.0.1", int(port)), 1).close())
tried("processes", lambda: os.kill(int(pid), 0))
tried("processes", lambda: open("/proc/" + pid + "/environ").read(1))
"""


class Candidate(Sandbox, Protocol):
    """A sandbox that may be found here."""

    def measured(self, holds: Holds) -> Sandbox:
        """The same, with what it was seen to hold."""
        ...


def candidates(environ: Mapping[str, str], outside: Path) -> Iterator[Candidate]:
    """What this machine seems to have, the best first; no program from below `outside`."""
    if bwrap := process.find_program("bwrap", environ, outside=outside):
        yield Bubblewrap(bwrap)
    if version := landlock_version():
        yield Landlock(version)
    if sys.platform == "darwin" and PROGRAM.exists():
        yield Seatbelt()


async def find_sandbox(environ: Mapping[str, str], workspace: Path) -> Sandbox:
    """The best sandbox that holds, tried now; `NoSandbox` where none does.

    Takes a few tenths of a second: ask once. It counts if nothing is written outside and no
    secret is read; what else holds stands in `holds` and in `describe`.
    """
    for candidate in candidates(environ, workspace):
        holds = await measure(candidate, environ)
        if holds is not None and holds.writes and holds.secrets:
            return candidate.measured(holds)
    return NoSandbox()


async def measure(sandbox: Sandbox, environ: Mapping[str, str]) -> Holds | None:
    """What a sandbox holds; None where a command cannot even do in it what it should."""
    # Not below /tmp: that is another folder in there, so that nothing would be seen.
    root = "/var/tmp" if os.access("/var/tmp", os.W_OK) else None
    base = Path(tempfile.mkdtemp(prefix="ownkey-probe-", dir=root)).resolve()
    try:
        return await _tried(sandbox, base, environ)
    except (OSError, TimeoutError):
        return None
    finally:
        await asyncio.to_thread(shutil.rmtree, base, ignore_errors=True)


async def _tried(sandbox: Sandbox, base: Path, environ: Mapping[str, str]) -> Holds | None:
    work, home, temp = (base / name for name in ("work", "home", "temp"))
    for folder in (work / ".git" / "hooks", home / ".ssh", temp):
        folder.mkdir(parents=True)
    (work / ".git" / "config").write_text("[core]\n", encoding="utf-8")
    outside, secret = base / "outside", home / ".ssh" / "id"
    outside.write_text("outside", encoding="utf-8")
    secret.write_text("secret", encoding="utf-8")
    scope = Scope(workspace=work, cwd=work, home=home, temp=temp)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        words = [work, outside, secret, listener.getsockname()[1], os.getpid()]
        probe = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _PROBE, *map(str, words)]
        printed = bytearray()
        await process.run_streamed(
            sandbox.wrap(probe, scope),
            environ=environ,
            extra=sandbox.extra(scope),
            timeout_s=_SECONDS,
            take=printed.extend,
            cwd=work,
            keepers=sandbox.keepers,
        )
        could = set(printed.decode("utf-8", "replace").split())
        could |= {"network"} if _was_reached(listener) else set()
    if outside.read_text(encoding="utf-8") != "outside" or (base / "outside.new").exists():
        could.add("writes")
    if not {"work", "temp"} <= could or not (work / "made").exists():
        return None
    held = {name: name not in could for name in Holds.__struct_fields__}
    return Holds(**held)


def _was_reached(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
