"""`ownkey` against a real LiteLLM proxy, from the key to the receipt; see `tests.litellm_proxy`.

Left out of every run of the suite; `pytest -m litellm` runs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.canary import leaks, leaks_under, made_up_key
from tests.command import Said
from tests.litellm_proxy import PRICED, PRICES, UNPRICED, Proxy, TeamKey, key_of, small_model
from tui.money import to_nano, usd_string

pytestmark = [pytest.mark.litellm, pytest.mark.local_model, pytest.mark.timeout(1800)]

MODEL = f"litellm/{PRICED}"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with small_model() as served, Proxy(tmp_path_factory.mktemp("litellm"), served) as running:
        yield running


@pytest.fixture(autouse=True)
def at_home(home: Path) -> Path:
    return home


def ownkey(*words: str, stdin: str = "") -> Said:
    named = {name: os.environ[name] for name in ("PATH", "OWNKEY_HOME")}
    done = subprocess.run(
        [Path(sys.executable).with_name("ownkey"), *words], input=stdin, text=True,
        capture_output=True, timeout=300, check=False, cwd="/",
        env=named | {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"},
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def add(proxy: Proxy, key: str, *words: str) -> Said:
    return ownkey("credits", "add", "litellm", "--base-url", proxy.base_url, "--yes", "--json",
                  *words, stdin=key)  # fmt: skip


def added(proxy: Proxy, name: str) -> dict[str, Any]:
    said = add(proxy, key_of(name))
    assert said.returncode == 0, said.stdout + said.stderr
    return json.loads(said.stdout)


def listed() -> dict[str, Any]:
    said = ownkey("credits", "list", "--json")
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)["services"][0]


def ran(model: str = MODEL) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit status, and the last event of each type."""
    said = ownkey("run", "Say hello.", "--model", model, "--tools", "none", "--max-steps", "1",
                  "--json")  # fmt: skip
    events = [json.loads(line) for line in said.stdout.splitlines()]
    return said.returncode, {one["type"]: one for one in events}


def heads(proxy: Proxy, name: str, **more: Any) -> httpx2.Response:
    """The proxy's own word, asked without any of our code."""
    body = {"model": PRICED, "messages": [{"role": "user", "content": "Hello"}], **more}
    with httpx2.Client(trust_env=False, timeout=120) as client:
        return client.post(
            f"{proxy.base_url}/chat/completions", json=body,
            headers={"authorization": f"Bearer {key_of(name)}"},
        )  # fmt: skip


def usd(amount: float | Decimal) -> str:
    return usd_string(to_nano(Decimal(repr(amount) if isinstance(amount, float) else amount)))


def left_by(proxy: Proxy, name: str) -> str:
    """Dollars left by the proxy's own headers."""
    said = heads(proxy, name, model="no-such-model", messages=[]).headers
    most, spent = said["x-litellm-key-max-budget"], said["x-litellm-key-spend"]
    return usd(Decimal(most) - Decimal(spent))


def test_it_is_added_with_the_models_it_lists_and_what_it_says_is_left(proxy, at_home):
    proxy.say(ada=TeamKey(most=5.0, spent=1.25))
    one = added(proxy, "ada")
    assert (one["state"], one["models"], one["trouble"]) == ("verified", 2, None)
    assert one["balance_usd"] == "3.750000000" == left_by(proxy, "ada")
    models = {row["id"]: row for row in json.loads(ownkey("models", "--json").stdout)}
    for name in (PRICED, UNPRICED):
        row = models[f"litellm/{name}"]
        assert (row["payer"], row["connection"], row["refused"]) == ("credits", "litellm", None)
    assert not leaks_under(at_home, key_of("ada"))


def test_a_reply_costs_what_the_proxy_states_and_the_balance_falls_by_it(proxy):
    proxy.say(bea=TeamKey(most=5.0, spent=1.25))
    before = Decimal(added(proxy, "bea")["balance_usd"])
    status, events = ran()
    assert (status, events["done"]["stop"] in ("end", "length")) == (0, True)
    assert (events["route"]["payer"], events["route"]["connection"]) == ("credits", "litellm")
    assert events["text"]["delta"]
    [cost] = proxy.costs("bea", count=1)
    usage = events["usage"]
    worth = usage["input"] * PRICES["input_cost_per_token"]
    worth += usage["output"] * PRICES["output_cost_per_token"]
    assert cost == pytest.approx(worth)
    charge = events["charge"]
    assert (charge["payer"], charge["usd"], charge["credits"]) == ("credits", usd(cost), None)
    assert charge["priced_by"] == "the provider's own word"
    assert events["done"]["usd"] == usd(cost)
    after = listed()["balance_usd"]
    assert after == left_by(proxy, "bea")
    assert before - Decimal(after) == Decimal(charge["usd"])


