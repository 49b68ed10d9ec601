"""Promise 14: several processes on one store, with kills."""

from __future__ import annotations

import random
import statistics
from pathlib import Path

import pytest

from tests.engine_world import environ_of
from tests.fake_provider import FakeProvider
from tests.seeds import kept_and_new, seeded
from tests.store_walk import Walk
from tests.streaming_child import crc
from tui.events.base import SessionId
from tui.store.check import check_store
from tui.store.log import Store

pytestmark = [pytest.mark.timed, pytest.mark.soak, pytest.mark.timeout(300)]

STEPS = 1_000
TAKEN_OVER_S, LAG_S = 5.0, 0.25
FACTOR = 5
"""A test fails only at so many times the number that is the goal."""

REPLY = {"text": " ".join(f"word{n}" for n in range(40)), "thinking": "hm " * 10, "rate": 300}


def walked(folder: Path, chance: random.Random, *, kind: str, steps: int) -> tuple[Walk, list[str]]:
    """A walk, and what was wrong in it or in the store afterwards."""
    with FakeProvider() as fake:
        fake.script([{**REPLY, "times": 10_000}])
        environ = environ_of(fake, folder / "home")
        path = folder / "home" / "data" / "sessions.db"
        with Walk(environ, folder, chance, kind=kind) as walk:
            walk.run(steps)
            if walk.wrong:
                return walk, walk.wrong
            fake.script([])
            store = Store(path)
            walk.settle({one: store.newest(SessionId(one)) for one in walk.shown})
            store.close()
    return walk, walk.wrong + lost(path, walk) + list(check_store(path).problems)


def lost(path: Path, walk: Walk) -> list[str]:
    """What was shown and is not in the store as it was."""
    store, found = Store(path), []
    for session, shown in walk.shown.items():
        kept = {record.seq: crc(record) for record in store.read(SessionId(session))}
        gone = [seq for seq, content in shown.items() if kept.get(seq) != content]
        found += [f"{session}: {gone} were shown and are not there"] if gone else []
    store.close()
    return found


@pytest.mark.parametrize("seed", kept_and_new("two-consoles"))
def test_nothing_is_lost_or_doubled_and_nobody_drives_beside_another(seed: int, tmp_path: Path):
    with seeded("two-consoles", seed) as chance:
        walk, wrong = walked(tmp_path, chance, kind="real", steps=STEPS)
        shown = sum(len(one) for one in walk.shown.values())
        print(f"{dict(walk.done)}, {shown} events shown")
        assert wrong == []
        assert shown > STEPS and len(walk.takeovers) > 10 and len(walk.lags) > 100
        lag = statistics.quantiles(walk.lags, n=100)[98]
        print(
            f"taken over in {max(walk.takeovers):.2f} s at most; "
            f"a follower is {statistics.median(walk.lags) * 1e3:.0f} ms behind, "
            f"{lag * 1e3:.0f} ms in 1 of 100, {max(walk.lags) * 1e3:.0f} ms at most"
        )
        assert max(walk.takeovers) < FACTOR * TAKEN_OVER_S
        assert lag < FACTOR * LAG_S


def test_a_lease_that_everybody_gets_would_be_found_out(tmp_path: Path):
    _, wrong = walked(tmp_path, random.Random(1), kind="mutant", steps=200)
    assert any("drive" in one or "not the same" in one for one in wrong), wrong
