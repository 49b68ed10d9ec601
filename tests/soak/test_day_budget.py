"""Promise 6 through real requests: engines of their own spend from one day's budget."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
from collections import Counter
from typing import Any

import pytest

from tests.engine_world import QUICK, RunningEngine, environ_of, kind
from tests.fake_provider import FakeProvider
from tests.odd_engine import odd_engine, turned
from tui.paths import find_paths
from tui.session.commands import StartTurn
from tui.settings.store import SettingsStore
from tui.store.check import check_store

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

PER_TOKEN = (5_000, 30_000)
"""Nano-dollars of a token in and out, as the maker lists `gpt-5.5`."""

DAY = 2_400_000_000
"""Two requests of all that they may have, of each of two consoles, and not a third of both."""

BEFORE = dt.datetime(2026, 11, 30, 23, 59, 50, tzinfo=dt.UTC)
AFTER = dt.datetime(2026, 12, 1, 0, 0, 10, tzinfo=dt.UTC)


class DearMaker(FakeProvider):
    """Bills all the output that a request allows, and says of each bill when it was made."""

    def __init__(self, clock: Any = None, pair: bool = False) -> None:
        super().__init__()
        self.clock = clock
        self.bills: list[tuple[dt.date, int]] = []
        self.arrived = 0
        self.in_flight = 0
        self.pair = pair
        self.spending = 0  # consoles that will ask again
        self.most_at_once = 0
        self.on_arrival: Any = None

    async def _answer(self, seen: Any, writer: Any) -> bool:
        if seen.method != "POST":
            return await super()._answer(seen, writer)
        left_at = self._now()
        self.arrived += 1
        self.in_flight += 1
        try:
            if self.on_arrival is not None:
                self.on_arrival(self.arrived)
            if self.pair:
                await self._company()
            tokens = (len(json.dumps(seen.body)) // 20, seen.body["max_output_tokens"])
            step: dict[str, Any] = {"usage": {"input": tokens[0], "output": tokens[1]}}
            if self.arrived % 2:
                step["tool_calls"] = [{"name": "list", "args": {"path": "."}}]
            else:
                step["text"] = "it is done"
            self.script([step])
            nano = tokens[0] * PER_TOKEN[0] + tokens[1] * PER_TOKEN[1]
            self.bills.append((max(left_at, self._now()).date(), nano))
            return await super()._answer(seen, writer)
        finally:
            self.in_flight -= 1

    def _now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) if self.clock is None else self.clock.now

    async def _company(self) -> None:
        """Until another console's request is on its way too, or no other asks any more."""
        async with asyncio.timeout(60):
            while self.in_flight < min(2, self.spending):
                await asyncio.sleep(0.01)
        self.most_at_once = max(self.most_at_once, self.in_flight)
        await asyncio.sleep(0.05)  # the other sees it before this one is gone

    def of_days(self) -> Counter[dt.date]:
        days: Counter[dt.date] = Counter()
        for day, nano in self.bills:
            days[day] += nano
        return days


class Clock:
    """What the engines' clock says."""

    def __init__(self, file: Any, now: dt.datetime) -> None:
        self._file = file
        self.turn(now)

    def turn(self, now: dt.datetime) -> None:
        self.now = now
        turned(self._file, now)

    def over_midnight(self) -> None:
        """To the other side."""
        self.turn(AFTER if self.now < AFTER else BEFORE)


def environ_for(fake: FakeProvider, home: Any) -> dict[str, str]:
    environ = environ_of(fake, home)
    SettingsStore(find_paths(environ).settings_file).set("budget.day_usd", "2.40")
    return environ


async def one_turn(engine: RunningEngine, session: Any) -> str:
    """How it ended."""
    seen = len(engine.records)
    await engine.client.call(StartTurn(session=session, prompt="go on", asks=False))
    await engine.until(lambda told: any(kind(one) == "done" for one in told[seen:]), 60)
    return next(one.event.stop for one in engine.records[seen:] if kind(one) == "done")


