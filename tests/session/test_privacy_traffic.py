"""What is contacted in a day's work: nothing but what was configured, seen by the interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.fake_provider import FakeProvider

pytestmark = pytest.mark.long

WATCHED = """
import json, sys
seen = []
def watch(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        seen.append(["connect", *args[1][:2]])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen.append(["resolve", args[0], None])
    elif event == "socket.sendto":
        seen.append(["sendto", str(args[1]), None])
sys.addaudithook(watch)
from tui.cli.main import main
status = max(main(words) for words in json.loads(sys.argv[2]))
with open(sys.argv[1], "a", encoding="utf-8") as file:
    json.dump(seen, file)
    file.write("\\n")
sys.exit(status)
"""
KEY = made_up_key()


def contacted(
    file: Path, *commands: tuple[str, ...], stdin: str = "", **environ: str
) -> set[tuple[str, ...]]:
    """What whole commands in a process of their own resolved and connected to."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(file), json.dumps(commands)], input=stdin, text=True,
        capture_output=True, timeout=50, env={**os.environ, **environ}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text(encoding="utf-8").splitlines()[-1])
    return {tuple(str(one) for one in entry if one is not None) for entry in found}


def test_a_whole_session_contacts_only_what_was_configured(home: Path, tmp_path: Path):
    file = tmp_path / "seen.jsonl"
    sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
    with FakeProvider(keys={KEY}) as maker:
        there = {("resolve", "127.0.0.1"), ("connect", "127.0.0.1", str(maker.port))}
        url = maker.url("anthropic")
        added = ("keys", "add", "anthropic", "--base-url", url)
        assert contacted(file, added, stdin=KEY, **sealed) == there
        turn = ("run", "hello", "--model", "anthropic/claude-opus-4-7", "--tools", "read")
        assert contacted(file, turn, **sealed) == there
        quiet = (
            ("usage",), ("models",), ("privacy",), ("settings", "list"), ("keys", "list"),
            ("sessions", "list"), ("route", "anthropic/claude-opus-4-7"),
        )  # fmt: skip
        assert contacted(file, *quiet, **sealed) == set()
        listed = run_command("privacy", "--json", environ=sealed)
        origins = {one["origin"] for one in json.loads(listed.stdout)["hosts"]}
        assert origins == {f"http://127.0.0.1:{maker.port}"}
