"""`ownkey endpoints` from the command to a priced reply, against servers on loopback."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.canary import leaks, leaks_under, made_up_key
from tests.command import Said, run_command
from tests.fake_faults import closed_port
from tests.fake_gateway import FakeGateway, lay_out_llama_cpp, lay_out_ollama
from tests.fake_provider import FakeProvider
from tests.hostile_cases import load
from tui.paths import find_paths

pytestmark = pytest.mark.long

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
GOOD = made_up_key("sk-gw-")


def ownkey(*words: str, stdin: str = "") -> Said:
    return run_command(*words, stdin=stdin, environ=SEALED)


def endpoints(*words: str, stdin: str = "") -> Said:
    return ownkey("endpoints", *words, stdin=stdin)


def listed() -> list[dict[str, Any]]:
    return json.loads(endpoints("list", "--json").stdout)


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider(keys={GOOD}) as fake:
        yield fake


@pytest.fixture
def fake(provider: FakeProvider, home: Path) -> Iterator[FakeProvider]:
    provider.reset()
    with mock.patch("tui.process.harden"):
        yield provider


class FakeOpenProvider(FakeProvider):
    """One that wants no key: what a test does not need a vault for is faster without."""

    def _refused(self, wire, seen):
        return None


@pytest.fixture(scope="module")
def free_provider() -> Iterator[FakeProvider]:
    with FakeOpenProvider() as fake:
        yield fake


@pytest.fixture
def free(free_provider: FakeProvider, home: Path) -> Iterator[FakeProvider]:
    free_provider.reset()
    with mock.patch("tui.process.harden"):
        yield free_provider


@pytest.fixture
def gateway(home: Path) -> Iterator[FakeGateway]:
    with FakeGateway() as gateway, mock.patch("tui.process.harden"):
        yield gateway


def file_of(home: Path) -> Path:
    return find_paths({"OWNKEY_HOME": str(home)}).endpoints_file


def added(fake: FakeProvider, *words: str) -> None:
    said = endpoints("add", "gw", fake.url("openai-chat"), *words, stdin=GOOD)
    assert said.returncode == 0, said.stderr


def added_free(fake: FakeProvider, *words: str, name: str = "gw") -> None:
    url = fake.url("openai-chat")
    said = endpoints("add", name, url, "--no-key", "--no-check", "--model", "fake-1", *words)
    assert said.returncode == 0, said.stderr


def asked(*words: str) -> tuple[int, list[dict[str, Any]]]:
    said = ownkey("run", "hello", "--json", "--tools", "none", *words)
    return said.returncode, [json.loads(line) for line in said.stdout.splitlines()]


def of_type(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(one for one in objects if one["type"] == kind)


# Kept


def test_an_endpoint_is_kept_with_its_models_and_its_key_in_no_file(fake, home):
    said = endpoints("add", "gw", fake.url("openai-chat"), "--json", stdin=f"export K='{GOOD}'\n")
    (one,) = listed()
    assert (said.returncode, one["payer"], one["state"], one["key"]) == (
        0, "endpoint", "verified", GOOD[-4:]
    )  # fmt: skip
    assert [model["id"] for model in one["models"]] == ["gw/fake-1", "gw/fake-2-thinking"]
    assert not leaks(said.stdout + said.stderr, GOOD)
    assert leaks_under(home, GOOD) == []
    assert stat.S_IMODE(file_of(home).stat().st_mode) == 0o600


def test_a_refused_key_keeps_nothing_and_says_the_class(fake, home):
    said = endpoints("add", "gw", fake.url("openai-chat"), "--json", stdin=made_up_key("sk-gw-"))
    assert (said.returncode, json.loads(said.stdout)["error"]) == (1, "invalid_key")
    assert not file_of(home).exists()


def test_the_ways_round_a_test_are_said(home):
    dead = f"http://127.0.0.1:{closed_port()}/v1"
    said = endpoints("add", "gw", dead, stdin=GOOD)
    kept = endpoints("add", "gw", dead, "--no-check", "--model", "m=short", stdin=GOOD)
    assert (said.returncode, kept.returncode) == (1, 0)
    assert "--no-check" in said.stderr
    assert listed()[0]["models"][0]["id"] == "gw/short"


@pytest.mark.parametrize(
    "words",
    [
        ("add", "openai", "https://gw.example/v1", "--no-key"),
        ("add", "two words", "https://gw.example/v1", "--no-key"),
        ("add", "gw", "https://gw.example/v1", "--no-key", "--header", "X-Api-Key=abc"),
        ("add", "gw", "https://gw.example/v1", "--no-key", "--header", f"X-Team={GOOD}"),
        ("add", "gw", "https://gw.example/v1", "--no-key", "--header", "Host=evil.example"),
        ("add", "gw", "https://gw.example/v1", "--no-key", "--header", "X-A=a\nX-B: b"),
        ("add", "gw", "https://gw.example/v1", GOOD),
        ("add", "gw", "--no-key"),
        ("add", "gw", "--known", "nobody", "--no-key"),
        ("add", "gw", "http://10.0.0.5:4000/v1", "--no-key"),
        ("add", GOOD, "https://gw.example/v1", "--no-key"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent_or_kept(home, words):
    said = endpoints(*words)
    assert said.returncode == 2
    assert not leaks(said.stdout + said.stderr, GOOD)
    assert not file_of(home).exists()


@pytest.mark.parametrize("case", load("endpoints"), ids=lambda case: case.id)
def test_the_hostile_addresses_hold_in_add_too(home, case):
    """Those that are accepted are never reached: nobody is asked, and nothing is looked up."""
    said = endpoints("add", "gw", case.text, "--no-key", "--no-check")
    expect = case.expect
    if expect["verdict"] == "accept":
        assert (said.returncode, listed()[0]["url"]) == (0, expect["normalised"])
    elif expect["verdict"] in ("reject", "confirm"):
        assert said.returncode == 2
        assert not file_of(home).exists()
    for secret in expect.get("not_stored_or_shown", ()):
        assert secret not in said.stdout + said.stderr


def test_removing_takes_its_models_and_undo_brings_them_back_with_the_key(fake):
    added(fake)
    endpoints("remove", "gw")
    gone = ownkey("route", "gw/fake-1", "--json")
    back = endpoints("undo")
    assert (gone.returncode, json.loads(gone.stdout)["refused"]) == (5, "no_route")
    assert (back.returncode, endpoints("test", "gw").returncode) == (0, 0)


def test_a_disabled_endpoint_serves_nothing_and_says_how_it_would(free):
    added_free(free)
    endpoints("disable", "gw")
    said = ownkey("route", "gw/fake-1")
    assert said.returncode == 5
    assert "endpoints enable gw" in said.stdout + said.stderr


def test_a_file_that_does_not_parse_is_put_aside_and_said(free, home):
    added_free(free)
    file_of(home).write_text("{", encoding="utf-8")
    said = endpoints("list")
    aside = [one.name for one in file_of(home).parent.iterdir() if "broken" in one.name]
    assert (said.returncode, len(aside)) == (0, 1)
    assert aside[0] in said.stderr


# Served


def test_a_turn_goes_there_with_key_headers_and_extra_body(fake):
    added(fake, "--header", "X-Team=core")
    endpoints("models", "gw", "--add", "fake-1=one", "--extra-body", '{"top_p": 0.5}')
    status, objects = asked("--model", "gw/one")
    (request,) = fake.requests[-1:]
    route = of_type(objects, "route")
    assert (status, route["payer"], route["connection"]) == (0, "endpoint", "gw")
    assert request.headers["authorization"] == f"Bearer {GOOD}"
    assert request.headers["x-team"] == "core"
    assert (request.body["model"], request.body["top_p"]) == ("fake-1", 0.5)


def test_effort_goes_along_where_the_model_takes_it(free):
    added_free(free)
    endpoints("models", "gw", "--add", "fake-1", "--effort", "low", "--effort", "high")
    endpoints("models", "gw", "--add", "fake-2-thinking")
    asked("--model", "gw/fake-1", "--effort", "high")
    asked("--model", "gw/fake-2-thinking", "--effort", "high")
    efforts = [one.body.get("reasoning_effort") for one in free.requests if one.body["messages"]]
    assert efforts == ["high", None]


def test_a_cost_that_it_states_is_the_receipt(free):
    added_free(free)
    free.script([{"text": "ok", "headers": {"x-litellm-response-cost": "0.000123"}}])
    charge = of_type(asked("--model", "gw/fake-1")[1], "charge")
    assert (charge["payer"], charge["usd"]) == ("endpoint", "0.000123000")


def test_without_a_word_of_its_own_the_cost_stays_unknown(free):
    added_free(free)
    charge = of_type(asked("--model", "gw/fake-1")[1], "charge")
    assert charge["usd"] is None


def own_prices(home: Path) -> None:
    prices = [{"provider": "gw", "model": "fake-1", "input": "2", "output": "4"}]
    path = find_paths({"OWNKEY_HOME": str(home)}).config / "prices.json"
    path.write_text(json.dumps({"prices": prices}), encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "told", "usd"),
    [
        ("stated", "0.5", "0.500000000"),
        ("stated", None, "0.000240000"),
        ("own", "0.5", "0.000240000"),
        ("none", "0.5", None),
    ],
)
def test_the_price_source_decides_which_word_counts(free, home, source, told, usd):
    added_free(free, "--price-source", source)
    own_prices(home)
    headers = {} if told is None else {"x-litellm-response-cost": told}
    step = {"text": "ok", "headers": headers, "usage": {"input": 100, "output": 10}}
    free.script([step])
    assert of_type(asked("--model", "gw/fake-1")[1], "charge")["usd"] == usd


def test_a_name_that_looks_like_a_makers_is_not_priced_as_it(free):
    added_free(free, "--model", "deepseek-v4-flash", "--known", "deepseek", name="deepseek")
    status, objects = asked("--model", "deepseek/deepseek-v4-flash")
    assert (status, of_type(objects, "charge")["usd"]) == (0, None)


def test_a_refused_key_in_a_turn_says_where_to_replace_it(free):
    added_free(free)
    free.script([{"error": {"kind": "invalid_key"}}])
    status, objects = asked("--model", "gw/fake-1")
    error = of_type(objects, "error")
    assert (status, error["kind"]) == (1, "invalid_key")
    assert "endpoints key gw" in error["hint"]


def test_a_failure_is_tried_nowhere_else(free):
    added_free(free)
    free.script([{"error": {"kind": "bad_request"}}])
    status, _ = asked("--model", "gw/fake-1")
    assert (status, len([one for one in free.requests if one.body["messages"]])) == (1, 1)


def test_a_key_never_goes_to_another_host_than_it_was_added_for(fake, home):
    added(fake)
    with FakeGateway() as other:
        text = file_of(home).read_text("utf-8")
        moved = text.replace(f'"base_url": "{fake.url("openai-chat")}"',
                             f'"base_url": "{other.root}/v1"')  # fmt: skip
        assert moved != text
        file_of(home).write_text(moved, encoding="utf-8")
        status, _ = asked("--model", "gw/fake-1")
        tested = endpoints("test", "gw")
        assert (status, tested.returncode, other.seen) == (5, 1, [])
    assert fake.url("openai-chat").removesuffix("/v1") in tested.stderr


def test_a_redirect_takes_neither_key_nor_prompt_along(gateway):
    with FakeGateway() as other:
        gateway.says("POST /v1/chat/completions", b"", status=307,
                     location=f"{other.root}/v1/chat/completions")  # fmt: skip
        endpoints("add", "gw", f"{gateway.root}/v1", "--no-check", "--model", "m", stdin=GOOD)
        status, _ = asked("--model", "gw/m")
        assert (status, other.seen) == (1, [])


def test_the_plan_bars_endpoints_of_a_larger_organisation(free):
    added_free(free)
    ownkey("settings", "set", "account.plan", "build")
    ownkey("settings", "set", "account.org_size", "20")
    said = json.loads(ownkey("route", "gw/fake-1", "--json").stdout)
    (row,) = [one for one in json.loads(ownkey("models", "--json").stdout)
              if one["id"] == "gw/fake-1"]  # fmt: skip
    assert (said["refused"], row["payer"]) == ("plan", None)
    assert row["refused"]


# Local servers


def test_a_local_server_is_added_by_its_answers_and_nobody_pays(gateway):
    lay_out_ollama(gateway)
    said = endpoints("add", "ollama", f"{gateway.root}/v1", "--no-key", "--json")
    one = json.loads(said.stdout)
    contexts = {model["model"]: model["context"] for model in one["models"]}
    assert (one["known"], one["payer"]) == ("ollama", "nobody")
    assert contexts == {"qwen3:8b": 16384, "gemma3:4b": 4096}
    route = json.loads(ownkey("route", "ollama/qwen3:8b", "--json").stdout)
    assert (route["payer"], route["connection"]) == ("nobody", "ollama")


def test_a_local_servers_reply_costs_nothing_and_that_is_known(free):
    url = free.url("openai-chat")
    endpoints("add", "box", url, "--known", "llama.cpp", "--no-check", "--model", "m")
    charge = of_type(asked("--model", "box/m")[1], "charge")
    assert (charge["payer"], charge["usd"]) == ("nobody", "0.000000000")


def test_found_servers_are_offered_and_not_used(gateway):
    lay_out_llama_cpp(gateway)
    where = {"llama.cpp": f"{gateway.root}/v1"}
    with mock.patch("tui.endpoints.found.usual_addresses", lambda: where):
        told = json.loads(endpoints("list", "--found", "--json").stdout)
    assert [one["known"] for one in told["found"]] == ["llama.cpp"]
    assert told["endpoints"] == listed() == []


# Shared


def test_an_export_holds_no_secret_and_comes_back_in_whole(fake, home, tmp_path, monkeypatch):
    added(fake, "--header", "X-Team=core")
    endpoints("models", "gw", "--add", "fake-1=one", "--context", "9000")
    shared = endpoints("export").stdout
    assert not leaks(shared, GOOD)
    assert GOOD[-4:] not in shared
    monkeypatch.setenv("OWNKEY_HOME", str(tmp_path / "another"))
    said = endpoints("import", "-", stdin=shared)
    (one,) = listed()
    assert "endpoints key gw" in said.stdout
    assert (one["headers"], one["why_not"]) == ({"X-Team": "core"}, "it has no key yet")
    assert one["models"][0] | {"id": "gw/one", "context": 9000} == one["models"][0]
    endpoints("key", "gw", stdin=GOOD)
    assert listed()[0]["usable"]


@pytest.mark.parametrize(
    "second",
    [
        {"name": "bad", "url": "http://169.254.169.254/latest"},
        {"name": "bad", "url": "https://gw.example/v1?api_key=abc123"},
        {"name": "anthropic", "url": "https://gw.example/v1"},
        {"name": "bad", "url": "https://gw.example/v1", "headers": {"X-Api-Key": "abc"}},
        {"name": "bad", "url": "https://gw.example/v1",
         "models": [{"id": "m", "extra_body": {"api_key": GOOD}}]},
        {"name": "bad", "url": "https://gw.example/v1", "key": GOOD},
        {"name": "good", "url": "https://gw.example/v1"},
        {"name": "bad", "url": "http://10.0.0.5/v1"},
        {"name": "bad", "url": "https://gw.example/v1", "models": [{"id": "a"}, {"id": "a"}]},
    ],
)  # fmt: skip
def test_an_import_with_one_bad_endpoint_takes_in_none(home, second):
    first = {"name": "good", "url": "https://gw.example/v1"}
    shared = json.dumps({"ownkey_endpoints": 1, "endpoints": [first, second]})
    said = endpoints("import", "-", stdin=shared)
    assert (said.returncode, listed()) == (2, [])
    assert not leaks(said.stdout + said.stderr, GOOD)
