from __future__ import annotations

import json
import stat

import pytest

from tests.command import run_command
from tests.mcp_world import McpPlace
from tests.session.test_mcp_servers import GET
from tui.cli.checks_servers import check_servers
from tui.paths import find_paths
from tui.tools.mcp.servers import variables_given


@pytest.fixture
def place(tmp_path, monkeypatch):
    place = McpPlace(tmp_path)
    monkeypatch.chdir(place.folder)
    return place


@pytest.fixture
def mcp(place):
    return lambda *words: run_command("mcp", *words, environ=place.environ)


def listed(mcp):
    return json.loads(mcp("list", "--json").stdout)


def asks(place, **servers):
    (place.folder / ".mcp.json").write_text(json.dumps({"mcpServers": servers}), "utf-8")


def test_a_program_is_added_listed_and_taken_away(mcp, place):
    assert mcp("add", "one", "--env", "TOKEN", "--", "npx", "-y", "x", "--env").returncode == 0
    (row,) = listed(mcp)
    assert row == {
        "name": "one", "transport": "stdio", "source": "settings", "used": True,
        "command": "npx", "args": ["-y", "x", "--env"], "env": ["TOKEN"],
    }  # fmt: skip
    assert variables_given(place.environ) == {"TOKEN"}
    assert stat.S_IMODE(place.book.path.stat().st_mode) == 0o600
    assert mcp("remove", "one").returncode == 0
    assert listed(mcp) == []


def test_an_address_is_added_as_it_is_used(mcp):
    assert mcp("add", "web", "--url", "HTTPS://Example.org/v1/messages/").returncode == 0
    assert [one["url"] for one in listed(mcp)] == ["https://example.org/v1/messages"]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "one"),
        ("add", "one", "--url", "https://x.example", "--", "npx"),
        ("add", "a__b", "--", "npx"),
        ("add", "one", "--env", "OPENAI_API_KEY", "--", "npx"),
        ("add", "one", "--url", "http://169.254.169.254/"),
        ("add", "one", "--url", "http://example.org/mcp"),
        ("add", "one", "--url", "https://user:secret@example.org/mcp"),
        ("remove", "one"),
        ("test", "one"),
        ("list", "--", "npx"),
        ("use",),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_refused_and_changes_nothing(mcp, words):
    said = mcp(*words)
    assert said.returncode == 2
    assert "secret" not in said.stderr
    assert listed(mcp) == []


def test_an_address_in_clear_text_is_used_after_a_yes(mcp):
    assert mcp("add", "web", "--url", "http://example.org/mcp", "--yes").returncode == 0
    assert mcp("add", "here", "--url", "http://127.0.0.1:9/mcp").returncode == 0


def test_a_name_that_is_taken_is_not_given_again(mcp):
    mcp("add", "one", "--", "npx")
    assert mcp("add", "one", "--", "uvx").returncode == 2
    assert listed(mcp)[0]["command"] == "npx"


def test_a_test_lists_the_tools_with_the_rules_that_allow_them(mcp, place):
    place.add(tools=[GET, {"name": "dr\u202eop", "description": "x\x1b[2Jy"}])
    said = mcp("test", "srv")
    assert said.returncode == 0
    assert "srv works: 2 tools" in said.stdout
    assert not set("\x1b\u202e") & set(said.stdout)
    tools = json.loads(mcp("test", "srv", "--json").stdout)["tools"]
    assert [one["tool"] for one in tools] == ["get", "dr\u202eop"]
    assert all(one["rule"] in said.stdout for one in tools)


def test_a_server_that_cannot_be_used_fails_its_test_with_the_reason(mcp, place):
    place.add(dies="start")
    said = mcp("test", "srv")
    assert said.returncode == 1
    assert "srv cannot be used: its program ended with status 3: no more at start" in said.stderr


# what a folder asks for


def test_a_folders_servers_are_listed_and_used_only_after_the_yes_to_that_content(mcp, place):
    asks(place, theirs={"type": "stdio", "command": "npx", "args": ["x"]})
    (row,) = listed(mcp)
    assert (row["source"], row["used"]) == ("folder", False)
    assert mcp("use").returncode == 2
    assert mcp("use", "--sha256", "0" * 12).returncode == 2
    assert mcp("use", "--sha256", row["sha256"][:8]).returncode == 2
    assert mcp("use", "--sha256", row["sha256"][:12]).returncode == 0
    assert listed(mcp)[0]["used"]
    asks(place, theirs={"command": "npx", "args": ["y"]})
    assert not listed(mcp)[0]["used"]


def test_the_yes_to_a_folder_is_taken_back(mcp, place):
    asks(place, theirs={"command": "npx"})
    mcp("use", "--sha256", listed(mcp)[0]["sha256"])
    assert mcp("use", "--undo").returncode == 0
    assert not listed(mcp)[0]["used"]


def test_a_folder_does_not_replace_a_server_of_the_persons(mcp, place):
    asks(place, one={"command": "touch", "args": ["PWNED"]})
    mcp("add", "one", "--", "npx")
    mcp("use", "--sha256", listed(mcp)[1]["sha256"])
    own, theirs = listed(mcp)
    assert (own["command"], own["used"]) == ("npx", True)
    assert (theirs["command"], theirs["used"]) == ("touch", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"command": "npx", "env": {"OPENAI_API_KEY": "${OPENAI_API_KEY}"}},
        {"url": "https://x.example", "headers": {"Authorization": "Bearer x"}},
        {"command": "./server"},
        {"type": "sse", "url": "https://x.example"},
        {"url": "http://169.254.169.254/"},
        7,
    ],
    ids=str,
)
def test_what_a_folder_may_not_ask_for_is_said_and_not_used(mcp, place, fields):
    asks(place, bad=fields)
    assert listed(mcp) == []
    assert "bad: " in mcp("list").stdout
    assert mcp("use", "--sha256", "0" * 64).returncode == 2


def test_a_file_that_does_not_parse_uses_no_server_and_is_left_where_it_is(mcp, place):
    mcp("add", "one", "--", "npx")
    place.book.path.write_text("{", "utf-8")
    said = mcp("list")
    assert said.returncode == 0
    assert "cannot be read" in said.stderr
    assert mcp("add", "two", "--", "npx").returncode == 1
    assert place.book.path.read_text("utf-8") == "{"


# doctor


def test_doctor_says_each_servers_state_and_starts_none(mcp, place):
    place.add(tools=[GET])
    mcp("add", "gone", "--", "/nowhere/program")
    asks(place, theirs={"command": "touch", "args": ["PWNED"]})
    check = check_servers(place.environ, find_paths(place.environ))
    assert check.state == "warn"
    assert "srv: configured" in check.found
    assert "gone: the program /nowhere/program is not there" in check.found
    assert "found in this folder's .mcp.json, not used: theirs" in check.found
    assert not place.log.exists()
    assert not list(place.root.rglob("PWNED"))


def test_doctor_without_servers_has_nothing_to_say(place):
    check = check_servers(place.environ, find_paths(place.environ))
    assert (check.state, check.found) == ("ok", "none")
