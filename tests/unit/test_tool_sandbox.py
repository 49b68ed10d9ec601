from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.acting_calls import ActingPlace
from tui.cli.checks_machine import check_sandbox
from tui.tools.bubblewrap import Bubblewrap
from tui.tools.landlock import Landlock, landlock_version
from tui.tools.measuring import find_sandbox, measure
from tui.tools.sandbox import Holds, NoSandbox, Scope
from tui.tools.seatbelt import Seatbelt

BWRAP = shutil.which("bwrap")
BUBBLEWRAP_ONLY = {"guarded", "processes"}


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def sandbox(request):
    if request.param == "bubblewrap":
        if BWRAP is None:
            pytest.skip("bubblewrap is not installed")
        return Bubblewrap(Path(BWRAP))
    if landlock_version() < 4:
        pytest.skip("the kernel's Landlock holds no TCP")
    return Landlock(landlock_version())


@pytest.fixture
def root():
    # Not below /tmp, which is another folder inside.
    base = Path(f"/var/tmp/ownkey-test-{os.getpid()}")
    base.mkdir()
    yield base
    shutil.rmtree(base)


@pytest.fixture
def held(root, sandbox):
    place = ActingPlace(root / "x", sandbox=sandbox)
    (place.root / "outside.txt").write_text("outside", encoding="utf-8")
    return place


async def test_what_it_holds_is_measured(sandbox):
    holds = await measure(sandbox, os.environ)
    assert holds is not None
    lacking = {name for name in Holds.__struct_fields__ if not getattr(holds, name)}
    assert lacking <= (set() if sandbox.name == "bubblewrap" else BUBBLEWRAP_ONLY)


async def test_no_sandbox_is_seen_to_hold_nothing():
    assert await measure(NoSandbox(), os.environ) == Holds()


class LetsOut(Bubblewrap):
    """Bubblewrap without one of its defences."""

    def __init__(self, without):
        super().__init__(Path(BWRAP or ""))
        self.without = without

    def wrap(self, argv, scope):
        words = super().wrap(argv, scope)
        if self.without == "network":
            words.remove("--unshare-net")
        if self.without == "writes":
            words[words.index("--ro-bind")] = "--bind"
        if self.without == "processes":
            words.remove("--unshare-pid")
            at = words.index("--proc")
            words[at : at + 2] = ["--bind", "/proc", "/proc"]
        if self.without == "secrets":
            at = words.index(str(scope.home / ".ssh"))
            del words[at - 1 : at + 1]
        if self.without == "guarded":
            at = words.index(str(scope.workspace / ".git" / "hooks"))
            del words[at - 1 : at + 2]
        return words


@pytest.mark.skipif(BWRAP is None, reason="bubblewrap is not installed")
@pytest.mark.parametrize("without", Holds.__struct_fields__)
async def test_a_sandbox_with_a_hole_is_seen_to_have_it(without):
    holds = await measure(LetsOut(without), os.environ)
    assert holds is not None
    assert not getattr(holds, without)
    assert sum(getattr(holds, name) for name in Holds.__struct_fields__) == 4


async def test_a_sandbox_that_does_not_start_counts_as_none(tmp_path):
    program = tmp_path / "bin" / "bwrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    assert await measure(Bubblewrap(program), os.environ) is None


async def test_one_that_only_passes_the_command_on_is_not_taken(tmp_path):
    program = tmp_path / "bin" / "bwrap"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/bash\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    found = await find_sandbox({"PATH": f"{program.parent}:{os.environ['PATH']}"}, tmp_path / "w")
    assert found.name in ("landlock", "none")


@pytest.mark.skipif(BWRAP is None, reason="bubblewrap is not installed")
async def test_a_program_in_the_folder_is_no_sandbox(tmp_path):
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\ntouch PWNED\n", encoding="utf-8")
    program.chmod(0o755)
    found = await find_sandbox({"PATH": f"{tmp_path}:{os.environ['PATH']}"}, tmp_path)
    assert found.name == "bubblewrap"
    assert not list(tmp_path.rglob("PWNED"))


async def test_it_writes_in_the_folder_and_the_temporary_one_only(held):
    command = "echo in > a; echo t > $TMPDIR/t && cat $TMPDIR/t; echo o > ../outside.txt; ls a"
    result = await held.call("shell", command=command)
    assert (held.folder / "a").read_text(encoding="utf-8") == "in\n"
    assert result.output.startswith("t\n")
    assert (held.root / "outside.txt").read_text(encoding="utf-8") == "outside"


@pytest.mark.parametrize("name", [".ssh/id", ".aws/credentials", ".netrc", ".config/gh/hosts.yml"])
async def test_secrets_of_the_home_and_our_own_files_are_not_there(held, name):
    secret = held.home / name
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_text("SECRET", encoding="utf-8")
    (held.own / "config" / "settings.json").write_text("SECRET", encoding="utf-8")
    (held.folder / "link").symlink_to(secret)
    command = f"cat {secret} link {held.own}/config/settings.json; echo x >> {secret}; exit 0"
    assert "SECRET" not in (await held.call("shell", command=command)).output
    assert secret.read_text(encoding="utf-8") == "SECRET"


