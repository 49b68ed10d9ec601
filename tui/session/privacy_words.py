"""What is said of privacy, the same on the screen and on the command line (pure)."""

from __future__ import annotations

from typing import NamedTuple


class Statement(NamedTuple):
    """A sentence with what it is found by."""

    id: str
    title: str
    text: str
    words: tuple[str, ...] = ()


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "telemetry",
        "No telemetry",
        "No telemetry, no update check, no server of ours. Requests go straight from this machine "
        "to whoever serves the model. A test runs whole sessions against servers on this machine "
        "and fails if anything else is contacted.",
        ("analytics", "tracking", "phone home", "usage data"),
    ),
    Statement(
        "persons",
        "Whose keys these are",
        "Keys belong to one person on one device, on every plan: no sync, no sharing, no export, "
        "no view for an administrator. ownkey has no central management of keys: whoever needs "
        "that for a team uses the team's own gateway as an endpoint.",
        ("team", "admin", "sync", "share", "central management", "cloud"),
    ),
    Statement(
        "others",
        "What other programs contact",
        "Commands, MCP programs, git and editors are programs of their own: what they contact is "
        "not listed here. `ownkey probe`, and `ownkey keys` with OWNKEY_KEYRING=env, store "
        "nothing, this list included.",
        ("mcp", "shell", "git", "hosts"),
    ),
    Statement(
        "here",
        "Who can read it here",
        "Files are readable by your user alone. A program that already runs as you, outside the "
        "sandbox, can read what you can read.",
        ("files", "permissions", "sandbox"),
    ),
)


def key_retention(maker: str) -> str:
    """Of what is sent on an own key."""
    return (
        f"The settings of your {maker} account decide what is kept and for how long; ownkey cannot "
        "enforce them."
    )


def endpoint_retention(name: str, payer: str) -> str:
    """Of what is sent to an endpoint of this name."""
    if payer == "nobody":
        return "Stays on this machine, as far as that server sends nothing on."
    return f"Not stated: ask whoever runs {name}. ownkey cannot enforce it."


def service_retention(stated: str) -> str:
    """Of what is sent to a credit service, by its own word; empty: it states nothing."""
    return f"By its own word: {stated}" if stated else "Not stated. ownkey cannot enforce it."


LOCAL_RETENTION = "Stays here: nothing leaves this machine."
FORGET_WORD = "forget everything"
"""What a person types to confirm."""
