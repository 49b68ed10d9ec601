"""The `.mcp.json` of a folder: read to be listed, used after a yes to exactly what it holds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec

from tui.errors import UsageError
from tui.protected import Border
from tui.tools.base import CallFailed
from tui.tools.mcp.servers import Configured, Server, Yes, check_name, server_from
from tui.tools.opening import reach

NAME = ".mcp.json"
_MOST_BYTES = 200_000


class FolderFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder asks for.

    Args:
        yes: What a person agrees to: this folder, this content.
        servers: By name; only those that can be used.
        problems: Why others cannot, a sentence each.
    """

    yes: Yes
    servers: Mapping[str, Server]
    problems: tuple[str, ...] = ()


def read_folder(folder: Path) -> FolderFile | None:
    """The folder's file; None where there is none that can be read. Blocks, starts nothing."""
    real = Path(os.path.realpath(folder))
    try:
        with reach(real / NAME, Border(workspace=real, home=real, own=())) as reached:
            if reached.is_folder:
                return None
            with reached.open_file() as file:
                data = file.read(_MOST_BYTES + 1)
    except (CallFailed, OSError):
        return None
    yes = Yes(folder=str(real), sha256=hashlib.sha256(data).hexdigest())
    if len(data) > _MOST_BYTES:
        why = f"it is longer than {_MOST_BYTES:,} bytes"
        return FolderFile(yes=yes, servers={}, problems=(why,))
    servers, problems = _servers(data)
    return FolderFile(yes=yes, servers=servers, problems=tuple(problems))


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is used, and where its program runs."""

    server: Server
    cwd: Path
    from_folder: bool = False


def servers_for(
    configured: Configured, found: FolderFile | None, environ: Mapping[str, str]
) -> dict[str, Chosen]:
    """The servers of a session in a folder: the person's own, and the folder's after the yes.

    A name of the person's own is theirs: a folder does not replace it. Their programs run in the
    home, where no file of the folder decides what they load; a folder's run in the folder.
    """
    chosen: dict[str, Chosen] = {}
    if found is not None and found.yes in configured.agreed:
        folder = Path(found.yes.folder)
        chosen = {
            name: Chosen(server=one, cwd=folder, from_folder=True)
            for name, one in found.servers.items()
        }
    home = Path(environ.get("HOME") or os.path.expanduser("~"))
    own = {name: Chosen(server=one, cwd=home) for name, one in configured.servers.items()}
    return {**chosen, **own}


def _servers(data: bytes) -> tuple[dict[str, Server], list[str]]:
    try:
        value: object = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}, ["it is no JSON"]
    listed = _table(_table(value).get("mcpServers"))
    servers: dict[str, Server] = {}
    problems: list[str] = []
    for name, fields in listed.items():
        try:
            servers[check_name(name)] = server_from(_as_ours(_table(fields)))
        except UsageError as error:
            problems.append(f"{name[:80]}: {error.message}")
    return servers, problems


def _as_ours(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields as our own file has them: kinds that other programs write are left out.

    Raises:
        UsageError: it wants values or headers, which may be secrets and are not taken.
    """
    for name in ("env", "headers"):
        if fields.get(name):
            raise UsageError(f"it sets {name}: add it yourself with `ownkey mcp add`")
    if fields.get("type") == "sse":
        raise UsageError("it speaks the old SSE transport, which is not supported")
    return {name: fields[name] for name in ("command", "args", "url") if name in fields}


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