async def spend(environ: Any, folder: Any, *, dies_after: int = 0) -> list[str]:
    """Turn after turn until the budget is full; the engine is killed in one of them and another
    goes on.
    """
    stops: list[str] = []
    async with RunningEngine(environ, folder) as engine:
        opened = await engine.open(model=QUICK)
        while not stops or stops[-1] == "end":
            if dies_after and len(stops) == dies_after:
                await engine.client.call(
                    StartTurn(session=opened.session, prompt="the last one", asks=False)
                )
                await engine.until(lambda told: kind(told[-1]) == "route")
                os.kill(engine.client.pid, signal.SIGKILL)
                break
            stops.append(await one_turn(engine, opened.session))
            assert len(stops) < 100
    return stops + (await spend(environ, folder) if stops[-1] == "end" else [])


async def two_consoles(fake: DearMaker, home: Any, folder: Any) -> int:
    """What the maker has billed at the end."""
    environ = environ_for(fake, home)

    async def console(**more: int) -> list[str]:
        try:
            return await spend(environ, folder, **more)
        finally:
            fake.spending -= 1

    fake.spending = 2
    ends = await asyncio.gather(console(), console(dies_after=1))
    assert [one[-1] for one in ends] == ["budget", "budget"]
    assert fake.most_at_once > 1
    assert check_store(home / "data" / "sessions.db").problems == ()
    return sum(nano for _, nano in fake.bills)


async def test_two_consoles_never_spend_more_than_one_days_budget(home, tmp_path):
    with DearMaker(pair=True) as fake:
        assert DAY * 0.6 < await two_consoles(fake, home, tmp_path) <= DAY


async def test_consoles_that_hold_nothing_are_found_out(home, tmp_path, monkeypatch):
    monkeypatch.setattr("tui.process.python_command", odd_engine(mutant="no hold"))
    with DearMaker(pair=True) as fake:
        assert await two_consoles(fake, home, tmp_path) > DAY


async def over_midnights(home, tmp_path) -> Counter[dt.date]:
    """What each day has cost whose midnight is passed again and again, in and between turns."""
    clock = Clock(tmp_path / "clock", BEFORE)
    with DearMaker(clock) as fake:
        fake.on_arrival = lambda count: clock.over_midnight() if count % 3 == 0 else None
        environ = environ_for(fake, home)
        async with RunningEngine(environ, tmp_path) as engine:
            opened = await engine.open(model=QUICK)
            stops: list[str] = []
            while stops[-2:] != ["budget", "budget"]:
                stops.append(await one_turn(engine, opened.session))
                if stops[-1] == "budget" or len(stops) % 4 == 0:
                    clock.over_midnight()
                assert len(stops) < 100
        assert check_store(home / "data" / "sessions.db").problems == ()
        print(stops, fake.of_days())
        return fake.of_days()


async def test_a_clock_that_jumps_over_midnight_overshoots_no_days_budget(
    home, tmp_path, monkeypatch
):
    monkeypatch.setattr("tui.process.python_command", odd_engine(clock=tmp_path / "clock"))
    days = await over_midnights(home, tmp_path)
    assert set(days) == {BEFORE.date(), AFTER.date()}
    assert max(days.values()) <= DAY


async def test_midnight_while_two_consoles_have_requests_out_overshoots_neither_day(
    home, tmp_path, monkeypatch
):
    monkeypatch.setattr("tui.process.python_command", odd_engine(clock=tmp_path / "clock"))
    clock = Clock(tmp_path / "clock", BEFORE)
    with DearMaker(clock, pair=True) as fake:
        fake.on_arrival = lambda count: clock.turn(AFTER) if count == 4 else None
        await two_consoles(fake, home, tmp_path)
        days = fake.of_days()
    assert set(days) == {BEFORE.date(), AFTER.date()}
    assert max(days.values()) <= DAY


async def test_a_charge_that_counts_by_the_clock_at_its_end_alone_is_found_out(
    home, tmp_path, monkeypatch
):
    engine = odd_engine(clock=tmp_path / "clock", mutant="end alone")
    monkeypatch.setattr("tui.process.python_command", engine)
    assert max((await over_midnights(home, tmp_path)).values()) > DAY
