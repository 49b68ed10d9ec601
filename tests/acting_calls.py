"""Calls of the tools that do more than read, as a session makes them: foreseen, approved, run."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from tests.tool_calls import Place
from tui.tools.base import CallFailed, ToolContext, ToolOutput, effect_of
from tui.tools.effects import Changing, Effect
from tui.tools.registry import all_tools, find_tool, run_call
from tui.tools.seen import Seen

ALL = all_tools()


class ActingPlace(Place):
    """A workspace in which every tool may be called."""

    seen: Seen
    settings: dict[str, Any]

    def __init__(self, root, **settings: Any) -> None:
        super().__init__(root)
        self.environ["PATH"] = os.environ["PATH"]
        self.seen = Seen()
        self.settings = settings

    def context(self, *granted) -> ToolContext:
        return replace(super().context(*granted), seen=self.seen, **self.settings)

    def effect(self, tool: str, /, **args: Any) -> Effect:
        known = find_tool(ALL, tool)
        assert known is not None
        return effect_of(known, args, self.context())

    def change(self, tool: str, /, **args: Any) -> Changing:
        effect = self.effect(tool, **args)
        assert isinstance(effect, Changing)
        return effect

    def refusal(self, tool: str, /, **args: Any) -> str:
        """Why a call cannot even be foreseen; empty where it can."""
        try:
            self.effect(tool, **args)
        except CallFailed as error:
            return error.message
        return ""

    async def unapproved(self, tool: str, /, **args: Any) -> ToolOutput:
        """Without anything that lets it pass."""
        return await run_call(ALL, tool, args, self.context())

    async def call(self, tool: str, /, **args: Any) -> ToolOutput:
        """As a rule lets it pass that grants no path."""
        try:
            context = replace(self.context(), approved=self.effect(tool, **args))
        except CallFailed as error:
            return ToolOutput(False, error.message)
        return await run_call(ALL, tool, args, context)

    async def approved(self, tool: str, effect: Effect | None = None, /, **args: Any) -> ToolOutput:
        """After a yes to what was foreseen, now or as `effect` says."""
        known = find_tool(ALL, tool)
        assert known is not None
        try:
            shown = effect or self.effect(tool, **args)
        except CallFailed as error:
            return ToolOutput(False, error.message)
        granted = [os.path.realpath(path) for path in known.reads(args, self.context())]
        context = self.context(*map(type(self.folder), granted))
        return await run_call(ALL, tool, args, replace(context, approved=shown))

    def bytes(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()
