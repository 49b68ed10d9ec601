from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.routing.connections import Connection
from tui.routing.policy import Refused, Route, decide


def own(id: str, provider: str = "anthropic", *, default: bool = False) -> Connection:
    return Connection(
        id=id, kind="own_key", provider=provider, label=id, base_url="https://x", default=default
    )


def serving(id: str, kind: str, *models: str) -> Connection:
    return Connection(
        id=id, kind=kind, provider=id, label=id, base_url="https://x", models=frozenset(models)
    )


def route(model: str, *connections: Connection) -> Route:
    found = decide(model, connections)
    assert isinstance(found, Route)
    return found


def test_an_own_key_serves_every_model_of_its_provider():
    assert route("anthropic/anything", own("k")).payer == "own_key"


def test_an_own_key_serves_no_other_providers_models():
    assert isinstance(decide("openai/gpt-5.5", (own("k"),)), Refused)


def test_the_default_key_is_taken_before_the_first():
    assert route("anthropic/x", own("a"), own("b", default=True)).connection.id == "b"


def test_without_a_default_the_lists_order_counts():
    assert route("anthropic/x", own("a"), own("b")).connection.id == "a"


def test_an_own_key_comes_before_an_endpoint_that_serves_the_same_model():
    endpoint = serving("gateway", "endpoint", "anthropic/x")
    assert route("anthropic/x", endpoint, own("k")).payer == "own_key"


def test_a_model_of_an_endpoint_is_paid_by_it():
    assert route("gateway/glm", serving("gateway", "endpoint", "gateway/glm")).payer == "endpoint"


def test_nobody_pays_for_a_local_model():
    assert route("local/small", serving("local", "local", "local/small")).payer == "nobody"


def test_a_model_id_is_split_at_its_first_slash_alone():
    assert route("openai/ft/x", own("k", "openai")).connection.id == "k"


@pytest.mark.parametrize("model", ["anthropic/x", "local/x", "elsewhere/x", "", "no-slash"])
def test_what_nothing_serves_says_why_and_what_would_help(model):
    refused = decide(model, ())
    assert isinstance(refused, Refused)
    assert refused.why and "ownkey" in refused.hint


def test_the_reason_names_the_key():
    assert "work" in route("anthropic/x", own("work")).why


@given(
    st.lists(
        st.builds(
            own, st.text("abc", min_size=1), st.sampled_from(["anthropic", "openai", "google"])
        )
    ),
    st.sampled_from(["anthropic/m", "openai/m", "google/m"]),
)
def test_a_route_never_leaves_its_provider(connections, model):
    found = decide(model, connections)
    if isinstance(found, Route):
        assert found.connection.provider == model.split("/")[0]
    else:
        assert all(one.provider != model.split("/")[0] for one in connections)
