"""Who serves a request and who pays, and what follows when it fails: pure functions over values.

The rules stand in `tui.routing.table`; here they are read. What nothing may serve is refused with
the reason and what would help.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from tui.events.route import Payer
from tui.routing import words
from tui.routing.connections import Connection, ConnectionKind
from tui.routing.table import (
    AUTO_MODELS,
    OWN_BEST,
    TABLE,
    Naming,
    PayerRow,
    Plan,
    Refusal,
    Run,
    Table,
)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """All that a route depends on.

    Args:
        model: As picked: `provider/id`, an Auto model, or `own-best`.
        plan, org_size: Of the organisation; a person alone is `personal`, 1.
        run: Where the agent runs, or what the request is for.
        connections: What serves models, in the person's order.
        credit_fallback: The setting `credits.fallback`.
        fallback_kinds: Kinds of error on which the person wants it even where that is off.
    """

    model: str
    plan: Plan = "personal"
    org_size: int = 1
    run: Run = "local"
    connections: tuple[Connection, ...] = ()
    credit_fallback: bool = False
    fallback_kinds: tuple[str, ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The connection, model and payer of one request, with the reason in words.

    Args:
        connection: Where it goes; None where a run uses none of the person's.
        model: What is asked for there: the picked one, or what `own-best` has picked.
        platform_credits: The fee for running the agent is due besides.
        fallback: The credit service that it falls to when it fails; None: it falls nowhere.
        no_fallback: Why not, in words.
        fallback_kinds: The kinds of error that it does for; None: for each that may fall back.
    """

    connection: Connection | None
    payer: Payer
    model: str
    why: str
    platform_credits: bool = False
    fallback: Connection | None = None
    no_fallback: str = ""
    fallback_kinds: tuple[str, ...] | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing may serve the model: the class of reason, why, and what would help."""

    reason: Refusal
    why: str
    hint: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """How a request failed.

    Args:
        kind: contract.md's word.
        tries_left: How many more the wait-and-retry rule allows.
        shown: Some of the answer has been seen: nothing is tried by itself any more (design.md §6).
    """

    kind: str
    tries_left: int = 0
    shown: bool = False


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What follows a failure, and who would pay for it; nobody for a halt (None)."""

    action: Literal["halt", "retry", "fall_back"]
    why: str
    payer: Payer | None = None


def decide(situation: Situation, table: Table = TABLE) -> Route | Refused:
    """The route of a request, from the situation alone.

    Of several connections of a kind: an own key that the folder pins, then the default, then the
    order given; of credit services the first with credits left.
    """
    naming = naming_of(situation.model)
    for row in table.payers:
        if _fits(row, situation, naming):
            serving = _serving(situation, row.served_by, naming)
            if serving or row.served_by is None:
                return _by_row(row, situation, naming, serving, table)
    return _refuse(situation, "no_route")


def then(route: Route | Refused, failure: Failure, table: Table = TABLE) -> Next:
    """What follows when a request on this route fails (rule 10)."""
    if isinstance(route, Refused):
        return Next(action="halt", why="nothing is sent: no route")
    row = next((row for row in table.failures if failure.kind in row.kinds), None)
    may_pass = row is not None and (row.retries or row.falls_back)
    if row is None or not may_pass or failure.shown:
        return Next(action="halt", why=words.halt(failure.kind, shown=may_pass and failure.shown))
    if row.retries and failure.tries_left > 0:
        return Next(action="retry", payer=route.payer, why=words.retry(failure.tries_left))
    may_fall = route.fallback_kinds is None or failure.kind in route.fallback_kinds
    if row.falls_back and route.fallback is not None and may_fall:
        why = words.fall_back(route.fallback, route.model)
        return Next(action="fall_back", payer="credits", why=why)
    why_not = route.no_fallback or words.FALLBACK_OFF
    return Next(action="halt", why=words.halt_without(failure.kind, why_not))


def decide_via(situation: Situation, via: str, table: Table = TABLE) -> Route | Refused:
    """The route over one connection that a person has chosen, where the rules let it serve.

    It falls nowhere by itself: another choice is another question.
    """
    only = tuple(one for one in situation.connections if one.id == via)
    bare = replace(situation, connections=only, credit_fallback=False, fallback_kinds=())
    route = decide(bare, table)
    if isinstance(route, Refused):
        return route
    return replace(route, why=words.chosen(route.why), no_fallback=words.CHOSEN)


