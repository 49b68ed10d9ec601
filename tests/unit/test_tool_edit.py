from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.acting_calls import ActingPlace
from tui.tools.edit import EditTool
from tui.tools.effects import Changing, Reading
from tui.tools.unified import unified_diff


@pytest.fixture
def place(tmp_path):
    return ActingPlace(tmp_path)


async def edited(place, before, old, new, **more):
    place.write("a.txt", before)
    result = await place.approved("edit", path="a.txt", old=old, new=new, **more)
    return result, place.bytes("a.txt")


async def test_one_place_is_replaced_and_shown(place):
    result, after = await edited(place, "one\ntwo\nthree\n", "two\n", "2\n")
    assert after == b"one\n2\nthree\n"
    assert result.output == "Edited a.txt.\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"


async def test_more_than_one_place_is_told_with_its_lines(place):
    result, after = await edited(place, "x\ny\nx\n", "x", "z")
    assert not result.ok
    assert "2 places, lines 1, 3" in result.output
    assert after == b"x\ny\nx\n"


async def test_all_replaces_every_place(place):
    assert (await edited(place, "x\ny\nx\n", "x", "xx", all=True))[1] == b"xx\ny\nxx\n"


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        (b"a\r\nb\r\n", "a\n", "c\n", b"c\r\nb\r\n"),
        (b"a\r\nb\r\n", "a\r\nb", "x\ny\nz", b"x\r\ny\r\nz\r\n"),
        (b"a\r\nb\nc\r\n", "b\n", "b\nB\n", b"a\r\nb\nB\nc\r\n"),
        (b"a\r\nb\nc\r\n", "a\nb\nc", "a\nX\nb\nc", b"a\r\nX\r\nb\nc\r\n"),
        (b"a\nb\r\nc", "c", "c\nd", b"a\nb\r\nc\r\nd"),
        (b"\xef\xbb\xbfa\r\nb", "a\n", "z\n", b"\xef\xbb\xbfz\r\nb"),
        (b"a\nb", "b", "c", b"a\nc"),
        (b"a\n\n\nb\n", "b", "c", b"a\n\n\nc\n"),
        (b"caf\xe9 \xff\nb\n", "b", "c", b"caf\xe9 \xff\nc\n"),
        (b"a\rb\nc\n", "c", "d", b"a\rb\nd\n"),
        (b"a\xe2\x80\xa8b\nc\n", "c", "d", b"a\xe2\x80\xa8b\nd\n"),
        (b"one", "one", "", b""),
    ],
)
async def test_line_ends_marks_and_bad_bytes_outside_the_edit_stay(place, before, old, new, after):
    assert (await edited(place, before, old, new))[1] == after


lines = st.lists(st.tuples(st.sampled_from([b"a", b"", b"\xff", b" b", b"\r", b"\xc3\xa9"]),
                           st.sampled_from([b"\n", b"\r\n"])), max_size=8)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines, lines, st.booleans(), st.booleans(), st.sampled_from(["x", "x\ny", "", "x\r\ny\n"]))
@example([(b"\r", b"\r\n")], [(b"", b"\n")], False, True, "x\n")
def test_whatever_stands_around_an_edit_stays_byte_for_byte(
    tmp_path_factory, before, after, mark, last, new
):
    head = (b"\xef\xbb\xbf" if mark else b"") + b"".join(line + end for line, end in before)
    tail = b"".join(line + end for line, end in after) + (b"" if last else b"end")
    place = ActingPlace(tmp_path_factory.mktemp("edit"))
    place.write("a.txt", head + b"NEEDLE" + tail)
    change = place.change("edit", path="a.txt", old="NEEDLE", new=new)
    assert change.after is not None
    assert change.after.startswith(head)
    assert change.after.endswith(tail)
    middle = change.after[len(head) : len(change.after) - len(tail)]
    assert middle.replace(b"\r\n", b"\n") == new.replace("\r\n", "\n").encode()


