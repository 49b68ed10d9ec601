"""A folder with MCP servers of the person's, used as a session uses them."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp  # before a time limit counts: its import takes a second or two

from tests import fake_mcp
from tui.paths import find_paths
from tui.permissions.book import ApprovalBook
from tui.runtime.judging import Judge
from tui.runtime.toolbox import FolderToolbox
from tui.session.ports import Judging, Live, ToolResult, ToolVerdict
from tui.tools.mcp.connection import Limits
from tui.tools.mcp.pool import ServerPool
from tui.tools.mcp.servers import ServerBook, StdioServer
from tui.tools.sandbox import NoSandbox

PATIENT = Limits(connect=25, wait=25, list=20, call=20, grace=0.3)
assert mcp
SILENT = Live(emit=lambda delta: None, ask=None)


async def no_sandbox(folder: Path) -> NoSandbox:
    return NoSandbox()


class McpPlace:
    """A workspace, a home, and settings in which servers can be put."""

    def __init__(self, root: Path, limits: Limits = PATIENT) -> None:
        self.root = root.resolve()
        self.folder = self.root / "work"
        self.folder.mkdir(exist_ok=True)
        (self.root / "person").mkdir(exist_ok=True)
        self.environ = {
            "HOME": str(self.root / "person"),
            "OWNKEY_HOME": str(self.root / "ownkey"),
            "PATH": os.environ["PATH"],
        }
        self.limits = limits
        self.book = ServerBook(find_paths(self.environ))
        self.log = self.root / "log.jsonl"

    def command(self, **script: Any) -> list[str]:
        """The command of a server that does what this script says."""
        file = self.root / f"script{len(list(self.root.glob('script*.json')))}.json"
        file.write_text(json.dumps({"log": str(self.log), **script}), encoding="utf-8")
        return [sys.executable, "-I", "-S", fake_mcp.__file__, str(file)]

    def add(self, name: str = "srv", *, env: tuple[str, ...] = (), **script: Any) -> None:
        program, *args = self.command(**script)
        self.book.add(name, StdioServer(command=program, args=tuple(args), env=env))

    def heard_by_server(self) -> list[dict[str, Any]]:
        """Every message that servers were sent."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    @asynccontextmanager
    async def session(self):
        pool = ServerPool(self.folder, self.environ, self.limits)
        approvals = ApprovalBook(find_paths(self.environ).config / "approvals.json")
        toolbox = FolderToolbox(
            self.folder, self.environ, Judge(approvals, self.environ), no_sandbox, pool
        )
        try:
            yield McpSession(toolbox, pool)
        finally:
            await toolbox.close()
            await pool.close()


class McpSession:
    """Calls as a turn makes them; `said` keeps what the person was told."""

    def __init__(self, toolbox: FolderToolbox, pool: ServerPool) -> None:
        self.toolbox = toolbox
        self.pool = pool
        self.said: list[str] = []

    async def offered(self, *, turn_begins: bool = True) -> dict[str, Any]:
        """The tools that the model is told of, by name, once they are prepared."""
        await self.prepare(turn_begins=turn_begins)
        return {spec.name: spec for spec in self.toolbox.specs("all")}

    async def prepare(self, *, turn_begins: bool = True) -> None:
        told = await self.toolbox.prepare("all", turn_begins=turn_begins)
        self.said += [f"{one.server} {one.text}" for one in told]

    async def judge(self, name: str, mode: str = "ask", *allow: str, **args: Any) -> ToolVerdict:
        return await self.toolbox.judge(name, args, Judging(mode=mode, allow=allow))  # type: ignore[arg-type]

    async def call(self, name: str, **args: Any) -> ToolResult:
        """As after a yes."""
        verdict = await self.judge(name, **args)
        return await self.toolbox.run(name, args, verdict, SILENT)
