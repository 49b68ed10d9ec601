"""`ownkey mcp`: the MCP servers whose tools the agent is offered; only the person changes them."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli.output import print_json, print_row, print_text, say
from tui.cli.values import takes
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.tools.mcp.folder import FolderFile
    from tui.tools.mcp.pool import ServerState
    from tui.tools.mcp.servers import Configured, Server, ServerBook

LEAST_DIGEST = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="your servers, and what this folder asks for")
    add = actions.add_parser(
        "add",
        help="a program that speaks MCP, or an address",
        usage="ownkey mcp add NAME [--env NAME]… -- COMMAND ARGS…\n"
        "       ownkey mcp add NAME --url URL [--yes]",
        description="Add a server: `add NAME -- COMMAND ARGS…` for a program that is spoken to "
        "over its standard input and output, `add NAME --url URL` for one that is reached by "
        "streamable HTTP. A program runs in your home with a small environment, and can do what "
        "you can; each call of its tools asks first. Headers with secrets are not supported.",
    )
    add.add_argument("name", metavar="NAME", help="stands in front of its tools: NAME__tool")
    add.add_argument("--url", metavar="URL", help="its address")
    add.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME",
        help="pass this variable on from the environment; its value is never written down",
    )
    add.add_argument("--yes", action="store_true", help="yes to what an address is doubted for")
    remove = actions.add_parser("remove", help="take a server away")
    takes(remove.add_argument("name", metavar="NAME"), "mcp-servers")
    test = actions.add_parser("test", help="start it, and list its tools with their rules")
    takes(test.add_argument("name", metavar="NAME"), "mcp-servers")
    use = actions.add_parser(
        "use",
        help="the yes to this folder's .mcp.json as it is now",
        description="Say yes to the servers that the .mcp.json of this folder names, as it is now: "
        "when it changes, it is not used until the next yes.",
    )
    use.add_argument("--sha256", metavar="DIGEST", help="what `list` says: the yes without asking")
    use.add_argument("--undo", action="store_true", help="take the yes back")
    for part in (listing, add, remove, test, use):
        part.add_argument("--json", action="store_true", help="one JSON value")


def parse(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    """The words, and what stands behind `--`: a server's command, which is none of ours."""
    at = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:at])
    args.command = words[at + 1 :]
    if args.command and args.action != "add":
        parser.error(f"{args.action} takes no command")
    return args


def run(args: argparse.Namespace) -> int:
    """Exit status 1 where a server that is tested cannot be used."""
    from tui.paths import find_paths
    from tui.tools.mcp.servers import ServerBook

    book = ServerBook(find_paths(os.environ))
    match args.action:
        case "list":
            return _list(book, as_json=args.json)
        case "add":
            return _add(book, args)
        case "remove":
            book.remove(args.name)
            _told(args.json, {"removed": args.name}, f"Removed {args.name}.")
            return 0
        case "test":
            return asyncio.run(_test(args.name, as_json=args.json))
        case _:
            return _use(book, args)


def _told(as_json: bool, value: dict[str, Any], sentence: str) -> None:
    if as_json:
        print_json(value)
    else:
        print_row(sentence)


# Listing.


def _list(book: ServerBook, *, as_json: bool) -> int:
    from tui.tools.mcp.folder import read_folder

    configured, found = book.read(), read_folder(Path.cwd())
    if as_json:
        own = [_object(name, one, "settings", True) for name, one in configured.servers.items()]
        print_json(own + _folder_objects(configured, found))
    else:
        for name, one in configured.servers.items():
            print_row(f"{name:<16} {_words(one)}")
        if not configured.servers:
            say("You have no server: `ownkey mcp add NAME -- COMMAND`, or `--url URL`.")
        _say_folder(configured, found)
    for problem in configured.problems:
        say(f"ownkey: mcp.json: {problem}")
    return 0


