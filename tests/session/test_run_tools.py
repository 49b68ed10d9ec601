from __future__ import annotations

import json
from unittest import mock

import pytest

from tests.command import run_command
from tests.engine_world import QUICK, environ_of
from tests.fake_provider import FakeProvider


@pytest.fixture(scope="module")
def provider():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def run(provider, home, tmp_path, monkeypatch):
    """`ownkey run` with tools, in a folder of its own, over a model that makes these calls."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "notes.txt").write_text("old\n", encoding="utf-8")
    monkeypatch.chdir(work)

    def run(*words, calls):
        provider.reset()
        provider.script([{"tool_calls": [one]} for one in calls] + [{"text": "done"}])
        with mock.patch("tui.process.harden"):
            return run_command(
                "run", "do it", "--model", QUICK, *words, environ=environ_of(provider, home)
            )

    run.folder = work
    return run


def of_type(said, kind):
    told = [json.loads(line) for line in said.stdout.splitlines()]
    return [one for one in told if one["type"] == kind]


def call(name, **args):
    return {"name": name, "args": args}


def test_a_command_that_no_rule_covers_is_refused_and_the_turn_goes_on(run):
    said = run("--json", "--tools", "all", calls=[call("shell", command="touch made")])
    (approval,) = of_type(said, "approval")
    assert (approval["decision"], approval["by"]) == ("deny", "default")
    assert of_type(said, "done")[0]["stop"] == "end"
    assert said.returncode == 3
    assert not (run.folder / "made").exists()


def test_a_rule_lets_exactly_its_command_run(run):
    calls = [call("shell", command="touch made"), call("shell", command="touch other")]
    said = run("--json", "--tools", "all", "--allow", "shell: touch made", calls=calls)
    first, second = of_type(said, "approval")
    assert (first["decision"], first["rule"]) == ("allow", "shell: touch made")
    assert second["decision"] == "deny"
    assert sorted(path.name for path in run.folder.iterdir()) == ["made", "notes.txt"]


def test_a_rule_for_files_lets_them_be_edited_and_the_change_is_made(run):
    change = call("edit", path="notes.txt", old="old", new="new")
    said = run("--tools", "all", "--allow", "edit: *.txt", calls=[change])
    assert said.returncode == 0, said.stderr
    assert (run.folder / "notes.txt").read_text(encoding="utf-8") == "new\n"


def test_with_reading_tools_alone_an_edit_is_no_tool(run):
    change = call("edit", path="notes.txt", old="old", new="new")
    said = run("--json", "--allow", "edit: *.txt", calls=[change])
    assert not of_type(said, "tool_result")[0]["ok"]
    assert (run.folder / "notes.txt").read_text(encoding="utf-8") == "old\n"


def test_a_rule_that_is_none_is_said_before_anything_is_sent(run, provider):
    said = run("--tools", "all", "--allow", "anything", calls=[])
    assert said.returncode == 2
    assert provider.requests == []


def test_what_a_command_prints_is_the_result_and_runs_without_a_question_where_it_only_reads(run):
    said = run("--json", "--tools", "all", calls=[call("shell", command="cat notes.txt")])
    (result,) = of_type(said, "tool_result")
    assert result["output"].startswith("old\n")
    assert said.returncode == 0


def test_nobody_is_asked_where_nobody_is_there(run):
    said = run("--json", "--tools", "all", calls=[call("ask", question="Which?")])
    assert "Nobody is there" in of_type(said, "tool_result")[0]["output"]
