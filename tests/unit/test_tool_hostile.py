from __future__ import annotations

import asyncio
import json
import os
import time

import pytest

from tests import hostile_cases
from tests.acting_calls import ALL, ActingPlace
from tests.tool_calls import body, given_back
from tui.permissions.facts import look_at
from tui.permissions.rules import decide_reading
from tui.tools.base import CallFailed, ToolOutput, effect_of
from tui.tools.effects import Asking, Changing, Effect, Fetching, Nothing, Reading, Running
from tui.tools.output import shown_name
from tui.tools.registry import find_tool, run_call

ARGS = hostile_cases.load("tool_args")
NAMES = hostile_cases.load("file_names")
REPOS = [case for case in hostile_cases.load("repo") if "must_not_execute" in case.expect]


@pytest.fixture
def place(tmp_path):
    made = ActingPlace(tmp_path)
    made.write("README.md", "words\n")
    made.write(".env", "KEY=value\n")
    made.write("crlf.txt", b"a\r\nb\r\nc")
    made.write("slow.txt", "a" * 60 + "!\n")
    (made.folder / "link").symlink_to("/")
    return made


def called(case):
    """Name and arguments as an adapter hands them on; None where they are no JSON object."""
    try:
        call = json.loads(case.text)
    except RecursionError:
        return "read", None
    return call["name"], call["args"] if isinstance(call["args"], dict) else None


def foreseen(place, name, args) -> Effect | str | None:
    """What the person or the rules would be asked about; a text where it is refused at once."""
    tool = find_tool(ALL, name)
    if tool is None or args is None:
        return None
    try:
        return effect_of(tool, args, place.context())
    except CallFailed as error:
        return error.message


def state(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def may_pass_unasked(place, effect) -> bool:
    """Whether any rule could let this pass without a question, seeing what it is."""
    match effect:
        case Reading(paths):
            border = place.context().border()
            return decide_reading("edit", look_at(paths, border)).verdict == "allow"
        case Changing() | Running() | Fetching():
            return False
        case Asking() | Nothing() | None | str():
            return True


def must(*fields):
    return [case for case in ARGS if set(fields) & set(case.expect)]


@pytest.mark.parametrize("case", ARGS, ids=repr)
async def test_without_a_yes_a_call_ends_in_words_and_changes_nothing(place, case):
    name, args = called(case)
    before, began = state(place.root), time.monotonic()
    async with asyncio.timeout(case.expect.get("must_not_hang_s", 5)):
        result = await run_call(ALL, name, args, place.context())
    assert result.output
    assert (time.monotonic() - began) * 1_000 < case.expect.get("max_ms", 5_000)
    assert state(place.root) == before


@pytest.mark.parametrize("case", must("must_ask", "must_ask_or_refuse"), ids=repr)
async def test_what_must_ask_can_be_asked_about_and_does_nothing_before(place, case):
    name, args = called(case)
    effect = foreseen(place, name, args)
    assert not may_pass_unasked(place, effect) or isinstance(effect, str)
    if "must_ask" in case.expect:
        assert isinstance(effect, (Reading, Changing, Running, Fetching))
    assert not (await run_call(ALL, name, args, place.context())).ok


@pytest.mark.parametrize("case", must("must_refuse"), ids=repr)
async def test_what_must_be_refused_is_refused_before_any_question(place, case):
    name, args = called(case)
    assert isinstance(foreseen(place, name, args), str)
    assert not (await run_call(ALL, name, args, place.context())).ok


@pytest.mark.parametrize("case", must("told_to_model"), ids=repr)
async def test_what_cannot_be_done_is_told_to_the_model(place, case):
    name, args = called(case)
    effect = foreseen(place, name, args)
    told = await run_call(ALL, name, args, place.context())
    assert len(effect if isinstance(effect, str) else told.output) > 10


@pytest.mark.parametrize("case", must("keeps_line_ends"), ids=repr)
async def test_line_ends_stay_after_a_yes(place, case):
    name, args = called(case)
    before = place.bytes(args["path"])
    assert (await place.approved(name, **args)).ok
    after = place.bytes(args["path"])
    assert after != before
    assert (after.count(b"\r\n"), after.count(b"\n")) == (
        before.count(b"\r\n"),
        before.count(b"\n"),
    )
    assert after.endswith(b"\n") == before.endswith(b"\n")


@pytest.mark.parametrize("case", must("must_not_execute"), ids=repr)
async def test_what_must_not_run_does_not_run(place, case):
    name, args = called(case)
    await run_call(ALL, name, args, place.context())
    assert not list(place.root.rglob(case.expect["must_not_execute"]))


@pytest.mark.parametrize("case", NAMES, ids=repr)
async def test_a_hostile_name_is_written_read_and_edited_as_the_very_same_file(place, case):
    name = os.fsdecode(case.data)
    path = given_back(shown_name(name))
    assert (await place.approved("write", path=path, content="one\n")).ok
    names = list(state(place.folder))
    assert name in names
    assert body(await place.call("read", path=path)) == ["     1\tone"]
    edit: ToolOutput = await place.approved("edit", path=path, old="one", new="two")
    assert edit.ok
    assert place.bytes(name) == b"two\n"
    assert list(state(place.folder)) == names
    assert not list(place.root.rglob("PWNED"))


@pytest.mark.parametrize("case", NAMES, ids=repr)
def test_a_hostile_name_stands_on_one_line_of_the_diff(place, case):
    name = os.fsdecode(case.data)
    change = place.change("write", path=given_back(shown_name(name)), content="one\n")
    assert change.diff.split("\n")[1:] == [f"+++ b/{shown_name(name)}", "@@ -0,0 +1 @@", "+one"]


def cloned(place, case):
    """The folder of a case, as cloned."""
    for path, content in json.loads(case.filled()).items():
        name, link, target = path.partition(" -> ")
        if link:
            (place.folder / name).symlink_to(target)
            continue
        made = place.write(name, content)
        if content.startswith("#!"):
            made.chmod(0o755)


@pytest.mark.parametrize("case", REPOS, ids=repr)
async def test_no_harmless_call_makes_a_folder_run_its_programs(place, case):
    cloned(place, case)
    place.environ["PATH"] = f".::{place.environ['PATH']}"
    await place.call("shell", command="ls -a; rg -l x .; git --version; env")
    await place.call("grep", pattern="x")
    await place.call("glob", pattern="**")
    await place.approved("write", path="new/file.txt", content="x")
    assert not list(place.root.rglob(case.expect["must_not_execute"]))
