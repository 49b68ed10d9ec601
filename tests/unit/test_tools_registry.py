from __future__ import annotations

import asyncio
import json
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import hostile_cases
from tests.tool_calls import RIPGREP, TOOLS, Place, body, given_back
from tui.events.codec import decode, encode
from tui.events.tool import ToolReturned
from tui.tools.output import shown_name
from tui.tools.registry import find_tool, run_call

ARGS = hostile_cases.load("tool_args")
NAMES = hostile_cases.load("file_names")
READING = ("read", "list", "glob", "grep")


@pytest.fixture(params=[True, False], ids=["ripgrep", "python"])
def place(request, tmp_path):
    if request.param and RIPGREP is None:
        pytest.skip("ripgrep is not installed")
    made = Place(tmp_path, ripgrep=request.param)
    made.write("README.md", "words\n")
    made.write(".env", "KEY=value\n")
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


def verdict(place, name, args):
    return None if args is None or name not in READING else place.judge(name, **args).verdict


@pytest.mark.parametrize("case", ARGS, ids=repr)
async def test_every_call_has_a_result_in_words_and_in_time(place, case):
    name, args = called(case)
    began = time.monotonic()
    async with asyncio.timeout(case.expect.get("must_not_hang_s", 5)):
        result = await run_call(TOOLS, name, args, place.context())
    assert result.output
    assert (time.monotonic() - began) * 1_000 < case.expect.get("max_ms", 5_000)
    assert not list(place.root.rglob("PWNED"))


@pytest.mark.parametrize(
    "case", [c for c in ARGS if {"must_ask", "must_ask_or_refuse"} & set(c.expect)], ids=repr
)
async def test_a_call_that_must_ask_is_not_allowed_and_does_nothing_without_a_yes(place, case):
    name, args = called(case)
    assert verdict(place, name, args) in (None, "ask", "deny")
    assert not (await run_call(TOOLS, name, args, place.context())).ok


@pytest.mark.parametrize(
    "case", [c for c in ARGS if {"must_refuse", "told_to_model"} & set(c.expect)], ids=repr
)
async def test_what_cannot_be_done_is_told_to_the_model(place, case):
    name, args = called(case)
    result = await run_call(TOOLS, name, args, place.context())
    assert (result.ok, len(result.output) > 10) == (False, True)


async def test_the_environment_of_the_app_is_closed_even_after_a_yes(place):
    assert place.judge("read", path="/proc/self/environ").verdict == "deny"
    assert not (await place.run_approved("read", path="/proc/self/environ")).ok


async def test_a_device_without_end_is_closed_even_after_a_yes(place):
    async with asyncio.timeout(5):
        assert not (await place.run_approved("read", path="/dev/zero")).ok


async def test_an_unknown_tool_is_told_with_the_known_ones(place):
    result = await run_call(TOOLS, "su\ndo", {"command": "x"}, place.context())
    assert result.output == 'There is no tool "su\\ndo". There are: read, list, glob, grep.'


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"path": 1},
        {"path": None},
        {"path": ["README.md"]},
        {"path": {"a": "b"}},
        {"file": "README.md"},
        {"path": "README.md", "offset": 0},
        {"path": "README.md", "offset": -1},
        {"path": "README.md", "limit": "many"},
        {"path": "README.md", "offset": True},
        {"path": "README.md", "mode": "w"},
    ],
)
async def test_wrong_arguments_are_told_with_the_right_ones(place, args):
    tool = find_tool(TOOLS, "read")
    assert tool is not None
    assert tool.reads(args, place.context()) == ()
    result = await tool.run(args, place.context())
    assert not result.ok
    assert "Wrong arguments" in result.output
    assert '{"path": ' in result.output


async def test_arguments_of_any_depth_and_size_are_answered_in_few_words(place):
    deep: object = 1
    for _ in range(100_000):
        deep = {"a": deep}
    for args in ({"path": deep}, {"a" * 1_000_000: 1}, {"path": "x", "b": deep}):
        for name in READING:
            result = await run_call(TOOLS, name, args, place.context())
            assert not result.ok
            assert len(result.output) < 3_000


async def round_trip(place, name):
    """Finds a file of this name by every tool, each time by the name that the last one gave."""
    place.write(name, "needle in it\n")
    folder, _, last = name.rpartition("/")
    listed = body(await place.run("list", path=folder or "."))
    assert last in [given_back(line).removeprefix("./") for line in listed if line[-1] != "/"]
    found = map(given_back, body(await place.run("glob", pattern="**")))
    (path,) = [line for line in found if line.removeprefix("./") == name]
    assert place.judge("read", path=path).verdict in ("allow", "ask")
    read = await place.run_approved("read", path=path)
    assert read.output == "     1\tneedle in it"
    grep = await place.run_approved("grep", pattern="needle", path=path)
    assert body(grep) == [f"{shown_name(name)}:1:needle in it"]


@pytest.mark.parametrize("case", NAMES, ids=repr)
async def test_a_hostile_name_is_given_back_to_the_very_same_file(place, case):
    await round_trip(place, os.fsdecode(case.data))
    assert not list(place.root.rglob("PWNED"))


@pytest.mark.parametrize("case", NAMES, ids=repr)
async def test_a_hostile_name_is_read_without_a_question(place, case):
    name = os.fsdecode(case.data)
    place.write(name, "x")
    path = given_back(shown_name(name))
    assert place.judge("read", path=path).verdict == "allow"


@pytest.mark.parametrize(
    "name",
    [
        "~",
        "$HOME",
        "${OWNKEY_HOME}",
        '"x"',
        "a -> b",
        "a:1:b",
        "\\",
        "-",
        "[x]",
        "{a,b}",
        "x (a pipe)",
    ],
)
async def test_a_name_that_means_something_else_is_given_back_unchanged(place, name):
    await round_trip(place, name)


@given(st.binary(min_size=1, max_size=200).filter(lambda name: not set(name) & {0, 0x2F}))
def test_any_name_is_shown_on_one_line_and_comes_back(name):
    text = os.fsdecode(name)
    shown = shown_name(text)
    assert shown.isprintable()
    assert given_back(shown).removeprefix("./") == text.removeprefix("./")


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(min_size=1, max_size=100).filter(lambda n: not set(n) & {0, 0x2F}))
def test_any_name_round_trips(tmp_path_factory, name):
    if name in (b".", b".."):
        return
    place = Place(tmp_path_factory.mktemp("names"))
    asyncio.run(round_trip(place, os.fsdecode(name)))


async def test_a_result_with_any_bytes_goes_through_the_log_unchanged(place):
    place.write(b"bad\xff.txt", bytes(range(1, 256)))
    result = await place.run("read", path="bad\udcff.txt")
    event = ToolReturned(call="c", name="read", ok=result.ok, output=result.output)
    assert decode(encode(event)) == event


def test_every_spec_is_a_closed_object_schema_with_described_fields():
    for tool in TOOLS:
        schema = tool.spec.schema
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert all(field["description"] for field in schema["properties"].values())
        assert json.loads(json.dumps(schema)) == schema
