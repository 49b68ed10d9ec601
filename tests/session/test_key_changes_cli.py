from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.canary import made_up_key
from tests.command import Said, run_command

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}


def ownkey(*words: str, stdin: str = "") -> Said:
    return run_command(*words, stdin=stdin, environ=SEALED)


def add(label: str, *more: str) -> str:
    words = ("keys", "add", "anthropic", "--label", label, "--no-check", "--json", *more)
    return json.loads(ownkey(*words, stdin=made_up_key()).stdout)["id"]


def listed() -> list[dict[str, Any]]:
    return json.loads(ownkey("keys", "list", "--json").stdout)


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_route_follows_the_pin_of_the_folder(folder: Path):
    add("main")
    other = add("work")
    assert ownkey("keys", "pin", other).returncode == 0
    route = json.loads(ownkey("route", "anthropic/claude-opus-4-7", "--json").stdout)
    assert route["connection"] == other
    assert [(one["pinned"], one["pins"]) for one in listed()] == [
        (False, []), (True, [str(folder)])
    ]  # fmt: skip
    assert "pinned here" in ownkey("keys", "list").stdout
    ownkey("keys", "unpin", "work")
    route = json.loads(ownkey("route", "anthropic/claude-opus-4-7", "--json").stdout)
    assert route["connection"] != other


def test_the_models_name_the_key_that_is_pinned_to_the_folder(folder: Path, monkeypatch):
    def serving() -> tuple[str, str]:
        rows = json.loads(ownkey("models", "--json").stdout)
        row = next(one for one in rows if one["id"] == "anthropic/claude-opus-4-7")
        return row["connection"], row["label"]

    first = add("main")
    other = add("work")
    ownkey("keys", "pin", other)
    assert serving() == (other, "work")
    monkeypatch.chdir(folder.parent)  # a pin holds in what lies below its folder
    assert serving() == (first, "main")


def test_a_disabled_key_serves_no_route_until_it_is_enabled(folder: Path):
    key = add("main")
    assert ownkey("keys", "disable", key).returncode == 0
    assert [(one["enabled"], one["used"]) for one in listed()] == [(False, False)]
    assert ownkey("route", "anthropic/claude-opus-4-7").returncode == 5
    refused = ownkey("keys", "default", key)
    assert refused.returncode == 2
    assert f"ownkey keys enable {key}" in refused.stderr
    ownkey("keys", "enable", key)
    assert ownkey("route", "anthropic/claude-opus-4-7").returncode == 0


def test_a_label_is_changed_in_place(folder: Path):
    key = add("main")
    assert ownkey("keys", "label", key, "work").returncode == 0
    assert [(one["id"], one["label"]) for one in listed()] == [(key, "work")]


def test_what_is_no_key_is_said_before_a_label_that_is_taken(folder: Path):
    add("main")
    said = ownkey("keys", "add", "anthropic", "--label", "main", stdin="sk-ant-...")
    assert said.returncode == 1
    assert "not_a_key" in said.stderr


def test_a_vault_that_was_made_takes_keys_where_no_keyring_answers(folder: Path):
    add("main")
    named_nothing = {
        "OWNKEY_KEYRING": "", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/no-bus",
    }  # fmt: skip

    def add_more(label: str, **environ: str) -> Said:
        words = ("keys", "add", "anthropic", "--label", label, "--no-check")
        return run_command(*words, stdin=made_up_key(), environ=named_nothing | environ)

    assert add_more("second", OWNKEY_PASSPHRASE="correct horse").returncode == 0
    closed = add_more("third")
    assert closed.returncode == 1
    assert "needs its passphrase" in closed.stderr
    assert "OWNKEY_PASSPHRASE" in closed.stderr
    assert [one["label"] for one in listed()] == ["main", "second"]


def test_no_vault_is_made_unasked_where_no_keyring_answers(folder: Path):
    environ = {
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/no-bus",
        "OWNKEY_PASSPHRASE": "x y z w",
    }
    said = run_command(
        "keys", "add", "anthropic", "--no-check", stdin=made_up_key(),
        environ=environ | {"OWNKEY_KEYRING": ""},
    )  # fmt: skip
    assert said.returncode == 1
    assert "no keyring" in said.stderr
    assert json.loads(run_command("keys", "list", "--json", environ=environ).stdout) == []
