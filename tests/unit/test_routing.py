from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.route_world import credits_of, own, serving
from tui.routing.connections import Connection
from tui.routing.policy import Failure, Refused, Route, Situation, decide, then
from tui.routing.table import AUTO_MODELS, OWN_BEST
from tui.settings import schema


def decided(model: str, *connections: Connection, **more: Any) -> Route | Refused:
    return decide(Situation(model=model, connections=connections, **more))


def route(model: str, *connections: Connection, **more: Any) -> Route:
    found = decided(model, *connections, **more)
    assert isinstance(found, Route)
    assert found.connection is not None
    return found


def refused(model: str, *connections: Connection, **more: Any) -> Refused:
    found = decided(model, *connections, **more)
    assert isinstance(found, Refused)
    return found


def key(id: str, **more: Any) -> Connection:
    return own(id, "anthropic", **more)


def test_an_own_key_serves_every_model_of_its_provider():
    assert route("anthropic/anything", key("k")).payer == "own_key"


def test_an_own_key_serves_no_other_providers_models():
    assert refused("openai/gpt-5.5", key("k")).reason == "no_route"


@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        ((key("a"), key("b")), "a"),
        ((key("a"), key("b", default=True)), "b"),
        ((key("a", default=True), key("b", pinned=True)), "b"),
        ((own("o", "openai", default=True), key("a"), key("b")), "a"),
    ],
)
def test_of_several_keys_the_folders_goes_first_then_the_default_then_the_lists(keys, taken):
    assert route("anthropic/x", *keys).connection.id == taken


def test_an_own_key_comes_before_an_endpoint_that_serves_the_same_model():
    endpoint = serving("gateway", "endpoint", "anthropic/x")
    assert route("anthropic/x", endpoint, key("k")).payer == "own_key"


def test_an_own_key_comes_before_credits_even_when_some_are_left():
    house = credits_of("house", "250", "anthropic/x")
    assert route("anthropic/x", house, key("k")).payer == "own_key"


def test_a_model_of_an_endpoint_is_paid_by_it():
    assert route("gateway/glm", serving("gateway", "endpoint", "gateway/glm")).payer == "endpoint"


def test_nobody_pays_for_a_local_model():
    assert route("local/small", serving("local", "local", "local/small")).payer == "nobody"


def test_a_model_id_is_split_at_its_first_slash_alone():
    assert route("openai/ft/x", own("k", "openai")).connection.id == "k"


@pytest.mark.parametrize("model", ["anthropic", "anthropic/", "/x"])
def test_a_name_without_a_model_in_it_is_served_by_no_key(model):
    assert refused(model, key("k")).why == f"{model!r} names no model"


@pytest.mark.parametrize(
    "model", ["anthropic/x", "local/x", "elsewhere/x", "", "no-slash", "auto", "own-best"]
)
def test_what_nothing_serves_says_why_and_what_would_help(model):
    said = refused(model)
    assert said.why
    assert said.hint.endswith(".")


def test_a_model_that_a_connection_does_not_have_is_said_to_be_missing_there():
    gateway = serving("gateway", "endpoint", "gateway/glm")
    assert refused("gateway/other", gateway).why == "gateway does not serve gateway/other"


def test_the_reason_names_the_key():
    assert "work" in route("anthropic/x", key("work")).why


def test_of_several_credit_services_the_first_with_credits_left_pays():
    services = (credits_of("poor", "0", "x/y"), credits_of("rich", "0.01", "x/y"))
    assert route("x/y", *services).connection.id == "rich"


@pytest.mark.parametrize("balance", ["0", "-3", None])
def test_credits_that_are_gone_or_not_known_to_be_there_pay_nothing(balance):
    said = refused("x/y", credits_of("house", balance, "x/y"))
    assert said.reason == "out_of_credits"
    assert ("not known" in said.why) == (balance is None)


def test_a_refusal_by_plan_says_the_limit_and_how_many_people_there_are():
    said = refused("anthropic/x", key("k"), plan="free", org_size=11)
    assert said.reason == "plan"
    assert "up to 10 people, and this organisation has 11" in said.why


def test_a_cloud_run_that_no_credits_serve_names_what_serves_it_here():
    said = refused("anthropic/x", key("work"), run="cloud")
    assert said.reason == "no_route"
    assert "run it on this machine: work serves it here" in said.hint


def test_own_best_picks_the_best_of_the_first_own_connection():
    keys = (key("k", models=("anthropic/best", "anthropic/other")),)
    local = serving("local", "local", "local/small")
    house = credits_of("house", "250", "own-best", "anthropic/best")
    assert route("own-best", house, local, *keys).model == "anthropic/best"
    assert route("own-best", house, local).model == "local/small"
    assert refused("own-best", house).reason == "no_route"


def test_own_best_goes_to_no_cloud_account():
    account = serving("bed", "cloud_account", "bed/claude")
    assert refused("own-best", account).reason == "no_route"


def test_a_fallback_takes_the_service_that_offers_the_same_model():
    services = (credits_of("one", "5", "other/x"), credits_of("two", "5", "anthropic/x"))
    found = route("anthropic/x", key("k"), *services, credit_fallback=True)
    step = then(found, Failure(kind="quota"))
    assert (step.action, step.payer) == ("fall_back", "credits")
    assert "credits of two, anthropic/x there" in step.why
    assert "the next turn tries your own route first again" in step.why


def test_a_fallback_to_another_model_says_so():
    house = credits_of("house", "5", "other/x")
    found = route("anthropic/x", key("k"), house, credit_fallback=True)
    assert "a model that house provides" in then(found, Failure(kind="quota")).why


@pytest.mark.parametrize("kind", ["invalid_key", "rate_limit", "quota"])
def test_a_halt_says_why_and_the_next_step(kind):
    found = route("anthropic/x", key("k"), credits_of("house", "5", "anthropic/x"))
    step = then(found, Failure(kind=kind))
    assert (step.action, step.payer) == ("halt", None)
    assert "whatever the settings" in step.why or "credit fallback is off" in step.why
    assert "key" in step.why


def test_the_settings_know_the_same_models_that_choose_by_themselves():
    assert (*AUTO_MODELS, OWN_BEST) == schema.AUTO_MODELS


@given(
    st.lists(
        st.builds(
            own, st.text("abc", min_size=1), st.sampled_from(["anthropic", "openai", "google"])
        )
    ),
    st.sampled_from(["anthropic/m", "openai/m", "google/m"]),
)
def test_a_route_never_leaves_its_provider(connections, model):
    found = decided(model, *connections)
    if isinstance(found, Route):
        assert found.connection is not None
        assert found.connection.provider == model.split("/")[0]
    else:
        assert all(one.provider != model.split("/")[0] for one in connections)
