"""The fee for running the agent: what counts as its time, and what that costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tui.billing.platform_fee import PlatformRate, platform_fee
from tui.events.base import RequestId
from tui.session.active_time import ActiveTime, PlatformMeter

ONE, TWO = RequestId("r_1"), RequestId("r_2")
RATE = PlatformRate(credits=Decimal("6.5"), usd_per_credit=Decimal("0.01"), by="house")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_only_time_in_which_something_works_counts(clock):
    active = ActiveTime(clock)
    clock.passes(50)
    with active.working():
        clock.passes(2)
    clock.passes(50)
    assert active.take() == 2
    assert active.take() == 0


def test_what_works_side_by_side_counts_once(clock):
    active = ActiveTime(clock)
    with active.working(), active.working():
        clock.passes(3)
    assert active.take() == 3


def test_waiting_for_the_person_does_not_count_and_what_was_before_and_after_does(clock):
    active = ActiveTime(clock)
    with active.working():
        clock.passes(1)
        with active.waiting():
            clock.passes(3_600)
        clock.passes(2)
    assert active.take() == 3


def test_work_that_is_cut_off_counts_up_to_there(clock):
    active = ActiveTime(clock)
    with pytest.raises(RuntimeError), active.working():
        clock.passes(4)
        raise RuntimeError
    clock.passes(4)
    assert active.take() == 4


def test_the_fee_is_exact_in_hours_credits_and_dollars():
    fee = platform_fee(ONE, 90.0, RATE)
    (line,) = fee.lines
    assert (fee.credits, fee.nano, fee.sureness) == ("0.162500000", 1_625_000, "priced")
    assert (line.what, line.quantity, line.unit_usd) == (
        "agent_hours",
        Decimal("0.025"),
        Decimal("0.065"),
    )
    assert line.usd == Decimal("0.001625")
    assert (fee.payer, fee.request, fee.priced_by) == (
        "platform_credits", ONE, "platform rate by house's word",
    )  # fmt: skip


def test_without_the_worth_of_a_credit_only_credits_are_known():
    fee = platform_fee(ONE, 3_600.0, PlatformRate(credits=Decimal(2)))
    assert (fee.credits, fee.nano, fee.sureness) == ("2.000000000", None, "unknown")
    assert fee.priced_by == "platform rate by the settings"


def test_at_an_unknown_rate_the_fee_is_unknown_and_not_nothing():
    fee = platform_fee(ONE, 3_600.0, PlatformRate())
    assert (fee.credits, fee.nano, fee.sureness) == (None, None, "unknown")
    assert fee.lines[0].quantity == 1


def spend(meter: PlatformMeter, clock: Clock, seconds: float) -> None:
    with meter.time.working():
        clock.passes(seconds)


def test_time_on_a_route_without_the_fee_is_free(clock):
    meter = PlatformMeter(ActiveTime(clock))
    meter.routed(ONE, None)
    spend(meter, clock, 5)
    meter.routed(TWO, RATE)
    spend(meter, clock, 36)
    (fee,) = meter.fees()
    assert (fee.request, fee.credits) == (TWO, "0.065000000")
    assert meter.fees() == []
    assert meter.charges == [fee]


def test_a_rate_that_changes_in_the_midst_makes_two_charges(clock):
    meter = PlatformMeter(ActiveTime(clock))
    dearer = PlatformRate(credits=Decimal(13), usd_per_credit=Decimal("0.01"), by="house")
    meter.routed(ONE, RATE)
    spend(meter, clock, 36)
    meter.routed(TWO, dearer)
    spend(meter, clock, 36)
    assert [fee.credits for fee in meter.fees()] == ["0.065000000", "0.130000000"]


@pytest.mark.parametrize("rate", ["1e10", "1e300", "-1"])
def test_a_rate_that_is_nonsense_is_unknown_and_ends_no_turn(rate):
    fee = platform_fee(ONE, 3_600.0, PlatformRate(credits=Decimal(rate)))
    assert (fee.credits, fee.nano, fee.sureness) == (None, None, "unknown")
    dear = PlatformRate(credits=Decimal(1), usd_per_credit=Decimal("1e300"))
    assert platform_fee(ONE, 3_600.0, dear).nano is None
