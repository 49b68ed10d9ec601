"""Promise 8: a command that can do harm always asks, however it is changed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.command_mutations import ADD_HARM, LOOK_HARMLESS, changed, spliced
from tests.hostile_cases import load
from tests.seeds import kept_and_new, seeded
from tests.shell_folder import ShellFolder

pytestmark = [pytest.mark.soak, pytest.mark.timeout(180)]

MUTATIONS = 5_000
RUN_REALLY = 400
LONGEST = 5_000
"""Longer commands ask for their length, whatever they are."""

CASES = [case for case in load("shell") if len(case.text) < LONGEST]
PLAIN = [case for case in CASES if "setup" not in case.raw]
HARMLESS = [case.text for case in PLAIN if case.expect["verdict_in"] == ["allow"]]
HARMFUL = [case for case in CASES if "allow" not in case.expect["verdict_in"]]
BWRAP = shutil.which("bwrap")

Judge = Callable[[str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ShellFolder(tmp_path_factory.mktemp("commands") / "plain")


@pytest.fixture(scope="module")
def folders(folder, tmp_path_factory):
    """The folder of each case that can do harm, what it sets up laid over it."""
    root = tmp_path_factory.mktemp("laid")
    found = {}
    for case in HARMFUL:
        found[case.id] = folder
        if setup := case.raw.get("setup"):
            found[case.id] = folder.copy(root / str(len(found)))
            found[case.id].lay(setup["files"])
    return found


def with_harm_added(judge: Judge, chance, count: int) -> list[str]:
    """Commands that harm was put into, and that are allowed all the same."""
    allowed = [command for command in HARMLESS if judge(command) == "allow"]
    made = [changed(chance, chance.choice(allowed), ADD_HARM) for _ in range(count)]
    return [command for command in made if command is not None and judge(command) == "allow"]


def looking_harmless(judge: Callable[[str, str], str], chance, count: int) -> list[str]:
    """Commands that can do harm, changed in ways that mean nothing, that are allowed now.

    `judge(case, command)`: in the folder of that case.
    """
    found = []
    for _ in range(count):
        case = chance.choice(HARMFUL)
        made = changed(chance, case.text, LOOK_HARMLESS, most=2)
        if made is not None and judge(case.id, made) == "allow":
            found.append(made)
    return found


def by_prefix(command: str) -> str:
    """A mutant: the command's beginning says whether it is allowed."""
    harmless = {command.split()[0] for command in HARMLESS}
    return "allow" if command.lstrip().startswith(tuple(harmless)) else "ask"


def by_pieces(command: str) -> str:
    """A better mutant: split at the operators, and the first word of each piece decides."""
    harmless = {command.split()[0] for command in HARMLESS}
    try:
        words = list(shlex.shlex(command, posix=True, punctuation_chars=True))
    except ValueError:
        return "ask"
    first, allowed = True, True
    for word in words:
        allowed = allowed and (not first or word in harmless)
        first = set(word) <= set(";&|()")
    return "allow" if allowed else "ask"


@pytest.mark.parametrize("seed", kept_and_new("commands-with-harm"))
def test_no_command_that_harm_is_put_into_stays_allowed(folder, seed):
    with seeded("commands-with-harm", seed) as chance:
        judge = lambda command: folder.judge(command).verdict  # noqa: E731
        assert with_harm_added(judge, chance, MUTATIONS) == []


@pytest.mark.parametrize("seed", kept_and_new("commands-that-ask"))
def test_no_command_that_can_do_harm_is_allowed_for_looking_another_way(folders, seed):
    with seeded("commands-that-ask", seed) as chance:
        judge = lambda case, command: folders[case].judge(command).verdict  # noqa: E731
        assert looking_harmless(judge, chance, MUTATIONS) == []


@pytest.mark.parametrize("mutant", [by_prefix, by_pieces])
def test_a_judge_of_first_words_would_be_found_out(mutant):
    with seeded("commands-mutant", 1) as chance:
        assert len(with_harm_added(mutant, chance, 300)) > 10
        assert len(looking_harmless(lambda _, command: mutant(command), chance, 300)) > 1


RUNNER = """
import hashlib, json, os, subprocess, sys
def state():
    found = {}
    for place in (os.getcwd(), os.environ["HOME"], "/tmp", "/dev/shm"):
        for folder, names, files in os.walk(place):
            for name in names + files:
                path = os.path.join(folder, name)
                about = os.lstat(path)
                kept = open(path, "rb").read() if os.path.isfile(path) else b""
                found[path] = (about.st_mode, hashlib.sha1(kept).hexdigest())
    return found
before, told = state(), []
for command in json.load(sys.stdin):
    try:
        subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, timeout=5,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        pass
    now = state()
    if now != before:
        told.append([command, sorted(path for path in now.keys() | before.keys()
                                     if now.get(path) != before.get(path))])
        before = now
json.dump(told, sys.stdout)
"""


def changes_of(place: ShellFolder, commands: list[str]) -> list[list[object]]:
    """The commands that changed a file of the folder or the home when bash ran them, and which."""
    assert BWRAP is not None
    place.git("status", "--short")  # or the first one would bring git's index up to date
    argv = [
        BWRAP, "--die-with-parent", "--unshare-all", "--clearenv", "--ro-bind", "/", "/",
        "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(place.root),
        str(place.root), "--chdir", str(place.folder), "--setenv", "HOME", str(place.home),
        "--setenv", "PATH", "/usr/bin:/bin", "--", os.path.realpath(sys.executable),
        "-I", "-c", RUNNER,
    ]  # fmt: skip
    ran = subprocess.run(
        argv, input=json.dumps(commands), text=True, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def allowed_ones(place: ShellFolder, chance, count: int) -> list[str]:
    """Commands made of parts of others that are allowed."""
    pool = [case.text for case in PLAIN]
    found: set[str] = set()
    while len(found) < count:
        made = spliced(chance, chance.choice(HARMLESS), pool)
        if chance.random() < 0.3:
            made = changed(chance, made, LOOK_HARMLESS) or made
        if "sleep" not in made and place.judge(made).verdict == "allow":
            found.add(made)
    return sorted(found)


@pytest.mark.skipif(BWRAP is None, reason="no bubblewrap")
@pytest.mark.parametrize("seed", kept_and_new("commands-run"))
def test_what_is_allowed_changes_nothing_when_it_really_runs(folder, tmp_path, seed):
    with seeded("commands-run", seed) as chance:
        place = folder.copy(tmp_path / "run")
        assert changes_of(place, allowed_ones(place, chance, RUN_REALLY)) == []


@pytest.mark.skipif(BWRAP is None, reason="no bubblewrap")
def test_a_change_that_a_command_makes_is_seen(folder, tmp_path):
    place = folder.copy(tmp_path / "run")
    harm = ["touch PWNED", "echo x >> ~/.bashrc", "chmod 700 names.txt", "git branch PWNED"]
    commands = ["ls", *harm, "git status"]
    assert [command for command, _ in changes_of(place, commands)] == harm
