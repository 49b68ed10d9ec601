"""Bubblewrap: a command in namespaces of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tui.tools.sandbox import Holds, Scope, in_words

_ALONE = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_KEPT_OF_RUN = ("/run/current-system", "/run/opengl-driver", "/run/wrappers")


class Bubblewrap:
    """The root read-only, the folder and a temporary one writable, secrets not there.

    `/run` and `/tmp` are not the machine's: the sockets in them (session bus, Docker, agents)
    would be ways out that no file right closes.
    """

    name = "bubblewrap"
    keepers = 2

    def __init__(self, program: Path, holds: Holds | None = None) -> None:
        self._program = program
        self.holds = holds or Holds()

    def measured(self, holds: Holds) -> Bubblewrap:
        """The same, with what it was seen to hold."""
        return Bubblewrap(self._program, holds)

    def describe(self, *, network: bool = False) -> str:
        """See `tui.tools.sandbox.Sandbox`."""
        return in_words(self.name, self.holds, network=network)

    def extra(self, scope: Scope) -> Mapping[str, str]:
        """See `tui.tools.sandbox.Sandbox`."""
        return {"TMPDIR": "/tmp", "GOCACHE": "/tmp/go-build"}  # where go must write, or ends

    def wrap(self, argv: Sequence[str], scope: Scope) -> list[str]:
        """See `tui.tools.sandbox.Sandbox`."""
        work = scope.workspace
        words = [str(self._program), "--die-with-parent", *_ALONE]
        words += [] if scope.network else ["--unshare-net"]
        words += ["--bind" if work == Path("/") else "--ro-bind", "/", "/"]
        words += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/sys", *_run()]
        words += ["--bind", str(scope.temp), "/tmp", *_own_python()]
        hidden = scope.hidden()
        words += _hide(path for path in hidden if not path.is_relative_to(work))
        if work != Path("/"):
            words += ["--bind", str(work), str(work)]
        words += _guard(scope)
        words += _hide(path for path in hidden if path.is_relative_to(work))
        return [*words, "--chdir", str(scope.cwd), "--", *argv]


def _run() -> list[str]:
    words = ["--tmpfs", "/run"]
    resolver = os.path.realpath("/etc/resolv.conf")
    for path in (*_KEPT_OF_RUN, *([resolver] if resolver.startswith("/run/") else [])):
        words += ["--ro-bind-try", path, path]
    return words


def _own_python() -> list[str]:
    """Our interpreter where it lies in the machine's `/tmp`: it runs in there, too."""
    words: list[str] = []
    for path in sorted({sys.prefix, sys.base_prefix}):
        if Path(path).is_relative_to("/tmp"):
            words += ["--ro-bind", path, path]
    return words


def _hide(paths: Iterator[Path]) -> list[str]:
    words: list[str] = []
    for path in paths:
        words += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    return words


def _guard(scope: Scope) -> list[str]:
    git = scope.workspace / ".git"
    words: list[str] = []
    if git.is_dir() and not git.is_symlink():
        words += ["--bind", str(git), str(git)]  # a mount cannot be moved away and replaced
        if not os.path.lexists(git / "hooks"):
            words += ["--tmpfs", str(git / "hooks"), "--remount-ro", str(git / "hooks")]
    for path in scope.guarded():
        if path.is_relative_to(scope.workspace):
            words += ["--ro-bind", str(path), str(path)]
    return words
