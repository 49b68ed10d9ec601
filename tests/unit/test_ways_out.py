from __future__ import annotations

import pytest

from tests.route_world import credits_of, own, serving
from tui.errors import KINDS
from tui.providers.base import Message, TextBlock, ToolCallBlock, ToolResultBlock
from tui.routing.policy import Failure, Route, Situation, decide, decide_via, on_credits, then
from tui.session.shortening import fitting, shortened
from tui.session.ways_out import ASKED, Failed, ways_out

MODEL = "anthropic/opus"
WORK = own("work", "anthropic", models=(MODEL, "anthropic/haiku"))
HOME = own("home", "anthropic", models=(MODEL, "anthropic/haiku"))
GOOGLE = own("g", "google", models=("google/pro", "google/flash"))
GATEWAY = serving("gw", "endpoint", "gw/glm")
LOCAL = serving("local", "local", "local/small")
HOUSE = credits_of("house", "25", "auto", MODEL)
EMPTY = credits_of("empty", "0", MODEL)
ALL = (WORK, HOME, GOOGLE, GATEWAY, LOCAL, HOUSE)


def ways(kind, *places, model=MODEL, contexts=None, picked=None, plan="personal", size=1, **more):
    places = places or ALL
    it = Situation(model=picked or model, connections=places, plan=plan, org_size=size)
    failed = Failed(
        model=model, connection=more.pop("connection", "work"), payer=more.pop("payer", "own_key"),
        kind=kind, **more,
    )  # fmt: skip
    found = ways_out(it, failed, lambda name, _: (contexts or {}).get(name))
    return [(way.what, way.connection, way.model) for way in found]


def test_a_rate_limit_has_four_ways_and_the_wait_goes_first():
    assert ways("rate_limit", waits=True) == [
        ("wait", "work", MODEL), ("key", "home", MODEL), ("model", "g", "google/pro"),
        ("credits", "house", MODEL),
    ]  # fmt: skip


def test_without_a_wait_it_is_tried_again():
    assert ways("rate_limit")[0] == ("again", "work", MODEL)


@pytest.mark.parametrize("kind", ["overloaded", "server", "timeout"])
def test_where_the_other_side_fails_another_key_of_its_helps_not(kind):
    assert [what for what, _, _ in ways(kind)] == ["again", "model", "credits"]


def test_without_a_network_what_needs_none_goes_first():
    assert ways("network")[1] == ("model", "local", "local/small")


def test_of_one_key_alone_a_rate_limit_offers_its_other_model():
    assert ways("rate_limit", WORK) == [
        ("again", "work", MODEL), ("model", "work", "anthropic/haiku")
    ]  # fmt: skip


def test_credits_are_offered_only_where_some_are_left():
    assert "credits" not in [what for what, _, _ in ways("rate_limit", WORK, EMPTY)]


def test_a_service_that_has_another_model_offers_that_one_and_no_auto():
    other = credits_of("other", "5", "auto", "own-best", "x/y")
    assert ways("quota", WORK, other)[-1] == ("credits", "other", "x/y")
    assert on_credits(credits_of("none", "5", "auto"), MODEL) is None


def test_own_best_is_never_offered_credits():
    assert "credits" not in [what for what, _, _ in ways("rate_limit", picked="own-best")]


def test_what_credits_pay_for_falls_to_no_credits():
    found = ways("rate_limit", connection="house", payer="credits")
    assert [what for what, _, _ in found] == ["again", "key", "model"]


def test_used_up_credits_lead_to_what_else_serves_it_and_to_another_service_last():
    other = credits_of("other", "5", MODEL)
    found = ways(
        "out_of_credits", WORK, GOOGLE, LOCAL, EMPTY, other, connection="empty", payer="credits"
    )
    assert found == [
        ("again", "empty", MODEL), ("key", "work", MODEL), ("model", "work", "anthropic/haiku"),
        ("credits", "other", MODEL),
    ]  # fmt: skip


def test_used_up_credits_of_auto_lead_to_the_best_that_a_key_serves():
    empty = credits_of("empty", "0", "auto")
    found = ways("out_of_credits", GOOGLE, empty, model="auto", connection="empty", payer="credits")
    assert found == [("again", "empty", "auto"), ("model", "g", "google/pro")]


def test_a_model_that_is_gone_leads_to_another_and_to_no_second_try():
    assert ways("not_found", WORK) == [("model", "work", "anthropic/haiku")]


def test_what_was_not_taken_goes_to_another_model_or_is_edited():
    assert [what for what, _, _ in ways("bad_request")] == ["model", "edit"]


@pytest.mark.parametrize(
    "kind",
    ["invalid_key", "content_filter", "context_length", "permission", "not_found", "bad_request"],
)
def test_kinds_that_halt_offer_no_credits(kind):
    assert "credits" not in [what for what, _, _ in ways(kind, sums_up=True)]


def test_a_plan_that_bars_a_way_takes_it_out():
    found = ways("rate_limit", plan="free", size=50, connection="house", payer="credits")
    assert [what for what, _, _ in found] == ["again", "model"]
    assert found[1][1] == "local"


def test_a_long_conversation_is_summed_up_or_goes_to_a_model_that_takes_more():
    contexts = {MODEL: 200, "anthropic/haiku": 1_000, "google/pro": 900, "gw/glm": 100}
    found = ways("context_length", contexts=contexts, context=200, sums_up=True)
    assert found == [
        ("compact", "work", MODEL), ("model", "work", "anthropic/haiku"),
        ("model", "g", "google/pro"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ASKED))
def test_other_kinds_are_not_asked_about(kind):
    assert ways(kind) == []


def test_a_connection_that_was_chosen_serves_or_is_refused_and_falls_nowhere():
    it = Situation(model=MODEL, connections=ALL, credit_fallback=True)
    route = decide_via(it, "home")
    assert isinstance(route, Route)
    assert (route.connection.id, route.fallback) == ("home", None)
    assert then(route, Failure(kind="quota")).action == "halt"
    assert not isinstance(decide_via(it, "g"), Route)
    assert not isinstance(decide_via(it, "gone"), Route)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_rule_lets_credits_be_taken_after_its_kind_alone(kind):
    it = Situation(model=MODEL, connections=ALL, fallback_kinds=("rate_limit", "invalid_key"))
    route = decide(it)
    falls = then(route, Failure(kind=kind)).action == "fall_back"
    assert falls == (kind == "rate_limit")


# What the writer of a summary reads.


def said(role, text):
    return Message(role=role, blocks=(TextBlock(text=text),))


def test_what_is_too_long_is_cut_the_oldest_first_and_the_last_words_stay():
    talk = [
        said("user", "a" * 9_000), said("assistant", "b" * 9_000), said("user", "c" * 2_000),
    ]  # fmt: skip
    kept = shortened(talk, 13_000)
    assert "left out 7,500 characters" in kept[0].blocks[0].text
    assert kept[1:] == tuple(talk[1:])


def test_a_shortened_conversation_begins_with_the_person_and_holds_no_orphan():
    call = ToolCallBlock(id="c", name="read", args={})
    result = ToolResultBlock(call="c", name="read", ok=True, output="x" * 800)
    talk = [
        said("user", "u" * 900), Message(role="assistant", blocks=(call,)),
        Message(role="user", blocks=(result,)), said("assistant", "y" * 900), said("user", "now"),
    ]  # fmt: skip
    kept = shortened(talk, 1_000)
    assert kept == (talk[-1],)


def test_what_fits_a_model_is_less_than_it_takes():
    assert fitting(1_000, 400) < 1_000 * 4
    assert fitting(None, 4_000) > 0
