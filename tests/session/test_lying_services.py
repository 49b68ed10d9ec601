"""Services that lie, are slow, change their rate or deliver twice, in the middle of a session."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from decimal import Decimal

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.fake_credits import FakeCredits, FakeHouse, FakeOpenRouter
from tests.quick_vault import SEALED, quick_vault
from tui.paths import find_paths
from tui.session import request
from tui.store.check import check_store
from tui.store.ledger_read import read_ledgers

pytestmark = pytest.mark.long

GOOD = made_up_key("sk-or-v1-")
OPUS = "anthropic/claude-opus-4-7"
HOUSE = "house/house-large"
CALL = {"tool_calls": [{"name": "list", "args": {"path": "."}}]}


@pytest.fixture(autouse=True)
def at_home(home):
    with quick_vault():
        yield home


def ownkey(*words, stdin=""):
    return run_command(*words, stdin=stdin, environ=SEALED)


def added(fake: FakeCredits, adapter: str) -> None:
    said = ownkey("credits", "add", adapter, "--base-url", fake.base_url, "--yes", stdin=GOOD)
    assert said.returncode == 0, said.stderr


def ran(model, *words):
    """How it ended, and its events by type."""
    said = ownkey("run", "go", "--model", model, "--json", *words)
    events = [json.loads(line) for line in said.stdout.splitlines()]
    return said, {kind: [e for e in events if e["type"] == kind] for kind in KINDS}


KINDS = ("route", "charge", "error", "retry", "fallback", "done")


@pytest.fixture
def router():
    with FakeOpenRouter(keys={GOOD}) as fake:
        added(fake, "openrouter")
        yield fake


@pytest.fixture
def house():
    with FakeHouse(keys={GOOD}) as fake:
        fake.entries[0]["pricing"] = {"prompt": "0.000005", "completion": "0.000025"}
        added(fake, "house")
        assert ownkey("credits", "grant", "1000", "--service", "house").returncode == 0
        yield fake


def books(home):
    path = home / "data" / "sessions.db"
    assert check_store(path).problems == ()
    [found] = read_ledgers(path, dt.datetime.now(dt.UTC), service="house")
    return found


def test_a_rate_that_changes_in_mid_session_ends_nothing_and_is_told(house, at_home):
    house.account["usd_per_credit"] = "0.02"  # told when it is asked after the first charge
    house.script([CALL, CALL, {"text": "end"}])
    file, answer = find_paths({"OWNKEY_HOME": str(at_home)}).credits_file, house._answer

    async def once_it_is_told(seen, writer):
        if seen.method == "POST" and house.paid_for == 2:
            while '"0.02"' not in file.read_text("utf-8"):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
        return await answer(seen, writer)

    house._answer = once_it_is_told
    said, told = ran(HOUSE)
    assert (said.returncode, told["error"], told["done"][0]["stop"]) == (0, [], "end")
    assert "house changed its rate: a credit is $0.02 now, it was $0.01" in said.stderr
    by_rate = {Decimal(one["usd"]) / Decimal(one["credits"]) for one in told["charge"]}
    assert Decimal("0.01") in by_rate <= {Decimal("0.01"), Decimal("0.02")}
    book = books(at_home)
    assert book.spent == sum(int(Decimal(one["credits"]) * 10**9) for one in told["charge"])
    assert (book.held, book.holds, len(told["charge"])) == (0, (), house.paid_for)


def test_a_request_is_charged_at_the_rate_at_which_it_was_held(house, at_home, monkeypatch):
    taken = request.RequestRun._take

    def changes(self, part, seconds):
        file = find_paths({"OWNKEY_HOME": str(at_home)}).credits_file
        file.write_text(file.read_text("utf-8").replace('"0.01"', '"0.0001"'), "utf-8")
        taken(self, part, seconds)

    monkeypatch.setattr(request.RequestRun, "_take", changes)
    _, told = ran(HOUSE)
    assert told["charge"][0]["credits"] == "1.320000000"
    assert books(at_home).spent == 1_320_000_000


def test_a_service_that_tells_a_balance_and_then_refuses_takes_nothing_of_anybody(
    router, monkeypatch
):
    monkeypatch.setenv("ANTHROPIC_API_KEY", made_up_key("sk-ant-api03-"))
    monkeypatch.setenv("ANTHROPIC_BASE_URL", router.url("anthropic"))
    ownkey("keys", "use", "ANTHROPIC_API_KEY")
    router.script([{"error": {"kind": "quota"}, "times": 9}])
    said, told = ran("auto")
    assert said.returncode != 0
    assert [one["payer"] for one in told["route"]] == ["credits"]
    assert (told["charge"], told["fallback"], told["retry"]) == ([], [], [])
    assert [one["kind"] for one in told["error"]] == ["quota"]
    assert len(router.requests) == 1


@pytest.mark.parametrize("lie", [b'{"data": {"total_credits": 1e300, "total_usage": 0}}', b"{"])
def test_a_lie_after_a_charge_changes_no_charge(router, lie):
    router.lies = {"/credits": lie, "/key": b"[]"}
    router.script([CALL, CALL, {"text": "end"}])
    said, told = ran(OPUS)
    assert said.returncode == 0
    assert sum(Decimal(one["usd"]) for one in told["charge"]) == router.spent
    assert told["done"][0]["usd"] == f"{router.spent:.9f}"


def test_a_service_that_is_slow_to_tell_what_is_left_holds_up_no_turn(router, monkeypatch):
    router.slow_s = 600.0
    monkeypatch.setattr("tui.credits.asking.ask_service.__kwdefaults__", {"limit_s": 600.0})
    router.script([CALL, CALL, {"text": "end"}])
    said, told = ran(OPUS)  # one that waited would wait until this test's time is up
    assert (said.returncode, told["done"][0]["stop"]) == (0, "end")
    assert len(told["charge"]) == router.paid_for == 3


def test_a_cost_above_all_that_it_can_be_is_counted_and_stops_the_next_request(router):
    ownkey("settings", "set", "budget.day_usd", "1.00")
    router.script([CALL | {"cost": "5.00"}, {"text": "more"}])
    said, told = ran(OPUS)
    assert said.returncode == 4
    assert [one["usd"] for one in told["charge"]] == ["5.000000000"]
    assert told["done"][0]["stop"] == "budget"
    assert router.paid_for == 1


@pytest.mark.parametrize("fault", ["two-bodies", ""])
def test_an_answer_that_is_delivered_twice_is_charged_once(house, at_home, fault):
    house.script([{"text": "hello", "fault": fault}, {"text": "hello", "fault": fault}])
    for _ in range(2):
        said, told = ran(HOUSE)
        assert said.returncode == 0
        assert [one["credits"] for one in told["charge"]] == ["1.320000000"]
    assert books(at_home).spent == 2 * 1_320_000_000


@pytest.mark.parametrize(
    "pricing", [None, "free", {"prompt": "cheap"}, {"prompt": "-1", "completion": "NaN"}, []]
)
def test_a_price_list_of_a_service_that_does_not_parse_is_no_price_of_nothing(house, pricing):
    house.entries[0]["pricing"] = pricing
    assert ownkey("credits", "test", "house").returncode == 0
    sent = len(house.requests)
    said, told = ran(HOUSE)
    assert said.returncode == 4
    assert "no known price" in told["error"][0]["message"]
    assert len(house.requests) == sent


@pytest.mark.parametrize("text", ["{", '{"prices": [{"provider": "openrouter"}]}', "[]", "\0"])
def test_a_price_file_that_does_not_parse_is_said_at_the_start_and_by_the_doctor(
    router, at_home, text
):
    file = at_home / "config" / "prices.json"
    file.write_text(text, "utf-8")
    said, told = ran(OPUS)
    assert said.returncode == 0
    assert f"your price file does not count: {file}" in said.stderr
    assert "Correct it and start ownkey again" in said.stderr
    assert told["charge"][0]["usd"] == "0.013200000"
    [check] = [c for c in json.loads(ownkey("doctor", "--json").stdout) if c["check"] == "prices"]
    assert (check["state"], str(file) in check["remedy"]) == ("warn", True)
    file.write_text('{"prices": []}', "utf-8")
    assert "price file" not in ran(OPUS)[0].stderr
    [check] = [c for c in json.loads(ownkey("doctor", "--json").stdout) if c["check"] == "prices"]
    assert check["state"] == "ok"
