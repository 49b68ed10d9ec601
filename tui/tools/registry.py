"""Which tools there are, and the one way to run a call of the model's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.tools.ask import AskTool
from tui.tools.base import Tool, ToolContext, ToolOutput
from tui.tools.edit import EditTool
from tui.tools.fetch import FetchTool
from tui.tools.files import ListTool, ReadTool
from tui.tools.output import shown_name
from tui.tools.search import GlobTool, GrepTool
from tui.tools.shell import ShellTool
from tui.tools.todo import TodoTool
from tui.tools.write import WriteTool


def reading_tools() -> tuple[Tool, ...]:
    """The tools that only read: read, list, glob, grep."""
    return (ReadTool(), ListTool(), GlobTool(), GrepTool())


def all_tools() -> tuple[Tool, ...]:
    """Every tool of ours, in the order in which the model is told of them."""
    acting = (EditTool(), WriteTool(), ShellTool(), FetchTool(), TodoTool(), AskTool())
    return (*reading_tools(), *acting)


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
