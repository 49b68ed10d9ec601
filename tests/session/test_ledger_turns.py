from __future__ import annotations

import asyncio
import datetime as dt
import threading
from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from tests.ledger_world import TEAM, LedgerRouter, fill, ledger_of
from tests.session.scripted import FixedPricer, make_manager
from tests.session.test_budgets import NOON
from tests.session.test_turns import kinds, open_session, until_done
from tui.billing.budget import Limits
from tui.errors import InvalidKey, NetworkFailed, Overloaded
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.providers.base import Opened, Stopped, TextDelta, UsageReported
from tui.session.commands import (
    AnswerWayOut,
    ChooseModel,
    Compact,
    Interrupt,
    OpenSession,
    StartTurn,
)
from tui.store.check import check_store
from tui.store.log import Store

MIDNIGHT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


class World:
    """A model whose requests cost what the script says, on a ledger; what it billed is kept."""

    def __init__(self, folder, granted=10**9, expires=None, **limits):
        self.folder = folder
        self.limits = Limits(**limits)
        self.router = LedgerRouter()
        self.sent, self.billed = [], []
        self.now = NOON
        self.output = 700
        self.clock_after = None
        store = Store(self.path)
        store.ledger.grant(TEAM, granted, bucket="plan", expires=expires, key="g", at=NOON)
        store.close()

    @property
    def path(self):
        return self.folder / "sessions.db"

    @property
    def book(self):
        return ledger_of(self.path, self.now)

    async def script(self, request):
        self.sent.append(request)
        yield Opened(provider_request_id=None)
        yield TextDelta(text="yes")
        self.now = self.clock_after or self.now
        self.billed.append((300 + self.output, self.router.rate))
        yield UsageReported(raw={"in": 300, "out": self.output}, context={})
        yield Stopped(stop="end", said="stop")

    def manager(self, script=None):
        return make_manager(
            self.folder, script or self.script, clock=lambda: self.now,
            limits=lambda: self.limits, router=self.router,
        )  # fmt: skip

    @property
    def owed_by_us(self):
        """What the other side counted, in nano-credits."""
        return sum(
            int((Decimal(nano) / Decimal(rate)).quantize(Decimal(1), ROUND_HALF_EVEN))
            for nano, rate in self.billed
        )


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    assert check_store(world.path).problems == ()


async def run(manager, session, after=0, **start):
    await manager.call(StartTurn(session=session, prompt="go", asks=False, **start))
    async with asyncio.timeout(20):
        return await until_done(manager, session, after)


def errors(records):
    return [record.event for record in records if kinds([record]) == ["error"]]


def charges(records):
    return [record.event for record in records if isinstance(record.event, ChargeRecorded)]


async def test_a_request_is_held_before_its_first_byte_and_its_charge_settles_it(world):
    seen = []

    async def looks(request):
        seen.append(world.book)
        async for part in world.script(request):
            yield part

    async with world.manager(looks) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    [while_sent] = seen
    [hold] = while_sent.holds
    assert (hold.state, hold.session) == ("sent", session)
    assert hold.nano == while_sent.held > 16_000 / Decimal("0.003")
    assert (world.book.spent, world.book.held) == (world.owed_by_us, 0)
    [charge] = charges(records)
    assert charge.credits == "0.000333333"
    assert records[-1].event.credits == "0.000333333"


async def test_what_a_ledger_cannot_pay_is_not_sent_and_says_what_is_left(tmp_path):
    world = World(tmp_path, granted=2_000)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    [error] = errors(records)
    assert (error.kind, world.sent) == ("out_of_credits", [])
    assert "team has 0.000002 credits left" in error.message
    assert "ownkey credits grant" in error.hint
    assert (world.book.held, world.book.left) == (0, 2_000)
    assert "route" not in kinds(records)


async def test_a_ledger_that_is_filled_up_at_the_question_pays_for_the_same_turn(tmp_path):
    world = World(tmp_path, granted=2_000)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        async with asyncio.timeout(10):
            while not (read := manager._store.read(session)) or kinds(read)[-1] != "way_out_asked":
                await asyncio.sleep(0.01)
        question = read[-1].event
        assert (question.kind, question.label) == ("out_of_credits", TEAM)
        assert [way.what for way in question.ways] == ["again"]
        fill(world.path, 10**9, key="h")
        await manager.call(AnswerWayOut(session=session, call=question.call, way=0))
        async with asyncio.timeout(10):
            records = await until_done(manager, session)
    assert (len(world.sent), records[-1].event.stop) == (1, "end")
    assert world.book.spent == world.owed_by_us
    assert check_store(world.path).problems == ()


