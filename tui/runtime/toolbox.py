"""The tools of one session in its folder, judged by the rules before they run."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from tui.events.tool import FileChanged, ServerTold, ToolSpec
from tui.runtime.judging import Judge
from tui.runtime.taking_back import take_back
from tui.session.commands import ToolSet
from tui.session.ports import Judging, Live, TakenBack, ToolResult, ToolVerdict
from tui.tools.base import CallFailed, Tool, ToolContext, ToolOutput, effect_of
from tui.tools.effects import Effect, Running
from tui.tools.mcp.pool import ServerPool
from tui.tools.mcp.tool import McpTool
from tui.tools.registry import all_tools, find_tool, reading_tools, run_call
from tui.tools.sandbox import Sandbox

FindSandbox = Callable[[Path], Awaitable[Sandbox]]
"""The sandbox of this machine, for commands in a folder; measured once."""

_READING = frozenset(tool.spec.name for tool in reading_tools())
_OWN_SECONDS = 600.0


class _Plan(msgspec.Struct, frozen=True):
    """What was judged; a yes covers this and no more."""

    effect: Effect
    granted: frozenset[Path]


class _Failed(msgspec.Struct, frozen=True):
    """Why the call does nothing, known before it would."""

    output: str


class FolderToolbox:
    """The tools of a session in `cwd`.

    Args:
        cwd: The session's folder.
        environ: For the home, our own folders, and what children may see.
        judge: The rules.
        find_sandbox: What holds commands in.
        servers: The MCP servers of the folder, which others may use too.
    """

    def __init__(
        self,
        cwd: Path,
        environ: Mapping[str, str],
        judge: Judge,
        find_sandbox: FindSandbox,
        servers: ServerPool,
    ) -> None:
        self._context = ToolContext(cwd=cwd.resolve(), environ=environ)
        self._tools = all_tools()
        self._judge = judge
        self._find_sandbox = find_sandbox
        self._servers = servers
        self._heard = servers.listen()

    async def prepare(self, which: ToolSet, *, turn_begins: bool) -> tuple[ServerTold, ...]:
        """See `tui.session.ports.Toolbox`; servers start only where their tools are offered."""
        if which == "all":
            await self._servers.prepare(turn_begins=turn_begins)
        told = tuple(ServerTold(server=server, text=text) for server, text in self._heard)
        self._heard.clear()
        return told

    def specs(self, which: ToolSet) -> tuple[ToolSpec, ...]:
        """See `tui.session.ports.Toolbox`."""
        return tuple(tool.spec for tool in self._of(which))

    def _of(self, which: ToolSet) -> tuple[Tool, ...]:
        match which:
            case "none":
                return ()
            case "read":
                return tuple(tool for tool in self._tools if tool.spec.name in _READING)
            case "all":
                return (*self._tools, *self._of_servers())

    def _of_servers(self) -> Iterator[Tool]:
        for one in self._servers.offered():
            if (found := self._servers.find(one.spec.name)) is not None:
                yield McpTool(found[0], one, changed=self._servers.has_changed(one))

    def only_reads(self, name: str) -> bool:
        """See `tui.session.ports.Toolbox`."""
        return name in _READING

    async def judge(self, name: str, args: dict[str, Any], by: Judging) -> ToolVerdict:
        """See `tui.session.ports.Toolbox`; a call that cannot be done is let through to say so."""
        await self._servers.refresh(name)
        tools = self._of(by.tools)
        tool = find_tool(tools, name)
        if tool is None:
            told = await run_call(tools, name, args, self._context)
            return _fails("there is no such tool", name, told.output)
        try:
            effect = await asyncio.to_thread(effect_of, tool, args, self._context)
        except CallFailed as error:
            return _fails("it fails before it does anything", name, error.message)
        sandbox = None
        if isinstance(effect, Running):
            sandbox = await self._find_sandbox(self._context.cwd)
        border = self._context.border()
        judged = await asyncio.to_thread(self._judge, name, effect, border, by, sandbox)
        return msgspec.structs.replace(judged.verdict, plan=_Plan(effect, judged.granted))

    async def run(
        self, name: str, args: dict[str, Any], verdict: ToolVerdict, live: Live
    ) -> ToolResult:
        """See `tui.session.ports.Toolbox`."""
        plan = verdict.plan
        if not isinstance(plan, _Plan):
            assert isinstance(plan, _Failed)
            return ToolResult(ok=False, output=plan.output)
        context = replace(
            self._context,
            emit=live.emit,
            ask=live.ask,
            granted=plan.granted,
            approved=plan.effect,
        )
        if isinstance(plan.effect, Running):
            sandbox = await self._find_sandbox(self._context.cwd)
            context = replace(context, sandbox=sandbox, temp=await self._temp())
        return _result(await run_call(self._of("all"), name, args, context))

    async def run_own(self, command: str, live: Live) -> ToolResult:
        """See `tui.session.ports.Toolbox`; no sandbox: the person could type it anywhere."""
        args = {"command": command, "seconds": _OWN_SECONDS}
        context = replace(self._context, emit=live.emit, network=True)
        shell = find_tool(self._tools, "shell")
        assert shell is not None
        try:  # the person typed it: that is the yes
            context = replace(context, approved=effect_of(shell, args, context))
        except CallFailed as error:
            return ToolResult(ok=False, output=error.message)
        return _result(await run_call(self._tools, "shell", args, context))

    async def remember(self, rule: str) -> None:
        """See `tui.session.ports.Toolbox`."""
        await asyncio.to_thread(self._judge.remember, rule, self._context.cwd)

    async def take_back(self, changes: Sequence[FileChanged]) -> TakenBack:
        """See `tui.session.ports.Toolbox`."""
        return await asyncio.to_thread(take_back, changes, self._context.border())

    async def close(self) -> None:
        """See `tui.session.ports.Toolbox`."""
        self._servers.leave(self._heard)
        if self._context.temp is not None:
            temp, self._context = self._context.temp, replace(self._context, temp=None)
            await asyncio.to_thread(shutil.rmtree, temp, ignore_errors=True)

    async def _temp(self) -> Path:
        """The session's own temporary folder, made when it is first needed."""
        if self._context.temp is None:
            made = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="ownkey-")).resolve()
            self._context = replace(self._context, temp=made)
        assert self._context.temp is not None
        return self._context.temp


def _fails(why: str, name: str, output: str) -> ToolVerdict:
    return ToolVerdict(verdict="allow", why=why, what=name, plan=_Failed(output))


def _result(output: ToolOutput) -> ToolResult:
    return ToolResult(ok=output.ok, output=output.output, truncated=output.truncated)
