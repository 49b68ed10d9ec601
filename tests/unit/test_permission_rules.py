from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.shell_folder import ShellFolder
from tui.cli.main import main
from tui.errors import UsageError
from tui.permissions.book import ApprovalBook
from tui.permissions.facts import look_at
from tui.permissions.rule_text import ShellRule, parse_rule, shell_rule_text
from tui.permissions.rules import decide_change, decide_command, decide_fetch


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ShellFolder(tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize(
    ("rule", "command", "verdict"),
    [
        ("shell: pytest -q", "pytest -q", "allow"),
        ("shell: pytest -q", "pytest  -q", "allow"),
        ("shell: pytest -q", "pytest -q tests", "ask"),
        ("shell: pytest -q", "pytest", "ask"),
        ("shell: pytest -q", "xpytest -q", "ask"),
        ("shell: pytest -q …", "pytest -q tests/unit", "allow"),
        ("shell: pytest -q ...", "pytest -q tests/unit", "allow"),
        ("shell: pytest -q …", "pytest -q", "allow"),
        ("shell: pytest -q …", "pytest -q -p evil", "ask"),
        ("shell: pytest -q …", "pytest -q /etc", "ask"),
        ("shell: pytest -q …", "pytest -q ../x", "ask"),
        ("shell: pytest -q …", "pytest -q .env", "ask"),
        ("shell: git commit -m …", "git commit -m 'a; b'", "allow"),
        ("shell: git commit -m …", "git commit -m x --amend", "ask"),
        ("shell: git commit …", "git commit -m x", "ask"),
        ("shell: pytest -q", "pytest -q && ls", "allow"),
        ("shell: pytest -q", "pytest -q | tail -5", "allow"),
        ("shell: pytest -q", "pytest -q 2>&1 | tail -5", "allow"),
        ("shell: pytest -q", "pytest -q && touch x", "ask"),
        ("shell: pytest -q", "pytest -q > out", "ask"),
        ("shell: pytest -q", "pytest -q; rm -rf x", "ask"),
        ("shell: pytest -q", "X=1 pytest -q", "ask"),
        ("shell: pytest -q", "pytest -q $(touch x)", "ask"),
        ("shell: pytest -q …", "pytest -q $(touch x)", "ask"),
        ("shell: pytest -q …", "pytest -q $X", "ask"),
        ("shell: pytest -q …", "pytest -q *.py", "ask"),
        ("shell: rm -rf /", "rm -rf /", "deny"),
        ("shell: ownkey settings set …", "ownkey settings set a b", "deny"),
        ("edit: **", "touch x", "ask"),
        ("nonsense", "touch x", "ask"),
    ],
)
def test_a_rule_covers_exactly_what_it_names(folder, rule, command, verdict):
    judged = folder.judge(command, rule)
    assert judged.verdict == verdict
    assert judged.rule == (rule if verdict == "allow" else None)


def test_two_rules_may_cover_one_line_together(folder):
    rules = ("shell: ruff check", "shell: pytest -q")
    assert folder.judge("ruff check && pytest -q", *rules).verdict == "allow"


@pytest.mark.parametrize(
    "text",
    [
        "", "shell", "shell:", "shell: ", "shell: *", "shell: …", "*", "rm -rf x", "edit: /etc/x",
        "edit: ../x", "edit: ~/x", "write:", "fetch: https://x/y", "fetch: a b", "mcp: x",
        "mcp: a__b", "shell: ls; rm x", "shell: ls > x", "shell: 'ls", "shell: a … b",
        "shell: $x", "shell: ls *", "shell: ls\u202e", "bash: ls",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_the_forms(text):
    with pytest.raises(UsageError) as caught:
        parse_rule(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    "words", [("ls",), ("git", "commit", "-m", "a b; c"), ("echo", "it's", ""), ("a", "…x")]
)
@pytest.mark.parametrize("further", [False, True])
def test_the_text_of_a_rule_gives_its_words_back(words, further):
    assert parse_rule(shell_rule_text(words, further=further)) == ShellRule(words, further)


@pytest.mark.parametrize(
    ("command", "suggested"),
    [
        ("pytest -q", "shell: pytest -q"),
        ("pytest -q tests/unit", "shell: pytest -q …"),
        ("git add src/app.py", "shell: git add …"),
        ("git commit -m 'a b'", "shell: git commit -m …"),
        ("npm run build", "shell: npm run build"),
        ("pytest -q | tail -3", "shell: pytest -q"),
        ("pytest -q && ruff check", None),
        ("rm names.txt", None),
        ("sudo ls", None),
        ("bash x.sh", None),
        ("curl https://example.org", None),
        ("git push", None),
        ("python3 -c 1", None),
        ("cat .env", None),
        ("cat /etc/hosts", None),
        ("touch $x", None),
        ("touch x > y", None),
        ("touch x; (", None),
        ("'git add' x", "shell: 'git add' x"),
        ("git add -A", "shell: git add -A"),
    ],
)
def test_always_here_names_what_it_would_allow_or_cannot(folder, command, suggested):
    judged = folder.judge(command)
    assert judged.suggest == suggested


def test_a_suggested_rule_allows_the_command_it_was_suggested_for(folder):
    for command in ("pytest -q", "pytest -q tests", "git add a b", "git commit -m 'x y'"):
        rule = folder.judge(command).suggest
        assert rule is not None
        assert folder.judge(command, rule).verdict == "allow"


CHANGES = [
    ("src/app.py", "read", (), "deny"),
    ("src/app.py", "ask", (), "ask"),
    ("src/app.py", "edit", (), "allow"),
    ("src/app.py", "ask", ("edit: src/**",), "allow"),
    ("src/app.py", "ask", ("write: src/**",), "ask"),
    ("src/app.py", "ask", ("edit: src/*.py",), "allow"),
    ("src/a/b.py", "ask", ("edit: src/*.py",), "ask"),
    ("src/a/b.py", "ask", ("edit: **/*.py",), "allow"),
    ("Makefile", "edit", (), "allow"),
    (".env", "edit", ("edit: **",), "ask"),
    (".git/config", "edit", ("edit: **",), "ask"),
    (".git/hooks/pre-commit", "edit", ("edit: **",), "ask"),
    (".GIT/hooks/x", "edit", (), "ask"),
    (".github/workflows/ci.yml", "edit", ("edit: **",), "ask"),
    (".vscode/settings.json", "edit", (), "ask"),
    (".envrc", "edit", (), "ask"),
    ("AGENTS.md", "edit", (), "ask"),
    ("/etc/hosts", "edit", ("edit: **",), "ask"),
    ("/proc/self/mem", "edit", (), "deny"),
]


@pytest.mark.parametrize(("path", "mode", "rules", "verdict"), CHANGES)
def test_a_change_is_judged_by_place_mode_and_rule(folder, path, mode, rules, verdict):
    facts = look_at((folder.folder / path,), folder.border)
    judged = decide_change(mode, facts, rules, tool="edit", folder=folder.folder)
    assert judged.verdict == verdict


def test_no_mode_changes_our_own_files(folder):
    facts = look_at((folder.own / "settings.json",), folder.border)
    for mode in ("read", "ask", "edit"):
        judged = decide_change(mode, facts, ("edit: **",), tool="edit", folder=folder.folder)
        assert judged.verdict == "deny"


def test_a_change_of_nothing_is_not_allowed(folder):
    assert decide_change("edit", (), (), tool="edit", folder=folder.folder).verdict == "ask"


@pytest.mark.parametrize("mode", ["read", "ask", "edit"])
@pytest.mark.parametrize(
    ("address", "rules", "verdict"),
    [
        ("https://example.org/x", (), "ask"),
        ("https://example.org/x", ("fetch: example.org",), "allow"),
        ("https://a.example.org/x", ("fetch: example.org",), "ask"),
        ("https://example.org:444/x", ("fetch: example.org",), "ask"),
        ("http://example.org/x", ("fetch: example.org",), "ask"),
        ("https://example.org.evil.org/", ("fetch: example.org",), "ask"),
        ("http://169.254.169.254/", ("fetch: 169.254.169.254",), "deny"),
        ("file:///etc/passwd", (), "deny"),
    ],
)
def test_a_request_asks_but_for_the_very_host_of_a_rule(mode, address, rules, verdict):
    assert decide_fetch(mode, address, rules).verdict == verdict


@pytest.mark.parametrize(
    ("mode", "command", "rules", "verdict"),
    [
        ("read", "ls", (), "allow"),
        ("read", "touch x", (), "deny"),
        ("read", "touch x", ("shell: touch x",), "deny"),
        ("ask", "touch x", (), "ask"),
        ("edit", "touch x", (), "ask"),
        ("edit", "touch x", ("shell: touch x",), "allow"),
        ("edit", "rm -rf /", (), "deny"),
    ],
)
def test_a_session_that_reads_only_runs_what_only_reads(folder, mode, command, rules, verdict):
    assert decide_command(mode, folder.judge(command, *rules)).verdict == verdict


def test_the_book_keeps_rules_by_the_real_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    book = ApprovalBook(tmp_path / "config" / "approvals.json")
    book.add(tmp_path / "link", "shell: pytest -q")
    again = ApprovalBook(book.path)
    assert again.rules_for(tmp_path / "real") == ("shell: pytest -q",)
    assert again.rules_for(tmp_path) == ()
    assert book.path.stat().st_mode & 0o777 == 0o600


def test_a_rule_is_taken_back_by_its_text(tmp_path):
    book = ApprovalBook(tmp_path / "approvals.json")
    book.add(tmp_path, "shell: pytest -q")
    assert not book.remove(tmp_path, "shell: pytest")
    assert book.remove(tmp_path, "shell: pytest -q")
    assert book.listed() == {}


def test_the_book_takes_nothing_that_is_no_rule(tmp_path):
    book = ApprovalBook(tmp_path / "approvals.json")
    with pytest.raises(UsageError):
        book.add(tmp_path, "*")
    assert not book.path.exists()


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff", b'{"folders": {"/": "x"}}', b""])
def test_a_damaged_book_is_kept_aside_and_approves_nothing(tmp_path, data):
    book = ApprovalBook(tmp_path / "approvals.json")
    book.path.write_bytes(data)
    assert book.rules_for(tmp_path) == ()
    assert book.damaged is not None
    assert book.damaged.read_bytes() == data


@pytest.fixture
def at_home(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("OWNKEY_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("HOME", str(folder.home))
    monkeypatch.chdir(folder.folder)
    return ApprovalBook(tmp_path / "own" / "config" / "approvals.json")


def told(capsys, *words: str) -> tuple[int, str]:
    status = main(["permissions", *words])
    return status, capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "verdict"), [("ls", "allow"), ("touch x", "ask"), ("rm -rf ~", "deny")]
)
def test_check_says_verdict_reason_and_rule(at_home, capsys, command, verdict):
    status, out = told(capsys, "check", "--json", "--", command)
    answer = json.loads(out)
    assert (status, answer["verdict"], answer["rule"]) == (0, verdict, None)
    assert set(answer) == {"verdict", "why", "rule"}


def test_check_counts_the_rules_of_its_folder(at_home, folder, capsys):
    at_home.add(folder.folder, "shell: touch x")
    _, out = told(capsys, "check", "--json", "--", "touch x")
    assert json.loads(out)["rule"] == "shell: touch x"
    _, out = told(capsys, "check", "--json", "--cwd", str(folder.folder / "src"), "--", "touch x")
    assert json.loads(out)["verdict"] == "ask"


def test_a_batch_answers_each_line_in_order(at_home, folder, capsys, monkeypatch):
    lines = [
        json.dumps({"command": "ls", "cwd": str(folder.folder)}),
        "no json",
        json.dumps({"command": "rm -rf /", "cwd": "/"}),
        json.dumps({"command": 1}),
        json.dumps({"command": "cat \ud800"}),
    ]
    data = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", data)
    status, out = told(capsys, "check", "--batch")
    verdicts = [json.loads(line)["verdict"] for line in out.splitlines()]
    assert (status, verdicts) == (0, ["allow", "ask", "deny", "ask", "ask"])


def test_rules_are_listed_and_removed_by_name(at_home, folder, capsys):
    at_home.add(folder.folder, "shell: touch x")
    _, out = told(capsys, "list", "--json")
    assert json.loads(out) == [{"folder": str(folder.folder), "rule": "shell: touch x"}]
    assert told(capsys, "remove", "shell: touch y")[0] == 2
    assert told(capsys, "remove", "shell: touch x")[0] == 0
    assert told(capsys, "list", "--json")[1] == "[]\n"


def test_our_own_folder_is_never_the_agents(at_home, capsys):
    path = Path(at_home.path)
    _, out = told(capsys, "check", "--json", "--", f"echo x > {path}")
    assert json.loads(out)["verdict"] == "deny"
