"""Allow, ask or deny, and why: pure over facts, no look at the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

import msgspec

from tui.events.session import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.permissions.facts import PathFacts

Decision = Literal["allow", "ask", "deny"]


class Verdict(msgspec.Struct, frozen=True):
    """What the rules say of a call. `why` is for the person: hostile, neutralise to show."""

    verdict: Decision
    why: str


_STRENGTH: dict[Decision, int] = {"allow": 0, "ask": 1, "deny": 2}


def decide_reading(mode: Mode, facts: Sequence[PathFacts]) -> Verdict:
    """The verdict on a call that only reads: the strictest of its paths'.

    Every mode lets reading in the folder pass at once. What is read goes to the model's maker,
    so secrets and whatever lies outside ask; our own files and the system's views of processes
    are never read.
    """
    match mode:
        case "read" | "ask" | "edit":
            verdicts = [_reading(fact) for fact in facts]
        case _:
            assert_never(mode)
    allowed = Verdict("allow", "reads inside the folder")
    return max(verdicts, key=lambda verdict: _STRENGTH[verdict.verdict], default=allowed)


def _reading(fact: PathFacts) -> Verdict:
    leads = f"{fact.asked} leads to {fact.real}" if fact.elsewhere else str(fact.real)
    match fact.place:
        case "own":
            return Verdict("deny", f"{leads}: ownkey's own settings, keys and store stay closed")
        case "system":
            return Verdict("deny", f"{leads}: the system's view of processes and devices, no file")
        case "outside":
            secret = f", and may hold secrets ({fact.secret})" if fact.secret else ""
            return Verdict("ask", f"{leads}: outside the folder{secret}")
        case "inside":
            if fact.secret:
                return Verdict("ask", f"{leads}: may hold secrets ({fact.secret})")
            return Verdict("allow", "reads inside the folder")
        case _:
            assert_never(fact.place)