async def test_near_the_end_of_the_credits_a_request_gets_fewer_tokens(tmp_path):
    world = World(tmp_path, granted=3_000_000)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    [sent] = world.sent
    assert 1_000 <= sent.max_tokens < 16_000
    assert records[-1].event.stop == "end"
    assert world.book.spent == world.owed_by_us


async def test_a_refused_request_and_its_retries_cost_nothing_and_hold_nothing(world):
    tries = []

    async def refuses(request):
        tries.append(world.book.held)
        if len(tries) < 3:
            raise Overloaded("later", status=529, retry_after=0.01)
        async for part in world.script(request):
            yield part

    async with world.manager(refuses) as manager:
        session = (await open_session(manager)).session
        await run(manager, session)
    assert len(set(tries)) == 1  # one at a time
    assert (world.book.spent, world.book.holds) == (world.owed_by_us, ())
    assert [line.step for line in world.book.lines if line.account == "held"].count("release") == 2


@pytest.mark.parametrize("error", [InvalidKey("no", status=401), NetworkFailed("no way there")])
async def test_a_request_that_was_never_billed_is_let_go_of(world, error, monkeypatch):
    monkeypatch.setattr("tui.session.recovery.tries_left", lambda error, attempt: 0)

    async def fails(request):
        raise error
        yield

    async with world.manager(fails) as manager:
        session = (await open_session(manager)).session
        await run(manager, session)
    assert (world.book.spent, world.book.holds, world.book.left) == (0, (), 10**9)


async def test_an_answer_that_breaks_off_without_usage_stays_held_and_is_seen(world):
    async def breaks(request):
        yield Opened(provider_request_id=None)
        yield TextDelta(text="half of")
        raise NetworkFailed("cut")

    async with world.manager(breaks) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    [hold] = world.book.holds
    assert hold.state == "unsettled"
    assert (records[-1].event.unknown, records[-1].event.credits) == (1, None)
    store = Store(world.path)
    store.ledger.settle(hold.key, 1_234, NOON)
    store.close()
    assert (world.book.spent, world.book.holds, world.book.left) == (1_234, (), 10**9 - 1_234)


async def test_the_same_usage_told_twice_is_charged_once(world):
    async def twice(request):
        async for part in world.script(request):
            yield part
            if isinstance(part, UsageReported):
                yield part

    async with world.manager(twice) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    assert len(charges(records)) == 1
    assert records[-1].event.nano == 1_000
    assert world.book.spent == world.owed_by_us


async def test_a_charge_that_is_written_twice_moves_credits_once(world):
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    [charge] = charges(records)
    store = Store(world.path)
    store.append(session, [(charge, 1)], world.now)
    store.close()
    assert world.book.spent == world.owed_by_us


async def test_each_request_is_charged_at_the_rate_of_its_own_time(world):
    async def changes(request):
        async for part in world.script(request):
            if isinstance(part, Opened):
                world.router.rate = "0.007"  # in the middle of the first answer
            yield part

    async with world.manager(changes) as manager:
        session = (await open_session(manager)).session
        first = await run(manager, session)
        second = await run(manager, session, first[-1].seq)
    assert [one.credits for one in charges(first + second)] == ["0.000333333", "0.000142857"]
    assert world.book.spent == 333_333 + 142_857


async def test_credits_that_end_while_an_answer_streams_still_pay_for_it(tmp_path):
    world = World(tmp_path, granted=20_000_000, expires=MIDNIGHT)
    world.now = MIDNIGHT - dt.timedelta(seconds=1)
    world.clock_after = MIDNIGHT + dt.timedelta(seconds=1)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        first = await run(manager, session)
        second = await run(manager, session, first[-1].seq)
    assert first[-1].event.stop == "end"
    assert [one.kind for one in errors(second)] == ["out_of_credits"]
    assert world.book.spent == world.owed_by_us
    assert (world.book.left, world.book.expired) == (0, 20_000_000 - world.book.spent)
    assert check_store(world.path).problems == ()


async def test_a_clock_that_jumps_back_over_midnight_changes_no_sum(tmp_path):
    world = World(tmp_path, granted=20_000_000, expires=MIDNIGHT + dt.timedelta(days=1))
    world.now = MIDNIGHT + dt.timedelta(seconds=1)
    world.clock_after = MIDNIGHT - dt.timedelta(hours=3)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        first = await run(manager, session)
        await run(manager, session, first[-1].seq)
    assert world.book.spent == world.owed_by_us
    assert world.book.left == 20_000_000 - world.book.spent
    assert check_store(world.path).problems == ()


