from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tui.billing.budget import LEAST_TOKENS, Limits, Spent, least_room, tokens_that_fit

NOTHING = Spent(turn=0, session=0, day=0, month=0)
AMOUNT = st.integers(0, 10**12)


def test_without_limits_there_is_no_wall():
    assert least_room(Limits(), NOTHING) is None


def test_the_tightest_limit_counts():
    spent = Spent(turn=1, session=5, day=90, month=90)
    assert least_room(Limits(session=100, day=100), spent) == (10, "day")


def test_tokens_are_lowered_to_fit():
    assert tokens_that_fit(20_000_000, 0, Decimal("0.00001"), 16_000) == 2_000


def test_too_few_tokens_are_none():
    assert tokens_that_fit(9_000_000, 0, Decimal("0.00001"), 16_000) == 0


def test_a_prompt_beyond_the_room_is_not_sent():
    assert tokens_that_fit(10, 11, Decimal(0), 16_000) == 0


@given(AMOUNT, AMOUNT, st.decimals("1e-9", "1e-3", places=9), st.integers(1, 64_000))
def test_what_fits_never_costs_more_than_the_room(room, prompt, token, wanted):
    fits = tokens_that_fit(room, prompt, token, wanted)
    assert 0 <= fits <= wanted
    if fits:
        assert prompt + fits * token * 10**9 <= room
        assert fits == wanted or fits >= LEAST_TOKENS
