"""The MCP servers of a folder as the console lists them, and the yes to those of the folder."""

from __future__ import annotations

import asyncio
import shlex

from tui.errors import UsageError
from tui.session.commands import ListServers, UseServers
from tui.session.replies import ServerRow, Servers
from tui.tools.mcp.pool import ServerPool, ServerState
from tui.tools.mcp.servers import HttpServer, Server


async def servers_answer(pool: ServerPool, command: ListServers | UseServers) -> Servers:
    """Carry it out. Raises UsageError where the folder's file is no longer what was shown."""
    if isinstance(command, UseServers):
        found = await asyncio.to_thread(pool.asked_for)
        if found is None or found.yes.sha256 != command.sha256:
            raise UsageError(
                "the folder's .mcp.json has changed since it was shown",
                hint="Look at it again: it is listed as it is now.",
            )
        await asyncio.to_thread(pool.book.agree, found.yes)
    states, problems = await pool.overview()
    rows = [_row(one) for one in states]
    found = await asyncio.to_thread(pool.asked_for)
    if found is not None and found.yes not in pool.book.read().agreed:
        rows += [
            ServerRow(name=name, what=_what(server), state="not used", sha256=found.yes.sha256)
            for name, server in found.servers.items()
        ]
        problems = (*problems, *(f".mcp.json: {one}" for one in found.problems))
    return Servers(servers=tuple(rows), problems=problems)


def _row(state: ServerState) -> ServerRow:
    return ServerRow(
        name=state.name,
        what=_what(state.server),
        state=state.state,
        tools=tuple(one.spec.name for one in state.tools),
        trouble=state.trouble,
        notes=state.notes,
    )


def _what(server: Server) -> str:
    if isinstance(server, HttpServer):
        return server.url
    return shlex.join((server.command, *server.args))
