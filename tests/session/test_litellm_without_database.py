"""A LiteLLM proxy that has no database: what is left is told beside its answers, or not at all."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.canary import leaks, made_up_key
from tests.fake_credits import FakeLiteLLM
from tests.fake_faults import closed_port
from tui.credits import asking
from tui.credits.asking import Asked, ask_left, ask_service, told_by, try_service
from tui.credits.records import CreditService
from tui.secret import Secret

KEY = made_up_key("sk-")
AT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


@pytest.fixture
def proxy() -> Iterator[FakeLiteLLM]:
    with FakeLiteLLM(keys={KEY}, bought="5", database=False) as fake:
        fake.spent = Decimal("1.25")
        yield fake


def service(url: str) -> CreditService:
    return CreditService(name="litellm", adapter="litellm", base_url=url, added_at=AT)


async def asked(fake: FakeLiteLLM, key: str = KEY) -> Asked:
    return await ask_service(service(fake.base_url), Secret(key), {})


async def test_what_is_left_is_read_from_the_head_of_an_answer_that_costs_nothing(proxy):
    said = await asked(proxy)
    assert (said.left.amount, said.left.limit, said.trouble) == (Decimal("3.75"), 5, "")
    assert told_by(service(proxy.base_url), said, AT).balance == Decimal("3.75")
    assert proxy.paid_for == 0
    assert [one.body["messages"] for one in proxy.seen if one.body] == [[]]


async def test_a_key_without_a_budget_has_no_limit(proxy):
    proxy.endless = True
    assert (await asked(proxy)).left.endless


async def test_the_test_of_a_new_service_learns_models_and_balance(proxy):
    trial, said = await try_service(service(proxy.base_url), Secret(KEY), {})
    assert (trial.state, len(trial.models)) == ("verified", 3)
    assert said.left.amount == Decimal("3.75")


async def test_a_key_whose_budget_is_spent_has_nothing_left_and_is_refused_as_quota(proxy):
    proxy.spent, proxy.refuses = proxy.bought, True
    trial, said = await try_service(service(proxy.base_url), Secret(KEY), {})
    assert (trial.state, trial.error_kind) == ("refused", "quota")
    assert trial.hint
    assert said.left.amount == 0


async def test_a_wrong_key_is_asked_once_and_tells_nothing(proxy):
    wrong = made_up_key("sk-")
    said = await asked(proxy, wrong)
    assert (said.left.amount, said.left.endless, said.trouble) == (
        None,
        False,
        "the key is not valid",
    )
    assert len(proxy.seen) == 1
    assert not leaks(repr(said), wrong)


async def test_a_database_is_asked_alone_where_there_is_one(proxy):
    proxy.database = True
    assert (await asked(proxy)).left.amount == Decimal("3.75")
    assert [one.method for one in proxy.seen] == ["GET"]


async def test_a_proxy_that_tells_nothing_at_all_is_not_told(proxy):
    proxy._heads = dict
    said = await asked(proxy)
    assert (said.left.amount, said.left.endless, said.trouble) == (None, False, "it answered 500")


async def test_nobody_there_is_said_once_and_in_time():
    began = time.monotonic()
    url = f"http://127.0.0.1:{closed_port()}/v1"
    said = await ask_service(service(url), Secret(KEY), {})
    assert said.left.amount is None
    assert said.trouble
    assert time.monotonic() - began < asking.LIMIT_S


async def test_an_endpoint_of_that_kind_tells_it_in_the_same_way(proxy):
    said = await ask_left("litellm", proxy.base_url, Secret(KEY), ("//key/info",), {})
    assert said.left.amount == Decimal("3.75")
