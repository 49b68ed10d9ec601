from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile_cases import load
from tests.shell_folder import ShellFolder
from tui.permissions.shell import judge_command

CASES = load("shell")
COMMANDS = json.loads(
    (Path(__file__).parents[1] / "data" / "shell" / "commands.json").read_text(encoding="utf-8")
)
ALLOWED = [row["command"] for row in COMMANDS if row["verdicts"] == ["allow"]]
INSERTED = (
    "; touch PWNED;", "$(touch PWNED)", "> PWNED ", "\ntouch PWNED\n", "`touch PWNED`",
    "|touch PWNED ", "&touch PWNED;", "<(touch PWNED)", "${x:-$(touch PWNED)}", "&&touch PWNED;",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ShellFolder(tmp_path_factory.mktemp("shell"))


def unquoted(command: str) -> list[int]:
    """Places of a command outside quotes, comments and heredocs."""
    places: list[int] = []
    quote = ""
    at = 0
    while at < len(command) and not command.startswith("<<", at):
        char = command[at]
        if not quote:
            places.append(at)
            if char == "#":
                break
        if char == "\\" and quote != "'":
            at += 1
        elif not quote and char in "'\"":
            quote = char
        elif char == quote:
            quote = ""
        at += 1
    return places


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_hostile_command_gets_a_verdict_that_it_may_get(folder, case, tmp_path):
    place = folder
    if setup := case.raw.get("setup"):
        place = folder.copy(tmp_path / "copy")
        place.lay(setup["files"])
    assert place.judge(case.text).verdict in case.expect["verdict_in"]


def test_every_command_of_the_table_gets_a_verdict_that_it_may_get(folder):
    wrong = {
        row["command"]: judged
        for row in COMMANDS
        if (judged := folder.judge(row["command"]).verdict) not in row["verdicts"]
    }
    assert wrong == {}


def test_marks_lie_in_the_command_and_name_something(folder):
    wrong = [
        (command, span)
        for command in (row["command"] for row in COMMANDS[::3])
        for span in folder.judge(command).marks
        if not 0 <= span[0] < span[1] <= len(command)
    ]
    assert wrong == []


def test_whatever_does_not_run_at_once_says_why(folder):
    assert all(folder.judge(row["command"]).why for row in COMMANDS[::5])


@pytest.mark.parametrize(
    ("command", "marked"),
    [
        ("ls; touch x", ["touch"]),
        ("cat README.md .env", [".env"]),
        ("find . -name a -delete", ["-delete"]),
        ("ls > out", ["out"]),
        ("echo 'ü' $(id)", ["$(id)"]),
        ("sort -o out names.txt && ls", ["-o"]),
        ("l​s", ["​"]),
    ],
)
def test_the_words_that_made_it_ask_are_marked(folder, command, marked):
    judged = folder.judge(command)
    assert [command[start:end] for start, end in judged.marks] == marked


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_that_is_put_into_an_allowed_command_stays_allowed(folder, data):
    command = data.draw(st.sampled_from(ALLOWED))
    at = data.draw(st.sampled_from(unquoted(command)))
    changed = command[:at] + data.draw(st.sampled_from(INSERTED)) + command[at:]
    assert folder.judge(changed).verdict != "allow"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ALLOWED), st.text(" \t", max_size=4), st.text(" \t\n", max_size=4))
def test_blanks_around_a_command_change_nothing(folder, command, before, after):
    assert folder.judge(before + command + after).verdict == "allow"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60) | st.text("ls -a;|&<>()${}`'\"\\\n*?[]#!~=", max_size=40))
def test_any_text_gets_a_verdict(folder, text):
    assert folder.judge(text).verdict in ("allow", "ask", "deny")


@pytest.mark.parametrize("allowed", ALLOWED[::9])
def test_destruction_behind_an_allowed_command_is_refused(folder, allowed):
    assert folder.judge(allowed + "\nrm -rf ~").verdict == "deny"


def test_a_program_of_the_folder_is_not_the_one_that_is_known(folder, tmp_path):
    place = folder.copy(tmp_path / "copy")
    place.lay({"bin/ls": "#!/bin/sh\n"})
    assert place.judge("ls", path=f"{place.folder}/bin:/usr/bin:/bin").verdict == "ask"


@pytest.mark.parametrize(
    "files",
    [
        {"-exec": ""},
        {"-delete": ""},
        {"secrets.json": ""},
        {"x.pem": ""},
    ],
)
def test_a_pattern_is_judged_by_the_names_that_it_finds(folder, tmp_path, files):
    place = folder.copy(tmp_path / "copy")
    assert place.judge("cat *").verdict == "allow"
    place.lay(files)
    assert place.judge("cat *").verdict == "ask"


def test_a_link_out_of_the_folder_is_followed(folder, tmp_path):
    place = folder.copy(tmp_path / "copy")
    (place.folder / "out").symlink_to("/etc/passwd")
    assert place.judge("cat out").verdict == "ask"
    assert place.judge("grep -R root .").verdict == "ask"
    assert place.judge("grep -r root .").verdict == "allow"


@pytest.mark.parametrize(
    "command", ["grep -rn x .", "rg --hidden x", "rg -uu x", "grep -r x src ."]
)
def test_reading_all_below_asks_where_a_secret_lies_there(folder, tmp_path, command):
    place = folder.copy(tmp_path / "copy")
    assert place.judge(command).verdict == "allow"
    place.lay({"deep/er/.env": "A=1\n"})
    assert place.judge(command).verdict == "ask"


