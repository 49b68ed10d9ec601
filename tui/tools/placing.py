"""Writes one file whole: beside it first, then in its place, under the folder's descriptor.

The path is walked as `tui.tools.opening` walks it, and the same walk that was judged is written
through: no link that is swapped meanwhile leads the write elsewhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tui.protected import Border
from tui.tools.base import CallFailed
from tui.tools.opening import reach
from tui.tools.output import amount, shown_name

MOST_BYTES = 10_000_000
"""Largest file that is written or replaced: both its states are kept for taking it back."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a file is or would be, held open.

    Args:
        real: Its real path.
        folder: Descriptor of the innermost folder that is there.
        missing: Folders to make in it, outermost first.
        name: The file's own name.
        before: Its bytes; None where it is not there.
        info: What it is; None where it is not there.
    """

    real: Path
    folder: int
    missing: tuple[str, ...]
    name: str
    before: bytes | None
    info: os.stat_result | None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The real paths of the folders to make, outermost first."""
        return tuple(reversed(self.real.parents[: len(self.missing)]))


@contextmanager
def find_spot(path: Path, border: Border) -> Generator[Spot]:
    """The place of a file that may be written.

    Raises:
        CallFailed: the border does not let it, it is no ordinary file, or too large.
        OSError: it cannot be reached or read.
    """
    with reach(path, border, may_miss=True) as reached:
        shown = shown_name(str(path))
        if reached.is_folder and not reached.missing:
            raise CallFailed(f"{shown} is a folder")
        before = info = None
        if not reached.missing:
            with reached.open_file() as file:
                info = os.fstat(file.fileno())
                if info.st_size > MOST_BYTES:
                    raise CallFailed(f"{shown} has {amount(info.st_size, 'bytes')}: too large")
                before = file.read(MOST_BYTES + 1)
        folder, name = reached.open_folder()
        try:
            *missing, last = reached.missing or (name or "",)
            yield Spot(reached.real, folder, tuple(missing), last, before, info)
        finally:
            os.close(folder)


def put(spot: Spot, data: bytes) -> os.stat_result:
    """Make the file hold `data`, whole or not at all; mode bits and owner stay.

    Raises:
        CallFailed: it changed since the spot was found.
        OSError: it cannot be written; then it is as it was.
    """
    folder = _make_folders(spot)
    beside = f".ownkey-{secrets.token_hex(8)}.tmp"
    try:
        mode = 0o666 if spot.info is None else 0o600
        descriptor = os.open(beside, _NEW, mode, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                _dress(file.fileno(), spot.info)
                file.flush()
                os.fsync(file.fileno())
            if spot.info is None:
                _place_new(beside, spot.name, folder)
            else:
                _same_as_before(spot, folder)
                os.rename(beside, spot.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
        return os.stat(spot.name, dir_fd=folder, follow_symlinks=False)
    finally:
        os.close(folder)


def _make_folders(spot: Spot) -> int:
    """A descriptor of the file's own folder, made if need be. The caller closes it."""
    folder = os.dup(spot.folder)
    try:
        for name in spot.missing:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
            inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
    except BaseException:
        os.close(folder)
        raise
    return folder


def _dress(descriptor: int, info: os.stat_result | None) -> None:
    if info is None:
        return
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (info.st_uid, info.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, info.st_uid, info.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(info.st_mode))


def _place_new(beside: str, name: str, folder: int) -> None:
    try:
        os.link(beside, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise CallFailed("a file of this name has appeared meanwhile: read it first") from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        # No hard links here: then nothing keeps a file that appears this moment from being lost.
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)


def _same_as_before(spot: Spot, folder: int) -> None:
    now, then = os.stat(spot.name, dir_fd=folder, follow_symlinks=False), spot.info
    assert then is not None
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (then.st_ino, then.st_size, then.st_mtime_ns):
        raise CallFailed("the file changed while it was written: read it again")
