"""Every situation that the route rules can tell apart, and every single change of their table."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any

from msgspec.structs import replace

from tests.route_oracle import FOUR_AUTO
from tui.errors import KINDS
from tui.routing.connections import Connection
from tui.routing.policy import Failure, Situation
from tui.routing.table import PLANS, RUNS, Table

SIZES = (1, 10, 11, 5000)
AUTO = sorted(FOUR_AUTO)
MODELS = (
    "google/g", "openai/o", "gw/glm", "bed/claude", "local/small", "other/x", *AUTO, "own-best",
)  # fmt: skip
OFFERED = ("google/g", "other/x", "gw/glm", "bed/claude", "own-best", *AUTO)
"""What credit services say that they offer; `own-best` is ours, whatever they say."""


def own(id: str, provider: str, **more: Any) -> Connection:
    return Connection(id=id, kind="own_key", label=id, provider=provider, **more)


def serving(id: str, kind: Any, *models: str) -> Connection:
    return Connection(id=id, kind=kind, label=id, provider=id, models=models)


def credits_of(id: str, balance: str | None, *models: str) -> Connection:
    left = None if balance is None else Decimal(balance)
    return Connection(id=id, kind="credits", label=id, models=models, balance=left)


KEYS = (
    (),
    (own("g", "google"), own("g2", "google", default=True), own("o", "openai")),
)
ENDPOINTS = ((), (serving("gw", "endpoint", "gw/glm"),), (serving("gw", "endpoint", "google/g"),))
ACCOUNTS = ((), (serving("bed", "cloud_account", "bed/claude"),))
LOCAL = ((), (serving("local", "local", "local/small"),))
CREDITS = (
    (),
    (credits_of("house", "250", *OFFERED),),
    (credits_of("house", "0", *OFFERED),),
    (credits_of("house", None, *OFFERED),),
    (credits_of("poor", "-0.01", *OFFERED), credits_of("rich", "0.000001", *OFFERED)),
    (credits_of("house", "5", "own-best", *AUTO),),
)


def connections() -> list[tuple[Connection, ...]]:
    """Every subset of the kinds, with credits above, at and below 0, and of unknown balance."""
    kinds = product(CREDITS, LOCAL, ACCOUNTS, ENDPOINTS, KEYS)
    return [tuple(one for part in parts for one in part) for parts in kinds]


ANY_KIND = (*KINDS, "unheard_of")
RULES = ("rate_limit", "network", "invalid_key", "unheard_of")
"""Kinds with a rule: some that may fall back, and some that a rule must not make fall."""

CONSENTS: tuple[tuple[bool, tuple[str, ...]], ...] = ((False, ()), (True, ()), (False, RULES))
"""The settings `credits.fallback` and `credits.fallback_rules`."""


def situations(
    sizes: tuple[int, ...] = SIZES, models: tuple[str, ...] = MODELS
) -> Iterator[Situation]:
    """The whole product: 456,192 of them."""
    places = connections()
    for plan, size, run, model in product(PLANS, sizes, RUNS, models):
        for place in places:
            for fallback, kinds in CONSENTS:
                yield Situation(
                    model=model, plan=plan, org_size=size, run=run, connections=place,
                    credit_fallback=fallback, fallback_kinds=kinds,
                )  # fmt: skip


def some_situations(chance: random.Random, count: int) -> list[Situation]:
    """As many of the product by chance."""
    places = connections()
    return [
        Situation(
            model=chance.choice(MODELS), plan=chance.choice(PLANS), org_size=chance.choice(SIZES),
            run=chance.choice(RUNS), connections=chance.choice(places),
            credit_fallback=chance.random() < 0.4,
            fallback_kinds=tuple(chance.sample(ANY_KIND, chance.choice((0, 0, 1, 6)))),
        )
        for _ in range(count)
    ]  # fmt: skip


FAILURES = [
    Failure(kind=kind, tries_left=left, shown=shown)
    for kind in ANY_KIND
    for left, shown in ((0, False), (2, False), (2, True))
]
"""Every kind of error, with tries left and without, and after some of the answer was shown."""


def changed_tables(table: Table) -> Iterator[tuple[str, Table]]:
    """The table with one thing wrong, for each thing that can be, and what it is."""
    for at, row in enumerate(table.payers):
        rest = table.payers[:at], table.payers[at + 1 :]
        yield f"line {at} is gone", replace(table, payers=(*rest[0], *rest[1]))
        for what, wrong in _changed_row(row):
            yield f"line {at}: {what}", replace(table, payers=(*rest[0], wrong, *rest[1]))
    for at, row in enumerate(table.failures):
        for name in ("retries", "falls_back"):
            wrong = replace(row, **{name: not getattr(row, name)})
            rows = (*table.failures[:at], wrong, *table.failures[at + 1 :])
            yield f"failure {at}: {name}", replace(table, failures=rows)
        if row.retries or row.falls_back:
            for kind in row.kinds:
                wrong = replace(row, kinds=_without(row.kinds, kind))
                rows = (*table.failures[:at], wrong, *table.failures[at + 1 :])
                yield f"failure {at}: without {kind}", replace(table, failures=rows)
    for what, wrong in _changed_fallback(table):
        yield f"fallback: {what}", replace(table, fallback=wrong)


def _changed_row(row: Any) -> Iterator[tuple[str, Any]]:
    payers = {"own_key", "endpoint", "cloud_account", "credits", "nobody", None} - {row.payer}
    for payer in sorted(payers, key=str):
        yield f"paid by {payer}", replace(row, payer=payer)
    if row.payer in (None, "credits") and row.served_by is not None:
        other = "no_route" if row.refused == "plan" else "plan"
        yield f"refused as {other}", replace(row, refused=other)
    for name in ("plans", "naming"):
        for one in getattr(row, name):
            yield f"not for {one}", replace(row, **{name: _without(getattr(row, name), one)})
    for plan in row.plans if row.payer is not None else ():
        less = _without(row.platform, plan)
        platform = less if plan in row.platform else (*row.platform, plan)
        yield f"platform credits on {plan}", replace(row, platform=platform)
    least, most = row.people
    if most is not None:
        yield "one more", replace(row, people=(least, most + 1))
        yield "one less", replace(row, people=(least, most - 1))
    elif least > 1:
        yield "one more", replace(row, people=(least + 1, None))


def _changed_fallback(table: Table) -> Iterator[tuple[str, Any]]:
    rule = table.fallback
    yield "asks for no setting", replace(rule, setting=None)
    yield "own-best too", replace(rule, naming=(*rule.naming, "own_best"))
    yield "of what nobody pays", replace(rule, payers=(*rule.payers, "nobody"))
    for payer in rule.payers:
        yield f"not for {payer}", replace(rule, payers=_without(rule.payers, payer))


def _without(values: tuple[Any, ...], one: object) -> tuple[Any, ...]:
    return tuple(value for value in values if value != one)
