from __future__ import annotations

import pytest

from tui.events.tool import FileChanged
from tui.protected import Border
from tui.runtime.taking_back import take_back


@pytest.fixture
def folder(tmp_path):
    return tmp_path.resolve()


@pytest.fixture
def border(folder):
    return Border(workspace=folder, home=folder / "home", own=(folder / "own",))


def changed(path, before, after, **more):
    return FileChanged(call="c", path=str(path), before=before, after=after, **more)


def test_several_changes_of_a_file_are_taken_back_to_before_the_first(folder, border):
    path = folder / "a"
    path.write_bytes(b"3")
    taken = take_back([changed(path, b"1", b"2"), changed(path, b"2", b"3")], border)
    assert (path.read_bytes(), taken.files, taken.left) == (b"1", (str(path),), ())


def test_a_file_that_was_made_is_taken_away(folder, border):
    path = folder / "a"
    path.write_bytes(b"new")
    assert take_back([changed(path, None, b"new")], border).files == (str(path),)
    assert not path.exists()


def test_a_file_that_somebody_else_changed_is_left(folder, border):
    path = folder / "a"
    path.write_bytes(b"theirs")
    taken = take_back([changed(path, b"1", b"2")], border)
    assert (path.read_bytes(), taken.left) == (b"theirs", (str(path),))


def test_a_file_that_somebody_else_changed_in_between_is_left(folder, border):
    path = folder / "a"
    path.write_bytes(b"3")
    taken = take_back([changed(path, b"1", b"2"), changed(path, b"2 and theirs", b"3")], border)
    assert (path.read_bytes(), taken.left) == (b"3", (str(path),))


def test_a_change_that_was_foreseen_and_never_made_is_none(folder, border):
    path = folder / "a"
    path.write_bytes(b"2")
    taken = take_back([changed(path, b"1", b"2"), changed(path, b"2", b"3")], border)
    assert (path.read_bytes(), taken.files) == (b"1", (str(path),))


def test_a_file_that_is_gone_is_not_brought_back_over_somebodys_head(folder, border):
    path = folder / "a"
    taken = take_back([changed(path, b"1", b"2")], border)
    assert (path.exists(), taken.left) == (False, (str(path),))


def test_a_link_that_stands_there_now_is_not_written_through(folder, border):
    (folder / "else").write_bytes(b"2")
    path = folder / "a"
    path.symlink_to(folder / "else")
    taken = take_back([changed(path, b"1", b"2")], border)
    assert ((folder / "else").read_bytes(), taken.left) == (b"2", (str(path),))


def test_our_own_files_are_not_touched(folder, border):
    (folder / "own").mkdir()
    path = folder / "own" / "settings"
    path.write_bytes(b"2")
    assert take_back([changed(path, b"1", b"2")], border).left == (str(path),)
    assert path.read_bytes() == b"2"
