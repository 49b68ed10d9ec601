"""What the judgement of a command asks of the machine: a Protocol, and the machine itself."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tui.permissions.facts import PathFacts, look_at
from tui.permissions.repository import Repository, look_at_repository, tells_password
from tui.protected import Border, secret_reason

MOST_BELOW = 20_000


class Lookups(Protocol):
    """Facts at this moment. Nothing here decides, runs or opens a file for the model."""

    def look(self, path: Path) -> PathFacts:
        """Where a path leads and what lies there."""
        ...

    def is_folder(self, path: Path) -> bool:
        """Whether a folder is there, links followed."""
        ...

    def names(self, folder: Path) -> tuple[str, ...]:
        """The names in a folder, sorted; empty where it cannot be listed."""
        ...

    def program(self, name: str) -> Path | None:
        """The real path of what `PATH` finds by this name, or of an absolute path."""
        ...

    def secrets_below(self, folder: Path, *, links: bool) -> tuple[Path, ...] | None:
        """Files below that may hold secrets or, with `links`, that lead out of the folder.

        Real repositories' settings without a password count as none. None: too many to look at.
        """
        ...

    def repository(self, folder: Path) -> Repository:
        """What git would obey in this folder."""
        ...


class Machine:
    """The machine as it is, for commands that start with `environ` inside `border`."""

    def __init__(self, border: Border, environ: Mapping[str, str]) -> None:
        self.border = border
        self._path = environ.get("PATH", os.defpath)
        self._programs: dict[str, Path | None] = {}

    def look(self, path: Path) -> PathFacts:
        return look_at((path,), self.border)[0]

    def is_folder(self, path: Path) -> bool:
        return path.is_dir()

    def names(self, folder: Path) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(folder)))
        except OSError:
            return ()

    def program(self, name: str) -> Path | None:
        if name not in self._programs:
            self._programs[name] = self._find(name)
        return self._programs[name]

    def _find(self, name: str) -> Path | None:
        if "/" in name:
            return Path(os.path.realpath(name)) if os.path.isabs(name) else None
        for folder in self._path.split(os.pathsep):
            place = os.path.join(folder or ".", name)
            if os.path.isfile(place) and os.access(place, os.X_OK):
                return Path(os.path.realpath(place))
        return None

    def secrets_below(self, folder: Path, *, links: bool) -> tuple[Path, ...] | None:
        found: list[Path] = []
        left, seen = [str(folder)], 0
        while left:
            try:
                entries = list(os.scandir(left.pop()))
            except OSError:
                continue
            seen += len(entries)
            if seen > MOST_BELOW:
                return None
            for entry in entries:
                if entry.is_symlink():
                    if links and self._leads_out(entry.path):
                        found.append(Path(entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                elif _is_secret(entry.path):
                    found.append(Path(entry.path))
        return tuple(found)

    def _leads_out(self, path: str) -> bool:
        fact = self.look(Path(path))
        return fact.place != "inside" or fact.secret is not None

    def repository(self, folder: Path) -> Repository:
        return look_at_repository(folder)


def _is_secret(path: str) -> bool:
    if "/.git/" in path:
        return os.path.basename(path).startswith(("config", "credentials")) and _tells(path)
    return _secret_name(path)


@functools.lru_cache(maxsize=65_536)
def _secret_name(path: str) -> bool:
    return secret_reason(Path(path)) is not None


def _tells(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return tells_password(file.read(65_536))
    except OSError:
        return True
