from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.canary import leaks, leaks_under, made_up_key
from tests.command import Said, run_command
from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tests.typed_child import TypedChild
from tui.secret import Secret

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
GOOD = made_up_key()
OTHER = made_up_key()


def ownkey(*words: str, stdin: str = "", **environ: str) -> Said:
    return run_command("keys", *words, stdin=stdin, environ={**SEALED, **environ})


def listed(**environ: str) -> list[dict[str, Any]]:
    return json.loads(ownkey("list", "--json", **environ).stdout)


@pytest.fixture(scope="module")
def maker() -> Iterator[FakeProvider]:
    with FakeProvider(keys={GOOD, OTHER}) as fake:
        yield fake


@pytest.fixture
def url(maker: FakeProvider, home: Path) -> str:
    maker.reset()
    return maker.url("anthropic")


# Adding


def test_a_verified_key_is_stored_and_everything_is_said(url: str):
    said = ownkey("add", "anthropic", "--base-url", url, stdin=f"export KEY='{GOOD}'\n")
    assert said.returncode == 0
    assert "quotes were taken off" in said.stderr.lower()
    assert "fake-1, fake-2-thinking" in said.stdout
    assert "sealed vault" in said.stdout
    assert f"…{GOOD[-4:]}" in said.stdout
    assert "Retention of what is sent follows the provider account's own settings" in said.stdout


def test_the_list_has_the_fields_of_the_contract(url: str):
    ownkey("add", "anthropic", "--base-url", url, "--label", "work", stdin=GOOD)
    record = listed()[0]
    expected = {
        "provider": "anthropic", "label": "work", "fingerprint": GOOD[-4:], "source": "stored",
        "used": True, "default": True, "base_url": url, "backend": "sealed vault",
        "state": "verified", "error_kind": None,
    }  # fmt: skip
    assert {name: record[name] for name in expected} == expected
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", record["checked_at"])
    assert record["id"]


def test_a_key_that_is_refused_live_is_not_stored(url: str):
    said = ownkey("add", "anthropic", "--base-url", url, stdin=made_up_key())
    assert said.returncode == 1
    assert "invalid_key" in said.stderr
    assert listed() == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("payload", "error"),
    [("", "empty"), ("sk-ant-...", "not_a_key"), ("a" * 5000, "too_long"),
     (made_up_key("sk-proj-"), "wrong_provider")],
)  # fmt: skip
def test_a_paste_that_is_no_key_is_refused_with_its_class(url: str, payload: str, error: str):
    said = ownkey("add", "anthropic", "--base-url", url, "--json", stdin=payload)
    assert (said.returncode, json.loads(said.stdout)["error"]) == (1, error)


def test_a_refused_paste_is_sent_nowhere(maker: FakeProvider, url: str):
    ownkey("add", "anthropic", "--base-url", url, stdin=made_up_key("sk-proj-"))
    assert maker.seen == []


@pytest.mark.parametrize("payload", [made_up_key(), "sk-ant-...", made_up_key("sk-proj-")])
def test_a_refused_key_leaves_the_one_that_was_there(url: str, payload: str):
    ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    before = listed()
    said = ownkey("add", "anthropic", "--base-url", url, "--replace", stdin=payload)
    assert (said.returncode, listed()) == (1, before)
    assert ownkey("check").returncode == 0


def test_an_unreachable_maker_stores_nothing_and_names_the_way_out(home: Path):
    url = f"http://127.0.0.1:{closed_port()}"
    said = ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    assert said.returncode == 1
    assert "--no-check" in said.stderr
    assert listed() == []


def test_without_a_check_the_key_is_stored_as_unchecked_and_sent_nowhere(
    maker: FakeProvider, url: str
):
    said = ownkey("add", "anthropic", "--base-url", url, "--no-check", stdin=GOOD)
    assert "unchecked" in said.stdout
    assert (listed()[0]["state"], maker.seen) == ("unchecked", [])


def test_the_variable_names_the_address_when_a_key_is_added(url: str):
    ownkey("add", "anthropic", stdin=GOOD, ANTHROPIC_BASE_URL=url)
    assert listed()[0]["base_url"] == url


def test_a_label_that_is_taken_is_refused_before_anything_is_sent(maker: FakeProvider, url: str):
    ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    maker.reset()
    said = ownkey("add", "anthropic", "--base-url", url, stdin=OTHER)
    assert (said.returncode, maker.seen) == (2, [])


