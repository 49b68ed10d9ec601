"""Which files lie below a folder: ripgrep's list, with `.gitignore` honoured, or our own walk.

The names are only hints. Whoever opens one does so under the folder's descriptor (`Below`), so
a name that leads elsewhere by then is left out.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from tui import process
from tui.protected import Border
from tui.tools.base import CallFailed, Deadline, ToolContext, in_thread
from tui.tools.opening import open_regular

_RG_LIST = ("--no-config", "--files", "--null", "--hidden", "--no-messages", "--glob", "!.git")
MOST_FILES = 200_000
MOST_BYTES = 32_000_000
_SKIPPED = frozenset((".git", "node_modules", ".venv", "__pycache__", ".tox", ".mypy_cache"))
_STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(msgspec.Struct, frozen=True):
    """Files below a folder, relative to it and sorted; links are neither listed nor followed.

    Args:
        whole: No limit cut the list.
        note: What the reader must know of it, or empty.
    """

    paths: tuple[str, ...]
    whole: bool
    note: str


class Below:
    """Opens files below one open folder; a link on the way is never followed.

    Remembers the last folder: asking in sorted order opens each but once.
    """

    def __init__(self, root: int, real: Path, border: Border) -> None:
        self._root = root
        self._real = real
        self._border = border
        self._last: tuple[str, int] | None = None
        self._told: tuple[str, bool] | None = None

    def stat(self, path: str, *, name_only: bool = False) -> os.stat_result | None:
        """What a relative path is, if it is a file that may be opened (or told); else None."""
        folder, _, name = path.rpartition("/")
        told = name_only and self._tells_names(folder)
        if not told and self._border.closed(self._real / path, name_only=name_only):
            return None
        with suppress(OSError):
            info = os.stat(name, dir_fd=self._folder(folder), follow_symlinks=False)
            return info if stat.S_ISREG(info.st_mode) else None
        return None

    def _tells_names(self, folder: str) -> bool:
        """The border's word for all of one folder: asked once for each that follow one another."""
        if self._told is None or self._told[0] != folder:
            self._told = (folder, self._border.tells_names(self._real / folder))
        return self._told[1]

    def open(self, path: str) -> BinaryIO:
        """A file at a relative path.

        Raises:
            CallFailed: it may not be opened, or is no ordinary file.
            OSError: it cannot be opened, or lies behind a link.
        """
        folder, _, name = path.rpartition("/")
        if reason := self._border.closed(self._real / path):
            raise CallFailed(reason)
        return open_regular(name, self._folder(folder), self._border)

    def entries(self, path: str) -> tuple[list[str], list[str]]:
        """The files and the folders in one folder (empty, or ending in a slash), unsorted.

        Raises:
            OSError: it is none, or may not be listed.
        """
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(self._folder(path.removesuffix("/"))) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
        return files, folders

    def close(self) -> None:
        """Let go of the folder in hand; the root stays the caller's."""
        if self._last is not None and self._last[1] != self._root:
            os.close(self._last[1])
        self._last = None

    def _folder(self, path: str) -> int:
        if self._last is not None and self._last[0] == path:
            return self._last[1]
        self.close()
        for part in path.split("/") if path else ():
            if part == "..":
                raise OSError(errno.EINVAL, "leads out of the folder")
            below = os.open(part, _STEP, dir_fd=self._last[1] if self._last else self._root)
            self.close()
            self._last = ("..", below)  # no path asks for this one
        self._last = (path, self._last[1] if self._last else self._root)
        return self._last[1]


async def files_below(root: int, real: Path, context: ToolContext, deadline: Deadline) -> Found:
    """Every file below the folder that `root` holds open and that lies at `real`."""
    rg = process.find_program("rg", context.environ, outside=context.cwd)
    if rg is not None:
        with suppress(OSError, TimeoutError):
            return await _by_ripgrep(rg, real, context, deadline)
    return await in_thread(lambda: _by_walk(root, real, context.border(), deadline), deadline)


def ripgrep_list(rg: Path, real: Path) -> list[str]:
    """The command that lists the files below a folder, each behind a NUL of its own."""
    words = [str(rg), *_RG_LIST]
    if not any((folder / ".git").exists() for folder in (real, *real.parents)):
        # Outside of git only what lies in the folder counts: a home may hold a `.gitignore` of `*`.
        words += ["--no-require-git", "--no-ignore-parent"]
    return words


async def _by_ripgrep(rg: Path, real: Path, context: ToolContext, deadline: Deadline) -> Found:
    listed = await process.run(
        ripgrep_list(rg, real),
        environ=context.environ,
        timeout_s=deadline.left_s,
        max_bytes=MOST_BYTES,
        cwd=real,
    )
    names = listed.output.split(b"\0")[:-1]
    if listed.status not in (0, 1) and not names:
        raise OSError(listed.errors.decode("utf-8", "replace"))
    paths = tuple(sorted(os.fsdecode(name) for name in names[:MOST_FILES]))
    return Found(paths, not listed.truncated and len(names) <= MOST_FILES, "")


def _by_walk(root: int, real: Path, border: Border, deadline: Deadline) -> Found:
    paths: list[str] = []
    below, pending, whole = Below(root, real, border), [""], True
    try:
        while pending and whole:
            path = pending.pop()
            with suppress(OSError):  # swapped for a link since, or not readable: not listed
                files, folders = below.entries(path)
                paths += (path + name for name in files if name not in _SKIPPED)
                pending += (f"{path}{name}/" for name in folders if name not in _SKIPPED)
            whole = len(paths) <= MOST_FILES and not deadline.over()
    finally:
        below.close()
    note = f"ripgrep is not installed: .gitignore not read, {', '.join(sorted(_SKIPPED))} left out"
    return Found(tuple(sorted(paths[:MOST_FILES])), whole, note)
