"""What can be said where a budget is in the way: the same answers on every screen (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tui.billing.budget import LEAST_TOKENS, Limit, Room, Worst, raised_to
from tui.events.base import SessionId
from tui.events.budget import BudgetChoice, BudgetReached, CeilingAsked
from tui.money import product, show_usd
from tui.session.budget_words import SPANS, scope_words
from tui.session.commands import AnswerBudget
from tui.session.replies import ModelRow
from tui.text import neutralise

CEILINGS = (100_000_000, 500_000_000, 2_000_000_000)
"""Offered for a request of a model without a price: ten cents, half a dollar, two dollars."""
_MILLION = Decimal("1e-6")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: its words, what there is to know of it, and what is sent."""

    words: str
    aside: str
    choice: BudgetChoice
    nano: int | None = None
    model: str | None = None

    def command(self, session: SessionId, asked: BudgetReached | CeilingAsked) -> AnswerBudget:
        return AnswerBudget(
            session=session, call=asked.call, choice=self.choice, nano=self.nano, model=self.model
        )


def title_of(asked: BudgetReached | CeilingAsked) -> str:
    """What is the matter; neutral."""
    if isinstance(asked, CeilingAsked):
        return f"{neutralise(asked.model, strict=True)} has no known price"
    return f"The budget for {scope_words(asked.scope, asked.subject)} is reached"


def body_of(asked: BudgetReached | CeilingAsked) -> str:
    """What is to be known before an answer; neutral."""
    if isinstance(asked, CeilingAsked):
        return (
            "There are budgets, and nothing says what a request of it costs. With a ceiling each "
            "of its requests counts that much, in this session."
        )
    model = neutralise(asked.model, strict=True)
    if asked.scope == "request":
        said = f"The next request to {model} can cost {show_usd(asked.needs_nano)}"
        return f"{said}, more than {show_usd(asked.limit_nano)}. Nothing was sent."
    sure = f", {show_usd(asked.unknown_nano)} of it not sure" if asked.unknown_nano else ""
    return (
        f"{show_usd(asked.used_nano)} of {show_usd(asked.limit_nano)} used{sure}. The next "
        f"request to {model} can cost {show_usd(asked.needs_nano)}. Nothing was sent, and all "
        "above is kept."
    )


def answers_to(
    asked: BudgetReached | CeilingAsked, models: Sequence[ModelRow] = ()
) -> tuple[Answer, ...]:
    """The answers in their order, the last one stops.

    Args:
        asked: The question.
        models: Those that can be picked: one that the budget still has room for is offered.
    """
    stop = Answer(words="Stop here", aside="what is above stays", choice="stop")
    if isinstance(asked, CeilingAsked):
        given = [
            Answer(
                words=f"Up to {show_usd(nano)} a request", aside="", choice="ceiling",
                nano=nano, model=asked.model,
            )
            for nano in CEILINGS
        ]  # fmt: skip
        return (*given, stop)
    room = Room(limit=Limit(scope=asked.scope, nano=asked.limit_nano), used=asked.used_nano)
    # In one step as far as the request was meant to go, or at least so far that it passes.
    nano = raised_to(room, asked.whole_nano)
    found: list[Answer] = []
    if asked.scope != "request":
        words = f"Raise it to {show_usd(nano)} {SPANS[asked.scope]}"
        found.append(Answer(words=words, aside="then as before", choice="span", nano=nano))
    found.append(
        Answer(
            words=f"Raise it to {show_usd(nano)} for good",
            aside="changes the setting", choice="good", nano=nano,
        )
    )  # fmt: skip
    found.append(
        Answer(
            words="Let this one request through",
            aside=f"up to {show_usd(asked.whole_nano)} over the budgets", choice="once",
        )
    )  # fmt: skip
    if (other := _cheaper(asked, models)) is not None:
        row, most = other
        name = neutralise(row.name, strict=True)
        found.append(
            Answer(
                words=f"Go on with {name}", choice="model", model=row.id,
                aside=f"up to {show_usd(most)} for the next request",
            )
        )  # fmt: skip
    return (*found, stop)


def _cheaper(asked: BudgetReached, models: Sequence[ModelRow]) -> tuple[ModelRow, int] | None:
    """The dearest model that the room still holds, of the same payer, and its most."""
    left = asked.limit_nano - asked.used_nano
    payer = next((row.payer for row in models if row.id == asked.model), None)
    fitting: list[tuple[int, ModelRow]] = []
    for row in models:
        same = row.payer is not None and row.payer == payer and not row.refused
        worst = _worst(row, asked.prompt_tokens) if same and row.id != asked.model else None
        if worst is not None and (most := worst.nano(LEAST_TOKENS)) <= left:
            fitting.append((most, row))
    if not fitting:
        return None
    most, row = max(fitting, key=lambda one: one[0])
    return row, most


def _worst(row: ModelRow, tokens: int) -> Worst | None:
    given, made = [row.input_usd, row.cache_write_usd], [row.output_usd]
    for step in row.steps:
        if tokens > step.above:
            given += [step.input_usd, step.cache_write_usd]
            made.append(step.output_usd)
    dearest = [
        max((Decimal(one) for one in prices if one is not None), default=None)
        for prices in (given, made)
    ]
    if dearest[0] is None or dearest[1] is None:
        return None
    return Worst(
        prompt_usd=product(dearest[0], _MILLION, tokens),
        token_usd=product(dearest[1], _MILLION),
        prompt_tokens=tokens,
    )
