"""Which MCP servers the person has: a file of settings, without secrets, that only they write.

A folder grants nothing: what its `.mcp.json` names is used after a yes to that very content
(`tui.tools.mcp.folder`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import msgspec

from tui.address import check_address
from tui.errors import StoreError, UsageError
from tui.paths import Paths, find_paths, locked, write_private

MOST_SERVERS = 32
_MOST_FILE = 1_000_000
_MOST_WORDS = 100_000
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]|_(?=[A-Za-z0-9-])){0,23}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OURS = re.compile(
    r"(?:OWNKEY|ANTHROPIC|OPENAI|GOOGLE|GEMINI)_|LD_|DYLD_|(?:PYTHON(?:PATH|HOME|STARTUP)|PATH)$"
)
"""Variables that are our own or a maker's, or that change what program runs."""


class StdioServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that is spoken to over its standard input and output.

    Args:
        command: A name that is looked for in `PATH`, or an absolute path.
        env: Names of variables that it is given besides the allow-list; never their values.
    """

    command: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()


class HttpServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One that is reached by streamable HTTP at an address that was checked."""

    url: str


Server = StdioServer | HttpServer


class Yes(msgspec.Struct, frozen=True, kw_only=True):
    """The person's yes to a folder's servers, as its file was: `sha256` of its bytes."""

    folder: str
    sha256: str


class _Written(msgspec.Struct, kw_only=True):
    servers: dict[str, dict[str, object]] = msgspec.field(
        default_factory=dict[str, dict[str, object]]
    )
    agreed: list[Yes] = msgspec.field(default_factory=list[Yes])


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says: servers by name, the yeses, and what could not be read, in words."""

    servers: Mapping[str, Server]
    agreed: tuple[Yes, ...] = ()
    problems: tuple[str, ...] = ()


class ServerBook:
    """The file `mcp.json` in the folder of settings. Each call reads it anew. Blocks."""

    def __init__(self, paths: Paths) -> None:
        self.path = paths.config / "mcp.json"

    def read(self) -> Configured:
        """What it says; a file that does not parse says nothing, and is left where it is."""
        try:
            written = self._read()
        except StoreError as error:
            return Configured(servers={}, problems=(f"{error.message}: no server is used",))
        servers: dict[str, Server] = {}
        problems: list[str] = []
        for name, fields in written.servers.items():
            try:
                servers[check_name(name)] = server_from(fields)
            except UsageError as error:
                problems.append(f"{name[:80]}: {error.message}")
        return Configured(servers=servers, agreed=tuple(written.agreed), problems=tuple(problems))

    def add(self, name: str, server: Server) -> None:
        """Keep a server. Raises UsageError, StoreError."""
        check_name(name)
        with self._changing() as written:
            if name in written.servers:
                raise UsageError(
                    f"there is a server {name} already",
                    hint=f"`ownkey mcp remove {name}` takes it away first.",
                )
            if len(written.servers) >= MOST_SERVERS:
                raise UsageError(f"there are {MOST_SERVERS} servers, and there can be no more")
            written.servers[name] = fields_of(server)

    def remove(self, name: str) -> None:
        """Take one away. Raises UsageError where there is none."""
        with self._changing() as written:
            if written.servers.pop(name, None) is None:
                known = ", ".join(sorted(written.servers)) or "none"
                raise UsageError(f"no server is called {name!r}", hint=f"There are: {known}.")

    def agree(self, yes: Yes) -> None:
        """Keep the yes to what a folder's file is now; one to what it was before ends."""
        with self._changing() as written:
            written.agreed = [one for one in written.agreed if one.folder != yes.folder] + [yes]

    def disagree(self, folder: str) -> bool:
        """Take the yes to a folder's servers back; whether there was one."""
        with self._changing() as written:
            left = [one for one in written.agreed if one.folder != folder]
            there, written.agreed = len(left) < len(written.agreed), left
        return there

    @contextmanager
    def _changing(self) -> Generator[_Written]:
        """What is written, held against others; kept where it was changed."""
        with locked(self.path):
            written = self._read()
            before = msgspec.json.encode(written)
            yield written
            if (after := msgspec.json.encode(written)) != before:
                write_private(self.path, msgspec.json.format(after, indent=2) + b"\n")

    def _read(self) -> _Written:
        try:
            data = self.path.read_bytes()
            if len(data) > _MOST_FILE:
                raise StoreError(f"{self.path} is too long for a list of servers")
            return msgspec.json.decode(data, type=_Written)
        except FileNotFoundError:
            return _Written()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise StoreError(
                f"{self.path} cannot be read ({error})",
                hint="Correct it, or move it away and add the servers again.",
            ) from error


def variables_given(environ: Mapping[str, str]) -> frozenset[str]:
    """Names of all variables that some server is to be given. Blocks."""
    servers = ServerBook(find_paths(environ)).read().servers.values()
    return frozenset(name for one in servers if isinstance(one, StdioServer) for name in one.env)


def fields_of(server: Server) -> dict[str, object]:
    """A server as the file and `--json` have it."""
    return msgspec.to_builtins(server)


def server_from(fields: Mapping[str, object]) -> Server:
    """The server that the fields of a file name. Raises UsageError with the reason."""
    kind = HttpServer if "url" in fields else StdioServer
    try:
        server = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"it cannot be used: {error}") from error
    match server:
        case HttpServer():
            checked = check_address(server.url)
            if checked.verdict == "reject":
                raise UsageError(f"its address is refused: {checked.why}")
        case StdioServer():
            _check_words(server)
    return server


def check_name(name: str) -> str:
    """A server's name, which stands in front of its tools'. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} cannot be a server's name",
            hint="A letter, then letters, digits, - and single _: 24 characters at most.",
        )
    return name


def check_variable(name: str) -> str:
    """A variable that a server may be given. Raises UsageError for one that may not leave."""
    if not _VARIABLE.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} is no variable's name",
            hint="`--env NAME` passes a variable on by its name; its value is never written down.",
        )
    if _OURS.match(name):
        raise UsageError(
            f"{name} is not given to a server",
            hint="Keys of the models' makers, and what decides which program runs, stay here.",
        )
    return name


def _check_words(server: StdioServer) -> None:
    words = (server.command, *server.args)
    if not server.command.strip():
        raise UsageError("there is no command")
    if any("\0" in word for word in words) or sum(map(len, words)) > _MOST_WORDS:
        raise UsageError("its command cannot be run: it is too long, or holds a NUL character")
    if "/" in server.command and not os.path.isabs(server.command):
        raise UsageError(
            f"{server.command!r} counts from a folder that nobody knows later",
            hint="Give the program's name, or its absolute path.",
        )
    for name in server.env:
        check_variable(name)
