from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tui.console.status.facts import status_facts
from tui.console.status.meter import money
from tui.events.codec import Recorded
from tui.events.money import ChargeRecorded, LimitSeen, LimitsReported, UsageReported
from tui.events.route import RouteDecided
from tui.events.session import ModelChosen
from tui.events.stream import TextStreamed
from tui.events.tool import ApprovalAsked, ApprovalDecided, ToolCalled, ToolReturned
from tui.events.turn import (
    ErrorRaised,
    MessageQueued,
    MessageUnqueued,
    RetryBegun,
    RetryScheduled,
    TurnFinished,
    TurnStarted,
)
from tui.session.projection import SessionState

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def state(*events) -> SessionState:
    found = SessionState()
    for seq, event in enumerate(events, start=1):
        found.apply(Recorded(session="s", seq=seq, at=NOW, turn=1, event=event))
    return found


def route(payer: str = "own_key", estimate: int | None = 1_000) -> RouteDecided:
    price = None if estimate is None else Decimal("0.00001")
    return RouteDecided(
        request="r", model="anthropic/m", connection="k", payer=payer, why="w", host="h",
        label="work", estimate_nano=estimate, token_usd=price,
    )  # fmt: skip


def charge(nano: int | None) -> ChargeRecorded:
    sureness = "unknown" if nano is None else "priced"
    return ChargeRecorded(
        request="r", payer="own_key", nano=nano, lines=(), priced_by="x", sureness=sureness
    )


STREAMING = (
    TurnStarted(prompt="hi"), route(), TextStreamed(request="r", delta="x" * 400)
)  # fmt: skip


def shown(found: SessionState):
    return status_facts(
        found, None, now=NOW, today=None, day_budget=None, letters=True, following=False, flash=None
    )


def test_a_request_that_broke_off_uncharged_costs_nothing():
    for failed in (
        RetryScheduled(request="r", attempt=2, after=1.0, why="network"),
        ErrorRaised(kind="network", message="m", hint="h", request="r"),
    ):
        assert state(TurnStarted(prompt="hi"), route(), failed).live_nano == 0


def test_what_streams_costs_its_prompt_and_its_tokens_so_far():
    assert state(*STREAMING).live_nano == 1_000 + 100 * 10_000


def test_a_charge_takes_the_estimates_place():
    found = state(*STREAMING, charge(7))
    assert (found.live_nano, found.turn_nano, found.session_nano) == (0, 7, 7)


def test_a_running_estimate_is_marked():
    assert not shown(state(*STREAMING)).sure


def test_a_settled_turn_is_not_marked():
    assert shown(state(*STREAMING, charge(7), TurnFinished(stop="end"))).sure


def test_a_model_without_a_price_is_unknown_while_it_streams():
    events = (TurnStarted(prompt="hi"), route(estimate=None), TextStreamed(request="r", delta="x"))
    assert shown(state(*events)).turn_nano is None


def test_a_cost_that_nobody_told_is_unknown_and_never_zero():
    found = state(*STREAMING, charge(None), TurnFinished(stop="end"))
    assert money(shown(found).turn_nano, shown(found).turn_unknown).strip() == "?"


def test_what_is_known_of_a_session_does_not_pass_for_all_of_it():
    found = state(*STREAMING, charge(10_000_000), charge(None), TurnFinished(stop="end"))
    assert money(shown(found).session_nano, shown(found).session_unknown) == "$0.0100 + ?"


def test_a_local_model_costs_nothing_while_it_streams():
    events = (TurnStarted(prompt="hi"), route(payer="nobody"), STREAMING[2])
    assert state(*events).live_nano == 0


def test_a_new_turn_begins_at_zero_and_the_session_goes_on():
    found = state(*STREAMING, charge(7), TurnFinished(stop="end"), TurnStarted(prompt="more"))
    assert (found.turn_nano, found.session_nano) == (0, 7)


def test_a_wait_says_until_when():
    found = state(
        *STREAMING[:2], RetryScheduled(request="r", attempt=2, after=41, why="rate_limit")
    )
    assert found.waiting_until == NOW + dt.timedelta(seconds=41)


def test_a_wait_that_is_over_is_gone():
    retry = RetryScheduled(request="r", attempt=2, after=41, why="rate_limit")
    assert state(*STREAMING[:2], retry, RetryBegun(request="r")).waiting_until is None


def test_an_approval_stands_until_it_is_answered():
    asked = ApprovalAsked(call="c", name="read", what="/etc", why="outside")
    assert state(asked).approval == asked
    assert state(asked, ApprovalDecided(call="c", decision="deny", by="person")).approval is None


def test_open_calls_are_those_without_a_result():
    calls = [ToolCalled(request="r", id=one, name="read", args={}) for one in "ab"]
    found = state(*calls, ToolReturned(call="a", name="read", ok=True, output=""))
    assert found.open_calls == {"b": "read"}


def test_the_queue_is_what_was_not_taken_out():
    queued = [MessageQueued(message=one, text=one) for one in "ab"]
    assert list(state(*queued, MessageUnqueued(message="a")).queued) == ["b"]


def test_context_in_use_is_the_last_prompt_and_its_answer():
    usage = UsageReported(
        request="r", input=100, output=20, cache_read=None, cache_write=None, reasoning=None, raw={}
    )
    assert state(usage).context_tokens == 120


def test_a_tight_rate_limit_is_said():
    limits = (LimitSeen(what="output_tokens", limit=100, remaining=10, reset_s=5.0),)
    found = shown(state(LimitsReported(request="r", limits=limits)))
    assert found.limit == ("output tokens left", "10 of 100")


def test_the_last_chosen_model_counts():
    found = state(ModelChosen(model="a/x"), ModelChosen(model="b/y", effort="low"))
    assert (found.model, found.effort) == ("b/y", "low")
