from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acting_calls import ActingPlace
from tui import process
from tui.tools.bubblewrap import Bubblewrap
from tui.tools.effects import Running
from tui.tools.landlock import Landlock, landlock_version
from tui.tools.sandbox import NoSandbox

BWRAP = shutil.which("bwrap")
KINDS = ["none", "bubblewrap"]


def sandbox_of(kind):
    if kind == "bubblewrap":
        if BWRAP is None:
            pytest.skip("bubblewrap is not installed")
        return Bubblewrap(Path(BWRAP))
    if kind == "landlock":
        if not landlock_version():
            pytest.skip("the kernel has no Landlock")
        return Landlock(landlock_version())
    return NoSandbox()


@pytest.fixture
def place(tmp_path):
    return ActingPlace(tmp_path)


@pytest.fixture(params=KINDS)
def held(request, tmp_path):
    return ActingPlace(tmp_path, sandbox=sandbox_of(request.param))


def living(mark):
    """Processes whose command line holds `mark`."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            state = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2] if words else ""
            if mark.encode() in words and state.split()[0] != "Z":
                found.append(int(entry.name))
    return found


async def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.01)
    return value


async def test_both_streams_come_in_order_with_the_status(held):
    result = await held.call("shell", command="echo a; echo b >&2; echo c; exit 3")
    assert (result.ok, result.output) == (False, "a\nb\nc\n[exit status 3]")


async def test_a_signal_is_named(held):
    result = await held.call("shell", command="kill -SEGV $$")
    assert result.output.endswith("[exit status 139: ended by SIGSEGV]")


async def test_standard_input_is_closed(held):
    assert (await held.call("shell", command="cat; read x; echo $?")).output.startswith("1\n")


COMMANDS = (
    "printf '%s|' a  'b  c' \"$((1+1))\"\t# é €",
    "printf '%s' 'it'\"'\"'s' \\\n  \"x\ty\"",
    "cat <<'X'\n$HOME `id`\nX",
    "printf %s '\udcff\u202e'",
)


@pytest.mark.parametrize("command", COMMANDS)
async def test_what_is_shown_is_byte_for_byte_what_runs(held, command):
    effect = held.effect("shell", command=command)
    assert isinstance(effect, Running)
    assert effect.command == command
    shown = "tr '\\0' '\\n' < /proc/$$/cmdline | tail -n +3; : '" + "x" * 8 + "'\n" + effect.command
    result = await held.call("shell", command=shown)
    assert result.output.encode("utf-8", "surrogateescape").startswith(
        shown.encode("utf-8", "surrogateescape")
    )


SECRET_NAMES = (
    "ANTHROPIC_API_KEY", "GH_TOKEN", "OWNKEY_HOME", "AWS_SECRET_ACCESS_KEY", "BASH_ENV",
    "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "LD_PRELOAD", "PYTHONPATH", "HTTPS_PROXY",
    "BASH_FUNC_ls%%", "DISPLAY", "PROMPT_COMMAND",
)  # fmt: skip


async def test_no_secret_and_no_switch_is_in_the_environment(held):
    held.environ |= dict.fromkeys(SECRET_NAMES, "touch PWNED")
    result = await held.call("shell", command="env; export -p; declare -F")
    assert result.ok
    assert not [name for name in SECRET_NAMES if name in result.output]
    assert not list(held.root.rglob("PWNED"))


async def test_programs_of_the_folder_are_found_by_no_relative_path(held):
    for name in ("ls", "git", "bash"):
        held.write(name, "#!/bin/sh\ntouch PWNED\n").chmod(0o755)
    before = held.environ["PATH"]
    held.environ["PATH"] = f"{held.folder}:{before}"
    await held.call("shell", command="echo")
    assert not list(held.root.rglob("PWNED"))
    held.environ["PATH"] = f".::bin:{before}"
    assert (await held.call("shell", command="ls; git --version")).ok
    assert not list(held.root.rglob("PWNED"))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"command": "a\0b"}, "NUL"),
        ({"command": "  "}, "empty"),
        ({"command": "\ud800"}, "half a character"),
        ({"command": ": " + "x" * 100_000}, "put it into a file"),
        ({"command": ["ls", ";", "touch", "PWNED"]}, "Wrong arguments"),
        ({"command": "ls", "seconds": 601}, "Wrong arguments"),
        ({"command": "ls", "cwd": ".."}, "not below the folder"),
        ({"command": "ls", "cwd": "/"}, "not below the folder"),
        ({"command": "ls", "cwd": "link"}, "not below the folder"),
        ({"command": "ls", "cwd": "f"}, "no folder"),
        ({"command": "ls", "cwd": "nope"}, "No such file"),
    ],
)
async def test_what_is_not_run_is_said_in_words(place, args, words):
    (place.folder / "link").symlink_to("/")
    place.write("f", "x")
    result = await place.call("shell", **args)
    assert not result.ok
    assert words in result.output


async def test_it_runs_in_a_folder_below(held):
    held.write("a b/x")
    assert (await held.call("shell", command="pwd", cwd="a b")).output.startswith(
        str(held.folder / "a b")
    )


async def test_a_command_that_is_not_the_approved_one_does_not_run(place):
    shown = place.effect("shell", command="true")
    result = await place.approved("shell", shown, command="touch PWNED")
    assert "no longer what was approved" in result.output
    assert not (place.folder / "PWNED").exists()


async def test_output_streams_in_groups_while_it_runs(held):
    pieces = []
    held.settings["emit"] = lambda text: pieces.append((time.monotonic(), text))
    began = time.monotonic()
    await held.call("shell", command="echo first; sleep 0.6; for i in $(seq 500); do echo $i; done")
    assert pieces[0][1] == "first\n"
    assert pieces[0][0] - began < time.monotonic() - began - 0.4
    assert len(pieces) <= 2 + 30 * (pieces[-1][0] - pieces[0][0] + 0.1)
    assert "".join(text for _, text in pieces) == "first\n" + "".join(
        f"{n}\n" for n in range(1, 501)
    )


async def test_head_and_tail_of_much_output_are_kept_and_the_size_is_said(place):
    result = await place.call("shell", command="seq 100000")
    assert len(result.output) < 30_300
    assert result.output.startswith("1\n2\n")
    assert result.output.endswith("99999\n100000\n[exit status 0]")
    assert "it printed 588,895 characters, 100,000 lines]" in result.output
    assert result.truncated


async def test_a_tool_that_prints_for_ever_is_stopped_within_bounds(tmp_path):
    shown = []
    held = ActingPlace(tmp_path, sandbox=sandbox_of("bubblewrap"))
    held.settings["emit"] = shown.append
    tracemalloc.start()
    began = time.monotonic()
    result = await held.call("shell", command="yes 'a tool that prints for ever'")
    print(f"stopped after {time.monotonic() - began:.2f} s")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "[stopped: it printed more than 64 MB]" in result.output
    assert sum(map(len, shown)) < 500_000
    assert peak < 4_000_000


async def test_bytes_that_are_no_utf8_and_cut_letters_survive(place):
    result = await place.call(
        "shell", command="printf '\\xc3'; sleep 0.1; printf '\\xa9\\xff\\xc3'"
    )
    assert result.output.startswith("é\udcff\udcc3\n[")


TREES = {
    "a child": "sleep 9{0}",
    "in the background": "sleep 9{0} & wait",
    "in a session of its own": "setsid sleep 9{0} & wait",
    "that ignores being asked": "trap '' TERM; sleep 9{0}; sleep 9{0}",
    "forked twice": "(setsid bash -c 'trap \"\" TERM; sleep 9{0} & sleep 9{0}' &); sleep 9{0}",
    "with its output closed": "exec >/dev/null 2>&1; setsid nohup sleep 9{0} & sleep 9{0}",
}


@pytest.mark.parametrize("tree", ["in a session of its own", "forked twice"])
async def test_landlock_ends_everything_too(tmp_path, tree):
    place = ActingPlace(tmp_path, sandbox=sandbox_of("landlock"))
    mark = f"{os.getpid() % 1000:03}{abs(hash((tree, str(tmp_path), 2))) % 10**6:06}"
    await place.call("shell", command=TREES[tree].replace("{0}", mark), seconds=0.3)
    await until(lambda: not living(mark), 0.5)


@pytest.mark.parametrize("tree", TREES)
async def test_cancelling_ends_everything_within_200_ms(held, tree):
    mark = f"{os.getpid() % 1000:03}{abs(hash((tree, str(held.root)))) % 10**6:06}"
    command = TREES[tree].replace("{0}", mark)
    call = asyncio.create_task(held.call("shell", command=command))
    await until(lambda: len(living(f"sleep\x009{mark}")) >= 1)
    await asyncio.sleep(0.05)
    began = time.monotonic()
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    seconds = time.monotonic() - began
    print(f"gone after {seconds * 1_000:.0f} ms")
    await until(lambda: not living(mark), 0.5)
    assert seconds < 1.0


@pytest.mark.parametrize("tree", ["that ignores being asked", "forked twice"])
async def test_a_time_limit_ends_everything(held, tree):
    mark = f"{os.getpid() % 1000:03}{abs(hash((tree, str(held.root), 1))) % 10**6:06}"
    result = await held.call("shell", command=TREES[tree].replace("{0}", mark), seconds=0.3)
    assert "[stopped: it took longer than 0.3 s]" in result.output
    await until(lambda: not living(mark), 0.5)


async def test_what_is_left_running_ends_with_the_command_and_holds_nothing_up(held):
    mark = f"{os.getpid() % 1000:03}7654321"
    began = time.monotonic()
    result = await held.call("shell", command=f"sleep 9{mark} & setsid sleep 9{mark} & echo done")
    assert result.output == "done\n[exit status 0]"
    assert time.monotonic() - began < 5
    await until(lambda: not living(mark), 0.5)


async def test_a_command_may_clean_up_before_it_is_killed(held):
    command = "trap 'echo cleaned > cleaned; exit 1' TERM; echo ready; while :; do sleep 0.01; done"
    ready = asyncio.Event()
    held.settings["emit"] = lambda _: ready.set()
    call = asyncio.create_task(held.call("shell", command=command))
    await asyncio.wait_for(ready.wait(), 5)
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    assert (held.folder / "cleaned").exists()


@pytest.mark.parametrize("kind", ["none", "bubblewrap"])
async def test_nothing_is_left_when_we_are_killed(kind, tmp_path):
    mark = f"{os.getpid() % 1000:03}7654399"
    script = (
        "import asyncio; from pathlib import Path; from tests.unit.test_tool_shell import *; "
        f"place = ActingPlace(Path({str(tmp_path / 'other')!r}), sandbox=sandbox_of({kind!r})); "
        f"asyncio.run(place.call('shell', command='setsid sleep 9{mark} & sleep 9{mark}'))"
    )
    words = [sys.executable, "-c", script]
    child = process.start(words, environ=os.environ, cwd=Path.cwd())
    await until(lambda: len(living(f"sleep\x009{mark}")) >= 2, 20)
    child.kill()
    child.wait()
    await until(lambda: not living(f"sleep\x009{mark}"), 5)


async def test_no_descriptor_task_or_folder_stays(place, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await place.call("shell", command="true")
    files = len(os.listdir("/dev/fd"))
    for command in ("true", "exit 3", "sleep 5", "yes | head -100000"):
        await place.call("shell", command=command, seconds=0.3)
    await asyncio.sleep(0.01)
    assert len(os.listdir("/dev/fd")) == files
    assert len(asyncio.all_tasks()) == 1
    assert not list(tmp_path.glob("ownkey-*"))


async def test_nothing_runs_that_was_not_approved(place):
    result = await place.unapproved("shell", command="touch PWNED")
    assert result.output == "This call was not approved, so nothing was done."
    assert not (place.folder / "PWNED").exists()


async def test_a_network_that_was_not_asked_for_is_not_there(tmp_path):
    place = ActingPlace(tmp_path, sandbox=sandbox_of("bubblewrap"))
    alone = await place.call("shell", command="cat /proc/net/dev")
    granted = await place.call("shell", command="cat /proc/net/dev", network=True)
    assert (alone.ok, granted.ok) == (True, True)
    assert granted.output.count(":") > alone.output.count(":") == 1


def test_the_effect_says_that_the_network_is_asked_for(place):
    effect = place.effect("shell", command="true", network=True)
    assert isinstance(effect, Running)
    assert effect.network


async def test_a_yes_without_the_network_grants_none(place):
    shown = place.effect("shell", command="touch PWNED")
    result = await place.approved("shell", shown, command="touch PWNED", network=True)
    assert not result.ok
    assert not (place.folder / "PWNED").exists()
