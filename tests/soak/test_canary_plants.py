"""The sweep of promise 3 is itself tested: a key put into each place, in each form, is found."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.canary import FORMS, RUN, body_of, encoded, made_up_key
from tests.canary_sweep import Sweep
from tests.fake_http import Seen
from tests.fake_provider import FakeProvider
from tests.key_places import KeyPlaces, two_makers

pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]

KEY = made_up_key()
HALF = body_of(KEY)[30 : 30 + RUN]
PLANTS = {
    **{form: encoded(KEY, form) for form in FORMS},
    "base64 behind 1": encoded(KEY, "base64", offset=1),
    "base64 behind 2": encoded(KEY, "base64url", offset=2),
    **{f"a run of 12, {form}": encoded(HALF, form) for form in FORMS},
}
CARRIES_NO_NUL = {name: text for name, text in PLANTS.items() if "\0" not in text}

Plant = Callable[[Sweep, Path, str], None]


def in_a_file(sweep: Sweep, folder: Path, text: str) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file.db").write_bytes(b"\x00\xff" * 999 + text.encode("latin-1"))


def in_output(sweep: Sweep, folder: Path, text: str) -> None:
    sweep.note("output", f"before {text} after")


def in_a_log_of_json(sweep: Sweep, folder: Path, text: str) -> None:
    (folder / "log").write_text(json.dumps({"text": text}), encoding="ascii")


def in_json_inside_json(sweep: Sweep, folder: Path, text: str) -> None:
    sweep.note("output", json.dumps({"raw": json.dumps({"text": text})}))


def in_painted_output(sweep: Sweep, folder: Path, text: str) -> None:
    middle = len(text) // 2
    sweep.note("terminal", f"\x1b[1m{text[:middle]}\x1b[31m{text[middle:]}\x1b[0m")


def in_the_clipboard(sweep: Sweep, folder: Path, text: str) -> None:
    copied = base64.b64encode(b"ab" + text.encode("latin-1")).decode()
    sweep.note("terminal", f"x\x1b]52;c;{copied}\x07y")


def in_a_request(sweep: Sweep, *seen: Seen, own: bool = False) -> None:
    fake = FakeProvider()
    fake.seen.extend(seen)
    sweep.received("a server", fake, own=own)


def in_a_body(sweep: Sweep, folder: Path, text: str) -> None:
    in_a_request(sweep, Seen("POST", "/v1/messages", {}, {"a": [{"b": text}]}, 0))


def in_a_header(sweep: Sweep, folder: Path, text: str) -> None:
    in_a_request(sweep, Seen("GET", "/", {"x-debug": text}, None, 0))


def in_a_path(sweep: Sweep, folder: Path, text: str) -> None:
    in_a_request(sweep, Seen("GET", f"/log?{text}", {}, None, 0))


def in_a_header_of_its_own_maker(sweep: Sweep, folder: Path, text: str) -> None:
    in_a_request(sweep, Seen("GET", "/", {"referer": text}, None, 0), own=True)


PLACES: list[Plant] = [
    in_a_file, in_output, in_a_log_of_json, in_json_inside_json, in_painted_output,
    in_the_clipboard, in_a_body, in_a_header, in_a_path, in_a_header_of_its_own_maker,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLACES, ids=lambda plant: plant.__name__)
@pytest.mark.parametrize("name", PLANTS)
def test_a_plant_is_found(plant: Plant, name: str, tmp_path: Path):
    sweep = Sweep(KEY, {"home": tmp_path})
    plant(sweep, tmp_path, PLANTS[name])
    form = name.rpartition(", ")[2].split(" behind")[0]
    found = {one.rpartition(": ")[2] for one in sweep.found()}
    assert form in found or (form.startswith("base64") and found)


@pytest.mark.parametrize("name", CARRIES_NO_NUL)
def test_a_plant_in_a_file_s_name_is_found(name: str, tmp_path: Path):
    text = CARRIES_NO_NUL[name].replace("/", "_")[:200]
    (tmp_path / text).touch()
    assert Sweep(KEY, {"home": tmp_path}).found()


def test_a_plant_in_a_child_s_arguments_or_environment_is_found(tmp_path: Path):
    sweep = Sweep(KEY, {})
    children: list[subprocess.Popen[bytes]] = []
    with sweep.watching():
        for text in CARRIES_NO_NUL.values():
            children.append(subprocess.Popen(["sleep", "0.3"], env={"HELD": text}))
        children.append(subprocess.Popen(["sh", "-c", "sleep 0.3; :", *CARRIES_NO_NUL.values()]))
        for child in children:
            child.wait(10)
    for what in ("arguments", "environment"):
        found = {one.rpartition(": ")[2] for one in sweep.found() if what in one}
        assert found >= {form for form in FORMS if not form.startswith("utf-16")}


def test_a_plant_in_a_grandchild_that_lives_30_ms_is_found():
    sweep = Sweep(KEY, {})
    with sweep.watching():
        time.sleep(0.05)
        subprocess.run(["sh", "-c", 'HELD="$0" sleep 0.03; :', KEY], check=True)
    assert any("environment" in one for one in sweep.found())


def test_what_holds_no_key_is_left_alone(tmp_path: Path):
    (tmp_path / "file").write_text(f"{KEY[:20]} {body_of(KEY)[:11]} {made_up_key()}")
    assert Sweep(KEY, {"home": tmp_path}).found() == []


NOT_HARDENED = """
import tui.crash
tui.crash.harden = lambda: None
"""
"""A mutant: its memory may be written down."""


@pytest.mark.linux
def test_a_program_that_leaves_a_core_is_caught(tmp_path: Path):
    with two_makers() as (fake, other):
        places = KeyPlaces(tmp_path, "sealed", {}, fake=fake, other=other, mutant=NOT_HARDENED)
        places.aborted(
            "keys", "add", "anthropic", "--base-url", fake.url("anthropic", fault="stall"),
            stdin=places.key, reached=lambda: bool(fake.seen),
        )  # fmt: skip
        if cores_fall_elsewhere():
            (places.work / "core").write_bytes(b"\x7fELF" + places.key.encode())
        found = places.found()
        for core in places.work.glob("core*"):
            core.unlink()
    assert [one for one in found if one.startswith("work, core") and one.endswith("plain")]


def cores_fall_elsewhere() -> bool:
    """Whether this machine hands cores to a program or into another folder."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text("ascii").strip()
    return pattern.startswith(("|", "/"))
