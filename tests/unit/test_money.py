from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.money import (
    credits_string,
    nano_credits,
    parse_usd,
    show_credits,
    show_usd,
    to_nano,
    usd_string,
)


@given(st.integers(-(10**15), 10**15))
def test_a_printed_amount_reads_back(nano):
    assert parse_usd(usd_string(nano)) == nano


@given(st.integers(1, 10**15))
def test_nothing_that_cost_money_reads_as_zero(nano):
    assert Decimal(show_usd(nano).removeprefix("$")) > 0


@pytest.mark.parametrize(
    ("nano", "words"),
    [(None, "?"), (0, "$0"), (13_200_000, "$0.0132"), (12_345_000_000, "$12.34"),
     (21_000, "$0.000021"), (1, "$0.000000001")],
)  # fmt: skip
def test_amounts_for_people(nano, words):
    assert show_usd(nano) == words


def test_an_estimate_is_marked():
    assert show_usd(13_200_000, sure=False) == "~$0.0132"


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1e"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="dollars"):
        parse_usd(text)


def test_rounding_is_half_even():
    assert [to_nano(Decimal(f"{n}.5") / 10**9) for n in (0, 1, 2)] == [0, 2, 2]


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (0, "0 credits"),
        (10**9, "1 credit"),
        (1_204 * 10**9, "1 204 credits"),
        (18_520_000_000, "18.52 credits"),
        (18_523_400_000, "≈ 18.52 credits"),
        (1_204_600_000_000, "≈ 1 205 credits"),
        (2_000, "0.000002 credits"),
        (333_333, "≈ 0.00033 credits"),
        (1, "0.000000001 credits"),
        (-5 * 10**9, "-5 credits"),
    ],
)
def test_credits_are_shown_short_and_say_where_digits_are_left_out(nano, shown):
    assert show_credits(nano) == shown


@pytest.mark.parametrize("nano", [0, 1, 10**9, 10**18, 123_456_789_012])
def test_credits_are_read_as_they_were_written(nano):
    assert nano_credits(credits_string(nano)) == nano


@pytest.mark.parametrize("text", [None, "", "x", "-1", "1e5", "٣", "1.0000000001", "\ud800"])
def test_what_is_no_amount_of_credits_is_not_known(text):
    assert nano_credits(text) is None
