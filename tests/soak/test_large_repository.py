"""A repository of 200,000 files: the console starts as ever, `@` and the tools stay live."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.echoes import Hiccups, echo, echoes
from tests.fake_provider import FakeProvider
from tests.live_console import LiveConsole

pytestmark = [pytest.mark.timed, pytest.mark.soak, pytest.mark.timeout(180)]

FOLDERS, EACH = 200, 1_000
ECHO_S, FILES_S, TOOL_S = 0.033, 2.0, 5.0
FACTOR = 5
STALL_S = 0.6
"""One step that a person sees and does not take for a hang; a busy machine took 0.3 s."""
"""A test fails only at so many times the number that is the goal."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """So many empty files, some with a word in them, on a branch."""
    shared = Path("/dev/shm")
    base = shared if os.access(shared, os.W_OK) else tmp_path_factory.mktemp("large")
    root = base / f"ownkey-large-{os.getpid()}"
    try:
        for number in range(FOLDERS):
            folder = root / f"part{number:03}"
            folder.mkdir(parents=True)
            for file in range(EACH):
                os.close(os.open(folder / f"file{file:04}.txt", os.O_CREAT | os.O_WRONLY, 0o644))
            (folder / "file0500.txt").write_text("a needle\n")
        (root / ".git").mkdir()
        (root / ".git" / "HEAD").write_text("ref: refs/heads/all-of-it\n")
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def start_s(fake: FakeProvider, folder: Path, work: Path) -> float:
    """How long the console takes until it is ready in a folder."""
    folder.mkdir()
    began = time.monotonic()
    with LiveConsole(fake, folder, work=work) as seen:
        took = time.monotonic() - began
        assert seen.leave() == 0
    return took


def test_the_start_takes_no_longer_than_in_an_empty_folder(repository: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with FakeProvider() as fake:
        start_s(fake, tmp_path / "warm", empty)
        few = min(start_s(fake, tmp_path / f"few{n}", empty) for n in range(2))
        many = min(start_s(fake, tmp_path / f"many{n}", repository) for n in range(2))
    print(f"ready after {few:.2f} s in an empty folder, {many:.2f} s among 200,000 files")
    assert many < few * 1.5 + 0.5


def completed(seen: LiveConsole, written: str, hiccups: Hiccups) -> list[float]:
    """How long each key of a file's name took to be seen; the prompt is empty afterwards."""
    seen.type("@")
    took = [
        echo(seen, key, f"@{written[:end]}", hiccups) for end, key in enumerate(written, start=1)
    ]
    seen.rest(0.3)
    return took


def emptied(seen: LiveConsole) -> None:
    """Leave the list, then empty the prompt."""
    for key in ("\x1b", "\x15"):
        seen.type(key)
        seen.rest(0.3)


def test_the_branch_is_read_and_files_are_completed_while_keys_echo(
    repository: Path, tmp_path: Path
):
    with (
        FakeProvider() as fake,
        LiveConsole(fake, tmp_path, work=repository) as seen,
        Hiccups() as hiccups,
    ):
        assert "all-of-it" in seen.lines[0]
        rounds: list[list[float]] = []
        for _ in range(2):  # a stall that is ours is there each time
            took = completed(seen, "part199/file0777", hiccups)
            seen.wait_for("file0777.txt   part199/", FILES_S * FACTOR)
            emptied(seen)
            rounds.append([*took, *completed(seen, "fl0123p", hiccups)])
            emptied(seen)
        took = min(rounds, key=max)
        print(
            f"a key echoes in {statistics.median(took) * 1e3:.0f} ms,"
            f" at worst {max(took) * 1e3:.0f} ms"
        )
        assert statistics.median(took) < FACTOR * ECHO_S
        assert max(took) < STALL_S
        assert seen.leave() == 0


CALLS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "glob": ({"pattern": "**/*.txt"}, ["file"]),
    "grep": ({"pattern": "needle"}, ["needle"]),
    "list": ({"path": "."}, ["part000", "part199"]),
}


def results_of(home: Path) -> list[dict[str, Any]]:
    """The tools' results as the log has them."""
    store = next(home.rglob("sessions.db"))
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as log:
        rows = log.execute(
            """SELECT CAST(body AS TEXT) FROM events
            WHERE CAST(body AS TEXT) LIKE '{"type":"tool_result"%' ORDER BY seq"""
        ).fetchall()
    return [json.loads(body) for (body,) in rows]


def check_result(result: dict[str, Any]) -> None:
    """One tool's: what was sought is in it, it is not too long, and says what it left out."""
    name, output, seconds = result["name"], result["output"], result["seconds"]
    print(f"{name}: {seconds:.2f} s, {len(output):,} characters")
    if "the search stopped after" not in output:  # Python's own search gives up and says so
        assert [piece for piece in CALLS[name][1] if piece not in output] == []
    assert len(output) < 100_000
    assert seconds < FACTOR * TOOL_S
    if name == "glob":
        assert output.count(".txt") < 5_000
        assert any(line.startswith("[") for line in output.split("\n")), output[-300:]


@pytest.mark.parametrize("ripgrep", [True, False], ids=["ripgrep", "without ripgrep"])
def test_tools_that_find_very_much_are_cut_with_a_notice(
    ripgrep: bool, repository: Path, tmp_path: Path
):
    environ = {} if ripgrep else {"PATH": "/nowhere"}
    calls = [{"name": name, "args": args} for name, (args, _) in CALLS.items()]
    with (
        FakeProvider() as fake,
        LiveConsole(fake, tmp_path, work=repository, environ=environ) as seen,
        Hiccups() as hiccups,
    ):
        fake.script([*({"tool_calls": [call]} for call in calls), {"text": "done."}])
        seen.type("go\r")
        seen.wait_until(lambda: len(fake.requests) > 0, "the request")
        took: list[float] = []
        while seen.turns == 0 or not took:
            took += echoes(seen, "typedbesideit", hiccups, 0.02)
        results = results_of(seen.home)
        assert [one["name"] for one in results] == list(CALLS)
        for result in results:
            check_result(result)
        print(f"a key echoes in {max(took) * 1e3:.0f} ms at worst")
        assert statistics.median(took) < FACTOR * ECHO_S
        assert max(took) < STALL_S
        assert seen.leave() == 0
