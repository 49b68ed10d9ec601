"""Random lives of one store with budgets: two programs, kills, clocks, and what was truly spent."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from tui.billing.budget import Limits, Worst
from tui.events.base import RequestId, SessionId
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.events.session import SessionCreated
from tui.session.wall import Counted, Held, Wall
from tui.store.check import check_store
from tui.store.lease import Lease
from tui.store.log import Store

BEGIN = dt.datetime(2026, 11, 29, 23, 0, tzinfo=dt.UTC)
NANO = Decimal("1e-9")
SESSIONS = ("s_a", "s_b", "s_c")
FOLDERS = {"s_a": "/work/app", "s_b": "/work", "s_c": "/play"}
KEYS = {"s_a": "k_1", "s_b": "k_2", "s_c": "k_1"}


class Program:
    """One engine on the store; what it drives it holds the lease of."""

    def __init__(self, folder: Path, world: BudgetLives) -> None:
        self.folder = folder
        self.store = Store(folder / "sessions.db")
        self.leases: dict[str, Lease] = {}

        async def at_once(call: Any) -> Any:
            return call()

        self.wall = Wall(
            self.store.holds, blocking=at_once, locks=folder / "locks",
            limits=lambda: world.limits, keep=lambda scope, name, nano: None,
            clock=lambda: world.now,
        )  # fmt: skip

    def die(self) -> None:
        """As a kill: nothing is tidied up."""
        self.store.close()
        for lease in self.leases.values():
            lease.release()


class BudgetLives(RuleBasedStateMachine):
    """Overshoot is never above 0: what was truly spent stays within each budget.

    A request counts by the later of the moments when it left and when its cost came: the clock
    may be set back between them.
    """

    open_requests = Bundle("open_requests")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ownkey-budget-"))
        self.loop = asyncio.new_event_loop()
        self.now = BEGIN
        self.limits = Limits()
        self.token = 1  # nano-dollars of an output token; changes at midnight
        self.truth: list[tuple[dt.datetime, str, int]] = []
        self.turns: dict[str, int] = {}
        self.number = 0
        self.programs = [Program(self.folder, self) for _ in range(2)]
        for session in SESSIONS:
            created = SessionCreated(cwd=FOLDERS[session], version="0", branch=None)
            self.programs[0].store.append(SessionId(session), [(created, 0)], self.now)

    @initialize(
        day=st.integers(2_000, 60_000), month=st.integers(20_000, 200_000),
        session=st.integers(5_000, 100_000), request=st.integers(3_000, 30_000),
        key=st.integers(5_000, 100_000), folder=st.integers(5_000, 100_000),
    )  # fmt: skip
    def limit(self, day, month, session, request, key, folder):
        self.limits = Limits(
            day=day, month=month, session=session, request=request,
            keys={"k_1": key}, folders={"/work": folder},
        )  # fmt: skip

    def _await(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def _driving(self, which: int, session: str) -> Program | None:
        """The program, once it holds the session's lease; what a dead one left is tidied."""
        program = self.programs[which]
        if session in program.leases:
            return program
        lease = Lease.take(self.folder / "locks", SessionId(session))
        if lease is None:
            return None
        program.leases[session] = lease
        program.store.forget_cached(SessionId(session))
        charges = self._await(program.wall.left_behind(SessionId(session)))
        program.store.append(SessionId(session), [(one, 1) for one in charges], self.now)
        return program

    @rule(
        target=open_requests, which=st.integers(0, 1), session=st.sampled_from(SESSIONS),
        prompt=st.integers(0, 5_000), wanted=st.integers(500, 16_000), over=st.just(False),
    )  # fmt: skip
    def send(self, which, session, prompt, wanted, over):
        """A first try, a retry or a summary: they all go this way."""
        program = self._driving(which, session)
        if program is None:
            return None
        self.number += 1
        request = RequestId(f"r_{self.number}")
        worst = Worst(prompt_usd=prompt * NANO, token_usd=self.token * NANO)
        counted = Counted(
            session=SessionId(session), folder=FOLDERS[session], payer="own_key",
            connection=KEYS[session], label="",
        )  # fmt: skip
        found = self._await(program.wall.hold(request, counted, worst, wanted, over=over))
        if not isinstance(found, Held):
            return None
        route = RouteDecided(
            request=request, model="m", connection=KEYS[session], payer="own_key", why="", host=""
        )
        program.store.append(SessionId(session), [(route, 1)], self.now)
        most = prompt + self.token * found.tokens
        return (program, session, request, most, self.now)

    @rule(one=consumes(open_requests), share=st.integers(0, 100), known=st.booleans())
    def charge(self, one, share, known):
        """It ends, at its cost, told or not."""
        if one is None or one[0] not in self.programs:
            return
        program, session, request, most, left_at = one
        cost = most * share // 100
        self.truth.append((max(self.now, left_at), session, cost))
        event = ChargeRecorded(
            request=request, payer="own_key", nano=cost if known else None, lines=(),
            priced_by="", sureness="priced" if known else "unknown",
        )  # fmt: skip
        program.store.append(SessionId(session), [(event, 1)], self.now)

    @rule(one=consumes(open_requests))
    def refuse(self, one):
        """The other side takes it not, and bills nothing."""
        if one is not None and one[0] in self.programs:
            self._await(one[0].wall.release(one[2]))

    @rule(which=st.integers(0, 1), one=consumes(open_requests), share=st.integers(0, 100))
    def kill(self, which, one, share):
        """A program dies; what was open there costs something all the same."""
        dead = self.programs[which]
        if one is not None and one[0] is dead:
            self.truth.append((one[4], one[1], one[3] * share // 100))
        dead.die()
        self.programs[which] = Program(self.folder, self)

    @rule(minutes=st.sampled_from((1, 40, 61, 60 * 24, 60 * 24 * 31, -61)))
    def jump(self, minutes):
        """The clock goes on, or jumps; prices change at midnight."""
        before = self.now.date()
        self.now += dt.timedelta(minutes=minutes)
        if self.now.date() != before:
            self.token = 3 if self.token == 1 else 1

    @invariant()
    def nothing_is_overshot(self):
        limits = self.limits
        if limits.day is None:
            return
        days: dict[Any, int] = {}
        for at, session, cost in self.truth:
            spans: list[Any] = [("day", at.date()), ("month", at.year, at.month), session]
            if KEYS[session] == "k_1":
                spans.append(("key", at.year, at.month))
            if FOLDERS[session].startswith("/work"):
                spans.append(("folder", at.year, at.month))
            for span in spans:
                days[span] = days.get(span, 0) + cost
        for span, spent in days.items():
            scope = "session" if isinstance(span, str) else span[0]
            most = {
                "day": limits.day, "month": limits.month, "session": limits.session,
                "key": limits.keys["k_1"], "folder": limits.folders["/work"],
            }[scope]  # fmt: skip
            assert spent <= most, f"{span}: {spent} of {most}"

    def teardown(self):
        for program in self.programs:
            program.die()
        self.loop.close()
        report = check_store(self.folder / "sessions.db")
        shutil.rmtree(self.folder)
        assert report.problems == ()