@pytest.mark.parametrize("shown", ["opened", "text"])
async def test_an_interrupted_request_stays_held_as_unsettled(world, shown):
    gate = asyncio.Event()

    async def hangs(request):
        yield Opened(provider_request_id=None)
        if shown == "text":
            yield TextDelta(text="a")
        await gate.wait()

    async with world.manager(hangs) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go", asks=False))
        async for batch in manager.follow(session, 0):
            if shown in kinds(batch):
                break
        await manager.call(Interrupt(session=session))
        async with asyncio.timeout(10):
            await until_done(manager, session)
    assert [hold.state for hold in world.book.holds] == ["unsettled"]


async def test_a_request_that_is_stopped_before_its_route_is_written_holds_nothing(
    world, monkeypatch
):
    writing, go_on = threading.Event(), threading.Event()
    append = Store.append

    def slow(self, session, events, at):
        if any(isinstance(event, RouteDecided) for event, _ in events):
            writing.set()
            go_on.wait(10)
        return append(self, session, events, at)

    monkeypatch.setattr(Store, "append", slow)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go", asks=False))
        await asyncio.to_thread(writing.wait, 10)
        assert [hold.state for hold in world.book.holds] == ["open"]
        stopping = asyncio.create_task(manager.call(Interrupt(session=session)))
        await asyncio.sleep(0.05)
        go_on.set()
        await stopping
        async with asyncio.timeout(10):
            await until_done(manager, session)
    assert (world.sent, world.book.holds, world.book.left) == ([], (), 10**9)


async def test_credits_that_end_at_a_summary_end_the_turn_with_one_word(tmp_path):
    world = World(tmp_path, granted=5_000_000)
    world.router = LedgerRouter(context=1_200)
    world.output = 12_500
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        first = await run(manager, session)
        second = await run(manager, session, first[-1].seq)
    assert first[-1].event.stop == "end"
    assert [one.kind for one in errors(second)] == ["out_of_credits"]
    assert check_store(world.path).problems == ()


@pytest.mark.parametrize("sent", [True, False])
async def test_what_a_killed_program_held_is_unsettled_only_if_it_was_sent(world, sent):
    gate = asyncio.Event()
    copy = world.folder / "killed"
    copy.mkdir()

    async def hangs(request):
        await gate.wait()
        yield Stopped(stop="end", said="stop")

    async with world.manager(hangs) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go", asks=False))
        async for batch in manager.follow(session, 0):
            if "route" in kinds(batch):
                break
        manager._store._db.execute("VACUUM INTO ?", (str(copy / "sessions.db"),))
        await manager.call(Interrupt(session=session))
    world.folder = copy
    if not sent:
        store = Store(world.path)
        store._db.execute("UPDATE holds SET sent = 0")
        store._db.execute("UPDATE ledger_holds SET state = 'open'")
        store.close()
    async with world.manager() as manager:  # another session is enough to find it
        await run(manager, (await open_session(manager)).session)
        assert [hold.state for hold in world.book.holds] == ["unsettled"] * sent
        await manager.call(OpenSession(session=session, cwd="/"))
    assert [hold.state for hold in world.book.holds] == ["unsettled"] * sent
    assert world.book.spent == world.owed_by_us


async def test_a_model_on_an_own_key_takes_no_credits(world):
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        await manager.call(ChooseModel(session=session, model="openai/own"))
        records = await run(manager, session)
    assert (world.book.spent, world.book.lines[0].step) == (0, "grant")
    assert (charges(records)[0].credits, records[-1].event.credits) == (None, "0")


async def test_a_model_without_a_price_takes_no_credits_unasked(world, monkeypatch):
    monkeypatch.setattr(FixedPricer, "worst_case", lambda *_: None)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    [error] = errors(records)
    assert "no credits can hold it" in error.message
    assert world.sent == []


async def test_a_budget_and_the_ledger_are_held_in_one_step_or_not_at_all(tmp_path):
    world = World(tmp_path, granted=10**9, day=500)
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
    assert records[-1].event.stop == "budget"
    assert (world.book.held, world.book.left) == (0, 10**9)


async def test_a_summary_takes_credits_too(world):
    async with world.manager() as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
        await manager.call(Compact(session=session))
        async with asyncio.timeout(10):
            async for batch in manager.follow(session, records[-1].seq):
                if "compacted" in kinds(batch):
                    break
    assert len(world.billed) == 2
    assert world.book.spent == world.owed_by_us
