"""The panes of the settings in their order, and what a search leaves of them (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from tui.console.guard import failure_words
from tui.console.settings.panes.approvals import approvals_pane
from tui.console.settings.panes.credits import SECTION as CREDITS
from tui.console.settings.panes.credits import credits_pane
from tui.console.settings.panes.endpoints import endpoints_pane
from tui.console.settings.panes.fallback import fallback_pane
from tui.console.settings.panes.keys import keys_pane
from tui.console.settings.panes.local import local_pane
from tui.console.settings.panes.privacy import privacy_pane
from tui.console.settings.panes.servers import servers_pane
from tui.console.settings.panes.shortcuts import shortcuts_pane
from tui.console.settings.panes.values import fact, settings_pane
from tui.console.settings.rows import Group, Line, Row
from tui.console.settings.world import World
from tui.settings.search import Index
from tui.text import neutralise

Pane = Callable[[World], Group]

PANES: tuple[tuple[str, Pane], ...] = (
    ("API keys", keys_pane),
    ("Endpoints", endpoints_pane),
    ("Local models", local_pane),
    ("Models", settings_pane("Models")),
    (CREDITS, credits_pane),
    ("Budgets", settings_pane("Budgets")),
    ("Fallback", fallback_pane),
    ("Approvals", approvals_pane),
    ("MCP servers", servers_pane),
    ("Appearance", settings_pane("Appearance")),
    ("Keys & shortcuts", shortcuts_pane),
    ("Privacy", privacy_pane),
)
"""The sections that there is something real for."""

_FORGET = {"remove", "delete", "forget", "revoke", "logout", "out"}
_CHECK = {"check", "test", "verify", "valid", "works"}
_DEFAULT = {"default", "switch", "which"}


def intent(query: str) -> str:
    """What the person wants of a key, by the words that it was searched for with."""
    words = set(query.casefold().split())
    for name, among in (("forget", _FORGET), ("check", _CHECK), ("default", _DEFAULT)):
        if words & among:
            return name
    return "replace"


def all_groups(world: World) -> list[Group]:
    """Every pane's rows; one that fails has a row that says so, and the others are as they are."""
    groups: list[Group] = []
    if world.problems:
        rows = tuple(_problem(at, text) for at, text in enumerate(world.problems))
        groups.append(Group(title="The settings file", rows=rows))
    for section, pane in PANES:
        try:
            groups.append(pane(world))
        except Exception as error:  # the pane's outermost edge
            row = fact(f"{section} failed", failure_words("This part", error), section, "")
            bad = msgspec.structs.replace(row, head=Line(((row.entry.title, "$bad"),)))
            groups.append(Group(title=section, section=section, rows=(bad,)))
    return groups


class Finder:
    """Searches the rows of all groups at each key."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._rows = {row.entry.id: row for group in groups for row in group.rows}
        self._of = {row.entry.id: group for group in groups for row in group.rows}
        self._index = Index(row.entry for row in self._rows.values() if row.when != "listed")

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def found(self, query: str) -> list[Group]:
        """All groups where the query says nothing; else what fits, the best one's section first."""
        if not query.strip():
            return [_listed(group) for group in self._groups]
        rows = [self._rows[entry.id] for entry in self._index.search(query)]
        if not rows:
            return []
        best = self._of[rows[0].entry.id]
        first = tuple(row for row in rows if self._of[row.entry.id] is best)
        others = tuple(row for row in rows if self._of[row.entry.id] is not best)
        groups = [msgspec.structs.replace(best, rows=first)]
        return groups + ([Group(title="Also found", rows=others)] if others else [])


def _listed(group: Group) -> Group:
    rows = tuple(row for row in group.rows if row.when != "found")
    return msgspec.structs.replace(group, rows=rows)


def _problem(at: int, text: str) -> Row:
    said = neutralise(text, strict=True)
    row = fact(f"problem {at}", said, "", "", "problem", "broken")
    return msgspec.structs.replace(row, head=Line(()), help=said, marker=("!", "$warn"))
