"""Calls of the reading tools as a session makes them: looked at, judged, run."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui.permissions.facts import PathFacts, look_at
from tui.permissions.rules import Verdict, decide_reading
from tui.tools.base import ToolContext, ToolOutput
from tui.tools.registry import find_tool, reading_tools, run_call

TOOLS = reading_tools()
RIPGREP = shutil.which("rg")


class Place:
    """A workspace beside a home and our own folders, all real."""

    def __init__(self, root: Path, *, ripgrep: bool = False) -> None:
        self.root = root.resolve()
        self.folder = self.root / "work"
        self.home = self.root / "home"
        self.own = self.root / "ownkey"
        for made in (self.folder, self.home, self.own / "config"):
            made.mkdir(parents=True)
        path = os.path.dirname(RIPGREP) if ripgrep and RIPGREP else str(self.root / "no-programs")
        self.environ = {"HOME": str(self.home), "OWNKEY_HOME": str(self.own), "PATH": path}

    def context(self, *granted: Path) -> ToolContext:
        return ToolContext(self.folder, self.environ, frozenset(granted))

    def write(self, name: str | bytes, content: str | bytes = "") -> Path:
        path = self.folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def facts(self, tool: str, **args: Any) -> tuple[PathFacts, ...]:
        known = find_tool(TOOLS, tool)
        assert known is not None
        context = self.context()
        return look_at(known.reads(args, context), context.border())

    def judge(self, tool: str, **args: Any) -> Verdict:
        return decide_reading("ask", self.facts(tool, **args))

    async def run(self, tool: str, /, *granted: Path, **args: Any) -> ToolOutput:
        return await run_call(TOOLS, tool, args, self.context(*granted))

    async def run_approved(self, tool: str, **args: Any) -> ToolOutput:
        granted = [fact.real for fact in self.facts(tool, **args)]
        return await run_call(TOOLS, tool, args, self.context(*granted))


def given_back(shown: str) -> str:
    """The path that a model would send for a name as a tool has shown it."""
    return json.loads(shown) if shown.startswith('"') else shown


def body(output: ToolOutput) -> list[str]:
    """The lines of a result without its notes."""
    return [line for line in output.output.split("\n") if not line.startswith("[")]


@contextmanager
def swapping(name: Path, *targets: Path) -> Iterator[None]:
    """Makes `name` a link to each of the targets in turn, as fast as it can."""
    done = threading.Event()
    name.symlink_to(targets[0])  # there before anybody asks: else a folder would be made of it

    def swap() -> None:
        while not done.is_set():
            for number, target in enumerate(targets):
                made = name.with_name(f".swap{number}")
                made.symlink_to(target)
                made.replace(name)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        yield
    finally:
        done.set()
        swapper.join()
