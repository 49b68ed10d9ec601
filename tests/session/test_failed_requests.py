from __future__ import annotations

import asyncio

import pytest

from tests.route_world import credits_of, own, serving
from tests.session.scripted import FixedPricer, PlacesRouter, make_manager
from tests.session.test_turns import kinds, open_session, says, until_done
from tui.billing.budget import Worst
from tui.errors import (
    KINDS,
    BadRequest,
    ContentFiltered,
    ContextTooLong,
    InvalidKey,
    NetworkFailed,
    NotFound,
    Overloaded,
    PermissionRefused,
    ProtocolBroken,
    QuotaExceeded,
    RateLimited,
    UsedUp,
)
from tui.events.base import utc_now
from tui.providers.base import (
    Opened,
    Stopped,
    TextDelta,
    ToolCallBlock,
    ToolCalled,
    UsageReported,
)
from tui.session.commands import (
    AnswerPayer,
    AnswerWayOut,
    ChooseModel,
    Interrupt,
    OpenSession,
    RetryNow,
    StartTurn,
)
from tui.session.ports import Consent
from tui.store.log import Store

MODEL = "openai/scripted"
OWN = own("k_work", "openai", models=(MODEL, "openai/small"))
OTHER = own("k_home", "openai", models=(MODEL,))
MAKER = own("k_g", "google", models=("google/best", "google/small"))
HOUSE = credits_of("house", "25", MODEL)


class World:
    """Places, a script by connection that fails as the test says, and what the person agreed to."""

    def __init__(self, *places, error=None, fails=("k_work",), usage=(10, 5), contexts=None):
        self.router = PlacesRouter(*(places or (OWN, OTHER, MAKER, HOUSE)), contexts=contexts)
        self.error = error or RateLimited("slow down", retry_after=3600, status=429)
        self.fails = set(fails)
        self.consent = Consent()
        self.rules = []
        self.usage = usage
        self.requests = []
        self.text_first = False

    async def script(self, request):
        self.requests.append(request)
        if self.router.opened[-1] in self.fails:
            if self.text_first:
                yield Opened(provider_request_id=None)
                yield TextDelta(text="half ")
            raise self.error
        async for part in says("ok", usage=self.usage)(request):
            yield part

    def keep(self, kind, nano):
        self.rules.append((kind, nano))

    def manager(self, folder, **ports):
        self.router.fallback = self.consent.fallback
        self.router.kinds = tuple(self.consent.always)
        return make_manager(
            folder, self.script, router=self.router, consent=lambda: self.consent,
            keep_fallback=self.keep, **ports,
        )  # fmt: skip


async def asked(manager, session, kind="way_out_asked", after=0):
    async with asyncio.timeout(10):
        async for batch in manager.follow(session, after):
            for record in batch:
                if kinds([record]) == [kind]:
                    return record.event
    raise AssertionError


def told(records, kind):
    return [r.event for r in records if kinds([r]) == [kind]]


def whats(question):
    return [(way.what, way.connection, way.model) for way in question.ways]


async def begin(manager, prompt="go", **start):
    session = (await open_session(manager)).session
    await manager.call(StartTurn(session=session, prompt=prompt, **start))
    return session


async def answer(manager, session, question, what, **more):
    place = next((n for n, way in enumerate(question.ways) if way.what == what), None)
    command = AnswerWayOut(session=session, call=question.call, way=place, **more)
    await manager.call(command)


async def finished(manager, session, turns=1):
    async with asyncio.timeout(10):
        return await until_done(manager, session, turns=turns)


