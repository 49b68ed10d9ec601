from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from tests.session.scripted import make_manager
from tests.session.test_turns import kinds, open_session, says, until_done
from tui.billing.budget import Limits
from tui.cli.budgets import budget_objects
from tui.errors import Overloaded, RateLimited
from tui.events.base import RequestId
from tui.providers.base import Opened, Stopped, TextDelta, UsageReported
from tui.session.commands import (
    AnswerBudget,
    ChooseModel,
    Interrupt,
    ListBudgets,
    OpenSession,
    RetryNow,
    StartTurn,
)
from tui.store.check import check_store
from tui.store.log import Store

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


async def asked(manager, session, kind="budget_reached"):
    """The question, once it stands in the log."""
    async with asyncio.timeout(10):
        async for batch in manager.follow(session, 0):
            for record in batch:
                if kinds([record]) == [kind]:
                    return record.event
    raise AssertionError


async def answer(manager, session, question, choice, **more):
    command = AnswerBudget(session=session, call=question.call, choice=choice, **more)
    await manager.call(command)


class World:
    """One script, budgets that can be changed, and what was sent."""

    def __init__(self, **limits):
        self.limits = Limits(**limits)
        self.sent = []
        self.now = NOON
        self.kept = []

    async def script(self, request):
        self.sent.append(request)
        yield Opened(provider_request_id=None)
        yield TextDelta(text="yes")
        yield UsageReported(raw={"in": 500, "out": request.max_tokens}, context={})
        yield Stopped(stop="end", said="stop")

    def manager(self, folder, script=None, notices=None):
        return make_manager(
            folder, script or self.script, clock=lambda: self.now,
            limits=lambda: self.limits, notices=notices,
        )  # fmt: skip


async def run(manager, session, prompt="go", after=0, **start):
    await manager.call(StartTurn(session=session, prompt=prompt, **start))
    async with asyncio.timeout(10):
        return await until_done(manager, session, after)