CODE = "def f(a):\n    if a:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"


async def test_other_blanks_still_find_the_place_and_keep_its_indent(place):
    result, after = await edited(place, CODE, "if a:\n    return 1\n", "if not a:\n    return 0\n")
    assert after.decode() == CODE.replace("if a", "if not a").replace("return 1", "return 0")
    assert "not exact: blanks differ, lines 2 to 3 replaced" in result.output


async def test_a_nearly_right_text_finds_the_one_place_like_it(place):
    old = "def f(a):\n    if a:\n        return 1;\n    return 2\n"
    result, after = await edited(place, CODE, old, "def f(a):\n    return 2\n")
    assert after.decode() == "def f(a):\n    return 2\n\n\ndef g():\n    return 3\n"
    assert re.search(r"not exact: 9\d% alike, lines 1 to 4 replaced", result.output)


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("timeout = 10\nname = 'x'\n", "timeout = 20"),
        ("    return 3\n\n\n  return 3\n", "\treturn 3\n"),
        ("one = compute(alpha, beta)\none = compute(alpha, betb)\n", "one = compute(alpha, betc)"),
        (CODE, "class Unlike:\n    everything = None\n"),
        (CODE, "   \n"),
    ],
)  # fmt: skip
async def test_what_is_unlike_or_alike_twice_is_not_replaced(place, text, old):
    result, after = await edited(place, text, old, "NEW\n")
    assert not result.ok
    assert after == text.encode()


async def test_a_failure_shows_the_closest_place_with_its_lines(place):
    result, _ = await edited(place, CODE, "def g():\n    return 4 + 4 + 4\n", "x")
    assert "Closest (" in result.output
    assert "     7\tdef g():\n     8\t    return 3" in result.output


