"""One driver a session: a lock of the operating system, gone with the process that held it.

A lock and no row with a time-out: after kill -9 it is free at once, and no clock can give a
session two drivers.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tui.events.base import SessionId
from tui.paths import private_folder
from tui.store.trouble import explained


class Lease:
    """Held from `take` until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, folder: Path, session: SessionId) -> Lease | None:
        """The lease of `session`, or None while another process drives it.

        Raises:
            StoreError: the disk refuses it.
        """
        path = folder / f"{session}.lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        with explained(path):
            private_folder(folder)
            descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    @classmethod
    def held(cls, folder: Path, session: SessionId) -> bool:
        """Whether a process drives `session` now; looked at for a moment, never waited for.

        Raises:
            StoreError: the disk refuses it.
        """
        if not (folder / f"{session}.lock").exists():
            return False
        lease = cls.take(folder, session)
        if lease is not None:
            lease.release()
        return lease is None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
