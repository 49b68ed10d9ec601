from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.money import parse_usd, show_usd, to_nano, usd_string


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
