"""What holds a command in: the border between a sandbox and those who use it.

A sandbox is measured before it counts (`tui.tools.sandbox_probe`): one that fails its own test
is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox was seen to hold.

    Args:
        writes: Nothing is written outside the folder and the temporary folder.
        network: No connection is made, where none is granted.
        secrets: Known places of secrets, and our own folders, cannot be read.
        guarded: Git's own programs and settings in the folder cannot be changed.
        processes: Other processes can be neither seen into nor signalled.
    """

    writes: bool = False
    network: bool = False
    secrets: bool = False
    guarded: bool = False
    processes: bool = False


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What one command gets.

    Args:
        workspace: Real path of the folder that it may write in.
        cwd: Where it starts.
        home: The person's home.
        own: Our own folders, hidden from it.
        network: Whether it may use the network.
        temp: A folder that is its temporary one; None: an empty one for it alone.
    """

    workspace: Path
    cwd: Path
    home: Path
    own: tuple[Path, ...] = ()
    network: bool = False
    temp: Path | None = None


class Sandbox(Protocol):
    """A way to hold a command in."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `landlock`, `sandbox-exec` or `none`."""
        ...

    @property
    def holds(self) -> Holds:
        """What it was seen to hold; all false before it was measured."""
        ...

    def describe(self, *, network: bool = False) -> str:
        """One line for an approval; `network`: as it is where the network is granted."""
        ...

    def wrap(self, argv: Sequence[str], scope: Scope) -> list[str]:
        """The command that runs `argv` held in."""
        ...

    def extra(self, scope: Scope) -> Mapping[str, str]:
        """Variables that the command needs in there."""
        ...


class NoSandbox:
    """Nothing: the command can do what the person can."""

    name = "none"
    holds = Holds()

    def describe(self, *, network: bool = False) -> str:
        """See `Sandbox`."""
        return "no sandbox on this machine: it can do what you can"

    def wrap(self, argv: Sequence[str], scope: Scope) -> list[str]:
        """See `Sandbox`."""
        return list(argv)

    def extra(self, scope: Scope) -> Mapping[str, str]:
        """See `Sandbox`."""
        return {}
