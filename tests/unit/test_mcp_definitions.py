from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.errors import UsageError
from tui.permissions.rule_text import McpRule, parse_rule
from tui.permissions.rules import decide_call
from tui.tools.mcp.definitions import MOST_TOLD, Told, define, digest_of, offered_name
from tui.tools.mcp.results import as_output
from tui.tools.mcp.servers import StdioServer, check_name, check_variable, fields_of, server_from

TOLD = Told(name="get", description="Gets it", schema={"type": "object"})
NAMES = st.text(st.sampled_from("aZ9_-. é\u202e\0\n界😀"), max_size=90)


@settings(max_examples=100)
@given(NAMES)
def test_every_name_becomes_one_that_all_makers_take(name):
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", offered_name("srv", name))


@settings(max_examples=100)
@given(st.lists(NAMES, max_size=8, unique=True))
def test_tools_of_different_names_stay_different(names):
    told = [Told(name=name, description="", schema={}) for name in names]
    tools = define("srv", "x", told).tools
    assert len({one.spec.name for one in tools}) == len(names)
    assert all(isinstance(parse_rule(one.rule), McpRule) for one in tools)


def test_a_plain_name_stays_as_it_is():
    assert offered_name("my-srv", "get_it") == "my-srv__get_it"


@pytest.mark.parametrize("names", [("a b", "a_b"), ("a b", "a\tb"), ("x" * 90, "x" * 91)])
def test_names_that_are_cleaned_to_the_same_are_told_apart(names):
    assert len({offered_name("srv", name) for name in names}) == 2


@pytest.mark.parametrize(
    "other",
    [
        ("srw", "x", TOLD),
        ("srv", "y", TOLD),
        ("srv", "x", Told(name="got", description="Gets it", schema={"type": "object"})),
        ("srv", "x", Told(name="get", description="Gets it ", schema={"type": "object"})),
        ("srv", "x", Told(name="get", description="Gets it", schema={"type": "object", "a": 1})),
    ],
)
def test_each_part_of_a_definition_is_in_its_digest(other):
    assert digest_of(*other) != digest_of("srv", "x", TOLD)


def test_what_is_cut_for_the_panel_is_in_the_digest():
    long = [Told(name="get", description="x" * 20_000 + end, schema={}) for end in "ab"]
    first, second = (define("srv", "x", [one]).tools[0] for one in long)
    assert first.description == second.description
    assert first.digest != second.digest


def test_the_order_of_a_schemas_parts_is_no_change():
    one, other = ({"type": "object", "title": "t"}, {"title": "t", "type": "object"})
    digests = {
        digest_of("srv", "x", Told(name="n", description="", schema=schema))
        for schema in (one, other)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("schema", "offered"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": "string", "oneOf": [{}]}, {"type": "object", "properties": {}}),
        (
            {"properties": {"a": {"$ref": "file:///etc/passwd"}, "b": {"$ref": "#/$defs/b"}}},
            {"properties": {"a": {}, "b": {"$ref": "#/$defs/b"}}, "type": "object"},
        ),
        (
            {"$schema": "https://x.example", "properties": {"a": {"description": "a\u202eb"}}},
            {"properties": {"a": {"description": "a⟨U+202E⟩b"}}, "type": "object"},
        ),
    ],
)
def test_a_schema_is_offered_as_makers_take_it(schema, offered):
    (tool,) = define("srv", "x", [Told(name="n", description="", schema=schema)]).tools
    assert tool.spec.schema == offered


def test_an_argument_that_is_called_title_or_description_keeps_its_place():
    schema = {"properties": {"title": {"type": "string"}, "description": {"type": "string"}}}
    (tool,) = define("srv", "x", [Told(name="n", description="", schema=schema)]).tools
    assert set(tool.spec.schema["properties"]) == {"title", "description"}


def test_the_model_is_told_only_so_much_of_one_server():
    told = [Told(name=f"n{i}", description="x" * 9_000, schema={}) for i in range(90)]
    defined = define("srv", "x", told)
    size = sum(
        len(one.spec.description) + len(json.dumps(one.spec.schema)) for one in defined.tools
    )
    assert 0 < size <= MOST_TOLD
    assert defined.notes == (f"offers 90 tools: the first {len(defined.tools)} are used",)


# what a rule covers


def test_a_rule_covers_its_definition_and_names_a_change():
    rule = "mcp: srv__get#" + "a" * 40
    assert decide_call("ask", "srv__get", "a" * 40, [rule]).verdict == "allow"
    changed = decide_call("ask", "srv__get", "b" * 40, [rule])
    assert (changed.verdict, "changed" in changed.why) == ("ask", True)
    assert decide_call("ask", "srv__other", "a" * 40, [rule]).verdict == "ask"
    assert decide_call("edit", "srv__get", "a" * 40, [f"{rule[:-20]}"]).verdict == "ask"


def test_in_read_only_mode_no_rule_lets_a_servers_tool_be_called():
    rule = "mcp: srv__get#" + "a" * 40
    assert decide_call("read", "srv__get", "a" * 40, [rule]).verdict == "deny"


# what may be configured


@pytest.mark.parametrize("name", ["", "a__b", "1a", "a_", "a b", "é", "x" * 25, "a\n"])
def test_a_name_that_could_be_taken_for_another_is_refused(name):
    with pytest.raises(UsageError):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY", "OWNKEY_PASSPHRASE", "PATH",
     "LD_PRELOAD", "PYTHONPATH", "A=B", ""],
)  # fmt: skip
def test_variables_of_ours_and_of_makers_are_not_passed_on(name):
    with pytest.raises(UsageError):
        check_variable(name)


@pytest.mark.parametrize(
    "fields",
    [
        {"command": ""},
        {"command": "./tool"},
        {"command": "a\0b"},
        {"command": "a", "env": ["OPENAI_API_KEY"]},
        {"command": "a", "url": "https://x.example"},
        {"url": "http://169.254.169.254/mcp"},
        {"url": "file:///etc/passwd"},
        {"command": ["a"]},
    ],
    ids=str,
)
def test_a_server_that_cannot_be_one_is_refused(fields):
    with pytest.raises(UsageError):
        server_from(fields)


def test_a_server_is_read_back_as_it_was_written():
    server = StdioServer(command="npx", args=("-y", "x"), env=("TOKEN",))
    assert server_from(fields_of(server)) == server


# what a result becomes


@pytest.mark.parametrize(
    ("result", "output"),
    [
        ({"content": []}, "[nothing]"),
        ({"content": [], "structuredContent": {"a": 1}}, '{"a": 1}'),
        ({"content": [{"type": "text"}, 7, {"type": "new\nkind"}]},
         "\n[a part of the kind None, not shown]\n[a part of the kind \"new\\nkind\", not shown]"),
        ({"content": [{"type": "resource_link", "uri": "https://x/\n[fake]", "name": "n"}]},
         '[a link, not followed: "https://x/\\n[fake]" n]'),
        ({"content": [{"type": "audio", "mimeType": "audio/wav", "data": "!!"}]},
         "[a piece of audio, audio/wav, 1 byte: it holds no text]"),
        ({"content": None, "isError": True}, "srv: it failed, and said nothing"),
    ],
)  # fmt: skip
def test_a_result_becomes_text(result, output):
    assert as_output("srv", result).output == output
