"""The MCP servers whose tools the agent is offered here, and what the folder asks for."""

from __future__ import annotations

from tui.console.settings.panes.values import fact
from tui.console.settings.rows import Group, Line, Nothing, Row, UseServers
from tui.console.settings.world import World
from tui.session.replies import ServerRow, Servers
from tui.settings.search import connection_entry
from tui.text import neutralise

SECTION = "MCP servers"
WORDS = ("mcp", "tool server", "tools", "model context protocol", "server")
_LONGEST = 300
_STYLES = {"ready": "$good", "failed": "$bad", "starting": "$soft", "not used": "$warn"}


def servers_pane(world: World) -> Group:
    """Each server with its state and tools."""
    servers = world.servers
    rows: list[Row] = []
    match servers:
        case None:
            pass
        case str():
            why = neutralise(servers)
            rows.append(fact("servers.trouble", "They cannot be listed", SECTION, why, *WORDS))
        case Servers():
            rows += [_server_row(one) for one in servers.servers]
            for at, problem in enumerate(servers.problems):
                words = neutralise(problem, strict=True)[:_LONGEST]
                rows.append(fact(f"servers.problem {at}", words, SECTION, "", *WORDS))
    if not rows:
        how = "`ownkey mcp add NAME -- COMMAND` or `--url URL` in a terminal adds one."
        rows.append(fact("servers.none", "No server", SECTION, how, *WORDS))
    count = len(servers.servers) if isinstance(servers, Servers) else None
    return Group(title=SECTION, section=SECTION, rows=tuple(rows), count=count or None)


def _server_row(server: ServerRow) -> Row:
    name = neutralise(server.name, strict=True)
    what = neutralise(server.what, strict=True)
    asked = server.state == "not used"
    act = UseServers(server.sha256) if asked and server.sha256 else Nothing()
    count = f"{len(server.tools)} tool{'s' if len(server.tools) != 1 else ''}"
    tools = (f"   {count}", "$mute")
    return Row(
        entry=connection_entry(
            f"server {name}", title=name, section=SECTION, state=server.state, help_=what,
            words=WORDS,
        ),
        act=act,
        marker=("?", "$warn") if asked else ("", ""),
        head=Line(
            ((name, "bold $text"), *((tools,) if server.tools else ())),
            ((server.state, _STYLES.get(server.state, "$soft")),),
        ),
        notes=(Line(((what, "$mute"),)),),
        help=_help(server),
    )  # fmt: skip


def _help(server: ServerRow) -> str:
    if server.state == "not used":
        return "Found in this folder's .mcp.json. Enter uses all it names, until it changes."
    said = [server.trouble] if server.trouble else []
    said += [", ".join(server.tools), *server.notes]
    words = neutralise(". ".join(part for part in said if part), strict=True)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …"