@pytest.mark.long
def test_replace_puts_the_new_key_in_place_of_the_old(url: str):
    ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    said = ownkey("add", "anthropic", "--base-url", url, "--replace", stdin=OTHER)
    assert (said.returncode, [one["fingerprint"] for one in listed()]) == (0, [OTHER[-4:]])


@pytest.mark.parametrize(
    "address",
    ["http://gateway.example/v1", "ftp://x.example", "http://169.254.169.254/", "https://u:p@x.example"],
)  # fmt: skip
def test_an_address_that_needs_a_person_or_is_unfit_is_refused(home: Path, address: str):
    said = ownkey("add", "openai", "--base-url", address, stdin=made_up_key("sk-proj-"))
    assert said.returncode == 2
    assert listed() == []


@pytest.mark.parametrize(
    "words",
    [
        ["add", "anthropic", GOOD],
        ["add", GOOD],
        ["add", f"--key={GOOD}"],
        ["add", "anthropic", "-k", GOOD],
        [GOOD],
        ["check", "anthropic", GOOD],
        ["list", GOOD],
        ["add", "anthropic", "--label", GOOD],
        ["add", "anthropic", "--base-url", f"https://{GOOD}@x.example"],
        ["use", GOOD],
        ["remove", GOOD],
        ["default", GOOD],
        ["check", GOOD],
    ],
)
def test_a_key_as_an_argument_is_refused_and_never_repeated(home: Path, words: list[str]):
    said = ownkey(*words, stdin=OTHER)
    assert said.returncode == 2
    assert not leaks(said.stdout + said.stderr, GOOD)
    assert "Traceback" not in said.stderr


@pytest.mark.long
def test_a_wrong_passphrase_stores_nothing_and_says_so(url: str):
    ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    said = ownkey(
        "add", "anthropic", "--base-url", url, "--label", "b", stdin=OTHER, OWNKEY_PASSPHRASE="no"
    )
    assert said.returncode == 1
    assert "passphrase" in said.stderr
    assert [one["label"] for one in listed()] == ["main"]


def test_a_dry_run_stores_and_sends_nothing(maker: FakeProvider, url: str, home: Path):
    said = ownkey("add", "anthropic", "--dry-run", "--json", "--base-url", url, stdin=f"'{GOOD}'")
    assert json.loads(said.stdout)["sha256"] == Secret(GOOD).sha256
    assert maker.seen == []
    assert not home.exists()


@pytest.mark.parametrize(
    "line", ["no json", "[]", "{}", '{"provider": "anthropic"}', '{"provider": 1, "payload": "x"}',
             '{"provider": "nobody", "payload": "abcdefghijklmnop"}', "\x00", '{"a":' * 5000],
)  # fmt: skip
def test_a_bad_line_of_a_batch_gets_its_answer_in_step(line: str):
    good = json.dumps({"provider": "anthropic", "payload": GOOD})
    said = ownkey("add", "--dry-run", "--json", "--batch", stdin=f"{line}\n{good}\n")
    answers = [json.loads(text) for text in said.stdout.splitlines()]
    assert [answer["error"] is None for answer in answers] == [False, True]


# Using, choosing, removing


@pytest.mark.long
def test_keys_are_checked_chosen_removed_and_brought_back(url: str):
    ownkey("add", "anthropic", "--base-url", url, "--label", "a", stdin=GOOD)
    ownkey("add", "anthropic", "--base-url", url, "--label", "b", stdin=OTHER)
    statuses = [
        ownkey("check").returncode,
        ownkey("default", listed()[1]["id"]).returncode,
        ownkey("remove", "a").returncode,
    ]
    assert (statuses, [(one["label"], one["default"]) for one in listed()]) == (
        [0, 0, 0], [("b", True)]
    )  # fmt: skip
    assert ownkey("undo").returncode == 0
    assert [one["label"] for one in listed()] == ["a", "b"]


@pytest.mark.long
def test_a_check_of_a_key_that_went_bad_fails_and_is_remembered(maker: FakeProvider, url: str):
    ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    maker.keys, before = {OTHER}, maker.keys
    try:
        said = ownkey("check", "--json")
    finally:
        maker.keys = before
    assert said.returncode == 1
    assert json.loads(said.stdout)[0]["error_kind"] == "invalid_key"
    assert (listed()[0]["state"], listed()[0]["error_kind"]) == ("refused", "invalid_key")


@pytest.mark.long
def test_removing_by_maker_asks_which_of_several(url: str):
    ownkey("add", "anthropic", "--no-check", "--base-url", url, "--label", "a", stdin=GOOD)
    ownkey("add", "anthropic", "--no-check", "--base-url", url, "--label", "b", stdin=OTHER)
    said = ownkey("remove", "anthropic")
    assert said.returncode == 2
    assert all(one["id"] in said.stderr for one in listed())


