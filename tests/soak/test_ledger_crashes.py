"""Promise 5: no double and no missing charge, whenever a program is killed."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from tests.engine_world import environ_of
from tests.fake_provider import FakeProvider
from tests.ledger_child import POINTS
from tests.ledger_world import RATE, fill, ledger_of
from tests.seeds import kept_and_new, seeded
from tui.store.check import check_store
from tui.store.log import Store

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

KILLS = 200
LONGEST_S = 0.5
PER_TOKEN = (5_000, 30_000)
"""Nano-dollars of a token in and out, as the maker lists `gpt-5.5`."""


def scripted(count: int):
    """Steps of which no two cost the same: replies, calls, refusals, answers that break off."""
    for number in range(count):
        usage = {"input": 10_000 + number, "output": 40}
        match number % 6:
            case 1:
                yield {"error": {"kind": "rate_limit", "retry_after": 0.02}}
            case 2:
                call = {"name": "list", "args": {"path": "."}}
                yield {"text": "let me see", "usage": usage, "tool_calls": [call]}
            case 3:
                yield {"error": {"kind": "overloaded", "retry_after": 0.02}}
            case 4:
                yield {"text": "half of it " * 20, "usage": usage, "fault": "cut"}
            case _:
                yield {"text": "a word or two " * 10, "usage": usage, "rate": 2_000}


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        provider.script(list(scripted(6_000)))
        yield provider


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


@pytest.fixture
def path(home):
    found = home / "data" / "sessions.db"
    fill(found, 10**15)
    return found


class Spenders:
    """Children that spend, one after the other."""

    def __init__(self, environ, folder: Path, kind: str) -> None:
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger_child", kind],
            env={**os.environ, **environ, "PYTHONPATH": root}, cwd=folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[list[str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.split(maxsplit=1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(10)
        self._reader.join(10)
        self._process.stdout.close()

    def spend(self, session, point, skip=0, after_s=None) -> str | None:
        """The session of a child that is gone: at the point, or so many seconds later."""
        assert self._process.stdin is not None
        order = {"session": session, "point": point, "skip": skip}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        (_, pid) = self._lines.get(timeout=60)
        if after_s is not None:
            time.sleep(after_s)
            os.kill(int(pid), signal.SIGKILL)
        found = None
        while (line := self._lines.get(timeout=60))[0] != "end":
            found = line[1].strip()
        return found


def credits_of_reply(reply) -> int:
    """Nano-credits of what the other side served, by its own books."""
    nano = reply.count("input") * PER_TOKEN[0] + reply.count("output") * PER_TOKEN[1]
    return int((Decimal(nano) / Decimal(RATE)).quantize(Decimal(1), ROUND_HALF_EVEN))


def wrong(path: Path, fake: FakeProvider) -> list[str]:
    """All that is not as promise 5 has it, once no program runs any more."""
    said = list(check_store(path).problems)
    served = [credits_of_reply(reply) for reply in fake.served]
    assert len(set(served)) == len(served)
    with contextlib.closing(sqlite3.connect(path)) as db:
        holds = db.execute("SELECT state, charged FROM ledger_holds").fetchall()
        (told,) = db.execute("SELECT coalesce(sum(credits), 0) FROM charges").fetchone()
    charged = [credits for state, credits in holds if state == "settled"]
    unsettled = [state for state, _ in holds if state == "unsettled"]
    if left := [state for state, _ in holds if state in ("open", "sent")]:
        said.append(f"{len(left)} holds are left open")
    if len(set(charged)) < len(charged):
        said.append("something is charged twice")
    if strange := set(charged) - set(served):
        said.append(f"charged and never served: {strange}")
    if len(set(served) - set(charged)) > len(unsettled):
        said.append(f"{len(set(served) - set(charged))} missing, {len(unsettled)} unsettled")
    if told != sum(charged):
        said.append(f"the sessions tell {told}, the ledger charged {sum(charged)}")
    if ledger_of(path).spent != sum(charged):
        said.append("spent is not what was charged")
    return said


def settle_by_hand(path: Path, fake: FakeProvider) -> None:
    """What a person does with the other side's books: each unsettled hold is closed."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        charged = {one for (one,) in db.execute("SELECT charged FROM ledger_holds")}
    missing = [one for one in map(credits_of_reply, fake.served) if one not in charged]
    store = Store(path)
    for hold in ledger_of(path).holds:
        if missing:
            store.ledger.settle(hold.key, missing.pop(0), hold.at)
        else:
            store.ledger.release(hold.key, hold.at)
    store.close()


def kill_many(spenders, chance, count: int, points=POINTS):
    """Kills at each point in turn, and at any moment; the sessions go on or are left lying."""
    session = None
    for number in range(count):
        point = points[number % len(points)]
        if chance.random() < 0.7:
            found = spenders.spend(session, point, skip=chance.choice((0, 0, 1, 2, 3)))
        else:
            found = spenders.spend(session, None, after_s=chance.uniform(0.05, LONGEST_S))
        session = chance.choice((None, found or session))


@pytest.mark.parametrize("seed", kept_and_new("ledger-crashes"))
def test_no_charge_is_double_or_missing_whenever_a_program_is_killed(
    environ, path, tmp_path, fake, seed
):
    with seeded("ledger-crashes", seed) as chance, Spenders(environ, tmp_path, "real") as spenders:
        kill_many(spenders, chance, KILLS)
        spenders.spend(None, "one turn")  # finds what the others left
        assert wrong(path, fake) == []
        book = ledger_of(path)
        print(
            f"{KILLS} kills: {len(fake.requests)} requests, {len(fake.served)} replies served, "
            f"{book.spent} nano-credits charged, {len(book.holds)} unsettled"
        )
        assert len(fake.served) > KILLS / 2
        settle_by_hand(path, fake)
        book = ledger_of(path)
        assert book.spent == sum(map(credits_of_reply, fake.served))
        assert (book.held, book.owed, book.holds) == (0, 0, ())
        assert book.left == 10**15 - book.spent
        assert check_store(path).problems == ()


@pytest.mark.parametrize(
    ("mutant", "points"),
    [("late", ("charge written",)), ("free", ("usage told", "charge made"))],
)
def test_a_ledger_that_lets_go_or_settles_later_is_found(
    environ, path, tmp_path, fake, mutant, points
):
    with (
        seeded(f"ledger-mutant-{mutant}", 5) as chance,
        Spenders(environ, tmp_path, mutant) as spenders,
    ):
        for _ in range(5):
            kill_many(spenders, chance, 6, points)
            spenders.spend(None, "one turn")
            if wrong(path, fake):
                return
    raise AssertionError("nothing was wrong")
