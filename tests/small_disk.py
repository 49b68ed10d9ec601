"""A disk of 1 MB that can be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOM_KB = 1024


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mounted at a new folder below `folder`; skips where nobody may mount one."""
    disk = folder / "disk"
    disk.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={ROOM_KB}k", "tmpfs", str(disk)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, leave_kb: int = 0) -> None:
    """Take all of the disk but so much."""
    with (disk / "filler").open("wb") as filler:
        free = os.statvfs(disk)
        room = free.f_bavail * free.f_frsize - leave_kb * 1024
        filler.write(b"x" * max(room, 0))


def free(disk: Path) -> None:
    """Give back what `fill` took."""
    (disk / "filler").unlink()