def test_ripgrep_that_leaves_out_hidden_files_reads_no_hidden_secret(folder, tmp_path):
    place = folder.copy(tmp_path / "copy")
    place.lay({".env": "A=1\n", "a/.config/secrets.json": ""})
    assert place.judge("rg x").verdict == "allow"
    place.lay({"secrets.json": ""})
    assert place.judge("rg x").verdict == "ask"


@pytest.mark.parametrize(
    "command",
    [
        'for x in a; do while true; do cat "$x"; for x in .env; do :; done; done; done',
        'for x in README.md; do for y in a; do cat "$y"; y=1; done; done',
        "while true; do cat sub/out; cd sub; done",
        "cd src && cat ~+/../../x",
        "cd src && cat ~-/../x",
        "printf '%n' PATH; ls",
        "printf -- '%5ln' PATH; ls",
    ],
)
def test_what_comes_later_in_a_loop_bears_on_what_comes_first(folder, tmp_path, command):
    place = folder.copy(tmp_path / "copy")
    place.lay({"sub/sub/a": "", "sub/a": ""})
    (place.folder / "sub" / "sub" / "out").symlink_to("/etc/passwd")
    assert place.judge(command).verdict == "ask"


@pytest.mark.parametrize(
    "command",
    ["sudo " * 3000, "eval " * 3000, "ls | " * 3000, "xargs sh -c " * 900, "{a,b}" * 400,
     "$(" * 2000, "bash -c '" * 500, "cd a;" * 3000, "env find / -exec " * 400],
)  # fmt: skip
def test_a_long_command_is_judged_in_time(folder, command):
    began = time.process_time()
    assert folder.judge(command).verdict != "allow"
    assert time.process_time() - began < 2


def test_password_in_the_repositorys_settings_makes_reading_all_ask(folder, tmp_path):
    place = folder.copy(tmp_path / "copy")
    place.git("remote", "add", "origin", "https://me:pw@example.org/x.git")
    assert place.judge("grep -rn x .").verdict == "ask"
    assert place.judge("git remote -v").verdict == "ask"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({".git/config": "[core]\n\tfsmonitor = ./x\n"}, "git status"),
        ({".git/config": "[core] fsmonitor = ./x\n"}, "git log"),
        ({".git/config": '[diff "x"]\n\ttextconv = ./x\n'}, "git diff"),
        ({".git/config": '[filter "x"]\n\tclean = ./x\n'}, "git status"),
        ({".git/config": "[include]\n\tpath = ../x\n"}, "git status"),
        ({".git/config": "[core]\n\tworktree = /\n"}, "git status"),
        ({".git/config": "[CORE]\n\tfsMonitor = x\n"}, "git diff"),
        ({".git/config": "[core]\n\tbare = false\\\n\n\tfsmonitor = x\n"}, "git status"),
        ({".git/hooks/post-index-change": "#!/bin/sh\n"}, "git status"),
        ({"sub/.git/config": "[core]\n\tfsmonitor = ./x\n"}, "git -C sub status"),
        ({"sub/.git/config": "[core]\n\tfsmonitor = ./x\n"}, "cd sub && git diff"),
        (
            {"sub/.git": "gitdir: ../other\n", "other/config": "[alias]\n\tx = y\n"},
            "cd sub; git log",
        ),
        (
            {".git/config": "[core]\n\thooksPath = .h\n", ".h/post-index-change": "#!/bin/sh\n"},
            "git status",
        ),
        ({"sub/HEAD": "", "sub/objects/x": "", "sub/refs/x": ""}, "cd sub; git status"),
    ],
)
def test_git_asks_where_the_repository_could_make_it_run_something(
    folder, tmp_path, files, command
):
    place = folder.copy(tmp_path / "copy")
    place.lay(files)
    assert place.judge(command).verdict == "ask"


def test_hooks_of_a_folder_that_reading_does_not_run_make_nothing_ask(folder, tmp_path):
    place = folder.copy(tmp_path / "copy")
    place.lay({".git/config": "[core]\n\thooksPath = .husky/_\n", ".husky/_/pre-commit": "#!/x\n"})
    assert place.judge("git status").verdict == "allow"


def test_a_command_is_judged_within_five_milliseconds(folder):
    folder.judge("ls")
    began = time.process_time()
    for row in COMMANDS:
        folder.judge(row["command"])
    each_ms = (time.process_time() - began) / len(COMMANDS) * 1000
    assert each_ms < 25, f"{each_ms:.1f} ms"  # the goal is 5


def test_the_folder_of_a_call_may_lie_below_the_workspace(folder):
    assert folder.judge("cat app.py ../README.md", cwd="src").verdict == "allow"
    assert folder.judge("cat ../../x", cwd="src").verdict == "ask"


def test_a_judge_without_a_machine_needs_only_its_answers(folder):
    class Nothing:
        def look(self, path):
            from tui.permissions.facts import look_at

            return look_at((path,), folder.border)[0]

        def program(self, name):
            return None

    judged = judge_command(
        "cat README.md", cwd=folder.folder, border=folder.border, lookups=Nothing()
    )
    assert judged.verdict == "allow"


@pytest.mark.parametrize("command", ["find -L . -name x", "find . -follow", "rg --files -L"])
def test_names_behind_a_link_out_of_the_folder_are_not_told_unasked(folder, tmp_path, command):
    place = folder.copy(tmp_path / "copy")
    assert place.judge(command).verdict == "allow"
    (place.folder / "out").symlink_to("/etc")
    assert place.judge(command).verdict == "ask"