def test_a_found_key_is_used_after_one_yes_and_never_before(maker: FakeProvider, url: str):
    found = {"ANTHROPIC_API_KEY": GOOD, "ANTHROPIC_BASE_URL": url}
    before = listed(**found)[0]
    ownkey("check", **found)
    unasked = list(maker.seen)
    assert ownkey("use", "ANTHROPIC_API_KEY", **found).returncode == 0
    assert ownkey("check", **found).returncode == 0
    assert (before["used"], unasked, listed(**found)[0]["used"]) == (False, [], True)


def test_a_found_key_is_not_sent_when_it_is_named_before_the_yes(maker: FakeProvider, url: str):
    found = {"ANTHROPIC_API_KEY": GOOD, "ANTHROPIC_BASE_URL": url}
    said = ownkey("check", "env:ANTHROPIC_API_KEY", **found)
    assert (said.returncode, maker.seen) == (2, [])
    assert "keys use ANTHROPIC_API_KEY" in said.stderr


def test_with_env_keys_are_checked_at_their_own_address(url: str, home: Path):
    found = {"ANTHROPIC_API_KEY": GOOD, "ANTHROPIC_BASE_URL": url, "OWNKEY_KEYRING": "env"}
    said = ownkey("check", "--json", **found)
    assert (said.returncode, json.loads(said.stdout)[0]["state"]) == (0, "verified")
    assert not any(path.is_file() for path in home.rglob("*")) if home.exists() else True


def test_a_broken_list_is_said_and_the_rest_works(url: str, home: Path):
    ownkey("add", "anthropic", "--base-url", url, stdin=GOOD)
    (home / "config" / "keys.json").write_text("{", encoding="utf-8")
    said = ownkey("list", "--json")
    assert (said.returncode, said.stdout) == (0, "[]\n")
    assert "put aside" in said.stderr


@pytest.mark.parametrize("words", [["list"], ["check"], ["list", "--json"]])
def test_an_empty_list_is_no_error(home: Path, words: list[str]):
    assert ownkey(*words).returncode == 0


@pytest.mark.parametrize("words", [["remove", "x"], ["default", "x"], ["check", "x"], ["undo"]])
def test_a_key_that_is_not_there_is_wrong_usage(home: Path, words: list[str]):
    assert ownkey(*words).returncode == 2


# At a terminal


@pytest.mark.long
def test_a_pasted_key_is_not_echoed(url: str):
    with TypedChild("keys", "add", "anthropic", "--base-url", url, environ=SEALED) as child:
        child.wait_for("Paste the key")
        child.type(f"\x1b[200~{GOOD}\x1b[201~")
        child.type("\r")
        assert child.end() == 0
    assert not leaks(child.shown, GOOD)
    assert listed()[0]["fingerprint"] == GOOD[-4:]


@pytest.mark.long
def test_a_key_that_a_terminal_broke_is_taken_whole(url: str):
    with TypedChild("keys", "add", "anthropic", "--base-url", url, environ=SEALED) as child:
        child.wait_for("Paste the key")
        child.type(f"\x1b[200~{GOOD[:40]}\r\n{GOOD[40:]}\x1b[201~\r")
        assert child.end() == 0
    assert listed()[0]["state"] == "verified"


def test_what_follows_the_key_does_not_reach_the_shell(home: Path):
    with TypedChild("keys", "add", "anthropic", "--dry-run") as child:
        child.wait_for("Paste the key")
        child.type(f"{GOOD[:40]}\r{GOOD[40:]}\r")
        child.end()
    assert not leaks(child.shown, GOOD)


def test_a_typed_key_can_be_corrected(home: Path):
    with TypedChild("keys", "add", "anthropic", "--dry-run", "--json") as child:
        child.wait_for("Paste the key")
        child.type(f"nonsense\x15{GOOD}x\x7f\r")
        assert child.end() == 0
    assert Secret(GOOD).sha256 in child.shown


def test_ctrl_c_at_the_prompt_stores_nothing_and_gives_the_echo_back(home: Path):
    with TypedChild("keys", "add", "anthropic", environ=SEALED) as child:
        child.wait_for("Paste the key")
        silent = child.echoes
        child.type("\x03")
        status = child.end()
        assert (silent, child.echoes, status) == (False, True, 130)
    assert listed() == []


