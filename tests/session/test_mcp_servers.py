from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fake_http import plain, read_request
from tests.mcp_world import SILENT, McpPlace
from tui import process
from tui.tools.mcp.connection import Limits
from tui.tools.mcp.definitions import MOST_TOOLS
from tui.tools.mcp.servers import HttpServer, StdioServer

pytestmark = pytest.mark.long

GET = {"name": "get", "description": "Gets it"}
HTTP_SERVER = """
import sys
from mcp.server import MCPServer
server = MCPServer("over-http")

@server.tool()
def add(a: int, b: int) -> int:
    "Adds two numbers."
    return a + b

server.run("streamable-http", port=int(sys.argv[1]))
"""


@pytest.fixture
def place(tmp_path):
    return McpPlace(tmp_path)


def alive(marker: str) -> list[str]:
    """Command lines of processes that have this in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in words:
                found.append(words.decode())
    return found


async def gone(marker: str, seconds: float) -> bool:
    async with asyncio.timeout(seconds):
        while alive(marker):
            await asyncio.sleep(0.05)
    return True


async def test_a_call_gives_what_the_server_gave(place):
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYA"},
        {"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}},
    ]
    place.add(tools=[GET], result={"content": parts})
    async with place.session() as session:
        await session.offered()
        said = (await session.call("srv__get")).output
    assert said.splitlines()[0] == "one"
    assert "[a PNG picture of 2 × 3 pixels, image/png, 27 bytes: it holds no text]" in said
    assert said.endswith('[resource "file:///a"]\ninside')


async def test_a_failure_of_the_tool_is_told_with_the_servers_name(place):
    place.add(tools=[GET], result={"isError": True, "content": [{"type": "text", "text": "no"}]})
    async with place.session() as session:
        await session.offered()
        result = await session.call("srv__get")
    assert (result.ok, result.output) == (False, "srv: no")


async def test_a_long_result_is_cut_with_its_size(place):
    place.add(tools=[GET], result={"content": [{"type": "text", "text": "x" * 1_000_000}]})
    async with place.session() as session:
        await session.offered()
        result = await session.call("srv__get")
    assert result.truncated
    assert "of 1,000,000 characters" in result.output
    assert len(result.output) < 50_000


async def test_reading_tools_alone_start_no_server(place):
    place.add(tools=[GET])
    async with place.session() as session:
        await session.toolbox.prepare("read", turn_begins=True)
        assert not alive(str(place.root))


async def test_a_call_without_a_yes_reaches_no_server(place):
    place.add(tools=[GET])
    async with place.session() as session:
        await session.offered()
        tool = next(one for one in session.toolbox._of("all") if one.spec.name == "srv__get")
        result = await tool.run({}, session.toolbox._context)
    assert not result.ok
    assert "tools/call" not in place.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({"dies": "start"}, "ended with status 3: no more at start"),
        ({"hangs": "start"}, "did not give a word within"),
        ({"dies": "list"}, "no more at list"),
        ({"hangs": "list"}, "did not give its list of tools within"),
        ({"junk": -1}, "it printed 1,000 lines that are no message: warming up"),
    ],
    ids=str,
)
async def test_a_server_that_cannot_be_used_is_named_and_the_others_work(tmp_path, script, why):
    quick = Limits(connect=2, wait=20, list=1, call=5, grace=0.2)
    place = McpPlace(tmp_path, quick)
    place.add("bad", **script)
    place.add("good", tools=[GET])
    async with place.session() as session:
        specs = await session.offered()
        assert "good__get" in specs
        assert "read" in specs
        assert (await session.call("good__get")).ok
        assert [one for one in session.said if one.startswith("bad ") and why in one], session.said
    assert await gone(str(place.root), 3)


async def test_a_server_that_is_slow_to_start_holds_a_turn_up_for_a_moment_only(tmp_path):
    place = McpPlace(tmp_path, Limits(connect=30, wait=0.2, list=1, call=1, grace=0.2))
    place.add(hangs="start")
    async with place.session() as session:
        began = time.monotonic()
        await session.prepare()
        await session.prepare()
        assert time.monotonic() - began < 2
        assert "srv is still starting: its tools come when it is ready" in session.said


@pytest.mark.parametrize(
    ("how", "why"), [("hangs", "within 1 s"), ("dies", "status 3: no more at call")]
)
async def test_a_call_that_brings_no_answer_is_an_error_with_the_servers_name(tmp_path, how, why):
    place = McpPlace(tmp_path, Limits(connect=20, wait=20, list=10, call=1, grace=0.2))
    place.add(tools=[GET], **{how: "call"})
    async with place.session() as session:
        await session.offered()
        result = await session.call("srv__get")
    assert not result.ok
    assert "The MCP server srv" in result.output
    assert why in result.output


async def test_a_server_that_died_is_started_again_when_it_is_called(place):
    place.add(tools=[GET])
    async with place.session() as session:
        await session.offered()
        server, _ = session.pool.find("srv__get")
        process.kill_group(server._connection.pipe.pid)
        async with asyncio.timeout(5):
            while server.state == "ready":
                await asyncio.sleep(0.02)
        assert "srv__get" in await session.offered(turn_begins=False)
        assert (await session.call("srv__get")).ok


async def test_lines_that_are_no_message_do_not_matter_where_messages_follow(place):
    place.add(tools=[GET], junk=20)
    async with place.session() as session:
        await session.offered()
        assert (await session.call("srv__get")).ok


async def test_a_list_without_end_is_read_so_far_and_said(place):
    place.add(pages=0)
    async with place.session() as session:
        specs = await session.offered()
        assert 1 < len([name for name in specs if "__" in name]) <= MOST_TOOLS
        assert any("not read to its end" in said for said in session.said)


async def test_of_thousands_of_tools_the_first_are_offered_and_the_number_is_said(place):
    place.add(tools=[{"name": f"t{number}"} for number in range(3_000)])
    async with place.session() as session:
        specs = await session.offered()
        assert len(specs) <= 128
        assert f"srv offers 3,000 tools: the first {MOST_TOOLS} are used" in session.said


async def test_a_tool_that_is_told_wrongly_does_not_take_the_others_with_it(place):
    deep: dict = {}
    for _ in range(60):
        deep = {"type": "object", "properties": {"a": deep}}
    odd = [{"description": "no name"}, 7, {"name": "deep", "inputSchema": deep},
           {"name": "keys", "inputSchema": {"properties": {"a b!": {}}}}]  # fmt: skip
    place.add(tools=[*odd, {"name": "ok", "inputSchema": 5, "description": None}])
    async with place.session() as session:
        assert [n for n in await session.offered() if "__" in n] == ["srv__ok"]
        assert any("nested too deep" in said for said in session.said)


async def test_a_server_sees_the_allow_list_and_what_is_passed_on_by_name(place):
    place.environ |= {"ANTHROPIC_API_KEY": "made-up", "SECRET": "s", "WANTED": "w"}
    place.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"
    place.add(tools=[GET], env=("WANTED",), result={"environ": True})
    async with place.session() as session:
        await session.offered()
        seen = json.loads((await session.call("srv__get")).output)
    assert seen["WANTED"] == "w"
    assert {"ANTHROPIC_API_KEY", "SECRET", "OWNKEY_HOME", "DBUS_SESSION_BUS_ADDRESS"} & {
        *seen
    } == set()
    assert seen["cwd"] == place.environ["HOME"]


async def test_a_makers_key_under_another_name_is_not_passed_on(place):
    place.environ["WANTED"] = "sk-ant-api03-" + "k3Y" * 30
    place.add(tools=[GET], env=("WANTED",))
    async with place.session() as session:
        assert "srv__get" not in await session.offered()
        assert any("WANTED holds a model maker's key" in said for said in session.said)
    assert not place.log.exists()


async def test_a_program_of_the_folder_does_not_stand_for_one_of_the_persons(place):
    fake = place.folder / "server"
    fake.write_text("#!/bin/sh\ntouch PWNED\n", "utf-8")
    fake.chmod(0o755)
    place.environ["PATH"] = f"{place.folder}:{place.environ['PATH']}"
    place.book.add("srv", StdioServer(command="server"))
    async with place.session() as session:
        await session.prepare()
    assert "srv cannot be used: the program server was not found in PATH" in session.said
    assert not list(place.root.rglob("PWNED"))


async def test_all_servers_end_with_their_pool_though_they_do_not_want_to(place):
    for number in range(3):
        place.add(f"s{number}", tools=[GET], ignores_end=True)
    async with place.session() as session:
        await session.offered()
        assert alive(str(place.root))
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert await gone(str(place.root), 1)


async def test_a_server_that_was_taken_away_ends_and_one_that_was_added_starts(place):
    place.add("one", tools=[GET])
    async with place.session() as session:
        assert "one__get" in await session.offered()
        place.book.remove("one")
        place.add("two", tools=[GET])
        specs = await session.offered()
        assert "one__get" not in specs
        assert "two__get" in specs


async def test_another_server_of_the_same_name_is_not_covered_by_a_yes_to_the_first(place):
    place.add(tools=[GET])
    async with place.session() as session:
        await session.offered()
        first = await session.judge("srv__get")
        place.book.remove("srv")
        place.add(tools=[GET])
        await session.offered()
        second = await session.judge("srv__get", "ask", first.rule)
    assert second.verdict == "ask"
    assert "changed" in second.why


async def test_a_call_is_interrupted_at_once(place):
    place.add(tools=[GET], hangs="call")
    async with place.session() as session:
        await session.offered()
        verdict = await session.judge("srv__get")
        call = asyncio.create_task(session.toolbox.run("srv__get", {}, verdict, SILENT))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert time.monotonic() - began < 0.5


# over HTTP


class OldHttp:
    """A server of the handshake's time that keeps sessions, and forgets them when told to."""

    def __init__(self) -> None:
        self.session = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/mcp"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        seen = await read_request(reader)
        status, result = self._answer(seen) if seen is not None else (400, None)
        body = b""
        if result is not None:
            body = json.dumps({"jsonrpc": "2.0", "id": seen.body["id"], "result": result}).encode()
        headers = {"mcp-session-id": str(self.session), "connection": "close"}
        writer.write(plain(status, body, headers))
        await writer.drain()
        writer.close()

    def _answer(self, seen):
        method = seen.body.get("method") if seen.method == "POST" else None
        if method == "initialize":
            self.session += 1
            info = {"name": "old", "version": "1"}
            told = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
            return 200, {**told, "serverInfo": info}
        if seen.headers.get("mcp-session-id") != str(self.session):
            return 404, None
        match method:
            case "tools/list":
                return 200, {"tools": [{**GET, "inputSchema": {"type": "object"}}]}
            case "tools/call":
                return 200, {"content": [{"type": "text", "text": f"session {self.session}"}]}
            case _:
                return (202 if method else 405), None


