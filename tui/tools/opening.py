"""Opens what a path leads to, step by step, so that nothing can be swapped on the way.

Each part is looked at under the descriptor of the folder before it; a link is read, never
followed by the system; a folder is opened only where it is no link. So the real path that the
border is asked about is the one that was walked, whatever other processes rename meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tui.protected import HOME_SECRETS, Border, secret_reason
from tui.tools.base import CallFailed
from tui.tools.output import shown_name

_MAX_LINKS = 40
# O_PATH needs no right to list the folders on the way, as an ordinary open needs none.
_STEP = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Reached:
    """What a path led to. Holds descriptors: use `reach` and leave its block soon."""

    def __init__(self, border: Border) -> None:
        self._border = border
        self._names: list[str] = []
        self._folders = [os.open("/", _STEP)]
        self._file: str | None = None
        self.info = os.fstat(self._folders[0])
        self.tried = Path("/")  # for an error: the real path so far, and what was still to go
        self.missing: tuple[str, ...] = ()  # of `tried`, what is not there

    @property
    def real(self) -> Path:
        """The real path, without links, of what is or would be there."""
        ends = self.missing if self._file is None else (self._file,)
        return Path("/", *self._names, *ends)

    @property
    def is_folder(self) -> bool:
        return self._file is None

    def walk(self, path: Path) -> None:
        """Go where an absolute path leads.

        Raises:
            OSError: there is nothing, it may not be entered, or links go in a circle.
        """
        pending, links = list(reversed(path.parts[1:])), 0
        while pending:
            name = pending.pop()
            self.tried = self.real.joinpath(name, *reversed(pending))
            if name == "..":
                self._up()
                continue
            info = os.stat(name, dir_fd=self._folders[-1], follow_symlinks=False)
            if stat.S_ISLNK(info.st_mode):
                links += 1
                if links > _MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink(name, dir_fd=self._folders[-1])
                if target.startswith("/"):
                    self._up(len(self._names))
                pending += [part for part in reversed(target.split("/")) if part not in ("", ".")]
            elif stat.S_ISDIR(info.st_mode):
                self._folders.append(os.open(name, _STEP, dir_fd=self._folders[-1]))
                self._names.append(name)
            elif pending:
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            else:
                self._file = name
        self.info = os.stat(self._file or ".", dir_fd=self._folders[-1], follow_symlinks=False)

    def _up(self, steps: int = 1) -> None:
        for _ in range(min(steps, len(self._names))):
            self._names.pop()
            os.close(self._folders.pop())

    def open_file(self) -> BinaryIO:
        """The file, for reading; only a regular one.

        Raises:
            CallFailed: it is no regular file, or a hard link to a protected one.
            OSError: it may not be read, or was swapped since it was looked at.
        """
        if self._file is None:
            raise CallFailed("it is a folder: use `list`")
        return open_regular(self._file, self._folders[-1], self._border)

    def open_folder(self) -> tuple[int, str | None]:
        """A descriptor to list the folder by; of a file, its folder's, and its name.

        The caller closes it.

        Raises:
            OSError: it may not be listed.
        """
        return os.open(".", _LISTED, dir_fd=self._folders[-1]), self._file

    def close(self) -> None:
        for descriptor in self._folders:
            os.close(descriptor)
        self._folders.clear()


@contextmanager
def reach(
    path: Path, border: Border, *, name_only: bool = False, may_miss: bool = False
) -> Generator[Reached]:
    """What an absolute path leads to, once the border lets it.

    With `may_miss` its end need not be there: then `missing` has the names behind the folder.

    Raises:
        CallFailed: the border does not let it; this wins, so that nothing is told of what lies
            behind, not even whether it is there.
        OSError: it cannot be reached.
    """
    reached = Reached(border)
    try:
        try:
            reached.walk(path)
        except OSError as error:
            _ask(border, reached.tried, path, name_only=True)
            missing = reached.tried.parts[len(reached.real.parts) :]
            if not may_miss or error.errno != errno.ENOENT or ".." in missing:
                raise
            reached.missing = missing
        _ask(border, reached.real, path, name_only=name_only)
        yield reached
    finally:
        reached.close()


def _ask(border: Border, real: Path, path: Path, *, name_only: bool) -> None:
    if reason := border.closed(real, name_only=name_only):
        raise CallFailed(f"{shown_name(str(path))} was not opened: {reason}")


def open_regular(name: str, folder: int, border: Border) -> BinaryIO:
    """A regular file of this name under a folder's descriptor. Raises as `Reached.open_file`."""
    before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(before.st_mode):  # before it is opened: opening a device can act
        raise CallFailed(f"it is {kind_of(before.st_mode)}: only ordinary files can be read")
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        after = os.fstat(descriptor)
        if not stat.S_ISREG(after.st_mode) or not os.path.samestat(before, after):
            raise OSError(errno.ESTALE, "it was replaced while it was opened: try again")
        if after.st_nlink > 1 and (twin := _twin(after, border)):
            raise CallFailed(f"it is the same file as {shown_name(twin)}, which is protected")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def kind_of(mode: int) -> str:
    """What a file that is no ordinary one is, in words."""
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISLNK, "a link"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((words for matches, words in kinds if matches(mode)), "no ordinary file")


def _twin(info: os.stat_result, border: Border) -> str | None:
    """The protected file that this one is a hard link to, where it lies at a known place."""
    for path in _known(border):
        with suppress(OSError):
            if os.path.samestat(info, path.lstat()) and border.closed(path):
                return str(path)
    return None


def _known(border: Border) -> Iterator[Path]:
    for place in (*border.own, *(border.home / name for name in HOME_SECRETS)):
        with suppress(OSError):
            yield from place.iterdir() if place.is_dir() else (place,)
    with suppress(OSError):
        for path in border.workspace.iterdir():
            if secret_reason(path):
                yield path
