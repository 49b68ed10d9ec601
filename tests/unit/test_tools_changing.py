from __future__ import annotations

import asyncio
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import hostile_cases
from tests.tool_calls import Place
from tui.errors import OwnkeyError
from tui.permissions.facts import look_at
from tui.permissions.rules import decide_change
from tui.runtime.toolbox import FolderToolbox
from tui.tools.base import CallFailed
from tui.tools.changing import unified
from tui.tools.replacing import replace

ARGS = [
    c for c in hostile_cases.load("tool_args") if '"name": "write"' in c.text or '"edit"' in c.text
]


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    made.write("a.py", "x = 1\ny = 2\n")
    (made.folder / "link").symlink_to("/")
    return made


def toolbox(place) -> FolderToolbox:
    made = FolderToolbox(place.folder, place.environ)
    made.specs("all")
    return made


def do(place, name, mode="edit", **args):
    """Judge a call and, as a person's yes would, run it: the verdict and the result."""

    async def both():
        tools = toolbox(place)
        verdict = await tools.judge(name, args, mode)
        return verdict, await tools.run(name, args)

    return asyncio.run(both())


@pytest.mark.parametrize("before", ["a\r\nb\r\nc", "a\nb\nc\n", "\ufeffa\r\nb\nc\r\n", "a\rb\n\nc"])
def test_line_ends_and_all_outside_the_edit_stay(place, before):
    place.write("t.txt", before.encode())
    _, result = do(place, "edit", path="t.txt", old="b", new="B")
    assert result.ok
    assert (place.folder / "t.txt").read_bytes() == before.replace("b", "B").encode()


def test_lines_are_found_across_other_line_ends(place):
    place.write("t.txt", b"a\r\nb\r\nc\r\n")
    do(place, "edit", path="t.txt", old="a\nb\n", new="1\n2\n")
    assert (place.folder / "t.txt").read_bytes() == b"1\r\n2\r\nc\r\n"


def test_bytes_that_are_no_text_stay_outside_the_edit(place):
    place.write("t.txt", b"\xff\xfe x\nname\n")
    do(place, "edit", path="t.txt", old="name", new="word")
    assert (place.folder / "t.txt").read_bytes() == b"\xff\xfe x\nword\n"


def test_rights_of_a_file_stay(place):
    (place.folder / "a.py").chmod(0o750)
    do(place, "edit", path="a.py", old="x = 1", new="x = 3")
    assert (place.folder / "a.py").stat().st_mode & 0o7777 == 0o750


def test_new_file_comes_with_the_folders_it_needs(place):
    _, result = do(place, "write", path="new/deep/f.txt", content="hello")
    assert result.ok
    assert (place.folder / "new/deep/f.txt").read_text() == "hello"


def test_what_is_shown_is_what_is_written(place):
    verdict, _ = do(place, "edit", path="a.py", old="x = 1", new="x = 5")
    assert verdict.change.after == (place.folder / "a.py").read_bytes() == b"x = 5\ny = 2\n"
    assert "-x = 1\n+x = 5" in verdict.change.diff


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a\nb\n", "a\u2028b\n", "+a\u2028b\n"), ("a\r\nb\r\n", "a\r\nb\n", "-b\r\n+b\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n", "-b\n+c\n"), ("a\n", "a", "-\n"),
    ],
)  # fmt: skip
def test_change_of_line_ends_alone_is_seen_in_the_diff(before, after, shown):
    assert shown in unified("f", before.encode(), after.encode()) + "\n"


def test_file_that_changed_since_it_was_shown_is_left_alone(place):
    async def both():
        tools, args = toolbox(place), {"path": "a.py", "old": "x = 1", "new": "x = 5"}
        await tools.judge("edit", args, "ask")
        place.write("a.py", "x = 1\nsomebody else\n")
        return await tools.run("edit", args)

    result = asyncio.run(both())
    assert not result.ok
    assert (place.folder / "a.py").read_text() == "x = 1\nsomebody else\n"


def test_call_that_could_not_be_done_when_it_was_judged_does_nothing_later(place):
    async def both():
        tools, args = toolbox(place), {"path": "b.py", "old": "x = 1", "new": "x = 5"}
        verdict = await tools.judge("edit", args, "ask")
        place.write("b.py", "x = 1\n")
        return verdict, await tools.run("edit", args)

    verdict, result = asyncio.run(both())
    assert (verdict.verdict, result.ok) == ("allow", False)
    assert (place.folder / "b.py").read_text() == "x = 1\n"


