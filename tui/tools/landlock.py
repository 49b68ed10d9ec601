"""Landlock: a command that the kernel lets open only what is named. Linux from 5.13 on.

UDP, name look-ups, Unix sockets by path and changes of mode are beyond it, and inside the folder
nothing can be taken out: so it counts as less than namespaces.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tui.tools.sandbox import Holds, Scope, in_words, launched

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FIRST_FILES = (1 << 13) - 1  # the rights of version 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15  # versions 2, 3, 5
_CONNECT_TCP = 2  # version 4
_SCOPED = 3  # version 6: abstract sockets, signals
_CREATE_RULESET = 444
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx")


def landlock_version() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return max(0, int(libc.syscall(_CREATE_RULESET, None, 0, 1)))
    except (OSError, AttributeError):
        return 0


class Landlock:
    """Files and TCP only.

    Args:
        version: What the kernel has, from 1.
    """

    name = "landlock"
    keepers = 1

    def __init__(self, version: int, holds: Holds | None = None) -> None:
        self._version = version
        self.holds = holds or Holds()

    def measured(self, holds: Holds) -> Landlock:
        """The same, with what it was seen to hold."""
        return Landlock(self._version, holds)

    def describe(self, *, network: bool = False) -> str:
        """See `tui.tools.sandbox.Sandbox`."""
        return in_words("Landlock", self.holds, network=network, net_words="no TCP")

    def extra(self, scope: Scope) -> Mapping[str, str]:
        """See `tui.tools.sandbox.Sandbox`."""
        return {"TMPDIR": str(scope.temp), "GOCACHE": str(scope.temp / "go-build")}

    def wrap(self, argv: Sequence[str], scope: Scope) -> list[str]:
        """See `tui.tools.sandbox.Sandbox`."""
        return launched(argv, list(self._rules(scope)))

    def _rules(self, scope: Scope) -> Iterator[str]:
        files = _FIRST_FILES
        for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
            files |= right if self._version >= since else 0
        net = _CONNECT_TCP if self._version >= 4 and not scope.network else 0
        size = 24 if self._version >= 6 else 16 if self._version >= 4 else 8
        yield f"{files} {net} {_SCOPED if self._version >= 6 else 0} {size}"
        hidden = [*scope.hidden(), Path("/sys")]
        for path in _around(Path("/"), hidden):
            yield _rule(path, _READ & files)
        for root in (scope.workspace, scope.temp, Path("/dev/shm")):
            for path in _around(root, hidden):
                yield _rule(path, files)
        for name in _DEVICES:
            yield _rule(Path("/dev", name), (_READ_FILE | _WRITE_FILE | _IOCTL_DEV) & files)


def _rule(path: Path, rights: int) -> str:
    return f"{rights if path.is_dir() else rights & _OF_FILES} {path}"


def _around(folder: Path, hidden: Sequence[Path]) -> Iterator[Path]:
    """Paths that together hold all of a folder but what is hidden. Links need no right."""
    if folder in hidden or any(folder.is_relative_to(path) for path in hidden):
        return
    if not any(path.is_relative_to(folder) for path in hidden):
        if folder.exists() and not folder.is_symlink():
            yield folder
        return
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        yield from _around(folder / name, hidden)