async def test_a_full_budget_asks_and_the_same_turn_goes_on_once_it_is_raised(tmp_path):
    world = World(day=3_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        question = await asked(manager, session)
        assert (question.scope, question.limit_nano, world.sent) == ("day", 3_000, [])
        await answer(manager, session, question, "span", nano=100_000)
        records = await until_done(manager, session)
    assert kinds(records).count("turn_started") == 1
    assert records[-1].event.stop == "end"
    assert len(world.sent) == 1


async def test_a_limit_raised_for_today_holds_for_others_and_not_tomorrow(tmp_path):
    world = World(day=3_000)
    async with world.manager(tmp_path) as manager, world.manager(tmp_path) as other:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        await answer(manager, session, await asked(manager, session), "span", nano=100_000)
        await until_done(manager, session)
        second = (await open_session(other)).session
        assert (await run(other, second, asks=False))[-1].event.stop == "end"
        world.now += dt.timedelta(days=1)
        third = (await open_session(other)).session
        assert (await run(other, third, asks=False))[-1].event.stop == "budget"


async def test_stop_ends_the_turn_with_budget_and_sends_nothing(tmp_path):
    world = World(turn=3_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        await answer(manager, session, await asked(manager, session), "stop")
        records = await until_done(manager, session)
    assert (records[-1].event.stop, world.sent) == ("budget", [])
    assert [r.event.kind for r in records if kinds([r]) == ["error"]] == ["budget"]


async def test_once_lets_one_request_through_and_the_next_one_asks_again(tmp_path):
    world = World(session=3_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        await answer(manager, session, await asked(manager, session), "once")
        records = await until_done(manager, session)
        assert records[-1].event.stop == "end"
        after = records[-1].seq
        assert (await run(manager, session, after=after, asks=False))[-1].event.stop == "budget"


async def test_settings_that_change_while_it_waits_let_the_turn_go_on(tmp_path):
    world = World(month=3_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        await asked(manager, session)
        world.limits = Limits(month=90_000)
        async with asyncio.timeout(5):
            records = await until_done(manager, session)
    assert records[-1].event.stop == "end"


async def test_another_model_picked_while_it_waits_is_asked_and_held_anew(tmp_path):
    world = World(day=3_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        await asked(manager, session)
        world.limits = Limits(day=90_000)
        await manager.call(ChooseModel(session=session, model="openai/other"))
        records = await until_done(manager, session)
    assert records[-1].event.stop == "end"
    assert world.sent[0].model == "other"
    [said] = [r.event for r in records if kinds([r]) == ["budget_answered"]]
    assert (said.choice, said.model) == ("model", "openai/other")


async def test_an_interrupt_ends_the_question_and_holds_nothing(tmp_path):
    world = World(day=3_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        await asked(manager, session)
        await manager.call(Interrupt(session=session))
        records = await until_done(manager, session)
        budgets = await manager.call(ListBudgets(session=session))
    assert records[-1].event.stop == "interrupted"
    assert [(one.scope, one.used) for one in budgets.budgets] == [("day", 0)]


async def test_of_two_sessions_at_once_only_as_many_pass_as_the_budget_holds(tmp_path):
    world = World(day=20_000)
    gate = asyncio.Event()

    async def slow(request):
        world.sent.append(request)
        await gate.wait()
        yield TextDelta(text="x")
        yield UsageReported(raw={"in": 500, "out": 10}, context={})
        yield Stopped(stop="end", said="stop")

    async with world.manager(tmp_path, slow) as one, world.manager(tmp_path, slow) as two:
        first = (await open_session(one)).session
        second = (await open_session(two)).session
        await one.call(StartTurn(session=first, prompt="go"))
        while not world.sent:
            await asyncio.sleep(0.01)
        refused = await run(two, second, asks=False)
        gate.set()
        await until_done(one, first)
        after = refused[-1].seq
        passed = await run(two, second, after=after, asks=False)
    assert refused[-1].event.stop == "budget"
    assert passed[-1].event.stop == "end"  # what was held and not spent is free again
    assert len(world.sent) == 2


async def test_a_retry_is_held_like_a_first_try_and_a_refused_try_costs_nothing(tmp_path):
    world, tries = World(session=30_000), []

    async def flaky(request):
        tries.append(request)
        if len(tries) < 3:
            raise Overloaded("busy", status=529)
        yield TextDelta(text="x")
        yield UsageReported(raw={"in": 500, "out": 10}, context={})
        yield Stopped(stop="end", said="stop")

    async with world.manager(tmp_path, flaky) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go", asks=False))
        for _ in range(2):
            await asyncio.sleep(0.1)
            await manager.call(RetryNow(session=session))
        records = await until_done(manager, session)
        budgets = await manager.call(ListBudgets(session=session))
    assert records[-1].event.stop == "end"
    assert [one.used for one in budgets.budgets] == [510]


async def test_a_request_of_unknown_cost_counts_with_the_most_it_can_have_cost(tmp_path):
    world = World(day=20_000)
    async with world.manager(tmp_path, says("x", usage=None)) as manager:
        session = (await open_session(manager)).session
        await run(manager, session, max_tokens=1_000)
        [row] = (await manager.call(ListBudgets(session=session))).budgets
    assert row.used == row.unknown > 1_000
    assert check_store(tmp_path / "sessions.db").problems == ()


async def test_a_warning_is_said_once_a_day_at_four_fifths(tmp_path):
    world = World(day=30_000)

    async def dear(request):
        yield TextDelta(text="x")
        yield UsageReported(raw={"in": 0, "out": 12_500}, context={})
        yield Stopped(stop="end", said="stop")

    async with world.manager(tmp_path, dear) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session, max_tokens=1_000)
        assert "budget_neared" not in kinds(records)
        after, found = records[-1].seq, []
        for _ in range(2):
            records = await run(manager, session, after=after, max_tokens=1_000, asks=False)
            after = records[-1].seq
            found += [r.event for r in records if kinds([r]) == ["budget_neared"]]
    assert [(one.scope, one.used_nano) for one in found] == [("day", 25_000)]


async def test_the_day_begins_anew_at_midnight_utc_and_the_month_does_not(tmp_path):
    world = World(day=12_000, month=90_000)
    world.now = dt.datetime(2026, 11, 29, 23, 59, 59, tzinfo=dt.UTC)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session, asks=False)
        full = await run(manager, session, after=records[-1].seq, asks=False)
        assert full[-1].event.stop == "budget"
        world.now += dt.timedelta(seconds=2)
        again = await run(manager, session, after=full[-1].seq, asks=False)
        rows = (await manager.call(ListBudgets(session=session))).budgets
        everywhere = (await manager.call(ListBudgets())).budgets
    assert everywhere == rows
    [told] = [one for one in budget_objects(rows) if one["scope"] == "day"]
    assert told["limit_usd"] == "0.000012000"
    assert told["resets"] == "2026-12-01T00:00:00.000000Z"
    assert again[-1].event.stop == "end"
    used = {row.scope: row.used for row in rows}
    assert used["month"] > used["day"] > 0
    assert {row.scope: row.resets for row in rows} == {
        "day": dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
        "month": dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
    }


async def test_a_request_that_is_open_over_midnight_counts_on_the_new_day(tmp_path):
    world, gate = World(day=20_000), asyncio.Event()
    world.now = dt.datetime(2026, 11, 29, 23, 59, 59, tzinfo=dt.UTC)

    async def slow(request):
        yield TextDelta(text="x")
        await gate.wait()
        yield UsageReported(raw={"in": 500, "out": request.max_tokens}, context={})
        yield Stopped(stop="end", said="stop")

    async with world.manager(tmp_path, slow) as one, world.manager(tmp_path, slow) as two:
        first = (await open_session(one)).session
        await one.call(StartTurn(session=first, prompt="go"))
        async for batch in one.follow(first, 0):
            if "text" in kinds(batch):
                break
        world.now += dt.timedelta(seconds=2)
        second = (await open_session(two)).session
        refused = await run(two, second, asks=False)
        gate.set()
        await until_done(one, first)
    assert refused[-1].event.stop == "budget"


@pytest.mark.parametrize("later_counts", [True, False])
async def test_a_clock_set_back_over_midnight_takes_nothing_out_of_the_day(
    tmp_path, later_counts, monkeypatch
):
    if not later_counts:  # the mutant: a charge counts by the clock at its end alone
        monkeypatch.setattr("tui.store.holds._LATER_KNOWN", "SELECT :at, :session, :seq, :request")
    world, sent = World(day=20_000), []
    first_day = dt.datetime(2026, 11, 29, 23, 59, 30, tzinfo=dt.UTC)
    world.now = first_day + dt.timedelta(minutes=1)

    async def back(request):
        sent.append(request.max_tokens)
        yield TextDelta(text="x")
        world.now = first_day
        yield UsageReported(raw={"in": 500, "out": request.max_tokens}, context={})
        yield Stopped(stop="end", said="stop")

    async def spend(session, after):
        world.now = first_day + dt.timedelta(minutes=1)
        return await run(manager, session, asks=False, after=after)

    async with world.manager(tmp_path, back) as manager:
        session = (await open_session(manager)).session
        first = await spend(session, 0)
        again = await spend(session, first[-1].seq)
    assert first[-1].event.stop == "end"
    assert sent[0] == 16_000
    assert (sum(sent) + 500 * len(sent) <= 20_000) is later_counts
    assert again[-1].event.stop == ("budget" if later_counts and len(sent) == 1 else "end")


async def test_a_yes_to_yesterdays_question_raises_nothing_of_today(tmp_path):
    world = World(day=17_000)
    world.now = dt.datetime(2026, 11, 29, 23, 59, 59, tzinfo=dt.UTC)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session, asks=False)
        await manager.call(StartTurn(session=session, prompt="more"))
        question = await asked(manager, session)
        world.now += dt.timedelta(seconds=2)
        await answer(manager, session, question, "span", nano=50_000)
        async with asyncio.timeout(10):
            records = await until_done(manager, session, records[-1].seq)
        [row] = (await manager.call(ListBudgets())).budgets
    assert records[-1].event.stop == "end"
    assert row.limit == 17_000
    assert 0 < row.used <= 17_000


async def test_a_key_and_a_folder_have_budgets_of_their_own(tmp_path):
    world = World(keys={"work": 3_000})
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session, asks=False)
        assert records[-1].event.stop == "budget"
        world.limits = Limits(folders={str(tmp_path): 3_000})
        elsewhere = await run(manager, session, after=records[-1].seq, asks=False)
        assert elsewhere[-1].event.stop == "end"
        inside = (await open_session(manager, tmp_path / "app")).session
        assert (await run(manager, inside, asks=False))[-1].event.stop == "budget"


async def test_what_one_key_spent_counts_for_that_key_alone(tmp_path):
    world = World(keys={"work": 100_000, "home": 100_000})
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await run(manager, session)
        [row] = (await manager.call(ListBudgets(session=session))).budgets
    assert (row.scope, row.subject) == ("key", "work")
    assert row.used > 0


async def test_a_turns_own_cap_stops_it_where_nobody_is_asked(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session, asks=False, max_nano=3_000)
    assert records[-1].event.stop == "budget"
    [error] = [r.event for r in records if kinds([r]) == ["error"]]
    assert "--max-usd" in error.hint


async def test_a_model_without_a_price_is_asked_for_a_ceiling_once(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.session.scripted.FixedPricer.worst_case", lambda *_: None)
    world = World(day=1_000_000)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        question = await asked(manager, session, "ceiling_asked")
        ceiling = {"nano": 400_000, "model": question.model}
        await answer(manager, session, question, "ceiling", **ceiling)
        records = await until_done(manager, session)
        again = await run(manager, session, after=records[-1].seq)
        assert "ceiling_asked" not in kinds(again)
        other = (await open_session(manager)).session
        refused = await run(manager, other, asks=False)
    assert again[-1].event.stop == "end"
    assert refused[-1].event.stop == "budget"


@pytest.mark.parametrize("sent", [True, False])
async def test_what_a_dead_program_held_counts_only_if_it_was_sent(tmp_path, sent):
    world, gate = World(day=100_000), asyncio.Event()

    async def hangs(request):
        await gate.wait()
        yield Stopped(stop="end", said="stop")

    async with world.manager(tmp_path, hangs) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        async for batch in manager.follow(session, 0):
            if "route" in kinds(batch):
                break
        copy = tmp_path / "killed"
        copy.mkdir()
        manager._store._db.execute("VACUUM INTO ?", (str(copy / "sessions.db"),))
        await manager.call(Interrupt(session=session))
    if not sent:
        store = Store(copy / "sessions.db")
        store._db.execute("UPDATE holds SET sent = 0")
        store.close()
    async with world.manager(copy) as manager:  # another session judges first
        other = (await open_session(manager)).session
        await run(manager, other)
        [row] = (await manager.call(ListBudgets(session=other))).budgets
        assert bool(row.unknown) == sent
        opened = await manager.call(OpenSession(session=session, cwd="/"))
        after = (await manager.call(ListBudgets(session=other))).budgets[0]
        records = manager._store.read(opened.session)
    assert after == row
    assert ("charge" in kinds(records)) == sent
    assert kinds(records)[-1] == "done"
    assert check_store(copy / "sessions.db").problems == ()


async def test_a_summary_is_held_too_and_a_full_budget_says_so(tmp_path):
    from tui.session.commands import Compact

    world = World(session=17_500)
    async with world.manager(tmp_path) as manager:
        session = (await open_session(manager)).session
        records = await run(manager, session)
        await manager.call(Compact(session=session))
        async with asyncio.timeout(5):
            async for batch in manager.follow(session, records[-1].seq):
                errors = [r.event for r in batch if kinds([r]) == ["error"]]
                if errors:
                    break
    assert errors[0].kind == "budget"
    assert len(world.sent) == 1


async def test_a_wait_that_the_provider_asks_for_holds_nothing(tmp_path):
    world = World(day=30_000)

    async def limited(request):
        raise RateLimited("slow down", status=429, retry_after=30)
        yield

    async with world.manager(tmp_path, limited) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="go"))
        async for batch in manager.follow(session, 0):
            if "retry" in kinds(batch):
                break
        [row] = (await manager.call(ListBudgets(session=session))).budgets
        await manager.call(Interrupt(session=session))
    assert row.used == 0


def test_a_hold_of_no_session_is_nothing(tmp_path):
    store = Store(tmp_path / "sessions.db")
    store.holds.release(RequestId("r_none"), NOON)
    assert store.holds.open_elsewhere("s") == []
    store.close()
