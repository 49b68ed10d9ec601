"""How fast this machine is at Python, so that a limit on CPU means the same work everywhere."""

from __future__ import annotations

import time

REFERENCE_S = 0.036
"""What the measure below took where the limits were set (two cores of 2026, quiet)."""


def _work() -> int:
    """Calls, strings, lists and dictionaries, in much the mix that laying text out has."""
    total, seen = 0, dict[str, int]()
    for number in range(40_000):
        word = f"{number:x} {number}"
        seen[word] = len(word.split())
        total += max(len(word), number % 7)
    return total + sum(seen.values())


def slowness() -> float:
    """This machine's CPU time for the same work over the reference's; 1 where it is faster.

    Taken beside what is measured: a shared machine is half as fast from one minute to the next.
    """
    took: list[float] = []
    for _ in range(5):
        begun = time.process_time()
        _work()
        took.append(time.process_time() - begun)
    return max(1.0, sorted(took)[len(took) // 2] / REFERENCE_S)