async def test_a_server_that_forgot_its_session_is_greeted_anew(place):
    async with OldHttp() as old:
        place.book.add("old", HttpServer(url=old.url))
        async with place.session() as session:
            await session.offered()
            assert (await session.call("old__get")).output == "session 1"
            old.session += 7
            verdict = await session.judge("old__get")
            results = [await session.toolbox.run("old__get", {}, verdict, SILENT) for _ in range(2)]
    assert results[-1].output == "session 9"


@contextmanager
def over_http(root: Path):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = process.start(
        [sys.executable, "-c", HTTP_SERVER, str(port)], environ=os.environ, cwd=root
    )
    try:
        for _ in range(200):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill_group(child.pid)
        child.wait()


async def test_a_server_at_an_address_is_listed_and_called_and_its_end_is_told(tmp_path):
    place = McpPlace(tmp_path)
    with over_http(tmp_path) as url:
        place.book.add("web", HttpServer(url=url))
        async with place.session() as session:
            assert "web__add" in await session.offered()
            assert url in (await session.judge("web__add", a=2, b=3)).sandbox
            assert (await session.call("web__add", a=2, b=3)).output == "5"
            verdict = await session.judge("web__add", a=2, b=3)
            server, _ = session.pool.find("web__add")
            assert server.state == "ready"
    async with place.session() as session:
        assert "web__add" not in await session.offered()
        assert any(said.startswith("web cannot be used") for said in session.said)
    assert verdict.verdict == "ask"
