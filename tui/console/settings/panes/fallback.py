"""What a failed request may fall back to, and the rules that were made where one had failed."""

from __future__ import annotations

from tui.console.settings.panes.values import setting_rows
from tui.console.settings.rows import ForgetFallback, Group, Line, Row
from tui.console.settings.world import World
from tui.session.words import ERRORS
from tui.settings.search import Entry
from tui.settings.values import split_amounts

SECTION = "Fallback"
RULES = "credits.fallback_rules"
WORDS = ("fallback rule", "always", "forget", "take back", "credits", "rate limit")


def fallback_pane(world: World) -> Group:
    """The settings, then a row for each rule."""
    text = world.values[RULES]
    rules = split_amounts(text) if isinstance(text, str) else {}
    rows = (*setting_rows(SECTION, world), *(_rule(*one, world) for one in rules.items()))
    return Group(title=SECTION, section=SECTION, rows=rows, count=len(rules) or None)


def _rule(kind: str, usd: str, world: World) -> Row:
    after = ERRORS.get(kind, kind.replace("_", " "))
    title = f"On credits after: {after}"
    held = world.fallback_off
    why = (
        "Not in force: credit fallback is switched off."
        if held
        else ("Without a question, for the failed request alone; more is asked first.")
    )
    return Row(
        entry=Entry(
            id=f"fallback rule {kind}",
            title=title,
            section=SECTION,
            value=usd,
            default=None,
            help=why,
            kind="connection",
            words=WORDS,
        ),
        act=ForgetFallback(kind),
        head=Line(
            ((title, "$mute" if held else "$text"),),
            ((f"up to ${usd} a turn", "$mute" if held else "$soft"),),
        ),
        help=why,
        aside=(("D forgets it", "$faint"),),
    )
