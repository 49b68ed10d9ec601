from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.acting_calls import ActingPlace
from tests.tool_calls import swapping
from tui.tools.effects import Reading


@pytest.fixture
def place(tmp_path):
    return ActingPlace(tmp_path)


async def test_a_new_file_is_made_with_its_folders(place):
    result = await place.approved("write", path="a/b/c.txt", content="one\ntwo")
    assert place.bytes("a/b/c.txt") == b"one\ntwo"
    assert result.output == "Made a/b/c.txt: 2 lines, 7 bytes."


def test_the_effect_says_which_folders_are_made_and_makes_none(place):
    change = place.change("write", path="a/b/c.txt", content="x\n")
    assert change.folders == (place.folder / "a", place.folder / "a" / "b")
    assert change.before is None
    assert change.diff == "--- /dev/null\n+++ b/a/b/c.txt\n@@ -0,0 +1 @@\n+x"
    assert not list(place.folder.iterdir())


async def test_a_new_file_has_the_mode_that_the_umask_gives(place):
    await place.approved("write", path="a.txt", content="x")
    mask = os.umask(0)
    os.umask(mask)
    assert (place.folder / "a.txt").stat().st_mode & 0o777 == 0o666 & ~mask


async def test_a_file_that_was_not_read_is_not_replaced(place):
    place.write("a.txt", "mine\n")
    result = await place.approved("write", path="a.txt", content="x")
    assert "read it first" in result.output
    assert place.bytes("a.txt") == b"mine\n"


async def test_a_file_that_was_read_is_replaced_and_may_be_again(place):
    place.write("a.txt", "mine\n").chmod(0o640)
    await place.call("read", path="a.txt")
    assert (await place.approved("write", path="a.txt", content="x\n")).ok
    assert (await place.approved("write", path="a.txt", content="y\n")).ok
    assert (place.folder / "a.txt").stat().st_mode & 0o777 == 0o640
    assert place.bytes("a.txt") == b"y\n"


async def test_a_file_that_changed_since_it_was_read_is_not_replaced(place):
    place.write("a.txt", "mine\n")
    await place.call("read", path="a.txt")
    place.write("a.txt", "mine, too\n")
    assert not (await place.approved("write", path="a.txt", content="x")).ok


async def test_overwrite_replaces_it_and_that_is_said_before(place):
    place.write("a.txt", "mine\n")
    args = {"path": "a.txt", "content": "x\n", "overwrite": True}
    assert place.change("write", **args).note == "replaces a file that was not read"
    assert (await place.approved("write", **args)).ok


async def test_an_edit_makes_a_file_known(place):
    place.write("a.txt", "mine\n")
    await place.approved("edit", path="a.txt", old="mine", new="ours")
    assert (await place.approved("write", path="a.txt", content="x")).ok


async def test_a_file_that_appears_after_the_yes_is_left_alone(place):
    shown = place.change("write", path="a.txt", content="x")
    place.write("a.txt", "theirs")
    assert not (await place.approved("write", shown, path="a.txt", content="x")).ok
    assert place.bytes("a.txt") == b"theirs"


@pytest.mark.parametrize(
    "path", ["../out.txt", "../new/out.txt", "l/out.txt", "dangling", ".envrc"]
)
async def test_what_lies_outside_or_is_secret_is_written_after_a_yes_and_only_then(place, path):
    (place.folder / "l").symlink_to("..")
    (place.folder / "dangling").symlink_to("../made.txt")
    real = Path(os.path.realpath(place.folder / path))
    assert not (await place.call("write", path=path, content="x")).ok
    assert not real.exists()
    assert (await place.approved("write", path=path, content="x")).ok
    assert real.read_text(encoding="utf-8") == "x"


def test_whether_a_closed_file_is_there_is_not_told_without_a_yes(place):
    (place.root / "out.txt").write_text("x", encoding="utf-8")
    assert isinstance(place.effect("write", path="../out.txt", content="y"), Reading)


@pytest.mark.parametrize("path", ["$OWNKEY_HOME/settings.toml", "l/settings.json", "/dev/null"])
def test_our_own_files_and_devices_are_refused(place, path):
    (place.folder / "l").symlink_to(place.own / "config")
    assert "was not opened" in place.refusal("write", path=path, content="x")


@pytest.mark.parametrize("path", ["d", "d/", "new/", "f/x", "pipe", "a/../../../..", "x" * 300])
async def test_what_cannot_be_a_file_is_said_in_words(place, path):
    place.write("d/x")
    place.write("f", "x")
    os.mkfifo(place.folder / "pipe")
    result = await place.approved("write", path=path, content="x")
    assert not result.ok
    assert len(result.output) > 10


async def test_a_hard_link_to_our_settings_is_not_written(place):
    settings = place.own / "config" / "settings.json"
    settings.write_text("{}", encoding="utf-8")
    os.link(settings, place.folder / "notes.txt")
    args = {"path": "notes.txt", "content": "x", "overwrite": True}
    assert not (await place.approved("write", **args)).ok
    assert settings.read_text(encoding="utf-8") == "{}"


async def test_a_link_swapped_at_any_moment_never_takes_a_write_outside(place):
    place.write("in/keep")
    outside = place.root / "out"
    outside.mkdir()
    link = place.folder / "link"
    done = 0
    with swapping(link, place.folder / "in", outside):
        for number in range(60):
            result = await place.call("write", path=f"link/{number}.txt", content="x")
            done += result.ok
    assert done, "no write ever went through: the race was not tried"
    assert not list(outside.iterdir())


async def test_a_write_is_whole_or_not_at_all(place):
    old, new = b"a" * 200_000, "b" * 200_000
    place.write("a.txt", old)
    torn: list[int] = []
    over = threading.Event()

    def watch():
        while not over.is_set():
            now = place.bytes("a.txt")
            if now not in (old, new.encode()):
                torn.append(len(now))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for content in (new, old.decode()) * 4:
        assert (await place.approved("write", path="a.txt", content=content, overwrite=True)).ok
    over.set()
    watcher.join()
    assert not torn


async def test_no_descriptor_stays_open(place):
    place.write("f", "x")
    before = len(os.listdir("/dev/fd"))
    for path in ("f/x", "a/b/c", "a/b/c", "../x", "f"):
        await place.approved("write", path=path, content="y")
        await place.approved("edit", path=path, old="q", new="y")
    assert len(os.listdir("/dev/fd")) == before


async def test_content_that_is_no_text_is_refused(place):
    assert "half a character" in place.refusal("write", path="a", content="\ud800")
    assert "too much" in place.refusal("write", path="a", content="x" * 10_000_001)


async def test_bytes_that_are_no_utf8_can_be_written_as_they_were_read(place):
    await place.approved("write", path="a.txt", content="caf\udce9\r\n")
    assert place.bytes("a.txt") == b"caf\xe9\r\n"


@pytest.mark.parametrize("path", ["a.txt", "new.txt", ".git/config", ".vscode/settings.json"])
async def test_nothing_is_written_that_was_not_approved(place, path):
    place.write("a.txt", "mine\n")
    result = await place.unapproved("write", path=path, content="x", overwrite=True)
    assert not result.ok
    assert [str(p.relative_to(place.folder)) for p in place.folder.rglob("*")] == ["a.txt"]
    assert place.bytes("a.txt") == b"mine\n"


async def test_no_edit_is_made_that_was_not_approved(place):
    place.write("a.txt", "mine\n")
    result = await place.unapproved("edit", path="a.txt", old="mine", new="x")
    assert result.output == "This call was not approved, so nothing was done."
    assert place.bytes("a.txt") == b"mine\n"
