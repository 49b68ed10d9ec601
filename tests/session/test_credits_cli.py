"""`ownkey credits` from the command to a reply that took credits, on services of loopback."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.canary import leaks, leaks_under, made_up_key
from tests.command import Said, run_command
from tests.fake_credits import (
    FakeCredits,
    FakeHouse,
    FakeLiteLLM,
    FakeOpenRouter,
    FakeVercel,
)
from tests.fake_faults import closed_port
from tests.quick_vault import SEALED, quick_vault
from tui.paths import find_paths

pytestmark = pytest.mark.long

GOOD = made_up_key("sk-or-v1-")
OPUS = "anthropic/claude-opus-4-7"


def ownkey(*words: str, stdin: str = "") -> Said:
    return run_command(*words, stdin=stdin, environ=SEALED)


def added(fake: FakeCredits, adapter: str, *words: str) -> dict[str, Any]:
    said = ownkey(
        "credits", "add", adapter, "--base-url", fake.base_url, "--yes", "--json", *words,
        stdin=GOOD,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def listed(*words: str) -> dict[str, Any]:
    said = ownkey("credits", "list", "--json", *words)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def ran(model: str) -> list[dict[str, Any]]:
    said = ownkey("run", "hello", "--model", model, "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


@pytest.fixture(autouse=True)
def at_home(home: Path) -> Iterator[Path]:
    """A home whose vault opens fast."""
    with quick_vault():
        yield home


@pytest.fixture
def router() -> Iterator[FakeOpenRouter]:
    with FakeOpenRouter(keys={GOOD}) as fake:
        yield fake


def test_a_service_is_added_listed_paid_from_and_removed_with_undo(router, at_home):
    assert added(router, "openrouter")["balance_usd"] == "20.000000000"
    route, *_, charge, done = [
        one for one in ran(OPUS) if one["type"] in ("route", "charge", "done")
    ]
    assert (route["payer"], route["connection"]) == ("credits", "openrouter")
    assert (charge["payer"], charge["usd"]) == ("credits", "0.013200000")
    assert charge["priced_by"] == "the provider's own word"
    assert done["usd"] == "0.013200000"
    left = listed()["services"][0]
    assert left["balance_usd"] == "19.986800000"
    assert Decimal(left["balance_usd"]) == router.bought - router.spent
    assert ownkey("credits", "remove", "openrouter").returncode == 0
    assert listed()["services"] == []
    assert ownkey("route", OPUS).returncode == 5
    assert ownkey("credits", "undo").returncode == 0
    assert ownkey("route", OPUS).returncode == 0
    file = find_paths({"OWNKEY_HOME": str(at_home)}).credits_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not leaks_under(at_home, GOOD)


def test_a_service_that_is_switched_off_serves_nothing_until_it_is_on_again(router):
    added(router, "openrouter")
    assert ownkey("credits", "disable", "openrouter").returncode == 0
    refused = ownkey("run", "hello", "--model", OPUS)
    assert (refused.returncode, len(router.requests)) == (5, 0)
    assert "switched off" in refused.stderr
    assert "ownkey credits enable openrouter" in refused.stderr
    assert listed("--offline")["services"][0]["enabled"] is False
    assert ownkey("credits", "enable", "openrouter").returncode == 0
    assert ran(OPUS)[-1]["stop"] == "end"


def test_a_key_is_replaced_in_place_and_undo_brings_the_old_one_back(router):
    added(router, "openrouter", "--auto", "auto-efficient=anthropic/claude-haiku-4.5")
    other = made_up_key("sk-or-v1-")
    bad = ownkey("credits", "key", "openrouter", stdin=other)
    assert bad.returncode == 1
    assert ran(OPUS)[-1]["stop"] == "end"  # the old one still serves
    router.keys.add(other)
    said = ownkey("credits", "key", "openrouter", "--json", stdin=other)
    assert said.returncode == 0, said.stderr
    kept = json.loads(said.stdout)
    assert kept["key"].endswith(other[-4:])
    assert kept["auto"]["auto-efficient"] == ["anthropic/claude-haiku-4.5"]
    assert ownkey("credits", "undo").returncode == 0
    assert listed("--offline")["services"][0]["key"].endswith(GOOD[-4:])


def test_an_own_key_pays_before_any_credits_and_auto_never_by_it(router):
    added(router, "openrouter")
    with mock.patch.dict("os.environ", {"ANTHROPIC_API_KEY": made_up_key("sk-ant-api03-")}):
        ownkey("keys", "use", "ANTHROPIC_API_KEY")
        for model, payer in ((OPUS, "own_key"), ("auto", "credits"), ("auto-genius", "credits")):
            said = json.loads(ownkey("route", model, "--json").stdout)
            assert said["payer"] == payer
    best = json.loads(ownkey("route", "own-best", "--json").stdout)
    assert (best["payer"], best["refused"]) == (None, "no_route")


def test_auto_is_chosen_by_the_services_router_or_by_its_map_and_said(router):
    added(router, "openrouter")
    route = next(one for one in ran("auto") if one["type"] == "route")
    assert "its own router chooses" in route["why"]
    assert router.requests[-1].body["model"] == "openrouter/auto"
    route = next(one for one in ran("auto-efficient") if one["type"] == "route")
    assert route["model"] == "anthropic/claude-haiku-4-5"
    assert "it means anthropic/claude-haiku-4-5" in route["why"]
    assert router.requests[-1].body["model"] == "anthropic/claude-haiku-4.5"


def test_nothing_left_is_refused_before_anything_is_sent(router):
    router.spent = router.bought + Decimal("0.50")
    added(router, "openrouter")
    sent = len(router.requests)
    said = ownkey("run", "hello", "--model", OPUS)
    assert said.returncode == 4
    assert "no credits are left at openrouter" in said.stderr
    assert len(router.requests) == sent


def test_a_lie_about_the_balance_is_not_known_and_serves_nothing(router):
    added(router, "openrouter")
    router.lies = {
        "/credits": b'{"data": {"total_credits": NaN, "total_usage": -1e999}}',
        "/key": b'{"data": {"limit_remaining": "plenty"}}',
    }
    one = listed()["services"][0]
    assert one["balance_usd"] == "20.000000000"  # its last word that can be one, with its age
    assert one["trouble"] == "it does not tell it"


def test_a_slow_answer_ends_in_time_and_what_was_told_stays(router, monkeypatch):
    added(router, "openrouter")
    before = listed()["services"][0]["as_of"]
    monkeypatch.setattr("tui.credits.asking.ask_service.__kwdefaults__", {"limit_s": 0.2})
    router.slow_s, began = 2.0, time.monotonic()
    one = listed()["services"][0]
    assert time.monotonic() - began < 1.9
    assert (one["balance_usd"], one["as_of"]) == ("20.000000000", before)
    assert "did not answer" in one["trouble"]


def test_a_key_without_a_limit_says_what_would_tell_what_is_left():
    with FakeOpenRouter(keys={GOOD}, tells_account=False) as fake:
        said = ownkey(
            "credits", "add", "openrouter", "--base-url", fake.base_url, "--yes", stdin=GOOD
        )
        assert "give the key one" in said.stdout
        assert listed()["services"][0]["balance_usd"] is None
        fake.limit = "5"
        assert listed()["services"][0]["balance_usd"] == "5.000000000"


def test_a_proxy_tells_its_costs_in_a_header_and_its_budget_by_key_info():
    with FakeLiteLLM(keys={GOOD}, bought="10") as fake:
        one = added(fake, "litellm", "--auto", "auto=team-coder")
        assert (one["balance_usd"], one["balance_credits"]) == ("10.000000000", None)
        charge = next(one for one in ran("litellm/team-coder") if one["type"] == "charge")
        assert charge["usd"] == "0.013200000"
        assert fake.requests[-1].body["model"] == "team-coder"
        assert listed()["services"][0]["balance_usd"] == "9.986800000"
        assert next(o for o in ran("auto") if o["type"] == "route")["payer"] == "credits"


def test_a_proxy_without_a_database_serves_and_tells_its_budget_beside_its_answers():
    with FakeLiteLLM(keys={GOOD}, bought="10", database=False) as fake:
        assert added(fake, "litellm")["balance_usd"] == "10.000000000"
        charge = next(one for one in ran("litellm/team-coder") if one["type"] == "charge")
        assert (charge["payer"], charge["usd"]) == ("credits", "0.013200000")
        assert listed()["services"][0]["balance_usd"] == "9.986800000"
        fake.spent = fake.bought
        assert listed()["services"][0]["balance_usd"] == "0.000000000"
        paid = fake.paid_for
        assert ownkey("run", "hello", "--model", "litellm/team-coder").returncode == 4
        assert fake.paid_for == paid


def test_a_budget_that_the_proxy_refuses_for_is_quota_and_then_nothing_is_left():
    with FakeLiteLLM(keys={GOOD}, bought="10", database=False, refuses=True) as fake:
        added(fake, "litellm")
        fake.spent = fake.bought
        said = ownkey("run", "hello", "--model", "litellm/team-coder", "--json")
        error = next(
            one for one in map(json.loads, said.stdout.splitlines()) if one["type"] == "error"
        )
        assert (said.returncode, error["kind"]) == (1, "quota")
        assert error["hint"]
        assert listed()["services"][0]["balance_usd"] == "0.000000000"


def test_a_key_without_a_budget_has_no_limit_and_serves():
    with FakeLiteLLM(keys={GOOD}, endless=True) as fake:
        assert added(fake, "litellm")["endless"] is True
        assert ran("litellm/team-coder")[-1]["stop"] == "end"


def test_a_rate_makes_credits_of_dollars():
    with FakeVercel(keys={GOOD}, bought="95.50") as fake:
        one = added(fake, "vercel", "--usd-per-credit", "0.5")
        assert (one["balance_usd"], one["balance_credits"]) == ("95.500000000", "191")


def test_a_houses_word_on_the_plan_wins_and_its_changed_rate_is_told():
    with FakeHouse(keys={GOOD}) as fake:
        one = added(fake, "house")
        assert (one["plan"], one["org_size"], one["usd_per_credit"]) == ("business", 12, "0.01")
        assert one["balance_usd"] is None  # our ledger's, and nothing is granted
        assert listed()["platform"]["rate"] == "6.5"
        assert json.loads(ownkey("route", "house/house-large", "--json").stdout)["plan"] == (
            "business"
        )
        fake.account["usd_per_credit"] = "0.02"
        said = ownkey("credits", "test", "house")
        assert "a credit is $0.02 now, it was $0.01" in said.stdout


def test_one_account_is_an_endpoint_or_a_service_and_never_both(router):
    added(router, "openrouter")
    said = ownkey("endpoints", "add", "my-router", router.base_url, "--yes", stdin=GOOD)
    assert said.returncode == 2
    assert "one account cannot be both" in said.stderr
    ownkey("credits", "remove", "openrouter")
    ownkey("endpoints", "add", "my-router", router.base_url, "--yes", stdin=GOOD)
    said = ownkey(
        "credits", "add", "openrouter", "--base-url", router.base_url, "--yes", stdin=GOOD
    )
    assert said.returncode == 2
    assert "is your endpoint my-router already" in said.stderr


def test_a_refused_key_is_not_kept_and_not_repeated(router):
    bad = made_up_key("sk-or-v1-")
    said = ownkey("credits", "add", "openrouter", "--base-url", router.base_url, "--yes", stdin=bad)
    assert said.returncode == 1
    assert "invalid_key" in said.stdout
    assert not leaks(said.stdout + said.stderr, bad)
    assert listed()["services"] == []


def test_a_key_is_never_taken_from_an_argument(router):
    said = ownkey("credits", "add", "openrouter", GOOD)
    assert said.returncode == 2
    assert not leaks(said.stdout + said.stderr, GOOD)


def test_nobody_there_keeps_nothing_unless_it_is_told_to():
    url = f"http://127.0.0.1:{closed_port()}/v1"
    said = ownkey("credits", "add", "litellm", "--base-url", url, "--yes", stdin=GOOD)
    assert said.returncode == 1
    said = ownkey("credits", "add", "litellm", "--base-url", url, "--yes", "--no-check", stdin=GOOD)
    assert said.returncode == 0
    one = listed()["services"][0]
    assert (one["state"], one["balance_usd"]) == ("unchecked", None)


def test_a_list_that_does_not_parse_is_put_aside_and_said(at_home):
    file = find_paths({"OWNKEY_HOME": str(at_home)}).credits_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{", encoding="utf-8")
    said = ownkey("credits")
    assert said.returncode == 0
    assert "put aside" in said.stderr


def test_the_doctor_says_how_the_services_are(router, at_home):
    added(router, "openrouter")
    checks = {one["check"]: one for one in json.loads(ownkey("doctor", "--json").stdout)}
    assert checks["credits"]["found"] == "openrouter verified, 20 credits left"
    assert (checks["credits"]["state"], checks["keys"]["state"]) == ("ok", "ok")
    find_paths({"OWNKEY_HOME": str(at_home)}).credits_file.write_text("{", encoding="utf-8")
    checks = {one["check"]: one for one in json.loads(ownkey("doctor", "--json").stdout)}
    assert checks["credits"]["state"] == "fail"


def test_budgets_stand_beside_the_services(router):
    ownkey("settings", "set", "budget.day_usd", "5")
    assert [one["scope"] for one in listed()["budgets"]] == ["day"]
