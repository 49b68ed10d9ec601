"""How a server is reached: its program found and given its variables, or its address opened."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.address import check_address
from tui.keys.paste import recognise
from tui.process import command_environment, find_program
from tui.secret import Secret
from tui.tools.mcp.connection import MOST_EVENT, Connection, Limits, ServerTrouble
from tui.tools.mcp.filtering import Transport
from tui.tools.mcp.folder import Chosen
from tui.tools.mcp.pipe import Pipe
from tui.tools.mcp.servers import HttpServer, StdioServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SECRET = re.compile(r"TOKEN|KEY|SECRET|PASS|AUTH|CREDENTIAL|COOKIE|SESSION", re.IGNORECASE)
_SHORTEST = 8  # what is shorter is a word that may stand anywhere
MISSING = "MCP servers need the `mcp` extra: pip install 'ownkey[mcp]'"


def load_sdk() -> None:
    """Import the SDK; half a second, so in a thread. Raises ServerTrouble where it is missing."""
    try:
        import mcp
    except ImportError as error:
        raise ServerTrouble(MISSING) from error
    assert mcp


def connect(
    chosen: Chosen,
    *,
    workspace: Path,
    environ: Mapping[str, str],
    limits: Limits,
    hear: Callable[[str], None],
    changed: Callable[[], None],
) -> Connection:
    """A connection that is not open yet. Raises ServerTrouble where it cannot be."""
    pipe: Pipe | None = None
    transport: Transport
    match chosen.server:
        case StdioServer() as server:
            pipe = _pipe(server, chosen.cwd, workspace, environ, limits)
            transport = pipe.streams
        case HttpServer() as server:
            if check_address(server.url).verdict == "reject":
                raise ServerTrouble("its address is refused")
            url = server.url
            transport = lambda: _over_http(url, environ)  # noqa: E731 - the same shape as above
    return Connection(
        transport, pipe=pipe, workspace=workspace, limits=limits, hear=hear, changed=changed
    )


def secrets_given(chosen: Chosen, environ: Mapping[str, str]) -> list[Secret]:
    """What looks like secrets, by their names, among the variables that a server is given."""
    names = chosen.server.env if isinstance(chosen.server, StdioServer) else ()
    secret = (name for name in names if _SECRET.search(name))
    return [Secret(environ[name]) for name in secret if len(environ.get(name, "")) >= _SHORTEST]


def program_of(server: StdioServer, workspace: Path, environ: Mapping[str, str]) -> Path:
    """The absolute path of a server's program. Raises ServerTrouble where there is none."""
    if "/" in server.command:
        program: Path | None = Path(server.command)
    else:
        # The folder's own programs do not stand in for the person's.
        home = Path(environ.get("HOME") or os.path.expanduser("~"))
        outside = Path(os.devnull) if home.resolve().is_relative_to(workspace) else workspace
        program = find_program(server.command, command_environment(environ), outside=outside)
    if program is None:
        raise ServerTrouble(f"the program {server.command} was not found in PATH")
    if not os.access(program, os.X_OK) or program.is_dir():
        raise ServerTrouble(f"the program {program} is not there, or may not be run")
    return program


def _pipe(
    server: StdioServer,
    cwd: Path,
    workspace: Path,
    environ: Mapping[str, str],
    limits: Limits,
) -> Pipe:
    program = program_of(server, workspace, environ)
    given = {name: environ[name] for name in server.env if name in environ}
    for name, value in given.items():
        if recognise(value) is not None:
            raise ServerTrouble(f"{name} holds a model maker's key, which no server is given")
    return Pipe(
        [str(program), *server.args],
        environ=environ,
        extra=given,
        cwd=cwd,
        grace_s=limits.grace,
    )


@asynccontextmanager
async def _over_http(url: str, environ: Mapping[str, str]) -> AsyncGenerator[tuple[Any, Any]]:
    """Streamable HTTP over a client of ours: no redirect elsewhere, no metadata service."""
    from mcp.client.streamable_http import streamable_http_client

    from tui.net import Network

    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Network(environ).client(url, purpose="MCP"))
        streams = streamable_http_client(url, http_client=client, max_sse_event_size=MOST_EVENT)
        read, write = await stack.enter_async_context(streams)
        yield read, write
