from __future__ import annotations

import contextlib
import subprocess

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.budget_world import BEGIN, SESSIONS, BudgetLives, Program
from tests.engine_world import child_program
from tui.events.base import SessionId
from tui.events.session import SessionCreated
from tui.session import wall
from tui.store import holds
from tui.store.lease import Lease

pytestmark = pytest.mark.long

FEW = settings(
    max_examples=12, stateful_step_count=25, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
UNTIL_FOUND = settings(
    FEW, max_examples=400, database=None, derandomize=True, phases=[Phase.generate]
)

CHILD = """
import asyncio, datetime as dt, sys
from decimal import Decimal
from pathlib import Path
from tui.billing.budget import Limits, Worst
from tui.events.base import RequestId, SessionId
from tui.session.wall import Counted, Held, Wall
from tui.store.log import Store

async def main(folder, session):
    store = Store(Path(folder) / "sessions.db")
    async def blocking(call):
        return call()
    wall = Wall(store.holds, blocking=blocking, locks=Path(folder) / "locks",
                limits=lambda: Limits(day=100_500), keep=None,
                clock=lambda: dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC))
    counted = Counted(session=SessionId(session), folder="/", payer="own_key",
                      connection="k", label="")
    worst = Worst(prompt_usd=Decimal(0), token_usd=Decimal("1e-9"))
    sys.stdin.readline()
    passed = 0
    for number in range(80):
        found = await wall.hold(RequestId(f"{session}_{number}"), counted, worst, 1_000)
        passed += isinstance(found, Held)
    print(passed)

asyncio.run(main(*sys.argv[1:]))
"""


def test_nothing_is_overshot_in_random_lives():
    run_state_machine_as_test(BudgetLives, settings=FEW)


def no_hold(decided):
    def mutant(rooms, worst, wanted, *, over):
        found = decided(rooms, worst, wanted, over=over)
        return wall.Held(tokens=found.tokens, nano=0) if isinstance(found, wall.Held) else found

    return mutant


@pytest.mark.parametrize(
    "mutant", ["no hold", pytest.param("unknown is zero", marks=pytest.mark.soak)]
)
def test_a_wall_that_leaves_something_out_is_found(mutant, monkeypatch):
    if mutant == "no hold":
        monkeypatch.setattr(wall, "_decided", no_hold(wall._decided))
    else:
        monkeypatch.setattr(holds.Used, "total", property(lambda one: one.spent + one.held))
    with pytest.raises(AssertionError), contextlib.redirect_stdout(None):
        run_state_machine_as_test(BudgetLives, settings=UNTIL_FOUND)


def test_two_processes_at_once_never_hold_more_than_there_is(tmp_path):
    program = Program(tmp_path, BudgetLives)
    for session in SESSIONS[:2]:
        created = SessionCreated(cwd="/", version="0", branch=None)
        program.store.append(SessionId(session), [(created, 0)], BEGIN)
        lease = Lease.take(tmp_path / "locks", SessionId(session))
        assert lease is not None
        program.leases[session] = lease
    children = [
        subprocess.Popen(
            child_program(CHILD, str(tmp_path), session),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for session in SESSIONS[:2]
    ]  # fmt: skip
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    passed = [int(child.communicate(timeout=30)[0]) for child in children]
    program.die()
    assert sum(passed) == 100
    assert min(passed) > 0
