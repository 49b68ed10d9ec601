"""One configured server: connected when it is needed, and again after a death."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from tui.secret import Secret
from tui.tools.base import CallFailed, ToolOutput
from tui.tools.mcp.connection import Connection, Limits, ServerTrouble
from tui.tools.mcp.definitions import Defined, Definition, define
from tui.tools.mcp.folder import Chosen
from tui.tools.mcp.results import as_output
from tui.tools.mcp.starting import connect, load_sdk, secrets_given

State = Literal["not started", "starting", "ready", "failed", "ended"]


class RunningServer:
    """One configured server, connected when needed.

    Args:
        name: Its name.
        chosen: What it is.
        workspace: The folder whose sessions use it.
        environ: For programs, variables, proxies.
        limits: Its time limits.
        tell: Takes its name and what the person should know of it, the rest of a sentence.
        mask: Told of the values of what looks like secrets among its variables.
    """

    def __init__(
        self,
        name: str,
        chosen: Chosen,
        *,
        workspace: Path,
        environ: Mapping[str, str],
        limits: Limits,
        tell: Callable[[str, str], None],
        mask: Callable[[Sequence[Secret]], None],
    ) -> None:
        self.name = name
        self.chosen = chosen
        self.defined = Defined()
        self.trouble = ""
        self.tried = False
        self._workspace = workspace
        self._environ = environ
        self._limits = limits
        self._tell = tell
        self._mask = mask
        self._connection: Connection | None = None
        self._starting: asyncio.Task[None] | None = None
        self._stale = False
        self._one_list = asyncio.Lock()

    @property
    def state(self) -> State:
        if self._starting is not None and not self._starting.done():
            return "starting"
        if self._connection is not None and self._connection.alive:
            return "ready"
        if self.trouble:
            return "failed"
        return "ended" if self.tried else "not started"

    def begin(self) -> asyncio.Task[None] | None:
        """Start it where it does not run; what is to be waited for, or None."""
        if self.state != "ready" and (self._starting is None or self._starting.done()):
            self._starting = asyncio.create_task(self._start())
        return self._starting if self.state == "starting" else None

    async def list_anew(self) -> None:
        """Ask for its tools again, where it runs; what cannot be had stays as it was."""
        connection = self._connection
        if connection is None or not connection.alive:
            return
        async with self._one_list:
            self._stale = False
            try:
                listed, note = await connection.list_tools()
            except ServerTrouble as error:
                self._tell(self.name, f"did not tell its tools: {error.message}")
                return
            before = self.defined
            identity = msgspec.json.encode(self.chosen.server).decode()
            self.defined = await asyncio.to_thread(define, self.name, identity, listed)
            notes = (*self.defined.notes, *([note] if note else []))
            self.defined = msgspec.structs.replace(self.defined, notes=notes)
            for one in notes:
                if one not in before.notes:
                    self._tell(self.name, one)

    async def call(
        self, wanted: Definition, args: dict[str, Any], emit: Callable[[str], None]
    ) -> ToolOutput:
        """Call a tool as it was approved; started again where it has died meanwhile.

        Raises:
            CallFailed: it is no longer defined like this, or the server fails; named after it.
        """
        if (starting := self.begin()) is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.connect):
                    await asyncio.shield(starting)
        connection = self._connection
        if connection is None or not connection.alive:
            raise CallFailed(f"The MCP server {self.name} does not run: {self.trouble}")
        if self._stale:
            await self.list_anew()
        if wanted not in self.defined.tools:
            raise CallFailed(
                f"The MCP server {self.name} defines this tool differently since it was approved: "
                "call it again."
            )
        try:
            return as_output(self.name, await connection.call(wanted.name, args, emit))
        except ServerTrouble as error:
            again = "" if connection.alive else " It is started again with the next call."
            raise CallFailed(f"The MCP server {self.name}: {error.message}.{again}") from error

    async def close(self) -> None:
        """End it."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    async def _start(self) -> None:
        self.tried = True
        made: Connection | None = None
        try:
            if (old := self._connection) is not None:
                self._connection = None
                await old.close()
            self._mask(secrets_given(self.chosen, self._environ))
            await asyncio.to_thread(load_sdk)
            made = connect(
                self.chosen, workspace=self._workspace, environ=self._environ,
                limits=self._limits, hear=lambda words: self._tell(self.name, words),
                changed=self._mark_stale,
            )  # fmt: skip
            await made.open()
        except ServerTrouble as error:
            if error.message != self.trouble:
                self._tell(self.name, f"cannot be used: {error.message}")
            self.trouble = error.message
        except asyncio.CancelledError:
            if made is not None:
                await made.close()
            raise
        else:
            self._connection, self.trouble = made, ""
            await self.list_anew()

    def _mark_stale(self) -> None:
        self._stale = True

    @property
    def stale(self) -> bool:
        """Whether it said that its tools are others now."""
        return self._stale
