"""What SQLite and the disk say, turned into one sentence with the next step."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.errors import StoreError

NO_ROOM_BYTES = 64 * 1024
"""With less than this free, a disk error without a reason is a full disk: SQLite's shared memory
says no more than that it cannot grow."""

DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a damaged file raises; the second where SQLite quotes from it."""

SEE_CHECK = "`ownkey sessions check` says what can be read; move the file away to start anew."
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENOTDIR, errno.EEXIST}


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Raise what fails inside as a StoreError about the store at `path`."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StoreError(
            "another ownkey writes to this session", hint="Close the other one, or wait for it."
        ) from error
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        raise explain(error, path) from error


def explain(error: Exception, path: Path) -> StoreError:
    """The error in words."""
    text = str(error).lower()
    number = error.errno if isinstance(error, OSError) else None
    if "locked" in text or "busy" in text:
        return StoreError(
            "another program holds the store and does not let go",
            hint="Close the other ownkey (or the backup that reads it), then try again.",
        )
    if number in _FULL or "full" in text or ("i/o error" in text and _no_room(path)):
        return StoreError(
            "the disk is full: nothing more was sent, what was shown is kept",
            hint="Free some room, then try again.",
        )
    damaged = isinstance(error, UnicodeDecodeError) or "malformed" in text
    if damaged or "not a database" in text or "corrupt" in text:
        return StoreError(
            f"the store is damaged ({path.name})",
            hint=SEE_CHECK,
        )
    if number in _FORBIDDEN or "readonly" in text or "unable to open" in text:
        return StoreError(
            f"the store may not be written ({path.name})",
            hint="Check who owns the folder, or set OWNKEY_HOME to another.",
        )
    if "i/o error" in text:
        return StoreError(
            f"the disk does not take what is written to it ({path.name}: {error})",
            hint="Check the disk and its limits, or set OWNKEY_HOME to another one.",
        )
    return StoreError(f"the store does not work: {error}", hint="`ownkey doctor` tells more.")


def _no_room(path: Path) -> bool:
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < NO_ROOM_BYTES
    return False