def test_the_vault_is_made_only_after_a_yes(url: str, home: Path):
    with TypedChild("keys", "add", "anthropic", "--base-url", url) as child:
        child.wait_for("sealed vault")
        child.wait_for("yes or no")
        child.type("no\r")
        assert child.end() == 1
    assert "OWNKEY_KEYRING=env" in child.shown
    assert not any(home.rglob("vault.sealed"))


@pytest.mark.long
def test_a_yes_makes_the_vault_with_a_passphrase_asked_twice(url: str):
    with TypedChild("keys", "add", "anthropic", "--base-url", url) as child:
        child.wait_for("yes or no")
        child.type("yes\r")
        child.wait_for("Passphrase")
        child.type("correct horse\r")
        child.wait_for("same again")
        child.type("correct horse\r")
        child.wait_for("Paste the key")
        child.type(f"{GOOD}\r")
        assert child.end() == 0
    assert "correct horse" not in child.shown
    assert ownkey("check", OWNKEY_KEYRING="system").returncode == 0


def test_a_key_pasted_where_a_yes_was_asked_is_not_shown(home: Path):
    with TypedChild("keys", "add", "anthropic") as child:
        child.wait_for("yes or no")
        child.type(f"{GOOD}\r")
        assert child.end() == 1
    assert not leaks(child.shown, GOOD)


def test_who_named_the_system_keyring_is_asked_for_nothing_else(home: Path):
    environ = {"OWNKEY_KEYRING": "system"}
    with TypedChild("keys", "add", "anthropic", environ=environ) as child:
        assert child.end() == 1
    assert "OWNKEY_KEYRING=sealed" in child.shown
    assert "yes or no" not in child.shown


@pytest.mark.long
@pytest.mark.parametrize(("answer", "status"), [("no", 2), ("", 2), ("yes", 0)])
def test_clear_text_to_another_host_takes_a_yes(home: Path, answer: str, status: int):
    words = ["keys", "add", "openai", "--no-check", "--base-url", "http://gateway.example/v1"]
    with TypedChild(*words, environ=SEALED) as child:
        child.wait_for("yes or no")
        child.type(f"{answer}\r")
        if status == 0:
            child.wait_for("Paste the key")
            child.type(made_up_key("sk-proj-") + "\r")
        assert child.end() == status
    assert [one["base_url"] for one in listed()] == ["http://gateway.example/v1"][: status == 0]


@pytest.mark.long
@pytest.mark.parametrize(("answer", "stored"), [("no", []), ("yes", ["unreachable"])])
def test_an_unchecked_key_is_stored_after_a_yes(home: Path, answer: str, stored: list[str]):
    url = f"http://127.0.0.1:{closed_port()}"
    with TypedChild("keys", "add", "anthropic", "--base-url", url, environ=SEALED) as child:
        child.wait_for("Paste the key")
        child.type(f"{GOOD}\r")
        child.wait_for("yes or no")
        child.type(f"{answer}\r")
        child.end()
    assert [one["state"] for one in listed()] == stored


# The sweep


def test_no_byte_of_a_key_is_in_any_file_or_output_after_everything(url: str, home: Path):
    found = {"ANTHROPIC_API_KEY": OTHER, "ANTHROPIC_BASE_URL": url}
    echoes = re.sub(r"(:\d+)", r"\1/fault/401", url)
    runs = [
        ownkey(
            "add", "anthropic", "--base-url", url, "--label", "a", stdin=f'{{"api_key":"{GOOD}"}}'
        ),
        ownkey(
            "add", "anthropic", "--base-url", url, "--label", "a", "--replace", "--json", stdin=GOOD
        ),
        ownkey("add", "anthropic", "--base-url", echoes, "--label", "b", stdin=GOOD),
        ownkey("add", "anthropic", "--base-url", url, "--label", GOOD, stdin=OTHER),
        ownkey("add", "anthropic", GOOD, stdin=OTHER),
        ownkey("add", "openai", stdin=GOOD),
        ownkey("add", "anthropic", "--dry-run", "--json", stdin=GOOD),
        ownkey("list", **found),
        ownkey("use", "ANTHROPIC_API_KEY", **found),
        ownkey("check", "--json", **found),
        ownkey("remove", "a"),
        ownkey("undo", "--json"),
        ownkey("list", "--json", **found),
        ownkey("list", **found, OWNKEY_KEYRING="env"),
    ]
    output = "".join(run.stdout + run.stderr for run in runs)
    assert "Traceback" not in output
    assert leaks(output, GOOD) + leaks(output, OTHER) == []
    assert leaks_under(home, GOOD) + leaks_under(home, OTHER) == []