def test_folder_that_became_a_link_is_not_followed(place):
    (place.folder / "d").mkdir()
    outside = place.root / "elsewhere"
    outside.mkdir()

    async def both():
        tools, args = toolbox(place), {"path": "d/f.txt", "content": "x"}
        await tools.judge("write", args, "edit")
        (place.folder / "d").rmdir()
        (place.folder / "d").symlink_to(outside)
        return await tools.run("write", args)

    assert not asyncio.run(both()).ok
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "path", "verdict"),
    [
        ("read", "a.py", "deny"), ("ask", "a.py", "ask"), ("edit", "a.py", "allow"),
        ("edit", "new/f.py", "allow"), ("edit", ".git/hooks/pre-commit", "ask"),
        ("edit", ".github/workflows/ci.yml", "ask"), ("edit", "sub/.VSCode/tasks.json", "ask"),
        ("edit", "AGENTS.md", "ask"), ("edit", ".env", "ask"), ("edit", "../beside.txt", "ask"),
        ("edit", "link/tmp/x", "ask"), ("edit", "~/.bashrc", "ask"), ("edit", "/dev/sda", "deny"),
        ("edit", "$OWNKEY_HOME/config/settings.json", "deny"), ("read", ".env", "deny"),
    ],
)  # fmt: skip
def test_modes_and_places_decide(place, mode, path, verdict):
    context = place.context()
    assert (
        decide_change(mode, look_at((context.absolute(path),), context.border())).verdict == verdict
    )


@pytest.mark.parametrize("case", ARGS, ids=repr)
def test_hostile_calls_ask_or_are_refused_or_change_what_they_say(place, case):
    place.write("crlf.txt", b"a\r\nz\r\n")
    place.write("README.md", "words\n")
    call = json.loads(case.text)
    before = {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}

    async def judged():
        return await toolbox(place).judge(call["name"], call["args"], "edit")

    verdict = asyncio.run(judged())
    if case.expect.get("must_ask"):
        assert verdict.verdict in ("ask", "deny") or verdict.change is None
    if case.expect.get("must_refuse"):
        assert verdict.verdict == "deny"
    assert before == {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}
    if case.expect.get("keeps_line_ends"):
        do(place, call["name"], **call["args"])
        assert (place.folder / "crlf.txt").read_bytes() == b"b\r\nz\r\n"


@pytest.mark.parametrize("case", hostile_cases.load("file_names"), ids=repr)
def test_hostile_name_is_edited_in_the_very_same_file(place, case):
    path = os.fsdecode(case.data) if hasattr(case, "data") else case.text
    try:
        place.write(path, "x = 1\n")
    except OSError:
        return
    _, result = do(place, "edit", path=f"./{path}", old="x = 1", new="x = 2")
    assert result.ok
    assert (place.folder / path).read_text() == "x = 2\n"


@pytest.mark.parametrize(
    ("text", "old", "words"),
    [
        ("a\n", "", "empty"), ("a\nb\na\n", "a", "2 times (lines 1, 3)"),
        ("    if x:\n        go()\n", "nothing\nlike it", "nowhere"),
        ("def load(path):\n  return 1\n", "def load(path):\n  return 22222 + 3333 + x", "nearest"),
    ],
)  # fmt: skip
def test_edit_that_finds_no_one_place_says_where_to_look(text, old, words):
    with pytest.raises(CallFailed) as caught:
        replace(text, old, "new", every=False)
    assert words in caught.value.message


def test_edit_is_found_by_lines_and_moved_in_as_they_are():
    text = "class A:\n        def f(self):\n            return 1\n"
    done = replace(
        text, "def f(self):\n    return 1\n", "def f(self):\n    return 2\n", every=False
    )
    assert done.text == "class A:\n        def f(self):\n            return 2\n"
    assert "blanks" in done.said


def test_edit_is_found_by_lines_that_are_nearly_the_same():
    text = "start\nthe quick brown fox jumps over the lazy dog\nend\n"
    done = replace(text, "the quick brown fox jumped over the lazy dog", "gone", every=False)
    assert done.text == "start\ngone\nend\n"
    assert "alike" in done.said


@given(st.text(max_size=60), st.text(min_size=1, max_size=6), st.text(max_size=6))
def test_every_place_is_replaced_as_text_is(text, old, new):
    try:
        done = replace(text, old, new, every=True)
    except OwnkeyError:
        return
    if old in text:
        assert done.text == text.replace(old, new)
