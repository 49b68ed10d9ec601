"""What others named (models, labels, folders, branches, titles) in lists that people read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tests.hostile_cases import by_kind
from tests.key_world import World
from tests.neutral_checks import assert_holds_none, assert_no_raw_controls
from tests.past_sessions import past_session
from tui.secret import Secret

pytestmark = pytest.mark.long

SEALED = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
KEY = made_up_key()
FORGED = "x\nanthropic  main  …1234 verified\tdefault"
NAMES = [
    FORGED,
    *(case.filled() for case in by_kind("text", "terminal/") if len(case.text) < 200),
    *(case.filled() for case in by_kind("text", "invisible/")),
]
INVISIBLE = [
    chr(int(code, 16))
    for case in by_kind("text", "invisible/")
    for code in case.expect["invisible"]
]


@pytest.fixture(scope="module")
def maker() -> Iterator[FakeProvider]:
    with FakeProvider(keys={KEY}, models=NAMES) as fake:
        yield fake


@pytest.fixture
def world(home: Path) -> World:
    world = World(home)
    world.add()
    return world


def listed(*words: str) -> str:
    said = run_command(*words, environ=SEALED)
    assert said.returncode == 0, said.stderr
    return said.stdout + said.stderr


def session_named(home: Path, name: str) -> None:
    past_session(home, cwd=f"/tmp/{name}", prompt=name, branch=name)


def assert_harmless(shown: str) -> None:
    assert_no_raw_controls(shown)
    assert_holds_none(shown, INVISIBLE)


def test_models_that_a_maker_names_come_harmless_out_of_adding_a_key(
    maker: FakeProvider, home: Path
):
    said = run_command(
        "keys", "add", "anthropic", "--base-url", maker.url("anthropic"),
        stdin=KEY, environ=SEALED,
    )  # fmt: skip
    assert said.returncode == 0
    assert_harmless(said.stdout + said.stderr)


def test_models_that_a_maker_names_are_listed_harmless_one_a_row(maker: FakeProvider, home: Path):
    run_command(
        "keys", "add", "anthropic", "--base-url", maker.url("anthropic"),
        stdin=KEY, environ=SEALED,
    )  # fmt: skip
    shown = listed("models")
    assert_harmless(shown)
    assert sum("anthropic/" in line for line in shown.splitlines()) >= len(set(NAMES))
    assert not any(line.startswith("anthropic  main") for line in shown.splitlines())


def test_a_check_keeps_the_models_that_the_maker_names(maker: FakeProvider, world: World):
    secret = world.add("other", secret=Secret(KEY), base_url=maker.url("anthropic"))
    run_command("keys", "check", secret.id, environ=SEALED)
    assert f"anthropic/{FORGED}" in {row["id"] for row in json.loads(listed("models", "--json"))}


@pytest.mark.parametrize("field", ["label", "backend", "fingerprint", "base_url"])
def test_a_key_is_listed_harmless_in_one_row(field: str, world: World):
    for name in NAMES:
        world.rewrite(**{field: name})
        shown = listed("keys", "list")
        assert_harmless(shown)
        assert len(shown.splitlines()) == 1


def test_a_key_s_label_is_harmless_where_it_is_checked(world: World):
    for name in NAMES[:8]:
        world.rewrite(label=name, base_url=f"http://127.0.0.1:{closed_port()}")
        said = run_command("keys", "check", environ=SEALED)
        assert said.returncode == 1
        assert_harmless(said.stdout + said.stderr)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_session_is_listed_harmless_in_one_row(name: str, home: Path):
    session_named(home, name)
    shown = listed("sessions", "list")
    assert_harmless(shown)
    assert len(shown.splitlines()) == 1


def test_json_keeps_a_name_as_it_came(home: Path):
    session_named(home, FORGED)
    (session,) = json.loads(run_command("sessions", "list", "--json").stdout)
    assert session["branch"] == FORGED


@pytest.mark.parametrize("coding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "words", [["keys", "list"], ["sessions", "list"], ["keys", "check", "nobody␛"]], ids=" ".join
)
def test_an_output_that_is_not_utf8_gets_an_escape_and_no_traceback(
    coding: str, words: list[str], world: World
):
    world.rewrite(label="漢字 \x1b]0;x\x07")
    session_named(Path(os.environ["OWNKEY_HOME"]), "漢字 \x1b[2J")
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", *words],
        env=os.environ | SEALED | {"PYTHONIOENCODING": coding},
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    shown = done.stdout + done.stderr
    assert b"Traceback" not in shown
    assert done.returncode in {0, 2}
    assert shown
    assert_no_raw_controls(shown.decode(coding))
