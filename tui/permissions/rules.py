"""Allow, ask or deny, and why: pure over facts, no look at the machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, assert_never

import msgspec

from tui.events.session import Mode
from tui.permissions.rule_text import FetchRule, McpRule, PathRule, Rule, parsed_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.permissions.facts import PathFacts
    from tui.permissions.shell import CommandVerdict

Decision = Literal["allow", "ask", "deny"]

_RUN_BY_OTHERS = re.compile(
    r"(?:^|/)(?:\.git|\.hg|\.svn|\.jj|\.husky|\.githooks|\.github|\.gitlab|\.circleci|\.buildkite"
    r"|\.vscode|\.idea|\.devcontainer|\.claude|\.codex|\.cursor|\.gemini|\.zed|\.fleet)(?:/|$)"
    r"|(?:^|/)(?:\.envrc|\.gitmodules|\.gitattributes|\.gitconfig|\.gitlab-ci\.ya?ml|\.travis\.yml"
    r"|azure-pipelines\.ya?ml|jenkinsfile|\.drone\.yml|\.pre-commit-config\.ya?ml|lefthook\.ya?ml"
    r"|\.mcp\.json|agents(?:\.override)?\.md|claude(?:\.local)?\.md|gemini\.md|\.cursorrules"
    r"|\.(?:bash|zsh|k?sh)(?:rc|_profile|_login|_logout|env)|\.z(?:login|logout|profile)|\.profile"
    r"|\.vimrc|\.exrc|\.nvimrc|\.gdbinit|\.inputrc|\.tmux\.conf|sitecustomize\.py"
    r"|usercustomize\.py|[^/]+\.code-workspace)$"
)
"""Files of a folder that other programs obey or run unasked, or that we read as guidance."""


class Verdict(msgspec.Struct, frozen=True):
    """What the rules say of a call. `why` is for the person: hostile, neutralise to show.

    Args:
        rule: The rule that allowed it, exactly as it was given; else None.
        marks: Characters of what would happen that made it ask, half-open.
        suggest: The rule that "always here" would add; None where one would be dangerous.
    """

    verdict: Decision
    why: str
    rule: str | None = None
    marks: tuple[tuple[int, int], ...] = ()
    suggest: str | None = None


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


def _which(fact: PathFacts, verb: str = "is") -> str:
    """The path and a verb, as a reason that follows `because`."""
    if fact.elsewhere:
        return f"{fact.asked} leads to {fact.real}, which {verb}"
    return f"{fact.real} {verb}"


def _reading(fact: PathFacts) -> Verdict:
    leads = f"{fact.asked} leads to {fact.real}" if fact.elsewhere else str(fact.real)
    match fact.place:
        case "own":
            return Verdict("deny", f"{leads}: ownkey's own settings, keys and store stay closed")
        case "system":
            return Verdict("deny", f"{leads}: the system's view of processes and devices, no file")
        case "outside":
            secret = f", and may hold secrets ({fact.secret})" if fact.secret else ""
            return Verdict("ask", f"{_which(fact)} outside the folder{secret}")
        case "inside":
            if fact.secret:
                return Verdict("ask", f"{_which(fact, 'may')} hold secrets ({fact.secret})")
            return Verdict("allow", "reads inside the folder")
        case _:
            assert_never(fact.place)


def decide_change(
    mode: Mode, facts: Sequence[PathFacts], rules: Sequence[str], *, tool: str, folder: Path
) -> Verdict:
    """The verdict on a call of `edit` or `write` that changes these files: the strictest of them.

    `folder` is the workspace's real path: patterns of rules count from it. No mode and no rule
    lets a call change secrets, or what other programs run unasked, without a question.
    """
    known = parsed_rules(rules)
    verdicts = [_change(mode, fact, known, tool, folder) for fact in facts]
    nothing = Verdict("ask", "what it changes is not known")
    return max(verdicts, key=lambda verdict: _STRENGTH[verdict.verdict], default=nothing)


def _change(
    mode: Mode, fact: PathFacts, rules: Sequence[tuple[str, Rule]], tool: str, folder: Path
) -> Verdict:
    leads = f"{fact.asked} leads to {fact.real}" if fact.elsewhere else str(fact.real)
    match fact.place:
        case "own":
            return Verdict("deny", f"{leads}: ownkey's own settings, keys and store stay closed")
        case "system":
            return Verdict("deny", f"{leads}: the system's view of processes and devices, no file")
        case "outside" | "inside" if mode == "read":
            return Verdict("deny", "the session is read only: nothing is changed")
        case "outside":
            return Verdict("ask", f"{_which(fact)} outside the folder")
        case "inside":
            return _change_inside(mode, fact, rules, tool, folder)
        case _:
            assert_never(fact.place)


def _change_inside(
    mode: Mode, fact: PathFacts, rules: Sequence[tuple[str, Rule]], tool: str, folder: Path
) -> Verdict:
    path = str(fact.real.relative_to(folder))
    if fact.secret:
        return Verdict("ask", f"{path} may hold secrets ({fact.secret})")
    asked = str(fact.asked.relative_to(folder)) if fact.asked.is_relative_to(folder) else path
    if any(_RUN_BY_OTHERS.search(one.casefold()) for one in (path, asked)):
        return Verdict("ask", f"other programs run or obey {path} unasked")
    for text, rule in rules:
        if isinstance(rule, PathRule) and rule.covers(tool, path):
            return Verdict("allow", f"allowed here by {text}", rule=text)
    match mode:
        case "edit":
            return Verdict("allow", "changes files in the folder")
        case "ask":
            suggest = None if re.search(r"[*?\[\]]", path) else f"{tool}: {path}"
            return Verdict("ask", f"it changes {path}", suggest=suggest)
        case "read":
            return Verdict("deny", "the session is read only: nothing is changed")
        case _:
            assert_never(mode)


def decide_fetch(mode: Mode, address: str, rules: Sequence[str]) -> Verdict:
    """The verdict on a request to an address: it asks in every mode, since it sends.

    A rule covers its exact host (and port), over https or to this machine.
    """
    from tui.address import check_address

    checked = check_address(address)
    if checked.verdict == "reject":
        return Verdict("deny", checked.why)
    for text, rule in parsed_rules(rules):
        covers = isinstance(rule, FetchRule) and rule.host == checked.host_shown
        if covers and checked.verdict == "accept":
            return Verdict("allow", f"allowed here by {text}", rule=text)
    match mode:
        case "read" | "ask" | "edit":
            suggest = f"fetch: {checked.host_shown}" if checked.verdict == "accept" else None
            why = f"sends a request to {checked.host_shown}"
            return Verdict("ask", why if suggest else f"{why}. {checked.why}", suggest=suggest)
        case _:
            assert_never(mode)


def decide_call(
    mode: Mode, tool: str, digest: str, rules: Sequence[str], *, changed: bool = False
) -> Verdict:
    """The verdict on a call of an MCP server's tool: it asks, whatever the server says of it.

    A rule covers the tool as it was defined when the rule was given, and no other definition.

    Args:
        mode: How freely the agent works: read only refuses what is not known to read.
        tool: As it is offered: `server__tool`.
        digest: Of its definition now.
        rules: What was allowed.
        changed: Whether that is another than it was before in this run.
    """
    named = f"{tool}#{digest}"
    known = [(text, rule.name) for text, rule in parsed_rules(rules) if isinstance(rule, McpRule)]
    match mode:
        case "read":
            why = "the session is read only, and what a server's tool does is not known"
            return Verdict("deny", why)
        case "ask" | "edit":
            for text, name in known:
                if name == named:
                    return Verdict("allow", f"allowed here by {text}", rule=text)
            why = "what a server's tool does is not known"
            if any(name.rpartition("#")[0] == tool for _, name in known):
                why = "its definition has changed since it was allowed"
            elif changed:
                why = "its definition has changed since it was first offered"
            return Verdict("ask", why, suggest=f"mcp: {named}")
        case _:
            assert_never(mode)


def decide_command(mode: Mode, judged: CommandVerdict) -> Verdict:
    """The verdict on a command: in read mode what would ask is refused, with the reason."""
    match mode:
        case "read" if judged.verdict == "ask" or judged.rule is not None:
            why = f"the session is read only, and this may do more than read: {judged.why}"
            return Verdict("deny", why, marks=judged.marks)
        case "read" | "ask" | "edit":
            return Verdict(
                judged.verdict,
                judged.why,
                rule=judged.rule,
                marks=judged.marks,
                suggest=judged.suggest,
            )
        case _:
            assert_never(mode)
