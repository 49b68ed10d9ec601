"""What a call would do, worked out before it does it: what an approval shows and a rule judges.

The paths, addresses and commands in here come from the model: neutralise them to show them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

AddressPlace = Literal["public", "private", "loopback"]
"""Where an address leads by its host as written; what a name resolves to is known later."""


class Reading(msgspec.Struct, frozen=True, tag="reading"):
    """Opens files or folders and changes nothing.

    Args:
        paths: Absolute, links not followed; of a folder that is searched, the folder alone.
    """

    paths: tuple[Path, ...]


class Changing(msgspec.Struct, frozen=True, kw_only=True, tag="changing"):
    """Writes one file.

    Args:
        asked: Absolute, as the call names it.
        path: Absolute and real: links followed. What is written.
        before: Its bytes now; None where there is no file.
        after: The exact bytes that it will hold.
        diff: Both as a unified diff, in text with bad bytes as surrogates.
        note: What the person should know besides (that a match was not exact), or empty.
        folders: Folders that are made for it, real, outermost first.
    """

    asked: Path
    path: Path
    before: bytes | None
    after: bytes | None
    diff: str
    note: str = ""
    folders: tuple[Path, ...] = ()


class Running(msgspec.Struct, frozen=True, kw_only=True, tag="running"):
    """Runs a shell command.

    Args:
        command: Byte for byte what the shell gets (as `os.fsencode` has it).
        cwd: Where, absolute and real.
        seconds: Its time limit.
        network: Whether it asks for a way to the network through the sandbox.
    """

    command: str
    cwd: Path
    seconds: float
    network: bool = False


class Fetching(msgspec.Struct, frozen=True, kw_only=True, tag="fetching"):
    """Asks a server for something.

    Args:
        address: The whole address that is asked, as it goes out.
        place: Where its host lies.
        facts: What the person should know of the address, in sentences; empty: nothing.
        body: What is sent besides the address.
    """

    address: str
    place: AddressPlace
    method: str = "GET"
    body: str = ""
    facts: str = ""


class Calling(msgspec.Struct, frozen=True, kw_only=True, tag="calling"):
    """Calls a tool of an MCP server: what that does is not known.

    Args:
        server: The server's name, as the person gave it.
        tool: The tool, as it is offered: `server__tool`.
        digest: Of its definition; an approval covers no other.
        args: What is sent.
        shown: All of it for the person: whose, what, the arguments, the server's description.
        reach: What stands between the server and the machine, in words.
        changed: Whether it is defined differently than when it was first offered here.
    """

    server: str
    tool: str
    digest: str
    args: dict[str, Any]
    shown: str
    reach: str
    changed: bool = False


class Asking(msgspec.Struct, frozen=True, kw_only=True, tag="asking"):
    """Puts a question to the person and waits; needs no approval."""

    question: str
    choices: tuple[str, ...] = ()


class Nothing(msgspec.Struct, frozen=True, tag="nothing"):
    """Touches nothing outside the conversation."""


Effect = Reading | Changing | Running | Fetching | Calling | Asking | Nothing
"""The closed union."""