async def test_a_not_exact_match_is_said_before_the_yes(place):
    place.write("a.py", CODE)
    change = place.change("edit", path="a.py", old="if a:\n  return 1", new="pass")
    assert change.note.startswith("not exact")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "x", "`old` is empty"),
        ("one", "one", "the same"),
        ("one\r\n", "one\n", "the same"),
        ("\ud800", "x", "half a character"),
        ("one", "\ud800", "half a character"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(place, old, new, words):
    result, after = await edited(place, "one\n", old, new)
    assert (result.ok, after) == (False, b"one\n")
    assert words in result.output


@pytest.mark.parametrize("name", ["nope.txt", "d", "x.png"])
async def test_what_is_no_text_file_is_refused(place, name):
    place.write("d/x")
    place.write("x.png", b"\x89PNG\r\n\x1a\n\0")
    result = await place.approved("edit", path=name, old="a", new="b")
    assert not result.ok
    assert len(result.output) > 10


async def test_mode_bits_stay(place):
    path = place.write("a.sh", "one\n")
    path.chmod(0o4751)
    await place.approved("edit", path="a.sh", old="one", new="two")
    assert oct(path.stat().st_mode)[-4:] == "4751"


async def test_nothing_is_left_beside_the_file(place):
    await edited(place, "one\n", "one", "two")
    assert [path.name for path in place.folder.iterdir()] == ["a.txt"]


async def test_a_file_that_changed_since_the_yes_is_left_alone(place):
    place.write("a.txt", "one\nmine\n")
    shown = place.change("edit", path="a.txt", old="one", new="two")
    place.write("a.txt", "one\nyours\n")
    result = await place.approved("edit", shown, path="a.txt", old="one", new="two")
    assert "has changed since this was approved" in result.output
    assert place.bytes("a.txt") == b"one\nyours\n"


async def test_what_was_shown_is_what_is_written(place):
    place.write("a.txt", "one\n")
    shown = place.change("edit", path="a.txt", old="one", new="two")
    await place.approved("edit", shown, path="a.txt", old="one", new="three")
    assert place.bytes("a.txt") == shown.after == b"two\n"


async def test_a_link_turned_elsewhere_since_the_yes_is_not_written_through(place):
    place.write("x/a.txt", "one\n")
    place.write("y/a.txt", "one\n")
    (place.folder / "l").symlink_to("x")
    shown = place.change("edit", path="l/a.txt", old="one", new="two")
    (place.folder / "l").unlink()
    (place.folder / "l").symlink_to("y")
    assert not (await place.approved("edit", shown, path="l/a.txt", old="one", new="two")).ok
    assert place.bytes("y/a.txt") == place.bytes("x/a.txt") == b"one\n"


@pytest.mark.parametrize("path", ["../out.txt", "l", ".env"])
async def test_a_file_that_only_a_yes_opens_is_edited_after_it_and_only_then(place, path):
    (place.root / "out.txt").write_text("one\n", encoding="utf-8")
    place.write(".env", "one\n")
    (place.folder / "l").symlink_to("../out.txt")
    args = {"path": path, "old": "one", "new": "two"}
    assert not (await place.call("edit", **args)).ok
    real = (place.folder / path).resolve()
    assert real.read_text(encoding="utf-8") == "one\n"
    assert (await place.approved("edit", **args)).ok
    assert real.read_text(encoding="utf-8") == "two\n"


@pytest.mark.parametrize("old", ["", "nope", "one"])
def test_why_an_edit_of_a_closed_file_fails_is_not_told_without_a_yes(place, old):
    (place.root / "out.txt").write_text("one secret\n", encoding="utf-8")
    place.write(".env", "one secret\n")
    for path in ("../out.txt", ".env", "../missing.txt"):
        effect = place.effect("edit", path=path, old=old, new="two")
        assert isinstance(effect, Changing if old == "one" and "missing" not in path else Reading)


def test_our_own_files_and_devices_are_refused_without_a_question(place):
    for path in ("$OWNKEY_HOME/config/x", "/proc/self/mem", "/dev/null", str(place.own)):
        assert "was not opened" in place.refusal("edit", path=path, old="a", new="b")


def test_the_effect_changes_nothing(place):
    path = place.write("a.txt", "one\n")
    before = path.stat()
    place.effect("edit", path="a.txt", old="one", new="two")
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert len(list(place.folder.iterdir())) == 1


few = st.lists(st.sampled_from(["a", "b", "", "c d"]), max_size=12)


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(few, few, st.booleans(), st.booleans())
def test_the_diff_that_is_shown_gives_the_file_that_is_written(
    tmp_path_factory, old, new, old_end, new_end
):
    before = ("\n".join(old) + "\n" * old_end).encode()
    after = ("\n".join(new) + "\n" * new_end).encode()
    if before == after:
        return
    folder = tmp_path_factory.mktemp("diff")
    (folder / "f").write_bytes(before)
    (folder / "d").write_text(unified_diff("f", before, after) + "\n", encoding="utf-8")
    subprocess.run(["patch", "-s", "-p1", "f", "d"], cwd=folder, check=True, capture_output=True)
    assert (folder / "f").read_bytes() == after


async def test_a_large_file_is_searched_by_likeness_in_bounded_time(place):
    text = "".join(f"    value_{n} = compute({n}, {n * 7})\n" for n in range(40_000))
    place.write("big.py", text)
    began = time.monotonic()
    result = await place.call("edit", path="big.py", old="value_x = other(9)\nvalue_y = 3", new="")
    seconds = time.monotonic() - began
    print(f"no match in {len(text):,} bytes: {seconds:.2f} s")
    assert not result.ok
    assert seconds < 25


def test_the_tool_reads_what_it_would_change(place):
    tool = EditTool()
    args = {"path": "x/../a.txt", "old": "a", "new": "b"}
    assert tool.reads(args, place.context()) == (place.folder / "x" / ".." / "a.txt",)
    assert os.path.realpath(tool.reads(args, place.context())[0]) == str(place.folder / "a.txt")
