from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.canary import leaks_under, made_up_key
from tests.command import Said, run_command
from tests.fake_provider import FakeProvider
from tui.events.base import SessionId
from tui.paths import find_paths
from tui.places import places
from tui.store.lease import Lease

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
KEY = made_up_key()


def ownkey(*words: str, stdin: str = "", **environ: str) -> Said:
    return run_command(*words, stdin=stdin, environ={**SEALED, **environ})


@pytest.fixture
def used(home: Path, tmp_path: Path) -> Path:
    """A home in which a key was added and a turn was run."""
    with FakeProvider(keys={KEY}) as maker:
        url = maker.url("anthropic")
        assert ownkey("keys", "add", "anthropic", "--base-url", url, stdin=KEY).returncode == 0
        said = ownkey("run", "hello", "--model", "anthropic/claude-opus-4-7", "--tools", "none")
        assert said.returncode == 0
        ownkey("settings", "set", "budget.day_usd", "5")
        (home / "port").write_text(str(maker.port), encoding="utf-8")
    return home


def test_the_hosts_that_were_contacted_are_listed_and_no_other(used: Path):
    port = (used / "port").read_text(encoding="utf-8")
    fields = json.loads(ownkey("privacy", "--json").stdout)
    found = {(one["origin"], one["purpose"]): one["count"] for one in fields["hosts"]}
    assert found == {
        (f"http://127.0.0.1:{port}", "key check"): 1, (f"http://127.0.0.1:{port}", "chat"): 1
    }  # fmt: skip
    assert all(one["first"] <= one["last"] and one["last"].endswith("Z") for one in fields["hosts"])
    assert not leaks_under(find_paths({"OWNKEY_HOME": str(used)}).state, KEY)


def test_the_facts_name_where_keys_and_files_lie_and_what_becomes_of_what_is_sent(used: Path):
    fields = json.loads(ownkey("privacy", "--json").stdout)
    (one,) = fields["connections"]
    assert one["key_in"] == "sealed vault"
    assert "Anthropic account" in one["retention"]
    sizes = {place["what"]: place["bytes"] for place in fields["places"]}
    assert sizes["Conversations, receipts and sums"] > 0
    assert sizes["MCP servers"] is None
    said = ownkey("privacy").stdout
    assert "No telemetry" in said
    assert "one person on one device" in said


def test_a_proxy_is_named_without_its_password(home: Path):
    said = ownkey("privacy", "--json", HTTPS_PROXY="http://me:geheim@proxy.example:3128")
    assert json.loads(said.stdout)["proxies"]["HTTPS_PROXY"] == "proxy.example:3128"


def test_everything_is_forgotten_and_what_stays_is_said(used: Path):
    said = ownkey("privacy", "forget", "--everything", "--json", OPENAI_API_KEY=made_up_key())
    assert said.returncode == 0
    fields = json.loads(said.stdout)
    assert any("sealed vault" in one for one in fields["removed"])
    assert any("Conversations" in one for one in fields["removed"])
    assert fields["failed"] == []
    assert any(one.startswith("OPENAI_API_KEY in the environment") for one in fields["stays"])
    assert sorted(one.name for one in used.iterdir()) == ["port"]


def test_every_file_that_is_made_is_known_to_be_ours(used: Path):
    paths = find_paths({"OWNKEY_HOME": str(used)})
    assert {Path(one.path).name for one in places(paths) if one.bytes is not None} >= {
        "keys.json", "settings.json", "vault.sealed", "sessions.db", "hosts.json", "models.json"
    }  # fmt: skip
    ownkey("privacy", "forget", "--everything")
    assert [one for one in used.rglob("*") if one.name != "port"] == []


def test_nothing_is_removed_while_another_ownkey_drives_a_session(used: Path):
    paths = find_paths({"OWNKEY_HOME": str(used)})
    lease = Lease.take(paths.state / "locks", SessionId("s_busy"))
    assert lease is not None
    try:
        before = sorted(used.rglob("*"))
        said = ownkey("privacy", "forget", "--everything")
        assert said.returncode == 1
        assert "s_busy" in said.stderr
        assert "Close it" in said.stderr
        assert sorted(used.rglob("*")) == before
    finally:
        lease.release()
    assert ownkey("privacy", "forget", "--everything").returncode == 0


def test_what_is_not_ours_stays_in_a_folder_that_is_shared(used: Path):
    foreign = used / "data" / "thesis.txt"
    foreign.write_text("mine", encoding="utf-8")
    elsewhere = used / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("mine", encoding="utf-8")
    os.symlink(elsewhere, used / "state" / "editing")
    said = ownkey("privacy", "forget", "--everything")
    assert said.returncode == 0
    assert f"What is not ownkey's in {used / 'data'}" in said.stdout
    assert foreign.read_text(encoding="utf-8") == "mine"
    assert (elsewhere / "kept.txt").exists()


def test_forget_alone_forgets_nothing(used: Path):
    assert ownkey("privacy", "forget").returncode == 2
    assert (used / "data" / "vault.sealed").exists()
