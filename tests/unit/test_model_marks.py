from __future__ import annotations

import json

import pytest

from tui.errors import StoreError
from tui.settings.marks import KeptIds, ModelMarks


@pytest.fixture
def marks(tmp_path) -> ModelMarks:
    return ModelMarks(tmp_path / "config" / "favourites.json", tmp_path / "state" / "recent.json")


def test_nothing_is_marked_at_first(marks):
    assert marks.read() == ((), ())


def test_favourites_keep_the_order_in_which_they_were_marked(marks):
    for model in ("b/1", "a/2", "c/3"):
        marks.favour(model, on=True)
    assert marks.read()[0] == ("b/1", "a/2", "c/3")


def test_what_is_no_favourite_any_more_is_gone(marks):
    marks.favour("b/1", on=True)
    marks.favour("b/1", on=False)
    assert marks.read()[0] == ()


def test_the_model_used_last_is_the_first_and_stands_once(marks):
    for model in ("a/1", "b/2", "a/1"):
        marks.used(model)
    assert marks.read()[1] == ("a/1", "b/2")


def test_only_so_many_are_kept(marks):
    for number in range(30):
        marks.used(f"a/{number}")
    assert len(marks.read()[1]) == ModelMarks.MOST_RECENT


def test_another_process_sees_it_at_once(tmp_path):
    file = tmp_path / "x.json"
    KeptIds(file, 5).put("a/1", 0)
    assert KeptIds(file, 5).read() == ("a/1",)


@pytest.mark.parametrize("broken", [b"{", b'{"a": 1}', b"[1, 2]", b"\xff", b"[" * 5_000])
def test_a_broken_file_is_put_aside_and_not_written_over(tmp_path, broken):
    file = tmp_path / "x.json"
    file.write_bytes(broken)
    kept = KeptIds(file, 5)
    assert kept.read() == ()
    assert kept.put("a/1", 0) == ("a/1",)
    assert (tmp_path / "x.json.broken").read_bytes() == broken


def test_an_id_of_absurd_length_is_not_kept(tmp_path):
    assert KeptIds(tmp_path / "x.json", 5).put("a/" + "x" * 1_000, 0) == ()


def test_the_file_is_for_this_user_alone(tmp_path):
    file = tmp_path / "folder" / "x.json"
    KeptIds(file, 5).put("a/1", 0)
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text("utf-8")) == ["a/1"]


def test_what_cannot_be_written_is_said_and_what_to_do(tmp_path):
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be kept") as caught:
        KeptIds(tmp_path / "folder" / "x.json", 5).put("a/1", 0)
    assert "rights" in caught.value.hint
