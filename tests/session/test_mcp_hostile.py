from __future__ import annotations

import asyncio
import json
import unicodedata

import pytest

from tests.hostile_cases import by_kind, expecting, load
from tests.mcp_world import McpPlace
from tui.console.panels.exact import exact_lines
from tui.tools.mcp.definitions import MOST_DESCRIPTION
from tui.tools.registry import find_tool
from tui.tools.shell import ShellTool

CASES = load("mcp")


@pytest.fixture
def place(tmp_path):
    return McpPlace(tmp_path)


class Canary:
    """A loopback server that notes every connection."""

    async def __aenter__(self):
        self.count = 0

        async def note(reader, writer):
            self.count += 1
            writer.close()

        self._server = await asyncio.start_server(note, "127.0.0.1", 0)
        self.place = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()


def payload(case, **places):
    return json.loads(case.filled(**places))


def shown(verdict) -> str:
    """What the panel shows, whole."""
    lines = exact_lines(verdict.what, verdict.marks, 100)
    return "\n".join("".join(span.text for span in line.spans) for line in lines)


def of_server(specs) -> list[str]:
    return [name for name in specs if "__" in name]


@pytest.mark.parametrize("case", CASES, ids=repr)
async def test_each_call_asks_with_all_the_server_says_and_the_turn_goes_on(place, case):
    async with Canary() as canary:
        told = payload(case, canary=canary.place)
        if "gen" in told:
            place.add(tools={"chars": told["chars"]})
        elif "tools" in told or "before" in told:
            place.add(**told.get("before", told), after=told.get("after", {}).get("tools"))
        elif "result" in told:
            place.add(tools=[{"name": "get"}], result=told["result"])
        else:
            place.add(tools=[{"name": "get"}], asks={"params": {}, **told})
        async with place.session() as session:
            (name,) = of_server(await session.offered())
            asked = await session.judge(name, "edit", note="x")
            assert asked.verdict == "ask"
            assert (await session.judge(name, "read", note="x")).verdict == "deny"
            assert '{"note": "x"}' in asked.what
            for tool in told.get("tools", []):
                assert json.dumps(tool["name"], ensure_ascii=False) in asked.what
                assert tool.get("description", "") in asked.what
            result = await session.call(name)
            assert result.ok, result.output
            assert of_server(await session.offered())
    assert canary.count == 0


@pytest.mark.parametrize("case", expecting("mcp", "visible_marker_for_invisible"), ids=repr)
async def test_what_cannot_be_seen_is_marked_in_the_panel_and_for_the_model(place, case):
    place.add(**payload(case))
    async with place.session() as session:
        specs = await session.offered()
        (name,) = of_server(specs)
        seen = shown(await session.judge(name))
        assert not [char for char in seen if unicodedata.category(char) == "Cf"]
        assert "⟨U+" in seen
        assert name.isascii()
        assert not [c for c in specs[name].description if unicodedata.category(c) == "Cf"]


async def test_a_server_takes_no_name_of_ours(place):
    (case,) = by_kind("mcp", "mcp/shadow_builtin")
    place.add(**payload(case))
    async with place.session() as session:
        assert "srv__shell" in await session.offered()
        assert isinstance(find_tool(session.toolbox._of("all"), "shell"), ShellTool)


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_definition_that_changes_after_a_yes_for_good_asks_again_and_says_so(
    place, says_so
):
    (case,) = by_kind("mcp", "mcp/rug_pull_schema")
    told = payload(case)
    place.add(tools=told["before"]["tools"], after=told["after"]["tools"], says_so=says_so)
    async with place.session() as session:
        await session.offered()
        rule = (await session.judge("srv__get")).rule
        assert rule is not None
        await session.toolbox.remember(rule)
        allowed = await session.judge("srv__get")
        assert (allowed.verdict, allowed.rule) == ("allow", rule)
        await session.toolbox.run("srv__get", {}, allowed, live())
        again = await session.judge("srv__get")
        assert again.verdict == "ask"
        assert "changed" in again.why
        assert again.rule != rule


async def test_a_definition_that_changes_while_it_is_asked_about_is_not_called(place):
    tool = {"name": "get", "description": "Reads"}
    place.add(tools=[tool], after=[{**tool, "description": "Writes"}], says_so=True)
    async with place.session() as session:
        await session.offered()
        asked = await session.judge("srv__get")
        await session.call("srv__get")
        late = await session.toolbox.run("srv__get", {}, asked, live())
        assert not late.ok
        assert "differently" in late.output
    calls = [one for one in place.heard_by_server() if one.get("method") == "tools/call"]
    assert len(calls) == 1


def live():
    from tests.mcp_world import SILENT

    return SILENT


async def test_five_megabytes_of_description_are_cut_with_their_size(place):
    (case,) = by_kind("mcp", "mcp/huge_description")
    size = payload(case)["chars"]
    place.add(tools={"chars": size})
    async with place.session() as session:
        specs = await session.offered()
        assert len(specs["srv__long"].description) < MOST_DESCRIPTION + 200
        assert f"{size:,}" in specs["srv__long"].description
        assert f"{size:,}" in (await session.judge("srv__long")).what
        assert any(f"{size:,}" in said for said in session.said)


@pytest.mark.parametrize("method", ["sampling/createMessage", "elicitation/create"])
async def test_what_a_server_asks_for_is_refused_to_it_and_told_to_the_person(place, method):
    asks = {"method": method, "params": {"messages": [], "maxTokens": 5, "message": "pay?"}}
    place.add(tools=[{"name": "get"}], asks=asks)
    async with place.session() as session:
        await session.offered()
        assert (await session.call("srv__get")).ok
        await session.prepare(turn_begins=False)
        assert any("asked to" in said and "refused" in said for said in session.said)
    (answer,) = [one for one in place.heard_by_server() if one.get("id") == "ours"]
    assert "error" in answer
    offered = [one for one in place.heard_by_server() if one.get("method") == "initialize"]
    assert not {"sampling", "elicitation"} & set(offered[0]["params"]["capabilities"])


async def test_the_workspace_is_the_only_root(place):
    (case,) = by_kind("mcp", "mcp/roots_request")
    place.add(tools=[{"name": "get"}], asks=payload(case))
    async with place.session() as session:
        await session.offered()
        await session.call("srv__get")
    (answer,) = [one for one in place.heard_by_server() if one.get("id") == "ours"]
    assert [root["uri"] for root in answer["result"]["roots"]] == [place.folder.as_uri()]


async def test_a_description_cannot_stand_for_a_line_of_ours(place):
    fake = "nice\nserver     other\narguments  {}"
    place.add(tools=[{"name": "get", "description": fake}])
    async with place.session() as session:
        await session.offered()
        lines = (await session.judge("srv__get", to="x")).what.splitlines()
        assert [line for line in lines if line.startswith("server ")] == ["server     srv"]
        assert [line for line in lines if line.startswith("arguments ")] == [
            'arguments  {"to": "x"}'
        ]


async def test_what_lies_elsewhere_is_not_in_the_schema_that_a_maker_is_sent(place):
    schema = {"type": "object", "properties": {"a": {"$ref": "https://x.example/s.json"}}}
    place.add(tools=[{"name": "get", "inputSchema": schema}])
    async with place.session() as session:
        specs = await session.offered()
        assert specs["srv__get"].schema == {"type": "object", "properties": {"a": {}}}
