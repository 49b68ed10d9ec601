from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tests.console_world import MINE, model_row
from tests.transcript_world import OPUS, START, Script
from tui.billing.forecast import Forecast, Habit, TokenPrices, cache_worth, forecast
from tui.console.sidebar.detail import (
    Draft,
    Talk,
    about_usd,
    next_turn,
    prices_at,
    talk_of,
    worth,
)
from tui.console.sidebar.switch import lost
from tui.events.session import HistoryCompacted, SessionForked, SessionRewound
from tui.session.projection import SessionState
from tui.session.replies import PriceStep
from tui.session.warmth import WarmCache

ONE = Habit(turns=1, requests=1, output=1_000)
OPUS_PRICES = TokenPrices(
    input=Decimal(5), output=Decimal(25), cache_read=Decimal("0.5"), cache_write=Decimal("6.25")
)
ROW = model_row(OPUS, "Opus", ("5", "25", "0.5"), **MINE, label="work")
OTHER = model_row("google/x", "X", ("1", "2", "0.1"), **MINE, label="k")


def state_of(script: Script) -> SessionState:
    state = SessionState()
    for record in script.records:
        state.apply(record)
    return state


def warm(tokens: int = 40_000, **fields: str) -> WarmCache:
    facts = {"model": OPUS, "connection": "anthropic"} | fields
    return WarmCache(**facts, tokens=tokens, at=START)


def test_cold_writes_the_whole_prompt_and_pays_the_usual_answer():
    made = forecast(OPUS_PRICES, 40_000, ONE)
    assert made.cold == 40_000 * 6_250 + 1_000 * 25_000


def test_warm_reads_what_is_cached_and_writes_the_rest():
    made = forecast(OPUS_PRICES, 40_000, ONE, cached=30_000)
    assert made.warm == 30_000 * 500 + 10_000 * 6_250 + 1_000 * 25_000


def test_the_requests_behind_a_turns_first_read_the_cache():
    three = Habit(turns=2, requests=6, output=0)
    assert forecast(OPUS_PRICES, 10_000, three).cold == 10_000 * 6_250 + 2 * 10_000 * 500


def test_without_a_price_of_the_cache_every_request_pays_the_whole_prompt():
    plain = TokenPrices(input=Decimal(5), output=Decimal(0))
    two = Habit(turns=1, requests=2, output=0)
    assert forecast(plain, 1_000, two) == Forecast(cold=2 * 1_000 * 5_000)


def test_a_forecast_is_rounded_once_half_to_even():
    thirds = Habit(turns=3, requests=3, output=1)
    made = forecast(TokenPrices(input=Decimal(0), output=Decimal("0.0015")), 1, thirds)
    assert made.cold == 0  # half a nano-dollar


@pytest.mark.parametrize(
    ("prices", "context", "habit"),
    [
        (OPUS_PRICES, None, ONE),
        (OPUS_PRICES, 0, ONE),
        (OPUS_PRICES, 10, Habit()),
        (TokenPrices(output=Decimal(1)), 10, ONE),
        (TokenPrices(input=Decimal(1)), 10, ONE),
    ],
)
def test_a_forecast_from_the_unknown_is_unknown(prices, context, habit):
    assert forecast(prices, context, habit) == Forecast()


def test_a_cache_is_worth_what_writing_it_again_costs_more():
    assert cache_worth(OPUS_PRICES, 40_000) == 40_000 * 5_750


def test_a_cache_without_prices_is_worth_the_unknown_never_nothing():
    assert cache_worth(TokenPrices(input=Decimal(5)), 40_000) is None


def test_long_prompts_are_forecast_at_their_own_prices():
    step = PriceStep(above=200_000, input_usd="6", output_usd="22.5", cache_read_usd="0.6")
    row = model_row("anthropic/s", "S", ("3", "15", "0.3"), **MINE, steps=(step,))
    assert prices_at(row, 200_000).input == 3
    assert prices_at(row, 200_001).input == 6


def test_a_turns_requests_and_tokens_make_the_habit():
    script = Script().prompt("a")
    for output in (100, 300):
        script.route().finished().usage(output=output).charge()
    state = state_of(script.done())
    assert state.habit == Habit(turns=1, requests=2, output=400)


def test_a_turn_that_runs_makes_no_habit_yet():
    assert state_of(Script().prompt("a").route().usage()).habit == Habit()


def test_the_cache_is_what_the_last_request_read_and_wrote():
    state = state_of(Script().turn("a", "b"))
    assert state.cache is not None
    assert (state.cache.model, state.cache.tokens) == (OPUS, 38_900)


