from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from msgspec.structs import replace

from tests.route_oracle import MAY_WAIT, what_follows, who_pays
from tests.route_world import (
    ANY_KIND,
    FAILURES,
    MODELS,
    changed_tables,
    situations,
    some_situations,
)
from tests.seeds import kept_and_new, seeded
from tui.routing import policy
from tui.routing.policy import Refused, Route, Situation, decide, then
from tui.routing.table import TABLE, Table

OWN = ("own_key", "endpoint", "cloud_account")
MAY_FALL = MAY_WAIT | {"quota"}
NAME = "route-rules"


def said(route: Route | Refused) -> tuple[object, ...]:
    """As the oracle says it."""
    if isinstance(route, Refused):
        return None, None, False, route.reason
    connection = None if route.connection is None else route.connection.id
    return route.payer, connection, route.platform_credits, None


def differences(
    some: Iterable[Situation], failures: list, table: Table = TABLE
) -> Iterator[tuple[object, ...]]:
    """Where the function is not of the oracle's opinion."""
    for it in some:
        route, expected = decide(it, table), who_pays(it)
        if said(route) != expected:
            yield it, said(route), expected
            continue
        for failure in failures:
            step, follows = then(route, failure, table), what_follows(it, expected, failure)
            if (step.action, step.payer) != follows:
                yield it, failure, step, follows


def spends_unasked(some: Iterable[Situation], failures: list, table: Table = TABLE):
    """Promise 4: what takes credits after a failure on an own route, with the fallback off.

    And with a rule for other kinds of error than the one that it was.
    """
    for it in some:
        route = decide(it, table)
        if it.credit_fallback or isinstance(route, Refused) or route.payer not in OWN:
            continue
        for failure in failures:
            if failure.kind in it.fallback_kinds and failure.kind in MAY_FALL:
                continue
            step = then(route, failure, table)
            if step.action == "fall_back" or step.payer not in (None, route.payer):
                yield it, failure, step


@pytest.mark.parametrize("seed", kept_and_new(NAME))
def test_the_function_follows_the_rules_as_they_are_written(seed: int):
    with seeded(NAME, seed) as chance:
        some = some_situations(chance, 8_000)
        assert next(differences(some, chance.sample(FAILURES, 20)), None) is None


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_function_follows_the_rules_over_the_whole_product():
    assert next(differences(situations(), FAILURES), None) is None


@pytest.mark.parametrize("seed", kept_and_new(NAME))
def test_failed_own_key_request_takes_no_credits_with_fallback_off(seed: int):
    with seeded(NAME, seed) as chance:
        some = some_situations(chance, 8_000)
        assert next(spends_unasked(some, chance.sample(FAILURES, 20)), None) is None


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_no_failed_own_key_request_of_the_whole_product_takes_credits_with_fallback_off():
    assert next(spends_unasked(situations(), FAILURES), None) is None


def test_a_table_that_lets_a_failed_request_take_credits_unasked_is_found_out():
    unasked = replace(TABLE, fallback=replace(TABLE.fallback, setting=None))
    some = some_situations(random.Random(1), 8_000)
    assert next(spends_unasked(some, FAILURES, unasked), None) is not None


RULED = [
    kinds for one in ANY_KIND for kinds in ((one,), tuple(kind for kind in ANY_KIND if kind != one))
]
"""A rule for each kind alone, and one for all the others."""


@pytest.mark.parametrize("kinds", RULED, ids=lambda kinds: f"{len(kinds)} {kinds[0]}")
def test_a_rule_for_some_kinds_lets_no_other_take_credits(kinds: tuple[str, ...]):
    some = [
        replace(it, credit_fallback=False, fallback_kinds=kinds)
        for it in some_situations(random.Random(2), 400)
    ]
    assert next(spends_unasked(some, FAILURES), None) is None
    assert next(differences(some, FAILURES), None) is None


@pytest.mark.parametrize("mutant", ["a rule is for every kind", "rules are not read"])
def test_a_function_that_reads_the_rules_otherwise_is_found_out(mutant: str, monkeypatch):
    wrong = None if mutant == "a rule is for every kind" else ()
    some = [replace(it, credit_fallback=False) for it in some_situations(random.Random(1), 4_000)]
    monkeypatch.setattr(policy, "_kinds", lambda situation, table: wrong)
    assert next(differences(some, FAILURES), None) is not None
    assert (next(spends_unasked(some, FAILURES), None) is not None) is (wrong is None)


@cache
def telling() -> tuple[Situation, ...]:
    """Enough of the product to tell every single change of the table, in no order."""
    some = list(situations((10, 11), (*MODELS[:7], "own-best")))
    random.Random(1).shuffle(some)
    return tuple(some)


CHANGED = dict(changed_tables(TABLE))


@pytest.mark.parametrize("what", CHANGED)
def test_any_single_change_of_the_table_is_found_out(what: str):
    failures = FAILURES if "fail" in what or "fallback" in what else []
    assert next(differences(telling(), failures, CHANGED[what]), None) is not None


@pytest.mark.parametrize("seed", kept_and_new(NAME))
def test_every_answer_says_why_and_a_refusal_what_would_help(seed: int):
    with seeded(NAME, seed) as chance:
        for it in some_situations(chance, 3_000):
            route = decide(it)
            assert route.why
            assert not isinstance(route, Refused) or route.hint.endswith(".")
            assert all(then(route, failure).why for failure in chance.sample(FAILURES, 3))
