"""How long keys take to be seen, the machine's own hiccups left out; and what processes there are.

with Hiccups() as hiccups:
    took = echoes(seen, "typed while it works", hiccups)
"""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from typing import Self

from tests.live_console import LiveConsole

_TICK_S = 0.005


class Hiccups:
    """Notes by how much a thread that only sleeps is woken too late.

    On a machine that has too much to do, and while the emulator reads a screen of many cells, a
    key waits for that too: it is not the console's time.
    """

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.is_set():
            began = time.monotonic()
            time.sleep(_TICK_S)
            self._late.append((began, time.monotonic() - began - _TICK_S))

    def between(self, begin: float, end: float) -> float:
        """The seconds in which nothing ran that wanted to."""
        return sum(min(late, end - at) for at, late in list(self._late) if begin <= at < end)


def echo(seen: LiveConsole, key: str, shown: str, hiccups: Hiccups) -> float:
    """How long a key takes until `shown` is seen, in seconds."""
    pressed = seen.type(key)
    at = seen.wait_until(lambda: shown in seen.text, shown)
    return max(at - pressed - hiccups.between(pressed, at), 0.0)


def echoes(seen: LiveConsole, text: str, hiccups: Hiccups, pause_s: float = 0.0) -> list[float]:
    """How long each key of a text took to be seen; the prompt is empty before and afterwards."""
    took: list[float] = []
    for end in range(1, len(text) + 1):
        took.append(echo(seen, text[end - 1], text[:end], hiccups))
        seen.rest(pause_s)
    seen.type("\x15")
    seen.wait_until(lambda: text not in seen.text, "an empty prompt")
    return took


def children_of(pid: int) -> list[int]:
    """The children of a process that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text("ascii").split())
        except OSError:
            continue
    return found


def below(pid: int) -> set[int]:
    """All processes below one."""
    found: set[int] = set()
    left = [pid]
    while left:
        for child in children_of(left.pop()):
            if child not in found:
                found.add(child)
                left.append(child)
    return found


def memory_of(pid: int, name: str = "VmRSS") -> int:
    """Bytes that a process has; `VmHWM`: the most it ever had."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
    return int(found[1]) * 1024 if found else 0


def command_of(pid: int) -> str:
    """What a process was started as; empty where it has gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return " ".join(map(os.fsdecode, words))