async def test_a_home_that_is_the_folder_keeps_its_secrets(root, sandbox):
    place = ActingPlace(root / "x", sandbox=sandbox)
    place.environ["HOME"] = str(place.folder)
    place.write(".ssh/id", "SECRET")
    place.write("src/a.txt", "words")
    result = await place.call("shell", command="cat src/a.txt .ssh/id; echo b > src/b; exit 0")
    assert "words" in result.output
    assert "SECRET" not in result.output
    assert place.bytes("src/b") == b"b\n"


async def test_it_reaches_no_server_of_this_machine_unless_granted(held):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = f"(exec 3<>/dev/tcp/127.0.0.1/{port}) && echo CONNECTED"
        assert "CONNECTED" not in (await held.call("shell", command=command)).output
        held.settings["network"] = True
        assert "CONNECTED" in (await held.call("shell", command=command)).output


@pytest.fixture
def repository(root):
    if BWRAP is None:
        pytest.skip("bubblewrap is not installed")
    place = ActingPlace(root / "x", sandbox=Bubblewrap(Path(BWRAP)))
    place.write(".git/config", "[core]\n\trepositoryformatversion = 0\n")
    place.write(".git/HEAD", "ref: refs/heads/main\n")
    for name in (".git/objects/x", ".git/refs/x", ".git/modules/sub/config"):
        place.write(name, "")
    return place


ATTACKS = (
    "git config core.fsmonitor 'touch PWNED'",
    "echo x > .git/config",
    "rm -f .git/config; echo x > .git/config",
    "mv .git moved; mkdir .git; echo x > .git/config",
    "rm -rf .git",
    "mkdir -p .git/hooks; echo 'touch PWNED' > .git/hooks/pre-commit",
    "mv .git/hooks .git/h; mkdir .git/hooks; echo x > .git/hooks/pre-commit",
    "echo x > .git/modules/sub/config",
    "ln -sf /x .git/config",
)


@pytest.mark.parametrize("command", ATTACKS)
async def test_what_git_runs_or_obeys_cannot_be_changed(repository, command):
    config = repository.bytes(".git/config")
    await repository.call("shell", command=command)
    assert repository.bytes(".git/config") == config
    assert repository.bytes(".git/modules/sub/config") == b""
    hooks = repository.folder / ".git" / "hooks"
    assert not hooks.exists() or not list(hooks.iterdir())


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
async def test_git_commits_inside(repository):
    shutil.rmtree(repository.folder / ".git")
    author = "git -c user.name=a -c user.email=a@b"
    await ActingPlace.call(repository, "shell", command="git --version")
    repository.settings["sandbox"] = NoSandbox()
    assert (await repository.call("shell", command="git init -q")).ok
    repository.settings["sandbox"] = Bubblewrap(Path(BWRAP or ""))
    command = f"echo a > a; git add a && {author} commit -qm one && git log --oneline"
    assert (await repository.call("shell", command=command)).ok


@pytest.mark.parametrize(
    ("holds", "network", "words"),
    [
        (Holds(writes=True, network=True, secrets=True, guarded=True, processes=True), False,
         "bubblewrap: writes in this folder only, no network"),
        (Holds(writes=True, network=True, secrets=True, guarded=True, processes=True), True,
         "bubblewrap: writes in this folder only, with network"),
        (Holds(writes=True, secrets=True, guarded=True, processes=True), False,
         "bubblewrap: writes in this folder only, network open"),
    ],
)  # fmt: skip
def test_an_approval_claims_no_more_than_was_seen(holds, network, words):
    assert Bubblewrap(Path("/b"), holds).describe(network=network) == words


def test_none_is_said():
    assert NoSandbox().describe() == "no sandbox on this machine: it can do what you can"


def test_a_path_cannot_break_out_of_the_profile(tmp_path):
    odd = tmp_path / 'a")(allow file-write* (subpath "' / "b\\"
    odd.mkdir(parents=True)
    scope = Scope(workspace=odd, cwd=odd, home=tmp_path, temp=tmp_path)
    profile = Seatbelt().wrap(["true"], scope)[2]
    outside_of_strings = re.sub(r'"(?:[^"\\]|\\.)*"', "", profile)
    assert '"' not in outside_of_strings
    assert outside_of_strings.count("(allow") == 3


def test_doctor_says_what_holds_here():
    check = check_sandbox(os.environ)
    assert check.found == asyncio.run(find_sandbox(os.environ, Path.cwd())).describe()
    assert (check.state == "warn") == check.found.startswith("no sandbox")


def test_doctor_says_what_to_do_where_nothing_holds(monkeypatch):
    monkeypatch.setattr("tui.tools.measuring.landlock_version", lambda: 0)
    check = check_sandbox({"PATH": "/nowhere"})
    assert (check.state, "bubblewrap" in check.remedy) == ("warn", True)
