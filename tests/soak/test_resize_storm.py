"""Promise 10: a window that changes its size without end, while tokens stream."""

from __future__ import annotations

import re
import time
from pathlib import Path
from random import Random

import pytest

from tests.emulator import Painted
from tests.fake_provider import FakeProvider
from tests.live_console import SIDEBAR, LiveConsole
from tests.seeds import kept_and_new, seeded

pytestmark = [pytest.mark.timed, pytest.mark.soak, pytest.mark.timeout(120)]

CHANGES = 100
STORMS, STORM_S = 3, 1.0
RATE = 1_000
TOKENS = 9_000
WORDS = [f"w{number}" for number in range(TOKENS)]
USUAL, LARGE, SMALLEST = (132, 42), (500, 200), (1, 1)
LAYOUT_S = 0.2
FACTOR = 5
"""A test fails only at so many times the number that is the goal."""

DEAF = """
import signal
heard = signal.signal
signal.signal = lambda number, act: None if number == signal.SIGWINCH else heard(number, act)
"""
"""A mutant: it does not hear that the window has another size."""

LOSES = """
from tui.engine.bridge import Bridge
take, number = Bridge.take, 0
def lossy(self):
    global number
    number += 1
    return take(self)[number % 20 == 0:]
Bridge.take = lossy
"""
"""A mutant: every now and then an event does not reach the screen."""


def storm(seen: LiveConsole, chance: Random, changes: int) -> None:
    """So many sizes, evenly over the time of the storm; what is painted is not looked at."""
    seen.watched = False
    began = time.monotonic()
    for number in range(changes):
        sizes = (chance.randint(1, LARGE[0]), chance.randint(1, LARGE[1]))
        size = chance.choice([SMALLEST, LARGE, sizes, sizes, sizes])
        seen.resize(*size)
        seen.rest(began + (number + 1) * STORM_S / changes - time.monotonic())
    assert seen.child.poll() is None, "it crashed"
    seen.watched = True


def laid_out(lines: list[str], size: tuple[int, int]) -> bool:
    """Whether the frame stands where it belongs at this size, and nothing else there."""
    first, last, prompt = lines[0], lines[-1], lines[-6]
    return (
        first.startswith(" ownkey ")
        and first.endswith("F1 help")
        and len(first) == size[0] - 2
        and "Claude Opus 4.7   turn" in last
        and prompt.find("Type a message") == SIDEBAR + 3
        and lines[2].startswith("  Models")
        and any("w" in line[SIDEBAR:] for line in lines[2:-8])
    )


def right_after(moment: float, pieces: list[tuple[float, bytes]]) -> float:
    """How long after the moment the frame stood where it belongs; infinite if never."""
    painted = Painted(*USUAL)
    for at, data in pieces:
        painted.feed(data)
        if laid_out(painted.lines, USUAL):
            return at - moment
    return float("inf")


def lost(seen: LiveConsole) -> list[int]:
    """The numbers that are missing among the last words of the reply, on a large screen."""
    seen.resize(*LARGE)
    seen.wait_until(lambda: laid_out(seen.lines, LARGE), "the large screen", 10)
    seen.rest_until_quiet(0.2)
    shown = {int(found) for found in re.findall(r"\bw(\d+)\b", seen.text)}
    assert len(shown) > LARGE[1], seen.text
    return sorted(set(range(min(shown), TOKENS)) - shown)


def weathered(folder: Path, chance: Random, changes: int, mutant: str = "") -> str:
    """What was wrong after storms; prints how long the layout took after each."""
    with FakeProvider() as fake, LiveConsole(fake, folder, mutant=mutant) as seen:
        fake.script([{"text": " ".join(WORDS), "rate": RATE}])
        seen.type("go\r")
        seen.wait_for("w10 ")
        rounds: list[tuple[float, list[tuple[float, bytes]]]] = []
        for _ in range(STORMS):
            storm(seen, chance, changes // STORMS)
            last = seen.resize(*USUAL)
            rounds.append((last, seen.record(LAYOUT_S * FACTOR)))
        assert seen.turns == 0, "the stream has ended too soon to prove anything"
        took = [right_after(last, pieces) for last, pieces in rounds]
        print(f"{changes} sizes: right after {[round(one * 1e3, 1) for one in took]} ms")
        if min(took) == float("inf"):  # the others may have waited for the machine
            return "the layout is not right in time"
        seen.wait_until(lambda: seen.turns > 0, "the turn's end", 60)
        seen.rest_until_quiet(0.2)
        if numbers := lost(seen):
            return f"lost: {numbers[:5]}"
        assert seen.leave() == 0
        return ""


@pytest.mark.parametrize("seed", kept_and_new("resize-storm"))
def test_a_resize_storm_while_tokens_stream_loses_nothing(seed: int, tmp_path: Path):
    with seeded("resize-storm", seed) as chance:
        assert weathered(tmp_path, chance, CHANGES) == ""


@pytest.mark.parametrize(("mutant", "found"), [(DEAF, "the layout"), (LOSES, "lost: ")])
def test_a_console_that_is_deaf_or_loses_events_would_be_found_out(
    mutant: str, found: str, tmp_path: Path
):
    assert weathered(tmp_path, Random(1), 9, mutant).startswith(found)