def test_a_request_that_tells_of_no_cache_leaves_none():
    script = Script().turn("a", "b").prompt("c").route().usage(cache_read=None)
    assert state_of(script).cache is None


@pytest.mark.parametrize("event", [HistoryCompacted(upto=3, summary="s"), SessionRewound(to=3)])
def test_a_prompt_that_begins_otherwise_has_no_cache(event):
    assert state_of(Script().turn("a", "b").add(event)).cache is None


def test_a_fork_begins_with_the_length_and_cache_of_what_it_copies():
    script = Script().turn("a", "b")
    before = talk_of(state_of(script))
    assert talk_of(state_of(script.add(SessionForked(source="s", seq=9)))) == before


def test_a_cache_is_cold_after_five_minutes():
    minute = dt.timedelta(minutes=1)
    assert warm().left(START + 2 * minute) == 3 * minute
    assert not warm().left(START + 6 * minute)


@pytest.mark.parametrize(
    ("cache", "minutes", "saves"),
    [
        (warm(), 1, 40_000 * 4_500),
        (warm(), 5, 0),
        (warm(connection="other key"), 1, 0),
        (warm(model="google/x"), 1, 0),
        (None, 1, 0),
    ],
)
def test_only_a_warm_cache_of_this_model_and_account_is_worth_something(cache, minutes, saves):
    talk = Talk(context=42_000, habit=ONE, cache=cache)
    assert worth(ROW, talk, START + dt.timedelta(minutes=minutes)) == saves


@pytest.mark.parametrize(
    ("most", "said"), [(179_999_999, 180_000_000), (180_000_000, None), (None, None)]
)
def test_a_switch_is_a_loss_only_above_what_the_person_said(most, said):
    talk = Talk(context=42_000, habit=ONE, cache=warm())
    assert lost(ROW, OTHER, talk, START, most) == said


def test_another_effort_of_the_same_model_loses_nothing():
    assert lost(ROW, ROW, Talk(context=42_000, habit=ONE, cache=warm()), START, 0) is None


def test_a_cache_of_no_known_price_stops_nobody():
    unpriced = model_row(OPUS, "Opus", None, **MINE, label="work")
    talk = Talk(context=42_000, habit=ONE, cache=warm())
    assert lost(unpriced, OTHER, talk, START, 0) is None


def test_another_models_warm_turn_has_all_of_it_in_its_cache():
    talk = Talk(context=10_000, habit=Habit(turns=1, requests=1, output=0), cache=warm())
    assert next_turn(OTHER, talk) == Forecast(warm=10_000 * 100, cold=10_000 * 1_000)


def test_what_is_being_written_is_paid_for_as_new():
    talk = Talk(context=10_000, by=OPUS, habit=ONE, cache=warm(10_000))
    more = Talk(
        context=10_000, by=OPUS, habit=ONE, cache=warm(10_000),
        draft=Draft(tokens=2_000, model=OPUS),
    )  # fmt: skip
    without, with_it = next_turn(ROW, talk), next_turn(ROW, more)
    written = prices_at(ROW, 0).written
    assert without.warm is not None
    assert with_it.warm == without.warm + 2_000 * int(written * 1_000)


def test_what_is_being_written_makes_no_forecast_of_the_unknown():
    assert next_turn(ROW, Talk(draft=Draft(tokens=50, model=OPUS))) == Forecast()
    assert Talk(draft=Draft(tokens=50, model=OPUS)).prompt(OPUS) is None


def test_what_is_being_written_is_set_right_by_what_the_provider_told_before():
    talk = Talk(context=1_000, by=OPUS, ratios={OPUS: 1.5}, draft=Draft(tokens=200, model=OPUS))
    assert talk.prompt(OPUS) == 1_000 + 300


def test_another_familys_model_has_the_conversation_in_tokens_of_its_own():
    talk = Talk(context=13_200, by=OPUS, draft=Draft(tokens=1_320, model=OPUS))
    assert talk.prompt(OPUS) == 13_200 + 1_320
    assert talk.prompt("google/gemini-3.5-flash") == 11_000


@pytest.mark.parametrize(
    ("nano", "words"),
    [(None, "?"), (99_999, "< $0.0001"), (100_000, "≈ $0.0001"), (0, "≈ $0")],
)
def test_a_forecast_is_marked_and_the_unknown_is_no_number(nano, words):
    assert about_usd(nano) == words
