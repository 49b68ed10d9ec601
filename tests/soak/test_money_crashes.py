"""Promises 4 and 5 through real requests: a kill -9 at each step in turn, and after a fallback."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.money_child import FALLING, REFUSED, STEPS
from tests.money_world import HOUSE, OWN, MoneyWorld, Spenders, world

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
__all__ = ["world"]

SERVED = STEPS.index("taken")
WRITTEN = STEPS.index("charge written")
SENT = STEPS.index("route written")


def expected(step: str) -> tuple[int, int, int]:
    """What is served, known and unknown after a kill at this step and the next start."""
    at = STEPS.index(step)
    return int(at >= SERVED), int(at >= WRITTEN), int(SENT <= at < WRITTEN)


def counted(world: MoneyWorld, payer: str) -> tuple[int, int, int]:
    bills = world.own.bills if payer == "own_key" else world.house.bills
    known, unknown = world.books()[payer]
    return len(bills), len(known), unknown


def kill_at(world: MoneyWorld, spenders: Spenders, model: str, point: str) -> list[str]:
    """A life that ends there and one that finds it; what is wrong then."""
    payer, step = point.split(": ")
    before = counted(world, payer)
    dead = spenders.live(model, point)
    assert dead.stops == [], f"{point} was not reached"
    spenders.live(model, session=dead.session, turns=0)
    after = counted(world, payer)
    found = tuple(new - old for new, old in zip(after, before, strict=True))
    wanted = expected(step) if step in STEPS else (0, 0, int(step == "before the release"))
    said = world.wrong()
    return said if found == wanted else [*said, f"{point}: {found}, not {wanted}"]


def test_a_kill_between_each_two_steps_leaves_books_that_say_what_was_served(world):
    with Spenders(world) as spenders:
        for payer, model, server in (("own_key", OWN, world.own), ("credits", HOUSE, world.house)):
            for step in STEPS:
                assert kill_at(world, spenders, model, f"{payer}: {step}") == []
            for step in REFUSED:
                server.script([{"error": {"kind": "rate_limit", "retry_after": 3600}}])
                assert kill_at(world, spenders, model, f"{payer}: {step}") == []
            assert spenders.live(model, turns=2).stops == ["end", "end"]
        assert world.wrong() == []


@pytest.mark.parametrize(
    ("mutant", "points"),
    [
        ("forgetful", [(OWN, "own_key: taken"), (HOUSE, "credits: first byte")]),
        ("late", [(HOUSE, "credits: charge written")]),
    ],
)
def test_an_engine_that_loses_or_repeats_a_charge_is_found(world, mutant, points):
    with Spenders(world, mutant) as spenders:
        for model, point in points:
            assert kill_at(world, spenders, model, point) != []


# After a kill around a fallback (promise 4).

ON_CREDITS = tuple(f"credits: {step}" for step in STEPS)
FAILURES = (
    {"error": {"kind": "rate_limit", "retry_after": 3600}}, {"error": {"kind": "quota"}},
    {"error": {"kind": "overloaded"}}, {"error": {"kind": "server"}}, {"fault": "refuse"},
)  # fmt: skip
KINDS = ("rate_limit", "quota", "overloaded", "server", "network")
CONSENTS = {
    "the setting": {"credits__fallback": True, "credits__fallback_limit_usd": "2.00"},
    "rules": {"credits__fallback_rules": ",".join(f"{kind}=2.00" for kind in KINDS)},
    "a person's word": {},
    "nobody": {},
}
CASES = (
    ("the setting", False), ("the setting", True), ("rules", False), ("rules", True),
    ("a person's word", False), ("nobody", False),
)  # fmt: skip
"""Who has agreed to it, and whether that stays when the killed engine starts again."""
NAMES = ("credits.fallback", "credits.fallback_limit_usd", "credits.fallback_rules")


def points_of(consent: str) -> tuple[str, ...]:
    match consent:
        case "nobody":
            return FALLING[:1]
        case "a person's word":
            return ON_CREDITS
        case "rules":
            return (*FALLING, *ON_CREDITS[1:6:2])
        case _:
            return (*FALLING, *ON_CREDITS)


def unasked(
    world: MoneyWorld, spenders: Spenders, consent: str, stays: bool, points: Sequence[str]
) -> list[str]:
    """Credits that were taken after a kill at a point, beyond what is agreed on by then."""
    said: list[str] = []
    says = "credits" if consent == "a person's word" else None
    for number, point in enumerate(points):
        world.own.script([FAILURES[number % len(FAILURES)] | {"times": 99}])
        world.reset(*NAMES)
        world.set(**CONSENTS[consent])
        dead = spenders.live(OWN, point, says=says)
        assert dead.stops == [], f"{point} was not reached"
        if not stays:
            world.reset(*NAMES)
        asked, tried = world.taken, len(world.own.requests)
        stops = spenders.live(OWN, session=dead.session).stops
        agreed = int(stays and consent not in ("nobody", "a person's word"))
        if world.taken - asked != agreed or stops != ["end" if agreed else "error"]:
            said.append(f"{point}: {world.taken - asked} by the next start and turn, {stops}")
        if len(world.own.requests) == tried:
            said.append(f"{point}: the own key was not asked first")
        said += [f"{point}: {wrong}" for wrong in world.wrong()]
    return said


def test_a_kill_around_a_fallback_takes_no_credits_unasked(world):
    with Spenders(world) as spenders:
        for consent, stays in CASES:
            assert unasked(world, spenders, consent, stays, points_of(consent)) == [], consent


def test_an_engine_that_goes_on_with_a_fallback_after_a_kill_is_found(world):
    with Spenders(world, "faithful") as spenders:
        told = ["own_key: fallback told"]
        assert unasked(world, spenders, "the setting", False, told) != []
