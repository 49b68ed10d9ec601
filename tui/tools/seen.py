"""Which files a session has read, so that none is overwritten unseen."""

from __future__ import annotations

import os
from pathlib import Path


class Seen:
    """Real paths with what they were when they were read or written. Safe across threads."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[int, int, int]] = {}

    def note(self, real: Path, info: os.stat_result) -> None:
        """The session knows this file as it is now."""
        self._files[real] = _state(info)

    def knows(self, real: Path, info: os.stat_result) -> bool:
        """Whether the session knows the file, and it has not changed since."""
        return self._files.get(real) == _state(info)


def _state(info: os.stat_result) -> tuple[int, int, int]:
    return (info.st_ino, info.st_size, info.st_mtime_ns)
