"""Every key of the console."""

from __future__ import annotations

import msgspec

from tui.console.bindings import KEYS
from tui.console.settings.panes.values import fact
from tui.console.settings.rows import Group, Line
from tui.console.settings.world import World

SECTION = "Keys & shortcuts"


def shortcuts_pane(world: World) -> Group:
    """One row a key, by what it is for."""
    rows = [
        msgspec.structs.replace(
            fact(f"shortcut {part} {keys}", does, SECTION, "", keys, part, "shortcut", "keyboard"),
            head=Line(((f"{does}", "$mute"),), ((keys, "$soft"),)),
        )
        for part, pairs in KEYS
        for keys, does in pairs
    ]
    return Group(title=SECTION, section=SECTION, rows=tuple(rows))