async def test_a_rate_limit_offers_every_way_with_its_payer_and_price(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        await manager.call(Interrupt(session=session))
    assert whats(question) == [
        ("again", "k_work", MODEL), ("key", "k_home", MODEL), ("model", "k_g", "google/best"),
        ("credits", "house", MODEL),
    ]  # fmt: skip
    assert [way.payer for way in question.ways] == ["own_key", "own_key", "own_key", "credits"]
    assert all(way.nano for way in question.ways)
    assert (question.kind, question.label, question.until) == ("rate_limit", "k_work", None)
    assert question.resets is not None


@pytest.mark.parametrize(
    ("what", "route"),
    [
        ("key", (MODEL, "k_home", "own_key")),
        ("model", ("google/best", "k_g", "own_key")),
        ("credits", (MODEL, "house", "credits")),
    ],
)
async def test_the_same_turn_goes_on_by_the_way_that_was_picked(tmp_path, what, route):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await answer(manager, session, await asked(manager, session), what)
        records = await finished(manager, session)
    assert kinds(records).count("turn_started") == 1
    assert records[-1].event.stop == "end"
    last = told(records, "route")[-1]
    assert (last.model, last.connection, last.payer) == route
    assert (last.chosen, told(records, "route")[0].chosen) == ("person", "")
    assert told(records, "way_out_taken")[0].way.what == what


async def test_the_next_turn_goes_its_usual_way_and_no_payer_is_asked_about(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await answer(manager, session, await asked(manager, session), "credits")
        await finished(manager, session)
        world.fails.clear()
        await manager.call(StartTurn(session=session, prompt="and now"))
        records = await finished(manager, session, turns=2)
    assert [one.connection for one in told(records, "route")] == ["k_work", "house", "k_work"]
    assert "payer_asked" not in kinds(records)


async def test_a_wait_of_some_seconds_asks_with_a_countdown_and_goes_on_by_itself(tmp_path):
    world = World(error=RateLimited("slow down", retry_after=3, status=429))
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        world.fails.clear()
        records = await finished(manager, session)
    assert question.ways[0].what == "wait"
    assert 0 < (question.until - utc_now()).total_seconds() + 4 < 5
    assert (told(records, "way_out_taken")[0].by, told(records, "way_out_taken")[0].way.what) == (
        "time", "wait",
    )  # fmt: skip
    order = [k for k in kinds(records) if k in ("error", "retry", "way_out_asked", "retry_begun")]
    assert order == ["error", "retry", "way_out_asked", "retry_begun"]


async def test_retry_now_ends_the_countdown_on_the_same_route(tmp_path):
    world = World(error=Overloaded("busy", retry_after=50, status=529))
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await asked(manager, session)
        world.fails.clear()
        await manager.call(RetryNow(session=session))
        records = await finished(manager, session)
    assert [one.connection for one in told(records, "route")] == ["k_work", "k_work"]


async def test_another_model_from_the_picker_answers_the_question(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await asked(manager, session)
        await manager.call(ChooseModel(session=session, model="google/small"))
        records = await finished(manager, session)
    assert told(records, "route")[-1].model == "google/small"
    assert told(records, "way_out_taken")[0].way.model == "google/small"


async def test_stop_ends_the_turn_with_the_error_said_once(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        await manager.call(AnswerWayOut(session=session, call=question.call, way=None))
        records = await finished(manager, session)
    assert [one.kind for one in told(records, "error")] == ["rate_limit"]
    assert (records[-1].event.stop, told(records, "way_out_taken")[0].way) == ("error", None)


async def test_a_foreign_or_impossible_answer_changes_nothing(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        for call, way in (("way_other", 0), (question.call, 99), (question.call, -1)):
            await manager.call(AnswerWayOut(session=session, call=call, way=way))
        await asyncio.sleep(0.1)
        assert "way_out_taken" not in kinds(manager._store.read(session))
        await answer(manager, session, question, "key")
        records = await finished(manager, session)
    assert records[-1].event.stop == "end"


async def test_without_a_person_nothing_is_asked_and_the_turn_ends_as_before(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        records = await finished(manager, session)
    assert "way_out_asked" not in kinds(records)
    assert records[-1].event.stop == "error"


async def test_the_limit_that_is_in_the_way_is_told(tmp_path):
    used = UsedUp("output_tokens", 80_000, 0, 41.0)
    world = World(error=RateLimited("slow", retry_after=100, status=429, used_up=used))
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        await manager.call(Interrupt(session=session))
    assert (question.limit.what, question.limit.limit, question.limit.remaining) == (
        "output_tokens", 80_000, 0,
    )  # fmt: skip


# The other kinds.


@pytest.mark.parametrize(
    ("error", "ways"),
    [
        (QuotaExceeded("no money"), ["again", "key", "model", "credits"]),
        (InvalidKey("refused"), ["new_key", "key", "model"]),
        (ContentFiltered("blocked"), ["edit", "model"]),
        (NetworkFailed("gone"), ["again", "model", "credits"]),
        (PermissionRefused("not allowed"), ["again", "key", "model"]),
        (NotFound("no such model"), ["model"]),
        (BadRequest("too odd"), ["model", "edit"]),
        (ProtocolBroken("garbage"), ["again", "model", "credits"]),
    ],
    ids=lambda one: getattr(one, "kind", ""),
)
async def test_each_kind_offers_its_own_ways(tmp_path, error, ways, monkeypatch):
    monkeypatch.setattr("tui.session.retry.TRIES", 1)
    world = World(error=error)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        await manager.call(Interrupt(session=session))
    assert [way.what for way in question.ways] == ways


EMPTY = credits_of("house", "0", MODEL, "auto")
"""The service that has nothing left."""


def topped_up(world):
    """What the person does elsewhere, and the console sees once it looks."""
    looked = []

    async def look(service):
        looked.append(service)
        world.router.places = (*world.router.places[:-1], credits_of("house", "25", MODEL, "auto"))

    return looked, look


async def test_without_credits_nothing_is_sent_and_the_ways_on_are_asked(tmp_path):
    world = World(MAKER, EMPTY)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        assert (question.kind, question.label, question.request) == ("out_of_credits", "house", "")
        assert whats(question) == [("again", "house", MODEL), ("model", "k_g", "google/best")]
        await answer(manager, session, question, "model")
        records = await finished(manager, session)
    assert kinds(records).count("turn_started") == 1
    assert [one.kind for one in told(records, "error")] == ["out_of_credits"]
    assert [(one.connection, one.payer) for one in told(records, "route")] == [("k_g", "own_key")]
    assert records[-1].event.stop == "end"


async def test_after_a_top_up_the_service_is_asked_and_the_same_turn_goes_on(tmp_path):
    world = World(MAKER, EMPTY)
    looked, look = topped_up(world)
    async with world.manager(tmp_path, look_at_credits=look) as manager:
        session = await begin(manager)
        await answer(manager, session, await asked(manager, session), "again")
        records = await finished(manager, session)
    assert looked == ["house"]
    assert [one.payer for one in told(records, "route")] == ["credits"]
    assert (kinds(records).count("turn_started"), records[-1].event.stop) == (1, "end")


async def test_while_there_are_still_none_it_is_asked_again(tmp_path):
    world = World(MAKER, EMPTY)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        first = await asked(manager, session)
        await answer(manager, session, first, "again")
        async with asyncio.timeout(10):
            while len(told(manager._store.read(session), "way_out_asked")) < 2:
                await asyncio.sleep(0.01)
        await manager.call(Interrupt(session=session))
        records = await finished(manager, session)
    assert told(records, "route") == []
    assert records[-1].event.stop == "interrupted"


async def test_without_credits_and_without_a_person_the_turn_ends_as_it_did(tmp_path):
    world = World(MAKER, EMPTY)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        records = await finished(manager, session)
    assert "way_out_asked" not in kinds(records)
    assert [one.kind for one in told(records, "error")] == ["out_of_credits"]


async def test_a_stop_for_want_of_credits_is_said_once(tmp_path):
    world = World(MAKER, EMPTY)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        await manager.call(AnswerWayOut(session=session, call=question.call, way=None))
        records = await finished(manager, session)
    assert [one.kind for one in told(records, "error")] == ["out_of_credits"]
    assert records[-1].event.stop == "error"


async def test_another_model_from_the_picker_goes_on_without_credits(tmp_path):
    world = World(MAKER, EMPTY)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await asked(manager, session)
        await manager.call(ChooseModel(session=session, model="google/small"))
        records = await finished(manager, session)
    assert [one.model for one in told(records, "route")] == ["google/small"]


async def test_after_a_key_was_replaced_the_same_turn_resumes(tmp_path):
    world = World(error=InvalidKey("refused", status=401))
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        world.fails.clear()
        await answer(manager, session, question, "new_key")
        records = await finished(manager, session)
    assert kinds(records).count("turn_started") == 1
    assert records[-1].event.stop == "end"


async def test_a_prompt_that_was_blocked_and_is_edited_ends_the_turn(tmp_path):
    world = World(error=ContentFiltered("blocked"))
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await answer(manager, session, await asked(manager, session), "edit")
        records = await finished(manager, session)
    assert records[-1].event.stop == "error"
    assert kinds(records).count("error") == 1


async def test_a_conversation_that_is_too_long_offers_a_summary_and_larger_models(tmp_path):
    contexts = {MODEL: 1_000, "openai/small": 500, "google/best": 9_000, "google/small": 5_000}
    world = World(OWN, MAKER, HOUSE, error=ContextTooLong("too long"), fails=(), contexts=contexts)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await finished(manager, session)
        world.fails.add("k_work")
        await manager.call(StartTurn(session=session, prompt="more"))
        question = await asked(manager, session)
        assert whats(question) == [
            ("compact", "k_work", MODEL), ("model", "k_g", "google/small"),
            ("model", "k_g", "google/best"),
        ]  # fmt: skip
        world.fails.clear()
        await answer(manager, session, question, "compact")
        records = await finished(manager, session, turns=2)
    assert "compacted" in kinds(records)
    assert records[-1].event.stop == "end"


# Credits, by the person's rules (promise 4).


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("asks", [True, False])
async def test_with_fallback_off_no_failure_of_an_own_key_takes_credits(
    tmp_path, kind, asks, monkeypatch
):
    monkeypatch.setattr("tui.session.retry.TRIES", 1)
    world = World(OWN, HOUSE, error=KINDS[kind]("it failed"))
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=asks)
        await asyncio.sleep(0.15)
        await manager.call(Interrupt(session=session))
        records = await finished(manager, session)
    assert {one.payer for one in told(records, "route")} == {"own_key"}
    assert "fallback" not in kinds(records)


async def test_with_fallback_on_credits_are_taken_once_and_said(tmp_path):
    world = World(OWN, HOUSE)
    world.consent = Consent(fallback=True)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        records = await finished(manager, session)
        await manager.call(StartTurn(session=session, prompt="again", asks=False))
        later = await finished(manager, session, turns=2)
    [taken] = told(records, "fallback")
    assert (taken.source, taken.target, taken.payer) == ("k_work", "house", "credits")
    assert (taken.model, taken.label) == (MODEL, "house")
    assert taken.nano
    assert records[-1].event.stop == "end"
    assert [one.connection for one in told(later, "route")] == ["k_work", "house"] * 2
    assert "payer_asked" not in kinds(later)


async def test_a_fallback_that_fails_too_ends_the_turn(tmp_path):
    world = World(OWN, HOUSE, fails=("k_work", "house"), error=QuotaExceeded("empty"))
    world.consent = Consent(fallback=True)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        records = await finished(manager, session)
    assert [one.connection for one in told(records, "route")] == ["k_work", "house"]
    assert records[-1].event.stop == "error"


@pytest.mark.parametrize("kind", ["invalid_key", "permission", "bad_request", "not_found"])
async def test_kinds_that_halt_never_fall_back(tmp_path, kind):
    world = World(OWN, HOUSE, error=KINDS[kind]("it failed"))
    world.consent = Consent(fallback=True)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        records = await finished(manager, session)
    assert [one.payer for one in told(records, "route")] == ["own_key"]


async def test_above_the_limit_a_fallback_asks_again_and_without_a_person_halts(tmp_path):
    world = World(OWN, HOUSE)
    world.consent = Consent(fallback=True, limit_nano=1_000)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        assert (question.allowed_nano, question.most_nano > 1_000) == (1_000, True)
        await answer(manager, session, question, "credits")
        records = await finished(manager, session)
        assert told(records, "route")[-1].payer == "credits"
        assert "fallback" not in kinds(records)
        alone = await begin(manager, asks=False)
        records = await finished(manager, alone)
    assert {one.payer for one in told(records, "route")} == {"own_key"}
    assert "credits.fallback_limit_usd" in told(records, "error")[-1].hint


async def test_a_fallback_request_is_shortened_to_cost_no_more_than_the_limit(tmp_path):
    world = World(OWN, HOUSE)
    world.consent = Consent(fallback=True, limit_nano=9_000)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        await finished(manager, session)
    assert 1_000 <= world.requests[-1].max_tokens < 9_000


@pytest.mark.parametrize("times", [1_000, None])
async def test_a_price_that_rises_after_it_was_agreed_on_sends_no_fallback(
    tmp_path, times, monkeypatch
):
    """As at midnight: dearer by so many times, or not known any more."""
    world, costs = World(OWN, HOUSE), FixedPricer.worst_case
    world.consent = Consent(fallback=True, limit_nano=20_000)
    asked_of_credits = []

    def rises(self, decision, tokens, at):
        found = costs(self, decision, tokens, at)
        if decision.payer != "credits":
            return found
        asked_of_credits.append(decision)
        if len(asked_of_credits) == 1:
            return found
        return times and Worst(prompt_usd=found.prompt_usd * times, token_usd=found.token_usd)

    monkeypatch.setattr(FixedPricer, "worst_case", rises)
    async with world.manager(tmp_path) as manager:
        records = await finished(manager, await begin(manager, asks=False))
    assert [one.payer for one in told(records, "route")] == ["own_key"]
    assert records[-1].event.stop == "budget"
    assert "credits.fallback_limit_usd" in told(records, "error")[-1].hint
    assert world.router.opened == ["k_work"]


async def test_the_limit_is_a_turns_and_counts_what_earlier_fallbacks_cost(tmp_path):
    world = World(OWN, HOUSE, usage=(4_500, 4_500))

    async def script(request):
        world.requests.append(request)
        if world.router.opened[-1] == "k_work":
            raise world.error
        yield Opened(provider_request_id=None)
        yield ToolCalled(call=ToolCallBlock(id=f"c{len(world.requests)}", name="read", args={}))
        yield UsageReported(raw={"in": 4_500, "out": 4_500}, context={})
        yield Stopped(stop="tool", said="tool_calls")

    world.script = script
    world.consent = Consent(fallback=True, limit_nano=10_000)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        records = await finished(manager, session)
    assert [one.payer for one in told(records, "route")].count("credits") == 1
    assert records[-1].event.stop == "error"


async def test_always_makes_a_rule_and_a_rule_takes_credits_after_that_kind_alone(tmp_path):
    world = World(OWN, HOUSE)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        question = await asked(manager, session)
        assert question.always_nano == Consent().limit_nano
        await answer(manager, session, question, "credits", always=True)
        await finished(manager, session)
    assert world.rules == [("rate_limit", Consent().limit_nano)]
    world.consent = Consent(always={"rate_limit": 500_000_000})
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        assert told(await finished(manager, session), "fallback")
        world.error = QuotaExceeded("empty")
        session = await begin(manager, asks=False)
        assert not told(await finished(manager, session), "fallback")


@pytest.mark.parametrize(("setting", "flag", "falls"), [(False, True, True), (True, False, False)])
async def test_one_run_can_say_otherwise_than_the_setting(tmp_path, setting, flag, falls):
    world = World(OWN, HOUSE)
    world.consent = Consent(fallback=setting, always={"rate_limit": 10**9} if setting else {})
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False, fallback=flag)
        records = await finished(manager, session)
    assert bool(told(records, "fallback")) == falls


# The payer changes.


async def changed_payer(tmp_path, choice, *, ask=True, turns=2, **start):
    world = World(OWN, HOUSE, fails=())
    world.consent = Consent(ask_on_change=ask)
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await finished(manager, session)
        world.router.places = (HOUSE,)  # the key was taken away
        await manager.call(StartTurn(session=session, prompt="more", **start))
        if choice is not None:
            question = await asked(manager, session, "payer_asked")
            assert (question.before, question.payer) == ("own_key", "credits")
            assert question.nano
            assert len(world.requests) == 1
            command = AnswerPayer(session=session, call=question.call, choice=choice)
            await manager.call(command)
        await finished(manager, session, turns=2)
        for extra in range(turns - 2):
            world.router.places = (HOUSE,) if extra % 2 else (OWN,)
            await manager.call(StartTurn(session=session, prompt="more"))
            await finished(manager, session, turns=3 + extra)
        return manager._store.read(session)


async def test_a_payer_that_changes_is_asked_about_before_anything_is_sent(tmp_path):
    records = await changed_payer(tmp_path, "once")
    assert [one.payer for one in told(records, "route")] == ["own_key", "credits"]
    assert records[-1].event.stop == "end"


async def test_no_sends_nothing_and_ends_the_turn(tmp_path):
    records = await changed_payer(tmp_path, "stop")
    assert [one.payer for one in told(records, "route")] == ["own_key"]


async def test_yes_for_the_session_is_not_asked_again(tmp_path):
    records = await changed_payer(tmp_path, "session", turns=4)
    assert kinds(records).count("payer_asked") == 1
    assert [one.payer for one in told(records, "route")] == [
        "own_key", "credits", "own_key", "credits",
    ]  # fmt: skip


async def test_with_the_setting_off_or_nobody_there_the_rules_alone_decide(tmp_path):
    for folder, more in (("off", {"ask": False}), ("alone", {"asks": False})):
        (tmp_path / folder).mkdir()
        records = await changed_payer(tmp_path / folder, None, **more)
        assert "payer_asked" not in kinds(records)
        assert told(records, "route")[-1].payer == "credits"


async def test_a_model_that_the_person_has_just_picked_is_not_asked_about(tmp_path):
    gateway = serving("gw", "endpoint", "gw/glm")
    world = World(OWN, gateway, fails=())
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await finished(manager, session)
        await manager.call(ChooseModel(session=session, model="gw/glm"))
        await manager.call(StartTurn(session=session, prompt="more"))
        records = await finished(manager, session, turns=2)
    assert told(records, "route")[-1].payer == "endpoint"
    assert "payer_asked" not in kinds(records)


# What was paid for stays.


async def test_a_turn_that_was_paid_for_and_then_failed_keeps_its_text_and_its_receipt(tmp_path):
    world = World(OWN, fails=())

    async def script(request):
        yield Opened(provider_request_id=None)
        yield TextDelta(text="half an answer")
        yield UsageReported(raw={"in": 100, "out": 50}, context={})
        raise Overloaded("busy")

    world.script = script
    async with world.manager(tmp_path) as manager:
        session = await begin(manager, asks=False)
        await finished(manager, session)
    store = Store(tmp_path / "sessions.db")
    records = store.read(session)
    store.close()
    assert [one.delta for one in told(records, "text")] == ["half an answer"]
    assert [one.nano for one in told(records, "charge")] == [150]
    assert (records[-1].event.stop, records[-1].event.nano) == ("error", 150)


async def test_a_question_that_a_dead_engine_left_is_ended_by_the_next(tmp_path):
    world = World()
    async with world.manager(tmp_path) as manager:
        session = await begin(manager)
        await asked(manager, session)
        copy = tmp_path / "killed"
        copy.mkdir()
        manager._store._db.execute("VACUUM INTO ?", (str(copy / "sessions.db"),))
        await manager.call(Interrupt(session=session))
    async with world.manager(copy) as manager:
        opened = await manager.call(OpenSession(session=session, cwd="/"))
        records = manager._store.read(opened.session)
        state = manager._actors[session].state
        assert (records[-1].event.stop, state.way_out, state.working) == (
            "interrupted",
            None,
            False,
        )
        world.fails.clear()
        await manager.call(StartTurn(session=session, prompt=""))
        records = await finished(manager, session, turns=2)
    assert records[-1].event.stop == "end"
