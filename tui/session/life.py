"""A session's own changes in one sentence each (pure)."""

from __future__ import annotations

from tui.events.budget import BudgetAnswered, BudgetNeared
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.session import GuidesRead, Mode, SessionForked, SessionRewound
from tui.events.tool import ServerTold
from tui.money import show_sum
from tui.session.budget_words import budget_notice
from tui.session.words import counted

_MODES: dict[Mode, str] = {
    "read": "read only",
    "ask": "ask before changes",
    "edit": "edit freely in this folder",
}


def from_now_on(mode: Mode) -> str:
    """How freely the agent works from here."""
    return f"from here on: {_MODES[mode]}"


def forked(event: SessionForked) -> str:
    """Where what stands above comes from."""
    return f"a copy of session {event.source} up to here; both go on by themselves"


def rewound(event: SessionRewound) -> str:
    """What became of what stood here."""
    count = len(event.files)
    files = f"; {count} file{'s are' if count != 1 else ' is'} as before" if count else ""
    left = len(event.left)
    alone = (
        f"; {left} changed by somebody else since, left as {'it is' if left == 1 else 'they are'}"
    )
    return f"went back to here{files}{alone if left else ''}; what followed is kept in the log"


def around(event: GuidesRead | ServerTold | BudgetAnswered | BudgetNeared) -> str:
    """Which of the folder's words the model is told, what is to know of a server, of a budget."""
    match event:
        case BudgetAnswered() | BudgetNeared():
            return budget_notice(event)
        case ServerTold():
            return f"MCP server {event.server} {event.text}"
        case GuidesRead() if not event.files:
            return "the folder's words for agents are gone"
        case GuidesRead():
            return f"the model is told what stands in {', '.join(event.files)}"


def compacted(used: tuple[UsageReported | None, ChargeRecorded | None] | None) -> str:
    """That a summary stands for what is above, and what writing it took."""
    said = "the model goes on with a summary of what stands above"
    if used is None:
        return said
    usage, charge = used
    parts: list[str] = []
    if usage is not None and usage.input is not None:
        parts.append(f"{counted(usage.input)} tokens in")
    if usage is not None and usage.output is not None:
        parts.append(f"{counted(usage.output)} out")
    if charge is None or charge.nano is None:
        parts.append(show_sum(None, 1, sure=False))
    else:
        parts.append(show_sum(charge.nano, 0, sure=charge.sureness in ("exact", "priced")))
    return f"{said}: {', '.join(parts)}"
