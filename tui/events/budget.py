"""Budgets: one that stands in the way of a request, what the person says to it, one nearly used."""

from __future__ import annotations

from typing import Literal

from tui.events.base import CallId, Event

Scope = Literal["request", "turn", "session", "day", "month", "key", "folder"]
"""What a budget is for. Days and months are UTC; those of a key and a folder are by the month."""

BudgetChoice = Literal["span", "good", "once", "ceiling", "model", "changed", "stop"]
"""What goes on: with another limit for this span of time (a day, a turn) or for good, with this
one request over it, with a ceiling for a model without a price, with another model, because the
settings have changed meanwhile; or nothing."""


class BudgetReached(Event, tag="budget_reached", frozen=True, kw_only=True):
    """A budget does not let the next request through; the turn waits for the person.

    Args:
        call: Names the question.
        subject: Of a key its label, of a folder its path; else empty.
        limit_nano: The budget.
        used_nano: What is spent of it, open requests and those of unknown cost at their most.
        unknown_nano: So much of that nobody can say for sure.
        needs_nano: The most that the request can cost, shortened as far as it may be.
        whole_nano: The same as it would be sent without this budget.
        prompt_tokens: So many it may have, for what another model would cost.
    """

    call: CallId
    scope: Scope
    subject: str
    model: str
    limit_nano: int
    used_nano: int
    unknown_nano: int
    needs_nano: int
    whole_nano: int
    prompt_tokens: int


class CeilingAsked(Event, tag="ceiling_asked", frozen=True, kw_only=True):
    """There are budgets, and the model has no price: what may one request of it cost at most?"""

    call: CallId
    model: str


class BudgetAnswered(Event, tag="budget_answered", frozen=True, kw_only=True):
    """What the person said; the turn goes on, or has stopped.

    Args:
        nano: The new limit, or the ceiling; None: none was given.
        model: That of a ceiling, or the one that it goes on with.
    """

    call: CallId
    choice: BudgetChoice
    nano: int | None = None
    model: str | None = None


class BudgetNeared(Event, tag="budget_neared", frozen=True, kw_only=True):
    """Most of a budget is used up; said once for each span of time."""

    scope: Scope
    subject: str
    limit_nano: int
    used_nano: int
