"""A tool of an MCP server as one of ours: asked about whole, called as it was approved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tui.events.tool import ToolSpec
from tui.tools.base import NOT_APPROVED, CallFailed, ToolContext, ToolOutput, failed
from tui.tools.effects import Calling, Effect
from tui.tools.mcp.definitions import Definition
from tui.tools.mcp.running import RunningServer
from tui.tools.mcp.servers import HttpServer

GUTTER = "┆ "
"""Before each line that the server wrote, so that it cannot stand for one of ours."""

SHORT_ARGS = 60
"""Characters of arguments that stand on one line."""

MOST_LIVE = 20_000
"""Characters of a call's progress that are shown while it runs."""


class McpTool:
    """One tool of one server.

    Args:
        server: Who is called.
        definition: The tool.
        changed: Whether it is defined differently than when it was first offered.
    """

    def __init__(self, server: RunningServer, definition: Definition, *, changed: bool) -> None:
        self.spec: ToolSpec = definition.spec
        self._server = server
        self._definition = definition
        self._changed = changed

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        wanted = self._definition
        return Calling(
            server=wanted.server,
            tool=wanted.spec.name,
            digest=wanted.digest,
            args=args,
            shown="\n".join(_shown(wanted, args)),
            reach=self._reach(),
            changed=self._changed,
        )

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        approved, left = context.approved, MOST_LIVE

        def emit(delta: str) -> None:
            nonlocal left
            if left > 0:
                context.emit(delta[:left])
                left -= len(delta)

        try:
            if not isinstance(approved, Calling):
                raise CallFailed(NOT_APPROVED)
            if approved.digest != self._definition.digest or approved.args != args:
                raise CallFailed("This is no longer the call that was approved: call it again.")
            return await self._server.call(self._definition, args, emit)
        except CallFailed as error:
            return failed(error, args)

    def _reach(self) -> str:
        server = self._server.chosen.server
        if isinstance(server, HttpServer):
            return f"sent to {server.url}"
        return "its program can do what you can"


def _shown(wanted: Definition, args: dict[str, Any]) -> Iterator[str]:
    """What is asked about: whose tool, the arguments as they are sent, the server's own words."""
    yield f"server     {wanted.server}"
    yield f"tool       {json.dumps(wanted.name, ensure_ascii=False)}"
    sent = json.dumps(args, ensure_ascii=False)
    if len(sent) > SHORT_ARGS:
        sent = json.dumps(args, indent=2, ensure_ascii=False)
    yield f"arguments  {sent}"
    said = wanted.description.strip()
    yield f"what {wanted.server} says of it:" if said else f"{wanted.server} says nothing of it."
    for line in said.splitlines():
        yield f"{GUTTER}{line}"
