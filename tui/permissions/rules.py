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


RUN_BY_BEING_THERE = (
    ".git", ".github", ".gitlab-ci.yml", ".circleci", ".husky", ".pre-commit-config.yaml",
    ".vscode", ".idea", ".devcontainer", ".envrc", ".direnv", ".mise.toml", ".tool-versions",
    ".mcp.json", ".cursor", ".claude", ".codex", ".gemini", "agents.md", "claude.md",
    "gemini.md", "sitecustomize.py", "usercustomize.py", ".pythonrc.py", ".bashrc",
    ".bash_profile", ".profile", ".zshrc", ".zshenv",
)  # fmt: skip
"""Files and folders whose content another program runs or obeys without a further question."""


def decide_change(mode: Mode, facts: Sequence[PathFacts]) -> Verdict:
    """The verdict on a call that changes a file: the strictest of its paths'.

    Read only refuses; "edit freely" lets changes inside the folder pass, but for secrets and for
    what other programs run by its being there. Outside the folder everything asks.
    """
    verdicts = [_changing(mode, fact) for fact in facts]
    nothing = Verdict("ask", "what it would change is not known")
    return max(verdicts, key=lambda verdict: _STRENGTH[verdict.verdict], default=nothing)


def _changing(mode: Mode, fact: PathFacts) -> Verdict:
    read = _reading(fact)
    if read.verdict == "deny":
        return read
    if mode == "read":
        return Verdict("deny", "read only: Shift+Tab lets the person allow changes")
    if read.verdict == "ask":
        return read
    runs = next((p for p in fact.real.parts if p.casefold() in RUN_BY_BEING_THERE), None)
    if runs is not None:
        return Verdict("ask", f"{fact.real}: other programs run or obey what lies in {runs}")
    match mode:
        case "ask":
            return Verdict("ask", "changes a file of this folder")
        case "edit":
            return Verdict("allow", "edit freely: changes a file of this folder")
        case _:
            assert_never(mode)


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
