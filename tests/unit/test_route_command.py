from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import Said, run_command
from tui.cli.main import main
from tui.routing.table import TABLE

FILE = Path(__file__).parents[1] / "data" / "routes" / "cases.jsonl"
CASES = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
SHAPE = [
    "model", "run", "plan", "connection", "payer", "platform_credits", "credits", "why", "refused",
]  # fmt: skip
KEY = {"OWNKEY_KEYRING": "env", "GEMINI_API_KEY": "AIzaSy-made-up-for-a-test-of-routes-00"}
NO_KEYS = {"OWNKEY_KEYRING": "env"}


def what_if(*lines: Any, words: tuple[str, ...] = ("--json",)) -> list[dict[str, Any]]:
    given = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    said = run_command("route", "--what-if", "-", *words, stdin=given)
    assert (said.returncode, said.stderr) == (0, "")
    return [json.loads(line) for line in said.stdout.splitlines()]


def route(*words: str, environ: dict[str, str] = KEY) -> tuple[Said, dict[str, Any]]:
    said = run_command("route", *words, "--json", environ=environ)
    return said, json.loads(said.stdout)


def test_every_case_comes_out_as_it_must():
    answers = what_if(*CASES)
    wrong = []
    for case, answer in zip(CASES, answers, strict=True):
        found = {name: answer.get(name) for name in case["expect"]}
        if (then := found.get("then")) is not None:
            found["then"] = {"action": then["action"], "payer": then["payer"]}
        if found != case["expect"] or ("then" in answer) != (case["fails"] is not None):
            wrong.append((case["id"], found, case["expect"]))
    assert wrong == []


def test_an_answer_has_the_fields_of_the_contract():
    plain, failed = what_if(CASES[0], CASES[1])
    assert list(plain) == SHAPE
    assert list(failed) == [*SHAPE, "then"]
    assert list(failed["then"]) == ["action", "payer", "why"]


def test_what_a_line_leaves_open_is_as_for_a_person_alone():
    (said,) = what_if({"model": "google/x", "connections": None, "plan": None, "settings": None})
    assert (said["plan"], said["run"], said["refused"]) == ("personal", "local", "no_route")


@pytest.mark.parametrize(
    ("balance", "payer"),
    [
        ("250", "credits"), (250, "credits"), (0.5, "credits"), (" 1e-9 ", "credits"),
        ("0", None), (0, None), ("-1", None), ("-0", None),
        ("lots", None), ("NaN", None), ("Infinity", None), (None, None), (True, None), ([1], None),
    ],
)  # fmt: skip
def test_credits_pay_only_where_the_balance_is_a_number_above_zero(balance, payer):
    house = {"id": "house", "kind": "credits", "balance": balance, "models": ["x/y"]}
    (said,) = what_if({"model": "x/y", "connections": [house]})
    assert said["payer"] == payer
    assert said["refused"] == (None if payer else "out_of_credits")


def test_a_credit_service_that_says_no_balance_pays_nothing():
    house = {"id": "house", "kind": "credits", "models": ["x/y"]}
    (said,) = what_if({"model": "x/y", "connections": [house]})
    assert said["refused"] == "out_of_credits"
    assert "not known" in said["why"]


def test_a_list_of_models_beside_an_own_key_narrows_nothing():
    key = {"id": "k", "kind": "own_key", "provider": "google", "models": ["google/other"]}
    (said,) = what_if({"model": "google/x", "connections": [key]})
    assert said["payer"] == "own_key"


BAD = [
    "no json",
    "",
    "[]",
    "null",
    "{}",
    '{"model": 1}',
    '{"model": "a/b", "plan": "gold"}',
    '{"model": "a/b", "run": "elsewhere"}',
    '{"model": "a/b", "org_size": 0}',
    '{"model": "a/b", "org_size": "ten"}',
    '{"model": "a/b", "attempts_left": -1}',
    '{"model": "a/b", "fails": "bad_luck"}',
    '{"model": "a/b", "connections": [{"id": "x", "kind": "friend"}]}',
    '{"model": "a/b", "connections": [{"kind": "local"}]}',
    '{"model": "a/b", "settings": {"credit_fallback": "yes"}}',
    '{"model": "\\ud800"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("line", BAD, ids=lambda line: line[:60] or "empty")
def test_a_bad_line_gets_an_answer_that_sends_nothing_and_the_next_its_own(line):
    bad, good = what_if(line, CASES[0])
    assert list(bad) == [*SHAPE, "error"]
    assert bad["error"]
    assert (bad["payer"], bad["credits"], bad["platform_credits"]) == (None, False, False)
    assert good["payer"] == "own_key"


def test_a_what_if_uses_nothing_but_the_line(home: Path):
    case = CASES[0]
    before = what_if(case)
    run_command("settings", "set", "account.plan", "enterprise")
    run_command("settings", "set", "credits.fallback", "true")
    assert what_if(case) == before
    assert what_if({"model": "google/x"})[0]["plan"] == "personal"


def test_a_what_if_makes_no_file(home: Path):
    what_if(*CASES[:3])
    assert not home.exists()


def test_a_what_if_may_stand_in_a_file(tmp_path: Path):
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(CASES[0]) + "\n", "utf-8")
    said = run_command("route", "--what-if", str(file), "--json")
    assert json.loads(said.stdout)["connection"] == "personal"


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path):
    said = run_command("route", "--what-if", str(tmp_path / "none"))
    assert said.returncode == 2
    assert "cannot be read" in said.stderr


