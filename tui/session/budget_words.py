"""Budgets in words (pure)."""

from __future__ import annotations

from tui.errors import OutOfCredits
from tui.events.budget import BudgetAnswered, BudgetNeared, Scope
from tui.money import show_credits, show_usd
from tui.text import neutralise

_SCOPES: dict[Scope, str] = {
    "request": "one request", "turn": "this turn", "session": "this session", "day": "today (UTC)",
    "month": "this month (UTC)", "key": "this key", "folder": "this folder",
}  # fmt: skip
SPANS: dict[Scope, str] = {
    "request": "this once", "turn": "for this turn", "session": "for this session",
    "day": "for today", "month": "for this month", "key": "for this month",
    "folder": "for this month",
}  # fmt: skip
"""How long a budget stays raised that is not raised for good."""


def out_of_credits(service: str, left: int, needs: int) -> OutOfCredits:
    """The refusal of a request for which a ledger has too little, in nano-credits."""
    name = neutralise(service, strict=True)
    refused = OutOfCredits(
        f"{name} has {show_credits(left)} left, and this request can cost {show_credits(needs)}: "
        "nothing was sent",
        hint=f"`ownkey credits grant N --service {name}` adds some; or choose a model on a key of "
        "your own (F2).",
    )
    refused.service = service
    return refused


def scope_words(scope: Scope, subject: str) -> str:
    """What a budget is for: `today (UTC)`, `the key work`; neutral."""
    if scope == "key" and subject:
        return f"the key {neutralise(subject, strict=True)} this month (UTC)"
    if scope == "folder" and subject:
        return f"{neutralise(subject, strict=True)} this month (UTC)"
    return _SCOPES[scope]


def budget_notice(event: BudgetAnswered | BudgetNeared) -> str:
    """One sentence of what became of a budget: nearly used up, raised, left as it is."""
    if isinstance(event, BudgetNeared):
        used, limit = show_usd(event.used_nano), show_usd(event.limit_nano)
        words = scope_words(event.scope, event.subject)
        return f"{used} of the budget of {limit} for {words} are used"
    amount = show_usd(event.nano)
    match event.choice:
        case "span":
            return f"budget raised by you to {amount} for now"
        case "good":
            return f"budget raised by you to {amount} for good"
        case "once":
            return "let through by you this once"
        case "ceiling":
            return f"one request may cost up to {amount}, you said"
        case "model":
            return f"went on with {neutralise(event.model or 'another model', strict=True)}"
        case "changed":
            return "the budgets were changed: went on"
        case "stop":
            return "stopped at the budget by you"
