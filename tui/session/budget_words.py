"""Budgets in words (pure)."""

from __future__ import annotations

from tui.events.budget import BudgetNeared, Scope
from tui.money import show_usd
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


def scope_words(scope: Scope, subject: str) -> str:
    """What a budget is for: `today (UTC)`, `the key work`; neutral."""
    if scope == "key" and subject:
        return f"the key {neutralise(subject, strict=True)} this month (UTC)"
    if scope == "folder" and subject:
        return f"{neutralise(subject, strict=True)} this month (UTC)"
    return _SCOPES[scope]


def neared_words(event: BudgetNeared) -> str:
    """`$8.12 of the $10.00 for today (UTC) are used up`."""
    used, limit = show_usd(event.used_nano), show_usd(event.limit_nano)
    return f"{used} of the budget of {limit} for {scope_words(event.scope, event.subject)} are used"
