"""What a call would do, put before the rules: one verdict, whatever the tool."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

import msgspec

from tui.permissions.book import ApprovalBook
from tui.permissions.facts import look_at
from tui.permissions.lookups import Machine
from tui.permissions.rules import (
    Verdict,
    decide_call,
    decide_change,
    decide_command,
    decide_fetch,
    decide_reading,
)
from tui.protected import Border
from tui.session.ports import FileChange, Judging, ToolVerdict
from tui.session.replies import RuleRow
from tui.tools.effects import (
    Asking,
    Calling,
    Changing,
    Effect,
    Fetching,
    Nothing,
    Reading,
    Running,
)
from tui.tools.sandbox import Sandbox


class Judged(msgspec.Struct, frozen=True):
    """The verdict, and the real paths that a yes to it opens."""

    verdict: ToolVerdict
    granted: frozenset[Path] = frozenset()


class Judge:
    """The rules of this machine's person. Blocks; safe across threads.

    Args:
        book: What was allowed for good.
        environ: Where programs are looked for.
    """

    def __init__(self, book: ApprovalBook, environ: Mapping[str, str]) -> None:
        self._book = book
        self._environ = environ

    def listed(self) -> tuple[RuleRow, ...]:
        """See `tui.session.ports.RuleBook`."""
        return tuple(
            RuleRow(rule=rule, folder=folder)
            for folder, rules in self._book.listed().items()
            for rule in rules
        )

    def remove(self, rule: str, folder: str) -> bool:
        """See `tui.session.ports.RuleBook`."""
        return self._book.remove(folder, rule)

    def remember(self, rule: str, folder: Path) -> None:
        """Let what this rule covers run in this folder from now on. Raises OwnkeyError."""
        self._book.add(folder, rule)

    def __call__(
        self, name: str, effect: Effect, border: Border, by: Judging, sandbox: Sandbox | None
    ) -> Judged:
        """The verdict on what a call of tool `name` would do."""
        match effect:
            case Reading():
                return _reading(effect, border, by)
            case Changing():
                return self._changing(name, effect, border, by)
            case Running():
                return self._running(effect, border, by, sandbox)
            case Fetching():
                return self._fetching(effect, border, by)
            case Calling():
                said = decide_call(
                    by.mode, effect.tool, effect.digest, self._rules(border, by),
                    changed=effect.changed,
                )  # fmt: skip
                return Judged(_verdict(said, what=effect.shown, sandbox=effect.reach))
            case Asking():
                why = "asks the person"
                return Judged(ToolVerdict(verdict="allow", why=why, what=effect.question))
            case Nothing():
                why = "touches nothing outside the conversation"
                return Judged(ToolVerdict(verdict="allow", why=why, what=name))
            case _:
                assert_never(effect)

    def _rules(self, border: Border, by: Judging) -> tuple[str, ...]:
        return (*self._book.rules_for(border.workspace), *sorted(by.given), *by.allow)

    def _changing(self, name: str, effect: Changing, border: Border, by: Judging) -> Judged:
        facts = look_at((effect.asked,), border)
        rules = self._rules(border, by)
        said = decide_change(by.mode, facts, rules, tool=name, folder=border.workspace)
        if any(fact.real != effect.path for fact in facts):
            said = Verdict("ask", f"{effect.asked} leads elsewhere than a moment ago")
        note = f" ({effect.note})" if effect.note else ""
        # The same call again is the same bytes again, not any change of the same file.
        bytes_of_it = hashlib.sha256(effect.after or b"").hexdigest()
        verdict = _verdict(
            said,
            what=str(effect.path),
            exact=f"{effect.path} as {bytes_of_it}",
            why=f"{said.why}{note}",
            diff=effect.diff,
            change=FileChange(path=str(effect.path), before=effect.before, after=effect.after),
        )
        return Judged(verdict, frozenset((effect.path,)))

    def _running(
        self, effect: Running, border: Border, by: Judging, sandbox: Sandbox | None
    ) -> Judged:
        from tui.permissions.shell import judge_command

        judged = judge_command(
            effect.command,
            cwd=effect.cwd,
            border=border,
            lookups=Machine(border, self._environ),
            rules=self._rules(border, by),
        )
        said = decide_command(by.mode, judged)
        if effect.network and said.verdict == "allow" and said.rule is not None:
            said = Verdict("ask", "asks for the network, which no rule covers")
        elif effect.network and said.verdict == "ask":
            said = msgspec.structs.replace(said, why=f"{said.why}; with the network", suggest=None)
        network = ", with the network" if effect.network else ""
        verdict = _verdict(
            said,
            what=effect.command,
            exact=f"{effect.command}\nin {effect.cwd}{network}",
            sandbox=sandbox.describe(network=effect.network) if sandbox else "",
        )
        return Judged(verdict)

    def _fetching(self, effect: Fetching, border: Border, by: Judging) -> Judged:
        said = decide_fetch(by.mode, effect.address, self._rules(border, by))
        if effect.body and said.verdict == "allow":
            said = Verdict("ask", "sends more than the address, which no rule covers")
        what = "\n".join((f"{effect.method} {effect.address}", effect.body)).rstrip()
        why = f"{said.why}. {effect.facts}".rstrip(" .")
        return Judged(_verdict(said, what=what, why=why))


def _reading(effect: Reading, border: Border, by: Judging) -> Judged:
    facts = look_at(effect.paths, border)
    what = "\n".join(str(fact.real) for fact in facts)
    verdict = _verdict(decide_reading(by.mode, facts), what=what)
    return Judged(verdict, frozenset(fact.real for fact in facts))


def _verdict(
    said: Verdict,
    *,
    what: str,
    why: str | None = None,
    exact: str | None = None,
    diff: str | None = None,
    sandbox: str = "",
    change: FileChange | None = None,
) -> ToolVerdict:
    return ToolVerdict(
        verdict=said.verdict,
        why=said.why if why is None else why,
        what=what,
        exact=exact,
        rule=said.suggest if said.verdict == "ask" else said.rule,
        marks=said.marks,
        diff=diff,
        sandbox=sandbox,
        change=change,
    )
