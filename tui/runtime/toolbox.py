"""The tools of one folder, judged by the rules before they run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.events.session import Mode
from tui.events.tool import ToolSpec
from tui.permissions.facts import PathFacts, look_at
from tui.permissions.rules import decide_reading
from tui.session.ports import ToolResult, ToolVerdict
from tui.tools.base import ToolContext
from tui.tools.registry import find_tool, reading_tools, run_call


class FolderToolbox:
    """Reading tools inside `cwd`.

    Args:
        cwd: The session's folder.
        environ: For the home, our own folders, and what children may see.
    """

    def __init__(self, cwd: Path, environ: Mapping[str, str]) -> None:
        self._context = ToolContext(cwd=cwd.resolve(), environ=environ)
        self._tools = reading_tools()
        self._granted: frozenset[Path] = frozenset()

    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told of."""
        return tuple(tool.spec for tool in self._tools)

    async def judge(self, name: str, args: dict[str, Any], mode: Mode) -> ToolVerdict:
        """See `tui.session.ports.Toolbox`; a call nobody knows is let through to fail in words."""
        tool = find_tool(self._tools, name)
        if tool is None:
            return ToolVerdict(verdict="allow", why="no such tool", what=name)
        facts = await asyncio.to_thread(
            lambda: look_at(tool.reads(args, self._context), self._context.border())
        )
        self._granted = frozenset(fact.real for fact in facts)
        verdict = decide_reading(mode, facts)
        return ToolVerdict(verdict=verdict.verdict, why=verdict.why, what=_what(facts))

    async def run(self, name: str, args: dict[str, Any]) -> ToolResult:
        """Run a call that `judge` and the person let pass; a yes covers exactly what was judged."""
        context = ToolContext(
            cwd=self._context.cwd, environ=self._context.environ, granted=self._granted
        )
        result = await run_call(self._tools, name, args, context)
        return ToolResult(ok=result.ok, output=result.output, truncated=result.truncated)


def _what(facts: tuple[PathFacts, ...]) -> str:
    return "\n".join(str(fact.real) for fact in facts)