def test_a_person_reads_one_row_a_case_whatever_stands_in_it():
    given = json.dumps({"model": "x/\x1b[31m\nown key pays", "fails": "server"}) + "\nbad\n"
    said = run_command("route", "--what-if", "-", stdin=given)
    rows = said.stdout.splitlines()
    assert len(rows) == 2
    assert "refused (no_route)" in rows[0]
    assert "\x1b" not in said.stdout
    assert rows[1].startswith("?  the line is no case")


@pytest.mark.parametrize(
    "words",
    [(), ("a/b", "--rules"), ("--what-if", "-", "--fails", "server"), ("--rules", "--run", "cloud"),
     ("a/b", "--fails", "bad_luck"), ("a/b", "--run", "elsewhere")],
)  # fmt: skip
def test_wrong_usage_ends_with_2(words):
    assert run_command("route", *words).returncode == 2


def test_the_rules_are_the_table_with_its_version():
    said = run_command("route", "--rules", "--json")
    rules = json.loads(said.stdout)
    assert rules["version"] == TABLE.version
    assert len(rules["payers"]) == len(TABLE.payers)
    assert {row["rule"] for row in rules["payers"]} == {2, 3, 4, 5, 6, 7, 9}


def test_a_person_reads_every_line_of_the_rules():
    said = run_command("route", "--rules").stdout
    assert f"version {TABLE.version}" in said
    assert said.count("→") == len(TABLE.payers) + len(TABLE.failures) + 2
    assert "`credits.fallback`" in said
    assert max(map(len, said.splitlines())) <= 110


def test_a_key_in_use_serves_and_says_so(home: Path):
    said, answer = route("google/gemini-3.1-pro-preview", "--fails", "rate_limit")
    assert said.returncode == 0
    assert list(answer) == [*SHAPE, "then"]
    assert (answer["payer"], answer["connection"]) == ("own_key", "env:GEMINI_API_KEY")
    assert (answer["then"]["action"], answer["then"]["payer"]) == ("retry", "own_key")


def test_a_quota_that_is_spent_halts_with_the_fallback_off(home: Path):
    _, answer = route("google/x", "--fails", "quota")
    assert (answer["then"]["action"], answer["then"]["payer"]) == ("halt", None)
    assert "credit fallback is off" in answer["then"]["why"]


def test_no_key_is_no_route_with_the_next_step(home: Path):
    said, answer = route("google/x", environ=NO_KEYS)
    assert (said.returncode, answer["refused"], answer["payer"]) == (5, "no_route", None)
    assert "`ownkey keys add google`" in answer["why"]


def test_a_key_found_but_not_used_is_named_with_the_yes_to_it(home: Path):
    _, answer = route("google/x", environ={"GEMINI_API_KEY": KEY["GEMINI_API_KEY"]})
    assert answer["refused"] == "no_route"
    assert "`ownkey keys use GEMINI_API_KEY`" in answer["why"]


def test_a_cloud_run_never_takes_the_key_of_this_device(home: Path):
    said, answer = route("google/x", "--run", "cloud")
    assert (said.returncode, answer["refused"], answer["connection"]) == (5, "no_route", None)


def test_the_plan_that_the_settings_name_counts(home: Path):
    run_command("settings", "set", "account.plan", "free")
    run_command("settings", "set", "account.org_size", "11")
    said, answer = route("google/x")
    assert (said.returncode, answer["refused"], answer["plan"]) == (5, "plan", "free")


def test_auto_takes_credits_and_there_are_none(home: Path):
    said, answer = route("auto")
    assert (said.returncode, answer["refused"]) == (5, "no_route")
    assert "takes credits" in answer["why"]


def test_own_best_names_the_model_that_it_picks(home: Path):
    _, answer = route("own-best")
    assert answer["payer"] == "own_key"
    assert "own-best picks google/" in answer["why"]


def test_a_suggestion_costs_nothing(home: Path):
    _, answer = route("google/x", "--run", "active_ai", environ=NO_KEYS)
    assert (answer["payer"], answer["connection"], answer["refused"]) == ("nobody", None, None)


def test_a_person_reads_who_pays_and_what_follows(home: Path):
    said = run_command("route", "google/x", "--fails", "invalid_key", environ=KEY)
    assert said.stdout.splitlines()[0] == "google/x  your own key pays (env:GEMINI_API_KEY)"
    assert "if it fails: halt: invalid_key stops at once" in said.stdout


def test_nothing_is_connected_to(home: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert main(["route", "local/x"]) == 5
