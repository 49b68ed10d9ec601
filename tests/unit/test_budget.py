from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tui.billing.budget import (
    LEAST_TOKENS,
    Limit,
    Limits,
    Room,
    Worst,
    ceiling,
    limits_for,
    raised_to,
    tightest,
)

AMOUNT = st.integers(0, 10**12)
CENT = Decimal("0.00001")


def scopes(limits, **more):
    fields = {"connection": "k_1", "label": "work", "folder": "/src/shop/app", **more}
    return [(one.scope, one.nano) for one in limits_for(limits, **fields)]


def worst(prompt=0, token=CENT):
    return Worst(prompt_usd=Decimal(prompt) / 10**9, token_usd=token)


def test_without_limits_there_is_no_wall():
    assert not Limits().any
    assert scopes(Limits()) == []
    assert tightest([]) is None


def test_the_tightest_limit_counts():
    rooms = [
        Room(limit=Limit(scope="session", nano=100), used=5),
        Room(limit=Limit(scope="day", nano=100), used=90),
    ]
    assert tightest(rooms).limit.scope == "day"


def test_a_key_is_known_by_its_label_or_its_id_and_no_other_counts():
    limits = Limits(keys={"work": 5, "home": 6})
    assert limits.any
    assert scopes(limits) == [("key", 5)]
    assert scopes(limits, label="", connection="home") == [("key", 6)]
    assert scopes(limits, label="third") == []


def test_a_folder_counts_for_what_lies_in_it_and_not_for_its_neighbour():
    limits = Limits(folders={"/src/shop": 5, "/src/sho": 6, "/": 7})
    assert scopes(limits) == [("folder", 5), ("folder", 7)]


def test_a_turn_has_the_lower_of_the_setting_and_the_commands_word():
    assert scopes(Limits(turn=5), most=3) == [("turn", 3)]
    assert scopes(Limits(turn=5), most=9) == [("turn", 5)]
    assert scopes(Limits(), most=9) == [("turn", 9)]


def test_tokens_are_lowered_to_fit():
    assert worst().fits(20_000_000, 16_000) == 2_000


def test_too_few_tokens_are_none():
    assert worst().fits(9_000_000, 16_000) == 0


def test_a_prompt_beyond_the_room_is_not_sent():
    assert worst(prompt=11, token=Decimal(0)).fits(10, 16_000) == 0


def test_a_ceiling_holds_the_whole_of_it_or_does_not_pass():
    assert ceiling(500).nano(16_000) == 500
    assert ceiling(500).fits(500, 16_000) == 16_000
    assert ceiling(500).fits(499, 16_000) == 0


@given(AMOUNT, AMOUNT, st.decimals("1e-12", "1e-3", places=12), st.integers(1, 64_000))
def test_what_fits_never_costs_more_than_the_room(room, prompt, token, wanted):
    one = worst(prompt, token)
    fits = one.fits(room, wanted)
    assert 0 <= fits <= wanted
    if fits:
        assert one.nano(fits) <= room
        assert fits == wanted or fits >= LEAST_TOKENS


@given(st.integers(0, 10**13), AMOUNT, AMOUNT)
def test_a_raised_budget_is_round_and_has_room_for_the_request(limit, used, needs):
    room = Room(limit=Limit(scope="day", nano=limit), used=used)
    raised = raised_to(room, needs)
    assert raised >= limit
    assert raised - used >= needs
    assert len(str(raised).rstrip("0")) <= 3
