"""A budget is in the way, or a model has no price: the panel (pure but for what answers do)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.console.panels.answers import Choice
from tui.console.panels.approval import STOPS
from tui.console.panels.choices import Question
from tui.console.transcript.lines import styled
from tui.events.budget import BudgetReached, CeilingAsked
from tui.money import show_usd
from tui.session.budget_choices import Answer, answers_to, body_of, title_of
from tui.session.replies import ModelRow


def budget_question(
    asked: BudgetReached | CeilingAsked,
    models: Sequence[ModelRow],
    answer: Callable[[Answer], None],
) -> Question:
    """The panel; `models` are those that could be picked instead."""
    left = ""
    if isinstance(asked, BudgetReached) and asked.scope != "request":
        left = f"{show_usd(max(asked.limit_nano - asked.used_nano, 0))} left"
    return Question(
        subject=f"budget {asked.call}",
        title=title_of(asked),
        aside=left,
        body=styled(body_of(asked), "mute"),
        choices=tuple(
            Choice(one.words, one.aside, _given(answer, one)) for one in answers_to(asked, models)
        ),
        bar="warn",
        keys=(("F2", "other models"), ("F3", "budgets"), STOPS),
    )


def _given(answer: Callable[[Answer], None], one: Answer) -> Callable[[], None]:
    return lambda: answer(one)
