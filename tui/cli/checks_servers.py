"""What `ownkey doctor` says of MCP servers: nothing is started and nothing connects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.checks import Check
from tui.cli.checks_machine import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.paths import Paths
    from tui.tools.mcp.servers import Server

NAME = "mcp servers"


def check_servers(environ: Mapping[str, str], paths: Paths) -> Check:
    """Each server's state as far as it can be told without it, and what the folder asks for."""
    from tui.tools.mcp.folder import read_folder, servers_for
    from tui.tools.mcp.servers import ServerBook

    configured, found = ServerBook(paths).read(), read_folder(Path.cwd())
    used = servers_for(configured, found, environ)
    states = {name: _trouble(one.server, one.cwd, environ) for name, one in used.items()}
    said = [f"{name}: {trouble or 'configured'}" for name, trouble in states.items()]
    said += configured.problems
    if found is not None and found.yes not in configured.agreed:
        names = ", ".join(found.servers) or "nothing that can be used"
        said.append(f"found in this folder's .mcp.json, not used: {names}")
    if used and version_of("mcp") is None:
        return Check(
            check=NAME,
            state="warn",
            found="; ".join((*said, "the `mcp` extra is not installed")),
            remedy="`pip install 'ownkey[mcp]'` to use MCP servers.",
        )
    wrong = next((name for name, trouble in states.items() if trouble), None)
    if wrong is not None or configured.problems:
        remedy = f"`ownkey mcp test {wrong}` tells more." if wrong else f"Correct {paths.config}."
        return Check(check=NAME, state="warn", found="; ".join(said), remedy=remedy)
    remedy = "`ownkey mcp test NAME` starts one and lists its tools." if used else ""
    return Check(check=NAME, state="ok", found="; ".join(said) or "none", remedy=remedy)


def _trouble(server: Server, cwd: Path, environ: Mapping[str, str]) -> str:
    """Why it cannot be used, or empty."""
    from tui.tools.mcp.connection import ServerTrouble
    from tui.tools.mcp.servers import StdioServer
    from tui.tools.mcp.starting import program_of

    if not isinstance(server, StdioServer):
        return ""
    try:
        program_of(server, Path.cwd().resolve(), environ)
    except ServerTrouble as error:
        return error.message
    absent = [name for name in server.env if name not in environ]
    return f"{', '.join(absent)} is not set" if absent else ""
