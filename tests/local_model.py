"""The real small model for tests: fetched once by our own code, kept in tests/.cache.

That folder is a home like any other, so `OWNKEY_HOME=tests/.cache ownkey local get` fetches it
too. `OWNKEY_TEST_MODEL` names another copy of the file.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from tui.localmodel.fetch import FetchFailed, fetch
from tui.localmodel.models import LocalModels
from tui.paths import Paths, find_paths

CACHE = Path(__file__).parent / ".cache"


def find_weights() -> Path:
    """The model's file, fetched where it is not there yet; skips where that cannot be."""
    named = os.environ.get("OWNKEY_TEST_MODEL")
    if named:
        return Path(named)
    paths = find_paths({"OWNKEY_HOME": str(CACHE)})
    try:
        asyncio.run(fetch_all(paths, os.environ))
    except FetchFailed as failed:
        pytest.skip(f"no model to test with: {failed.message}")
    return LocalModels(paths).weights_file()


async def fetch_all(paths: Paths, environ, *weights) -> list:
    """Every step of a fetch, to its end."""
    async with aclosing(fetch(paths, environ, *weights)) as steps:
        return [progress async for progress in steps]


def is_gone(pid: int, within_s: float) -> bool:
    """Whether a process ends within the time; one that only waits to be reaped has ended."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        if not state or state.startswith("Z"):
            return True
        time.sleep(0.05)
    return False
