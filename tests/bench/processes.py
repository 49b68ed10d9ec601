"""What processes have used, read from Linux's /proc."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_KIB = re.compile(r"^(Rss|Pss):\s+(\d+) kB$", re.M)


class Memory(NamedTuple):
    """Bytes: `pss` counts a page that is shared with others in parts, `rss` in full."""

    pss: int
    rss: int


class Stat(NamedTuple):
    """Of /proc/PID/stat: the parent, and clock ticks of CPU in the program and the kernel."""

    parent: int
    ticks: int


def parse_stat(text: str) -> Stat:
    """Read /proc/PID/stat; the program's name may hold blanks and brackets.

    Raises:
        ValueError: it is no such line.
    """
    _, closed, rest = text.rpartition(")")
    fields = rest.split()
    if not closed or len(fields) < 13:
        raise ValueError(f"not a stat line: {text[:60]!r}")
    return Stat(int(fields[1]), int(fields[11]) + int(fields[12]))


def parse_rollup(text: str) -> Memory:
    """Read /proc/PID/smaps_rollup.

    Raises:
        ValueError: a sum is missing.
    """
    found = {name: int(kib) * 1024 for name, kib in _KIB.findall(text)}
    if found.keys() != {"Rss", "Pss"}:
        raise ValueError("not a smaps_rollup")
    return Memory(found["Pss"], found["Rss"])


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                parent = parse_stat((folder / "stat").read_text("utf-8", "replace")).parent
            except OSError:
                continue  # ended while we looked
            parents.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_s(pids: Iterable[int]) -> float:
    """Seconds of CPU that these processes have used so far."""
    ticks = sum(parse_stat((_PROC / str(pid) / "stat").read_text("utf-8")).ticks for pid in pids)
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pids: Iterable[int]) -> Memory:
    """Memory of these processes together."""
    each = [parse_rollup((_PROC / str(pid) / "smaps_rollup").read_text("utf-8")) for pid in pids]
    return Memory(sum(one.pss for one in each), sum(one.rss for one in each))
