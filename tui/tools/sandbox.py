"""What holds a command in: the border between a sandbox and those who use it.

A sandbox is measured before it counts (`tui.tools.measuring`): one that fails its own test
is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from tui.protected import HOME_SECRETS, SECRET_FOLDERS
from tui.tools import launcher

_HIDDEN = (
    *SECRET_FOLDERS, *HOME_SECRETS, ".docker", ".config/gcloud", ".config/gh", ".config/rclone",
    ".config/op", ".pypirc", ".pgpass", ".my.cnf", ".vault-token", ".authinfo", ".netrc.gpg",
    ".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".terraform.d",
    ".local/share/keyrings", ".local/share/kwalletd", "Library/Keychains", ".mozilla",
    ".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".claude", ".codex",
    ".claude.json", ".bash_history", ".zsh_history", ".python_history", ".psql_history",
)  # fmt: skip
"""Places in the home that no command in a sandbox reads."""

_GUARDED = ("config", "config.worktree", "hooks", "modules/*/config", "modules/*/hooks")
"""What git runs or obeys, in the folder's `.git`."""


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
        temp: A folder that is its temporary one.
    """

    workspace: Path
    cwd: Path
    home: Path
    temp: Path
    own: tuple[Path, ...] = ()
    network: bool = False

    def hidden(self) -> list[Path]:
        """Real paths of what is there and may not be read, outermost first."""
        places = (*(self.home / name for name in _HIDDEN), *self.own)
        real = {Path(os.path.realpath(place)) for place in places if os.path.lexists(place)}
        return sorted(path for path in real if path.exists() and not (real & {*path.parents}))

    def guarded(self) -> Iterator[Path]:
        """Real paths of what git runs or obeys in the folder, where it is there."""
        git = self.workspace / ".git"
        if git.is_symlink() or not git.is_dir():
            if os.path.lexists(git):
                yield Path(os.path.realpath(git))
            return
        for pattern in _GUARDED:
            for path in sorted(git.glob(pattern)):
                yield Path(os.path.realpath(path))


class Sandbox(Protocol):
    """A way to hold a command in."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `landlock`, `sandbox-exec` or `none`."""
        ...

    @property
    def keepers(self) -> int:
        """How many processes stand around the command (`tui.process.run_streamed`)."""
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
    """Nothing: the command can do what the person can, but leaves no process behind."""

    name = "none"
    holds = Holds()
    keepers = int(sys.platform == "linux")

    def describe(self, *, network: bool = False) -> str:
        """See `Sandbox`."""
        return "no sandbox on this machine: it can do what you can"

    def wrap(self, argv: Sequence[str], scope: Scope) -> list[str]:
        """See `Sandbox`."""
        return launched(argv) if self.keepers else list(argv)

    def extra(self, scope: Scope) -> Mapping[str, str]:
        """See `Sandbox`."""
        return {}


def launched(argv: Sequence[str], rules: Sequence[str] = ()) -> list[str]:
    """The command that runs `argv` under `tui.tools.launcher`."""
    python = [sys.executable, "-I", "-S", "-X", "utf8", launcher.__file__]
    return [*python, str(os.getpid()), str(len(rules)), *rules, *argv]


def in_words(name: str, holds: Holds, *, network: bool, net_words: str = "no network") -> str:
    """One line that claims no more than was seen to hold."""
    claims = ["writes in this folder only"] if holds.writes else []
    if network:
        claims.append("with network")
    else:
        claims.append(net_words if holds.network else "network open")
    if not holds.secrets:
        claims.append("secrets can be read")
    if not holds.guarded:
        claims.append("git's hooks and settings can be changed")
    if not holds.processes:
        claims.append("other processes can be seen")
    return f"{name}: {', '.join(claims)}"
