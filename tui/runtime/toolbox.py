"""The tools of one folder, judged by the rules before they run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.events.session import Mode
from tui.events.tool import ToolSpec
from tui.permissions.facts import PathFacts, look_at
from tui.permissions.rules import Verdict, decide_change, decide_reading
from tui.session.ports import Change, Offered, ToolResult, ToolVerdict
from tui.tools.base import ActingTool, CallFailed, Tool, ToolContext
from tui.tools.effects import Changing
from tui.tools.registry import all_tools, find_tool, reading_tools, run_call


class FolderToolbox:
    """The tools inside `cwd`.

    Args:
        cwd: The session's folder.
        environ: For the home, our own folders, and what children may see.
    """

    def __init__(self, cwd: Path, environ: Mapping[str, str]) -> None:
        self._context = ToolContext(cwd=cwd.resolve(), environ=environ)
        self._offered: tuple[Tool, ...] = reading_tools()
        self._granted: frozenset[Path] = frozenset()
        self._change: Changing | None = None

    def specs(self, offered: Offered) -> tuple[ToolSpec, ...]:
        """See `tui.session.ports.Toolbox`; a call of another tool than these is not known."""
        self._offered = all_tools() if offered == "all" else reading_tools()
        return tuple(tool.spec for tool in self._offered)

    async def judge(self, name: str, args: dict[str, Any], mode: Mode) -> ToolVerdict:
        """See `tui.session.ports.Toolbox`; a call nobody knows is let through to fail in words."""
        tool = find_tool(self._offered, name)
        self._change = None
        if tool is None:
            return ToolVerdict(verdict="allow", why="no such tool", what=name)
        facts = await asyncio.to_thread(
            lambda: look_at(tool.reads(args, self._context), self._context.border())
        )
        self._granted = frozenset(fact.real for fact in facts)
        if not isinstance(tool, ActingTool):
            verdict = decide_reading(mode, facts)
            return ToolVerdict(verdict=verdict.verdict, why=verdict.why, what=_what(facts))
        return await self._judge_change(tool, args, decide_change(mode, facts), facts)

    async def _judge_change(
        self,
        tool: ActingTool,
        args: dict[str, Any],
        verdict: Verdict,
        facts: tuple[PathFacts, ...],
    ) -> ToolVerdict:
        if verdict.verdict == "deny":
            return ToolVerdict(verdict=verdict.verdict, why=verdict.why, what=_what(facts))
        try:
            change = await asyncio.to_thread(lambda: tool.effect(args, self._with_yes()))
        except (CallFailed, OSError):  # its run says why, and changes nothing without a yes
            return ToolVerdict(verdict="allow", why="it cannot be done", what=_what(facts))
        if not isinstance(change, Changing) or change.after is None:
            return ToolVerdict(verdict="deny", why="it is no change to a file", what=_what(facts))
        self._change = change
        return ToolVerdict(
            verdict=verdict.verdict, why=verdict.why, what=str(change.path),
            change=Change(
                path=str(change.path), before=change.before, after=change.after, diff=change.diff
            ),
        )  # fmt: skip

    def _with_yes(self, approved: Changing | None = None) -> ToolContext:
        context = self._context
        return ToolContext(context.cwd, context.environ, self._granted, approved)

    async def run(self, name: str, args: dict[str, Any]) -> ToolResult:
        """Run a call that `judge` and the person let pass; a yes covers exactly what was judged."""
        result = await run_call(self._offered, name, args, self._with_yes(self._change))
        return ToolResult(ok=result.ok, output=result.output, truncated=result.truncated)


def _what(facts: tuple[PathFacts, ...]) -> str:
    return "\n".join(str(fact.real) for fact in facts)
