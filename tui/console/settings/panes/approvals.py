"""How freely the agent works, and what was allowed for good."""

from __future__ import annotations

from tui.console.settings.panes.values import fact, setting_rows
from tui.console.settings.rows import Group, Line, Row, TakeBackRule
from tui.console.settings.world import World
from tui.session.replies import RuleRow
from tui.settings.search import Entry
from tui.text import neutralise

SECTION = "Approvals"
WORDS = ("rule", "always allow", "permission", "revoke", "take back", "allowed command")


def approvals_pane(world: World) -> Group:
    """The mode, then the rules."""
    rows = list(setting_rows(SECTION, world))
    rules = world.rules
    match rules:
        case None:
            pass
        case str():
            why = neutralise(rules)
            rows.append(fact("rules.trouble", "The rules cannot be listed", SECTION, why, *WORDS))
        case ():
            none = "Answer an approval with “always here” and the rule stands here."
            rows.append(fact("rules.none", "Nothing is allowed for good", SECTION, none, *WORDS))
        case _:
            rows += [_rule_row(rule, world) for rule in rules]
    count = len(rules) if isinstance(rules, tuple) else None
    return Group(title=SECTION, section=SECTION, rows=tuple(rows), count=count or None)


def rule_id(rule: RuleRow) -> str:
    """Names one rule of one folder."""
    return f"rule {rule.folder} {rule.rule}"


def _rule_row(rule: RuleRow, world: World) -> Row:
    words = neutralise(rule.rule, strict=True)
    folder = neutralise(rule.folder, strict=True)
    since = f", since {rule.added.date().isoformat()}" if rule.added else ""
    sure = world.doomed == rule
    does = ("D again takes it back", "$warn") if sure else ("D takes it back", "$faint")
    return Row(
        entry=Entry(
            id=rule_id(rule),
            title=words,
            section=SECTION,
            value="allowed",
            default=None,
            help=f"Always allowed in {folder}.",
            kind="connection",
            words=WORDS,
        ),
        act=TakeBackRule(rule),
        head=Line(((words, "$text"),), (("always allowed", "$soft"),)),
        notes=(Line(((f"in {folder}{since}", "$mute"),), (does,)),),
    )