def test_a_whole_answer_states_its_cost_in_a_header_that_prices_it(proxy):
    proxy.say(cy=TeamKey(most=5.0))
    answer = heads(proxy, "cy")
    print({name: value for name, value in answer.headers.items() if name.startswith("x-litellm")})
    stated = answer.headers["x-litellm-response-cost"]
    [cost] = proxy.costs("cy", count=1)
    assert float(stated) == cost
    what = {"usage": answer.json()["usage"], "headers": dict(answer.headers)}
    said = ownkey("price", PRICED, "--provider", "litellm", "--json", stdin=json.dumps(what))
    assert json.loads(said.stdout)["usd"] == usd(Decimal(stated))


def test_what_the_proxy_has_no_price_for_is_not_known_and_never_nothing(proxy):
    proxy.say(dee=TeamKey(most=5.0))
    added(proxy, "dee")
    status, events = ran(f"litellm/{UNPRICED}")
    assert status == 0
    assert (events["charge"]["payer"], events["charge"]["usd"]) == ("credits", None)
    assert events["done"]["usd"] is None


def test_a_key_without_a_budget_has_no_limit_and_serves(proxy):
    proxy.say(eve=TeamKey(most=None, spent=0.5))
    one = added(proxy, "eve")
    assert (one["balance_usd"], one["endless"]) == (None, True)
    assert json.loads(ownkey("route", MODEL, "--json").stdout)["payer"] == "credits"


def test_a_wrong_key_is_invalid_and_not_kept(proxy, at_home):
    wrong = made_up_key("sk-")
    said = add(proxy, wrong)
    assert said.returncode == 1
    assert json.loads(said.stdout)["error"] == "invalid_key"
    assert json.loads(said.stdout)["hint"]
    assert json.loads(ownkey("credits", "list", "--json").stdout)["services"] == []
    assert not leaks(said.stdout + said.stderr, wrong)
    assert not leaks_under(at_home, wrong)


def test_a_key_that_is_taken_back_is_invalid_in_a_run_and_the_next_step_is_said(proxy):
    proxy.say(flo=TeamKey(most=5.0))
    added(proxy, "flo")
    proxy.forget("flo")
    status, events = ran()
    assert (status, events["error"]["kind"]) == (1, "invalid_key")
    assert "ownkey credits add litellm" in events["error"]["hint"]
    one = listed()
    assert (one["balance_usd"], one["trouble"]) == ("5.000000000", "the key is not valid")


def test_a_spent_budget_is_refused_before_anything_is_sent(proxy):
    proxy.say(gus=TeamKey(most=1.0, spent=1.0))
    assert added(proxy, "gus")["balance_usd"] == "0.000000000"
    status, events = ran()
    assert (status, events["error"]["kind"]) == (4, "out_of_credits")
    assert events["error"]["hint"]
    time.sleep(1)
    assert proxy.costs("gus") == []


def test_a_budget_that_the_proxy_itself_refuses_for_is_quota_and_nothing_is_left(proxy):
    proxy.say(hal=TeamKey(most=1.0, spent=0.5))
    assert added(proxy, "hal")["balance_usd"] == "0.500000000"
    proxy.say(hal=TeamKey(most=1.0, spent=1.0, refuses=True))
    answer = heads(proxy, "hal")
    print(answer.status_code, answer.text)
    status, events = ran()
    assert (status, events["error"]["kind"]) == (1, "quota")
    assert "Budget has been exceeded" in events["error"]["message"]
    assert events["error"]["hint"]
    assert listed()["balance_usd"] == "0.000000000"
    said = add(proxy, key_of("hal"), "--name", "again")
    assert (said.returncode, json.loads(said.stdout)["error"]) == (1, "quota")