def on_credits(service: Connection, model: str) -> str | None:
    """What a credit service is asked for in place of `model`: the same, or else its first."""
    if service.serves(model):
        return model
    return next((one for one in service.models if naming_of(one) == "named"), None)


def naming_of(model: str) -> Naming:
    """How a model is asked for."""
    if model in AUTO_MODELS:
        return "auto"
    return "own_best" if model == OWN_BEST else "named"


def _fits(row: PayerRow, situation: Situation, naming: Naming) -> bool:
    least, most = row.people
    return (
        situation.run in row.runs
        and naming in row.naming
        and situation.plan in row.plans
        and least <= situation.org_size
        and (most is None or situation.org_size <= most)
    )


def _serving(situation: Situation, kind: ConnectionKind | None, naming: Naming) -> list[Connection]:
    """The connections of this kind that serve the model, the one to take first."""
    of_kind = [one for one in situation.connections if one.kind == kind]
    if naming == "own_best":
        serving = [one for one in of_kind if one.models or one.kind == "own_key"]
    else:
        serving = [one for one in of_kind if one.serves(situation.model)]
    return sorted(serving, key=lambda one: (not one.pinned, not one.default))


def _by_row(
    row: PayerRow,
    situation: Situation,
    naming: Naming,
    serving: list[Connection],
    table: Table,
) -> Route | Refused:
    if row.payer is None:
        return _refuse(situation, row.refused, serving)
    if row.payer == "credits":
        return _on_credits(row, situation, serving)
    chosen = serving[0] if serving else None
    model = situation.model
    if naming == "own_best" and chosen is not None and chosen.models:
        model = chosen.models[0]
    platform = situation.plan in row.platform
    fallback, no_fallback = _fallback(situation, naming, row.payer, table)
    return Route(
        connection=chosen,
        payer=row.payer,
        model=model,
        why=words.served(chosen, situation, model=model, among=len(serving), platform=platform),
        platform_credits=platform,
        fallback=fallback,
        no_fallback=no_fallback,
        fallback_kinds=_kinds(situation, table),
    )


def _on_credits(
    row: PayerRow, situation: Situation, serving: Sequence[Connection]
) -> Route | Refused:
    """Rule 3: a service that offers the model and has credits left, or why there is none."""
    offering = _serving(situation, "credits", "named")
    if not offering:
        return _refuse(situation, row.refused, serving)
    service = next((one for one in offering if one.has_credits), None)
    if service is None:
        return _refuse(situation, "out_of_credits", offering)
    platform = situation.plan in row.platform
    return Route(
        connection=service,
        payer="credits",
        model=situation.model,
        why=words.on_credits(service, situation, barred=bool(serving), platform=platform),
        platform_credits=platform,
        no_fallback=words.NOT_FROM_CREDITS,
    )


def _fallback(
    situation: Situation, naming: Naming, payer: Payer, table: Table
) -> tuple[Connection | None, str]:
    """The credit service that a failed request may fall to, or why it may to none."""
    rule = table.fallback
    if payer not in rule.payers:
        return None, words.NOBODY_PAYS
    if naming not in rule.naming:
        return None, words.OWN_BEST_STAYS
    wanted = situation.credit_fallback or situation.fallback_kinds
    if rule.setting is not None and not wanted:
        return None, words.FALLBACK_OFF
    left = [
        one
        for one in situation.connections
        if one.kind == "credits"
        and one.has_credits
        and any(naming_of(model) == "named" for model in one.models)
    ]
    left.sort(key=lambda one: not one.serves(situation.model))
    return (left[0], "") if left else (None, words.NO_CREDITS_LEFT)


def _kinds(situation: Situation, table: Table) -> tuple[str, ...] | None:
    """The kinds of error that a fallback does for, beside what the rules say; None: no less."""
    if situation.credit_fallback or table.fallback.setting is None:
        return None
    return situation.fallback_kinds


def _refuse(situation: Situation, reason: Refusal, concerned: Sequence[Connection] = ()) -> Refused:
    why, hint = words.refusal(situation, reason, concerned)
    return Refused(reason=reason, why=why, hint=hint)