def _folder_objects(configured: Configured, found: FolderFile | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    used = found.yes in configured.agreed
    return [
        _object(name, one, "folder", used and name not in configured.servers)
        | {"folder": found.yes.folder, "sha256": found.yes.sha256}
        for name, one in found.servers.items()
    ]


def _say_folder(configured: Configured, found: FolderFile | None) -> None:
    if found is None:
        return
    used = found.yes in configured.agreed
    if used:
        print_row("Of this folder's .mcp.json, by your yes (`ownkey mcp use --undo` ends it):")
    else:
        print_row("Found in this folder's .mcp.json, not used:")
    for name, one in found.servers.items():
        hidden = "   your own server of this name is used" if name in configured.servers else ""
        print_row(f"  {name:<14} {_words(one)}{hidden}")
    for problem in found.problems:
        print_row(f"  {problem}")
    if not used and found.servers:
        print_row(f"  `ownkey mcp use --sha256 {found.yes.sha256[:LEAST_DIGEST]}` is the yes to it")


def _words(server: Server) -> str:
    from tui.tools.mcp.servers import HttpServer

    if isinstance(server, HttpServer):
        return server.url
    given = f"   given {', '.join(server.env)}" if server.env else ""
    return f"{shlex.join((server.command, *server.args))}{given}"


def _object(name: str, server: Server, source: str, used: bool) -> dict[str, Any]:
    from tui.tools.mcp.servers import HttpServer, fields_of

    transport = "http" if isinstance(server, HttpServer) else "stdio"
    head = {"name": name, "transport": transport, "source": source, "used": used}
    return head | fields_of(server)


# Adding.


def _add(book: ServerBook, args: argparse.Namespace) -> int:
    from tui.tools.mcp.servers import HttpServer, StdioServer, fields_of, server_from

    if bool(args.url) == bool(args.command):
        raise UsageError(
            "a server is a command or an address",
            hint="`ownkey mcp add NAME -- COMMAND ARGS…`, or `ownkey mcp add NAME --url URL`.",
        )
    server: Server
    if args.url:
        if args.env:
            raise UsageError("an address is given no variables")
        server = HttpServer(url=_address(args.url, sure=args.yes))
    else:
        command = args.command[0]
        if "/" in command:
            command = os.path.abspath(command)
        server = StdioServer(command=command, args=tuple(args.command[1:]), env=tuple(args.env))
    server = server_from(fields_of(server))
    book.add(args.name, server)
    absent = [name for name in args.env if name not in os.environ]
    words = f"Added {args.name}: {_words(server)}\n`ownkey mcp test {args.name}` tries it."
    if args.json:
        print_json(_object(args.name, server, "settings", True))
    else:
        print_text(words)
    for name in absent:
        say(f"ownkey: {name} is not set now: it is passed on where ownkey is started with it.")
    return 0


def _address(typed: str, *, sure: bool) -> str:
    """The address as it is used. Raises UsageError: refused, or doubted and there was no yes."""
    from tui.address import check_address
    from tui.cli.asking import ask_yes, can_ask

    checked = check_address(typed)
    if checked.verdict == "reject" or checked.normalised is None:
        raise UsageError(f"the address is refused: {checked.why}")
    # A request's path at the end is an endpoint's; here it is part of the address.
    path = typed.strip().partition("?")[0].rstrip("/").rpartition("/")[2]
    address, query, rest = checked.normalised.partition("?")
    if path in {"messages", "responses", "models", "completions", "embeddings"}:
        address = f"{address}/{path}"
    if checked.verdict == "confirm" and not sure:
        why = checked.why.replace("the key can", "all that is said can")
        if not (can_ask() and ask_yes(f"{address}: {why} Use it all the same?")):
            raise UsageError(
                f"the address was not agreed to: {why}", hint="--yes is the yes to it."
            )
    return f"{address}{query}{rest}"


# Trying.


async def _test(name: str, *, as_json: bool) -> int:
    from tui.tools.mcp.pool import ServerPool

    heard: dict[tuple[str, str], None] = {}
    pool = ServerPool(Path.cwd().resolve(), dict(os.environ), listeners=[heard])
    try:
        state = await pool.try_one(name)
    finally:
        await pool.close()
    ready = state.state == "ready"
    if as_json:
        print_json(_state_object(state))
    elif ready:
        print_row(f"{name} works: {len(state.tools)} tools")
        for one in state.tools:
            print_row(f"  {one.spec.name:<40} {one.description.strip().partition(chr(10))[0][:80]}")
            print_row(f"    {one.rule}")
    for server, words in heard:
        say(f"ownkey: {server} {words}")
    if not ready and not heard:
        say(f"ownkey: {name}: {state.trouble or 'it gave no answer in time'}")
    return 0 if ready else 1


def _state_object(state: ServerState) -> dict[str, Any]:
    return {
        "name": state.name,
        "state": state.state,
        "error": state.trouble or None,
        "notes": list(state.notes),
        "tools": [
            {
                "name": one.spec.name, "tool": one.name, "description": one.description,
                "schema": one.spec.schema, "digest": one.digest, "rule": one.rule,
            }
            for one in state.tools
        ],
    }  # fmt: skip


# A folder's own.


def _use(book: ServerBook, args: argparse.Namespace) -> int:
    from tui.tools.mcp.folder import NAME, read_folder

    folder = os.path.realpath(Path.cwd())
    if args.undo:
        there = book.disagree(folder)
        words = "The yes is taken back." if there else "There was no yes."
        _told(args.json, {"folder": folder, "used": False, "changed": there}, words)
        return 0
    found = read_folder(Path(folder))
    if found is None or not found.servers:
        why = "; ".join(found.problems) if found else "there is none that can be read"
        raise UsageError(f"no server stands in this folder's {NAME}: {why}")
    if not _agreed(found, args.sha256):
        raise UsageError(
            f"nothing was agreed to: what this folder's {NAME} names is not used",
            hint=f"`ownkey mcp use --sha256 {found.yes.sha256[:LEAST_DIGEST]}` is the yes to it.",
        )
    book.agree(found.yes)
    names = ", ".join(found.servers)
    value = {"folder": folder, "sha256": found.yes.sha256, "used": True}
    _told(args.json, value | {"servers": list(found.servers)}, f"Used from now on here: {names}.")
    return 0


def _agreed(found: FolderFile, digest: str | None) -> bool:
    from tui.cli.asking import ask_yes, can_ask

    if digest is not None:
        wanted = digest.strip().lower()
        return len(wanted) >= LEAST_DIGEST and found.yes.sha256.startswith(wanted)
    if not can_ask() or not sys.stderr.isatty():
        return False
    for name, one in found.servers.items():
        say(f"  {name:<14} {_words(one)}")
    return ask_yes("These run as you, when the agent needs tools here. Use them?")
