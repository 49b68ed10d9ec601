"""The answers to a running turn's questions, as commands; `commands` has the others."""

from __future__ import annotations

from typing import Any, Literal

from tui.events.base import CallId, SessionId
from tui.events.budget import BudgetChoice
from tui.events.failing import PayerChoice
from tui.session.bases import Command


class AnswerApproval(Command, tag="answer_approval", frozen=True, kw_only=True):
    """The person's yes or no to a call that waits (`tui.events.tool.ApprovalDecided`). → Done"""

    session: SessionId
    call: CallId
    allow: bool
    scope: Literal["once", "session", "always"] = "once"
    said: str | None = None
    args: dict[str, Any] | None = None


class AnswerPerson(Command, tag="answer_person", frozen=True, kw_only=True):
    """The person's answer to what the model asked. → Done"""

    session: SessionId
    call: CallId
    answer: str


class AnswerBudget(Command, tag="answer_budget", frozen=True, kw_only=True):
    """What goes on where a budget is in the way (`tui.events.budget.BudgetAnswered`). → Done"""

    session: SessionId
    call: CallId
    choice: BudgetChoice
    nano: int | None = None
    model: str | None = None


class AnswerWayOut(Command, tag="answer_way_out", frozen=True, kw_only=True):
    """How a failed request goes on (`tui.events.failing.WayOutAsked`). → Done

    Args:
        way: Its place among the ways, from 0; None: the turn stops.
        always: And from now on without a question, as far as the question says.
    """

    session: SessionId
    call: CallId
    way: int | None
    always: bool = False


class AnswerPayer(Command, tag="answer_payer", frozen=True, kw_only=True):
    """Whether another may pay (`tui.events.failing.PayerAsked`). → Done"""

    session: SessionId
    call: CallId
    choice: PayerChoice


Answering = AnswerApproval | AnswerPerson | AnswerBudget | AnswerWayOut | AnswerPayer
"""What the person says to a question of the running turn."""
