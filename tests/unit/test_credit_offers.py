"""A service's list in our words: the catalogue's ids, and what Auto means there."""

from __future__ import annotations

import datetime as dt

import pytest

from tui.catalog.models import Catalogue
from tui.credits.offers import auto_map, choose, offered, parse_auto
from tui.credits.records import CreditService
from tui.endpoints.model_list import models_of
from tui.endpoints.records import EndpointModel
from tui.errors import UsageError

CATALOGUE = Catalogue.load()
AT = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)


def ids(*names: str) -> list[str]:
    found = offered([EndpointModel(id=name) for name in names], CATALOGUE)
    house = service(*found)
    return [house.picked(one) for one in found]


def service(*models: EndpointModel, **auto: tuple[str, ...]) -> CreditService:
    return CreditService(
        name="team", adapter="litellm", base_url="https://h.example/v1", added_at=AT,
        models=models, auto={name.replace("_", "-"): one for name, one in auto.items()},
    )  # fmt: skip


def test_a_model_is_the_catalogues_but_for_case_and_dots():
    assert ids("anthropic/claude-opus-4.7") == ["anthropic/claude-opus-4-7"]
    assert ids("OpenAI/GPT-5.5") == ["openai/gpt-5.5"]
    assert ids("claude-opus-4-7") == ["anthropic/claude-opus-4-7"]
    assert ids("gemini/gemini-2.5-pro") == ["google/gemini-2.5-pro"]


def test_another_variant_is_another_model():
    assert ids("anthropic/claude-opus-4.7:free") == ["anthropic/claude-opus-4.7:free"]
    assert ids("azure/gpt-5.5") == ["azure/gpt-5.5"]


def test_a_plain_id_that_nobody_knows_has_the_services_name_in_front():
    assert ids("team-coder") == ["team/team-coder"]


def test_of_two_that_are_one_the_first_is_offered():
    assert ids("anthropic/claude-opus-4.7", "anthropic/claude-opus-4-7") == [
        "anthropic/claude-opus-4-7"
    ]


def test_a_list_says_whether_a_model_takes_tools():
    entries = [
        {"id": "a", "supported_parameters": ["tools"]},
        {"id": "b", "supported_parameters": ["temperature"]},
        {"id": "c", "tags": ["tool-use"]},
        {"id": "d"},
    ]
    assert [one.tools for one in models_of(entries)] == [True, False, True, None]


def test_auto_is_the_services_own_router_where_it_has_one():
    models = offered([EndpointModel(id="anthropic/claude-opus-4.7")], CATALOGUE)
    assert auto_map("openrouter", models, CATALOGUE)["auto"] == ("openrouter/auto",)
    assert auto_map("litellm", models, CATALOGUE)["auto"] == ("anthropic/claude-opus-4.7",)


def test_auto_means_the_newest_of_a_family_and_none_without_tools():
    models = offered(
        [
            EndpointModel(id="anthropic/claude-opus-4.6"),
            EndpointModel(id="anthropic/claude-opus-4.8"),
            EndpointModel(id="anthropic/claude-opus-5", tools=False),
            EndpointModel(id="z-ai/glm-5.2"),
        ],
        CATALOGUE,
    )
    made = auto_map("vercel", models, CATALOGUE)
    assert made["auto-genius"] == ("anthropic/claude-opus-4.8",)
    assert made["auto-open"] == ("z-ai/glm-5.2",)
    assert "auto-efficient" not in made


def test_a_candidate_has_room_for_the_conversation_where_one_has():
    small, large = EndpointModel(id="s", context=8_000), EndpointModel(id="l", context=200_000)
    both = service(small, large, auto=("s", "l"))
    assert choose(both, "auto", context=100_000) == (large, 2)
    assert choose(both, "auto", context=1_000) == (small, 2)
    assert choose(both, "auto", context=10**6) == (large, 2)
    assert choose(both, "auto-open") is None


@pytest.mark.parametrize("typed", ["auto", "auto=", "best=a", "auto=nothing-of-that-name"])
def test_a_map_that_is_none_is_refused(typed):
    with pytest.raises(UsageError):
        parse_auto([typed], [EndpointModel(id="a")])


def test_a_map_takes_ids_of_the_service_and_of_the_catalogue():
    model = EndpointModel(id="anthropic/claude-opus-4.7", alias="anthropic/claude-opus-4-7")
    made = parse_auto(["auto=anthropic/claude-opus-4-7,b"], [model, EndpointModel(id="b")])
    assert made == {"auto": ("anthropic/claude-opus-4.7", "b")}
