"""Platform credits through real turns: who owes them, for what time, and where they are told."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.command import run_command
from tests.engine_world import QUICK, environ_of
from tests.fake_provider import FakeProvider
from tests.session.scripted import ScriptedRouter, make_manager
from tests.session.test_agent import until
from tests.session.test_turns import calls, of_kind, open_session, until_done
from tui.billing.platform_fee import PlatformRate
from tui.session.commands import AnswerPerson, StartTurn

A_SECOND = PlatformRate(credits=Decimal(3_600), usd_per_credit=Decimal("0.001"))
"""A credit for a second."""
WAITED_S = 1.5


class FeeRouter(ScriptedRouter):
    def decide(self, model, folder="", *, via=""):
        return replace(super().decide(model, folder, via=via), platform=A_SECOND)


async def test_the_time_that_the_person_takes_costs_nothing(tmp_path):
    async with make_manager(tmp_path, calls("ask", {}), router=FeeRouter()) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await until(manager, opened.session, "person_asked")
        await asyncio.sleep(WAITED_S)
        await manager.call(AnswerPerson(session=opened.session, call="c1", answer="b"))
        records = await until_done(manager, opened.session)
    fees = [one for one in of_kind(records, "charge") if one.payer == "platform_credits"]
    assert len(fees) == 1
    assert Decimal(0) < Decimal(fees[0].credits) < Decimal(str(WAITED_S))
    charged = sum(one.nano or 0 for one in of_kind(records, "charge"))
    assert (records[-1].event.nano, records[-1].event.credits) == (charged, fees[0].credits)


@pytest.fixture(scope="module")
def provider():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def ownkey(provider, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    provider.reset()
    provider.script([{"text": "done", "wait": 0.2}] * 3)

    def run(*words: str):
        said = run_command(*words, environ=environ_of(provider, home))
        assert said.returncode == 0, said.stderr
        return said.stdout

    return run


def charges(stdout: str) -> list[dict[str, object]]:
    told = [json.loads(line) for line in stdout.splitlines()]
    return [one for one in told if one["type"] == "charge"]


def platform(ownkey) -> dict[str, object]:
    return json.loads(ownkey("credits", "--json"))["platform"]


def test_a_person_alone_pays_no_fee(ownkey):
    said = charges(ownkey("run", "hello", "--model", QUICK, "--json"))
    assert [one["payer"] for one in said] == ["own_key"]
    assert platform(ownkey) == {"rate": None, "used": "0.000000000"}


def test_on_business_an_own_key_owes_the_fee_and_it_is_told_everywhere(ownkey):
    ownkey("settings", "set", "account.plan", "business")
    ownkey("settings", "set", "account.platform_rate", "3600")
    (own, fee) = charges(ownkey("run", "hello", "--model", QUICK, "--json"))
    assert (own["payer"], fee["payer"]) == ("own_key", "platform_credits")
    assert fee["usd"] is None  # nobody said what a credit is worth
    assert Decimal("0.2") < Decimal(str(fee["credits"])) < 20
    assert platform(ownkey) == {"rate": "3600", "used": fee["credits"]}
    assert "platform credits" in ownkey("usage", "--by", "payer")
    again = charges(ownkey("run", "hello", "--model", QUICK, "--json"))[-1]
    both = Decimal(str(fee["credits"])) + Decimal(str(again["credits"]))
    assert Decimal(str(platform(ownkey)["used"])) == both


def test_at_an_unknown_rate_what_was_used_is_not_known(ownkey):
    ownkey("settings", "set", "account.plan", "business")
    fee = charges(ownkey("run", "hello", "--model", QUICK, "--json"))[-1]
    assert (fee["payer"], fee["usd"]) == ("platform_credits", None)
    assert platform(ownkey) == {"rate": None, "used": None}
