"""The MCP servers of one folder: started when tools are needed, started again after a death.

Shared by the sessions of that folder in one engine, and ended with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tui.errors import UsageError
from tui.paths import find_paths
from tui.secret import Secret
from tui.tools.mcp.connection import Limits
from tui.tools.mcp.definitions import MOST_TOOLS, Definition
from tui.tools.mcp.folder import Chosen, FolderFile, read_folder, servers_for
from tui.tools.mcp.running import RunningServer, State
from tui.tools.mcp.servers import HttpServer, ServerBook, StdioServer

Heard = dict[tuple[str, str], None]
"""Servers and what is to be said of them, in the order in which it came, nothing twice."""


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """One server as it is now; `trouble` and `notes` are hostile: neutralise to show."""

    name: str
    state: State
    server: StdioServer | HttpServer
    from_folder: bool
    tools: tuple[Definition, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()


class ServerPool:
    """All servers of a folder.

    Args:
        cwd: The folder, resolved.
        environ: For the settings' place, programs, variables, proxies.
        limits: Time limits of each.
        listeners: Places where what servers want said is put, in order.
        mask: Told of secrets that a server is given, before it has them: what it gives back of
            them is not shown.
    """

    def __init__(
        self,
        cwd: Path,
        environ: Mapping[str, str],
        limits: Limits | None = None,
        listeners: Sequence[Heard] = (),
        mask: Callable[[Sequence[Secret]], None] = lambda secrets: None,
    ) -> None:
        self._cwd = cwd
        self._environ = environ
        self._limits = limits or Limits()
        self.book = ServerBook(find_paths(environ))
        self._servers: dict[str, RunningServer] = {}
        self._listeners = list(listeners)
        self._mask = mask
        self._first: dict[str, str] = {}
        self._too_many_said = False
        self._closed = False

    def listen(self) -> Heard:
        """Another such place; taken out by whoever says it."""
        heard: Heard = {}
        self._listeners.append(heard)
        return heard

    def leave(self, heard: Heard) -> None:
        """Nobody reads there any more."""
        self._listeners = [one for one in self._listeners if one is not heard]

    async def prepare(self, *, turn_begins: bool) -> None:
        """Servers run as they are configured now; waits for those that are new, not for ever.

        Args:
            turn_begins: What runs is asked for its tools anew: one that changes them without a
                word is noticed before the model is told of them.
        """
        if turn_begins or not self._servers:
            await self._configure()
        new = [one for one in self._servers.values() if not one.tried]
        again = [one for one in self._servers.values() if turn_begins and one.tried]
        waits = [task for one in new if (task := one.begin()) is not None]
        for one in again:
            ended = one.state == "ended"  # it ran, and soon will again; what failed may never
            if (task := one.begin()) is not None and ended:
                waits.append(task)
        if waits:
            await asyncio.wait(waits, timeout=self._limits.wait)
        for one in new:
            if one.state == "starting":
                self._tell(one.name, "is still starting: its tools come when it is ready")
        listing = [
            one for one in self._servers.values()
            if one.stale or (one in again and one.state == "ready")
        ]  # fmt: skip
        await self._list_anew(listing)

    async def try_one(self, name: str) -> ServerState:
        """Start one server alone, and say how it is then.

        Raises:
            UsageError: there is none of this name that is used here.
        """
        await self._configure()
        server = self._servers.get(name)
        if server is None:
            known = ", ".join(self._servers) or "none"
            raise UsageError(f"no server is called {name!r}", hint=f"There are: {known}.")
        if (starting := server.begin()) is not None:
            await asyncio.wait({starting})
        return next(one for one in self.states() if one.name == name)

    async def refresh(self, tool: str) -> None:
        """Have a tool's server tell its tools anew, so that a rule is held to what they are now."""
        if (found := self.find(tool)) is not None:
            await self._list_anew([found[0]])

    async def _list_anew(self, servers: Sequence[RunningServer]) -> None:
        tasks = [asyncio.create_task(one.list_anew()) for one in servers]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._limits.wait)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def find(self, tool: str) -> tuple[RunningServer, Definition] | None:
        """The server and definition of a tool by the name under which it is offered."""
        for server in self._servers.values():
            for one in server.defined.tools:
                if one.spec.name == tool:
                    return server, one
        return None

    def offered(self) -> tuple[Definition, ...]:
        """Every tool of every server, as many as makers take; a failed server's stay."""
        tools = [one for server in self._servers.values() for one in server.defined.tools]
        if len(tools) > MOST_TOOLS and not self._too_many_said:
            self._too_many_said = True
            words = f"makes it {len(tools):,} tools in all: the first {MOST_TOOLS} are used"
            self._tell(tools[MOST_TOOLS].server, words)
        for one in tools:
            self._first.setdefault(one.spec.name, one.digest)
        return tuple(tools[:MOST_TOOLS])

    def has_changed(self, tool: Definition) -> bool:
        """Whether a tool is defined differently than when it was first offered here."""
        return self._first.get(tool.spec.name, tool.digest) != tool.digest

    def asked_for(self) -> FolderFile | None:
        """What the folder asks for, whether there is a yes to it or not. Blocks."""
        return read_folder(self._cwd)

    async def overview(self) -> tuple[tuple[ServerState, ...], tuple[str, ...]]:
        """All servers that are used here, started or not, and what could not be read."""
        await self._configure()
        configured = await asyncio.to_thread(self.book.read)
        return self.states(), configured.problems

    def states(self) -> tuple[ServerState, ...]:
        """All servers as they are now."""
        return tuple(
            ServerState(
                name=one.name, state=one.state, server=one.chosen.server,
                from_folder=one.chosen.from_folder, tools=one.defined.tools,
                trouble=one.trouble, notes=one.defined.notes,
            )
            for one in self._servers.values()
        )  # fmt: skip

    async def close(self) -> None:
        """End all of them, at once."""
        self._closed = True
        servers, self._servers = self._servers, {}
        await asyncio.gather(*(one.close() for one in servers.values()), return_exceptions=True)

    async def _configure(self) -> None:
        """Take in what the person has configured, and let go of what is no longer so."""
        wanted = await asyncio.to_thread(self._wanted)
        gone = [one for one in self._servers.values() if wanted.get(one.name) != one.chosen]
        for one in gone:
            del self._servers[one.name]
        await asyncio.gather(*(one.close() for one in gone), return_exceptions=True)
        for name, chosen in wanted.items():
            if name not in self._servers and not self._closed:
                self._servers[name] = RunningServer(
                    name, chosen, workspace=self._cwd, environ=self._environ,
                    limits=self._limits, tell=self._tell, mask=self._mask,
                )  # fmt: skip

    def _wanted(self) -> dict[str, Chosen]:
        configured = self.book.read()
        for problem in configured.problems:
            self._tell("mcp.json", problem)
        return servers_for(configured, read_folder(self._cwd), self._environ)

    def _tell(self, server: str, words: str) -> None:
        for heard in self._listeners:
            if len(heard) < 100:
                heard[server, words] = None
