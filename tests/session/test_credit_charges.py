"""What a request on credits costs, in dollars and in credits, by the service's own word."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tui.billing.credit_units import in_credits
from tui.catalog.prices import PriceBook
from tui.credits.records import CreditService, Told
from tui.endpoints.records import EndpointModel
from tui.events.base import RequestId
from tui.routing.policy import Route
from tui.runtime.credit_routes import decided
from tui.runtime.pricer import ListPricer
from tui.session.ports import Decision

AT = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}


def decision(adapter="openrouter", rate: str | None = "0.01", **model) -> Decision:
    service = CreditService(
        name=adapter, adapter=adapter, base_url="https://h.example/v1", usd_per_credit=rate,
        added_at=AT, told=Told(balance="5"),
    )  # fmt: skip
    offered = EndpointModel(id="somebody/new-model", **model)
    route = Route(connection=None, payer="credits", model=offered.id, why="")
    return decided(service, offered, offered.id, route)


def charged(where: Decision, usage, headers: dict[str, str] | None = None):
    context = {"headers": headers or {}}
    pricer = ListPricer(PriceBook())
    charge = pricer.receipt(RequestId("r"), where, usage, context, AT)[1]
    return in_credits(charge, where.rate)  # as a request records it


def test_the_stated_cost_is_the_charge_and_its_credits_are_exact():
    charge = charged(decision(), {**USAGE, "cost": 0.0132})
    assert (charge.nano, charge.sureness, charge.credits) == (13_200_000, "exact", "1.320000000")


def test_a_proxys_header_states_the_cost_in_dollars_alone():
    charge = charged(
        decision("litellm", None), USAGE, {"x-litellm-response-cost": "0.000123456789"}
    )
    assert (charge.nano, charge.sureness, charge.credits) == (123_457, "exact", None)


def test_a_proxys_streamed_reply_states_it_in_its_usage():
    # As LiteLLM 1.106.12 does; of a model without a price it has these headers alone.
    heads = {"x-litellm-response-cost-original": "0.0", "x-litellm-key-spend": "1.25"}
    stated = charged(decision("litellm", None), {**USAGE, "cost": 0.00031999999999999997}, heads)
    assert (stated.nano, stated.sureness) == (320_000, "exact")
    assert charged(decision("litellm", None), USAGE, heads).nano is None


def test_a_cost_that_is_not_stated_is_not_known_though_the_list_has_prices():
    where = decision(prices={"input": "5", "output": "25"})
    charge = charged(where, USAGE)
    assert (charge.nano, charge.sureness, charge.credits) == (None, "unknown", None)


def test_a_stated_cost_that_is_none_is_not_known():
    for cost in (float("nan"), -1, "free", 1e300):
        charge = charged(decision(), {**USAGE, "cost": cost})
        assert (charge.nano, charge.credits) == (None, None)


def test_what_a_request_can_take_is_bounded_by_the_services_own_list():
    where = decision(prices={"input": "5", "output": "25"})
    worst = ListPricer(PriceBook()).worst_case(where, 1_000_000, AT)
    assert worst is not None
    assert (worst.prompt_usd, worst.token_usd) == (Decimal(5), Decimal("0.000025"))
    assert ListPricer(PriceBook()).worst_case(decision(), 10, AT) is None
