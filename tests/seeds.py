"""Seeds of random tests: those that failed once run first for ever after, then new ones.

Kept in tests/data/seeds, one file a test, one seed a line; commit what appears there.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "seeds"


def kept_and_new(name: str, new: int = 1) -> list[int]:
    """The seeds to run: all that failed before, and `new` ones that nobody has tried."""
    file = FOLDER / f"{name}.txt"
    kept = [int(line) for line in file.read_text().split()] if file.exists() else []
    # One chance a run: xdist's workers collect each for itself, and have to find the same tests.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    chance = random.SystemRandom() if run is None else random.Random(f"{run} {name}")
    return kept + [chance.randrange(2**32) for _ in range(new)]


@contextmanager
def seeded(name: str, seed: int) -> Iterator[random.Random]:
    """Chance by the seed; a failure inside keeps it."""
    print(f"{name}: seed {seed}")
    try:
        yield random.Random(seed)
    except BaseException:
        if seed not in kept_and_new(name, 0):
            with (FOLDER / f"{name}.txt").open("a") as file:
                file.write(f"{seed}\n")
        raise
