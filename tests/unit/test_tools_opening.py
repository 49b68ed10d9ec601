from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

import pytest

from tests.tool_calls import Place, body, swapping
from tui.tools.base import CallFailed
from tui.tools.opening import reach

SECRET = "the file outside"


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    (made.root / "out").mkdir()
    (made.root / "out" / "x.txt").write_text(SECRET, encoding="utf-8")
    made.write("in/x.txt", "inside")
    return made


def reads_until(read, wanted, tries):
    """Whether one of many reads gives the wanted text."""
    for _ in range(tries):
        with suppress(OSError, CallFailed):
            if wanted in read():
                return True
    return False


def by_steps(place, path):
    with reach(path, place.context().border()) as reached, reached.open_file() as file:
        return file.read().decode()


def checked_then_opened(place, path):
    if not os.path.realpath(path).startswith(str(place.folder)):
        raise OSError
    return path.read_text(encoding="utf-8")


def test_a_link_swapped_between_check_and_open_never_leads_outside(place):
    link = place.folder / "link"
    with swapping(link, place.folder / "in", place.root / "out"):
        assert reads_until(lambda: by_steps(place, link / "x.txt"), "inside", 20_000)
        assert not reads_until(lambda: by_steps(place, link / "x.txt"), SECRET, 2_000)


def test_the_race_is_won_against_a_check_by_name(place):
    link = place.folder / "link"
    with swapping(link, place.folder / "in", place.root / "out"):
        assert reads_until(lambda: checked_then_opened(place, link / "x.txt"), SECRET, 100_000)


@pytest.mark.parametrize("tool", ["read", "list", "grep", "glob"])
async def test_a_link_swapped_after_the_verdict_is_refused(place, tool):
    link = place.folder / "link"
    link.symlink_to("in")
    path = "link/x.txt" if tool == "read" else "link"
    args = {"path": path} | ({"pattern": "*"} if tool == "glob" else {})
    args |= {"pattern": "file"} if tool == "grep" else {}
    assert place.judge(tool, **args).verdict == "allow"
    link.unlink()
    link.symlink_to(place.root / "out")
    result = await place.run(tool, **args)
    assert not result.ok
    assert "outside the folder" in result.output
    assert "x.txt" not in result.output.replace(path, "")


async def test_a_yes_to_one_file_covers_no_other_that_the_link_leads_to_later(place):
    (place.root / "out" / "y.txt").write_text("another", encoding="utf-8")
    link = place.folder / "link"
    link.symlink_to(place.root / "out" / "y.txt")
    granted = place.facts("read", path="link")[0].real
    link.unlink()
    link.symlink_to(place.root / "out" / "x.txt")
    assert not (await place.run("read", granted, path="link")).ok


@pytest.mark.parametrize("path", ["link/x.txt", "../out/x.txt", "in/../../out/x.txt"])
async def test_what_lies_outside_is_read_after_a_yes_and_only_then(place, path):
    (place.folder / "link").symlink_to(place.root / "out")
    assert place.judge("read", path=path).verdict == "ask"
    assert not (await place.run("read", path=path)).ok
    assert SECRET in (await place.run_approved("read", path=path)).output


async def test_without_a_yes_it_is_not_even_told_whether_a_file_outside_exists(place):
    there = await place.run("read", path="../out/x.txt")
    missing = await place.run("read", path="../out/z.txt")
    assert there.output.replace("x.txt", "") == missing.output.replace("z.txt", "")


async def test_links_and_dots_inside_the_folder_are_followed(place):
    (place.folder / "a").symlink_to("in/deep/..")
    (place.folder / "in" / "deep").mkdir()
    (place.folder / "b").symlink_to(place.folder / "a")
    assert place.judge("read", path="b/./x.txt").verdict == "allow"
    assert "inside" in (await place.run("read", path="b/./x.txt")).output


async def test_links_in_a_circle_end_in_words(place):
    (place.folder / "a").symlink_to("b")
    (place.folder / "b").symlink_to("a")
    result = await place.run("read", path="a")
    assert not result.ok
    assert "symbolic links" in result.output


async def test_a_hard_link_to_our_settings_is_refused(place):
    settings = place.own / "config" / "settings.json"
    settings.write_text("{}", encoding="utf-8")
    os.link(settings, place.folder / "notes.txt")
    result = await place.run("read", path="notes.txt")
    assert (result.ok, "protected" in result.output) == (False, True)


async def test_a_hard_link_to_a_key_in_the_home_is_refused(place):
    (place.home / ".ssh").mkdir()
    (place.home / ".ssh" / "id_ed25519").write_text("key", encoding="utf-8")
    os.link(place.home / ".ssh" / "id_ed25519", place.folder / "notes.txt")
    assert not (await place.run("read", path="notes.txt")).ok


async def test_an_ordinary_hard_link_is_read(place):
    os.link(place.folder / "in" / "x.txt", place.folder / "notes.txt")
    assert (await place.run("read", path="notes.txt")).ok


async def test_no_descriptor_stays_open(place):
    (place.folder / "link").symlink_to(place.root / "out")
    (place.folder / "loop").symlink_to("loop")
    paths = ("in/x.txt", "in", "link/x.txt", "loop", "nope", "in/x.txt/y", "/dev/zero")
    for path in paths:
        await place.run("read", path=path)
    before = len(os.listdir("/dev/fd"))
    for path in paths:
        for tool in ("read", "list"):
            await place.run(tool, path=path)
        await place.run("grep", path=path, pattern="x")
        await place.run("glob", path=path, pattern="**/x")
    assert len(os.listdir("/dev/fd")) == before


@pytest.fixture(scope="session")
def audited():
    """Hooks by the name that is just about to be opened; each acts once."""
    acts = {}

    def hook(event, args):
        if event == "open" and acts and isinstance(args[0], str):
            act = acts.pop(args[0], None)
            if act is not None:
                act()

    sys.addaudithook(hook)  # never taken off again, but without acts it does nothing
    yield acts
    acts.clear()


def replaced(path, make):
    def act():
        path.rename(path.with_name("moved away"))
        make(path)

    return act


SWAPS = {
    "folder for a link": ("in", lambda path: path.symlink_to("../out")),
    "file for a link": ("x.txt", lambda path: path.symlink_to("../../out/x.txt")),
    "file for another": ("x.txt", lambda path: path.write_text(SECRET, encoding="utf-8")),
    "file for a pipe": ("x.txt", os.mkfifo),
    "file for a folder": ("x.txt", os.mkdir),
}


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("tool", ["read", "grep"])
async def test_what_is_swapped_at_the_moment_of_opening_is_not_read(place, audited, tool, swap):
    name, make = SWAPS[swap]
    path = place.folder / "in" if name == "in" else place.folder / "in" / name
    audited[name] = replaced(path, make)
    args = {"pattern": "inside|file"} if tool == "grep" else {}
    async with asyncio.timeout(5):
        result = await place.run(tool, path="in/x.txt", **args)
    assert not audited, "the swap did not happen"
    assert not result.ok or not body(result)
    assert SECRET not in result.output


def test_a_swap_at_the_moment_of_opening_deceives_an_ordinary_open(place, audited):
    path = str(place.folder / "in" / "x.txt")
    name, make = SWAPS["file for a link"]
    audited[path] = replaced(place.folder / "in" / name, make)
    assert checked_then_opened(place, place.folder / "in" / "x.txt") == SECRET
