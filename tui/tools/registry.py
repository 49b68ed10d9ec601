"""Which tools there are, and the one way to run a call of the model's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.tools.base import Tool, ToolContext, ToolOutput
from tui.tools.changing import EditTool, WriteTool
from tui.tools.files import ListTool, ReadTool
from tui.tools.output import shown_name
from tui.tools.search import GlobTool, GrepTool


def reading_tools() -> tuple[Tool, ...]:
    """The tools that only read: read, list, glob, grep."""
    return (ReadTool(), ListTool(), GlobTool(), GrepTool())


def all_tools() -> tuple[Tool, ...]:
    """Those, and the tools that change files: edit, write."""
    return (*reading_tools(), EditTool(), WriteTool())


def find_tool(tools: Sequence[Tool], name: str) -> Tool | None:
    """The tool of exactly this name."""
    return next((tool for tool in tools if tool.spec.name == name), None)


async def run_call(
    tools: Sequence[Tool], name: str, args: dict[str, Any] | None, context: ToolContext
) -> ToolOutput:
    """Run one call; an unknown tool, or `args` None (no JSON object was sent), fails in words."""
    tool = find_tool(tools, name)
    if tool is None:
        known = ", ".join(tool.spec.name for tool in tools)
        return ToolOutput(False, f"There is no tool {shown_name(name)}. There are: {known}.")
    if args is None:
        return ToolOutput(False, f"The arguments of {name} must be one JSON object. Call it again.")
    return await tool.run(args, context)
