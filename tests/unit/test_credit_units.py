from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.billing.credit_units import Purse, credits_sum, in_credits, rate_of
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded
from tui.money import nano_credits

RATES = st.decimals("0.000001", "1000", allow_nan=False, places=6)
AMOUNTS = st.integers(0, 10**14)


def charge(nano, payer="credits"):
    return ChargeRecorded(
        request=RequestId("r"), payer=payer, nano=nano, lines=(), priced_by="", sureness="priced"
    )


@given(rate=RATES, held=AMOUNTS, nano=AMOUNTS)
def test_a_charge_within_its_worst_case_is_never_above_what_is_held(rate, held, nano):
    credits = nano_credits(in_credits(charge(min(nano, held)), rate).credits)
    assert credits is None or credits <= Purse(service="s", rate=rate).held(held)


@given(rate=RATES, left=AMOUNTS)
def test_what_is_left_pays_for_what_it_is_worth_and_for_no_more(rate, left):
    purse = Purse(service="s", rate=rate)
    assert purse.held(purse.worth(left)) <= left
    assert purse.held(purse.worth(left) + 1) > left


def test_a_half_goes_to_the_even_side():
    halves = [in_credits(charge(nano), Decimal(2)).credits for nano in (1, 3, 5)]
    assert halves == ["0.000000000", "0.000000002", "0.000000002"]


@pytest.mark.parametrize(
    ("one", "rate"),
    [(charge(None), Decimal(1)), (charge(5), None), (charge(5, "own_key"), Decimal(1)),
     (charge(10**18), Decimal("1e-9"))],
)  # fmt: skip
def test_what_is_not_known_in_credits_is_left_out(one, rate):
    assert in_credits(one, rate).credits is None


def test_a_sum_of_which_a_part_is_not_known_is_not_known():
    known = in_credits(charge(5), Decimal(1))
    assert credits_sum([known, known, charge(7, "own_key")]) == "0.000000010"
    assert credits_sum([known, charge(None)]) is None
    assert credits_sum([charge(7, "own_key")]) == "0"


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "x"])
def test_what_is_no_rate_is_none(text):
    assert rate_of(text) is None
