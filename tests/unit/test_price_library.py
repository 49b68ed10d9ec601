"""What our corrections say against what the installed price library says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices.data import providers

from tui.catalog import library
from tui.catalog.corrections import Fee, fits, shipped
from tui.catalog.prices import shipped_book
from tui.catalog.sheets import NoPrice, Terms

AT = datetime(2026, 11, 20, tzinfo=UTC)
TABLES = {provider.id: provider for provider in providers}


def models(table, key=None):
    return [
        pytest.param(model.id, id=model.id)
        for model in TABLES[table].models
        if key is None or any(key in one.when for one in model.price_variants or ())
    ]


def test_the_corrections_were_made_over_the_installed_library():
    assert library.version() == shipped().library


def of_the_gemini_api(model):
    sheet = shipped_book().find("google", model, AT, Terms(batch=True))
    return not isinstance(sheet, NoPrice)


@pytest.mark.parametrize(
    "model", [one for one in models("google", "processing") if of_the_gemini_api(one.id)]
)
def test_our_google_batch_rule_says_what_the_library_lists(model):
    listed = library.variant(library.find("google", model), "processing", "batch", AT)
    sheet = shipped_book().find("google", model, AT, Terms(batch=True))
    assert {name: sheet.rates[name] for name in listed[0]} == listed[0]


@pytest.mark.parametrize("model", models("anthropic", "processing"))
def test_our_anthropic_batch_rule_says_what_the_library_lists(model):
    listed = library.variant(library.find("anthropic", model), "processing", "batch", AT)
    sheet = shipped_book().find("anthropic", model, AT, Terms(batch=True))
    assert {name: sheet.rates[name] for name in listed[0]} == listed[0]


@pytest.mark.parametrize("model", models("openai", "service_tier"))
@pytest.mark.parametrize("tier", ["flex", "priority", "fast"])
def test_openai_tiers_say_what_the_library_lists(model, tier):
    listed = library.variant(library.find("openai", model), "service_tier", tier, AT)
    sheet = shipped_book().find("openai", model, AT, Terms(tier=tier))
    if listed is None:
        assert isinstance(sheet, NoPrice)
    else:
        assert {name: sheet.unit(name, 1) for name in listed[0]} == {
            name: rate.at(1) for name, rate in listed[0].items()
        }


@pytest.mark.parametrize(
    "model", [one for one in models("google") if one.id.startswith(("claude-opus", "claude-haiku"))]
)
def test_vertex_claude_costs_what_the_library_lists_for_the_global_endpoint(model):
    listed = library.standard(library.find("google", model), AT)
    sheet = shipped_book().find("vertex", model, AT, Terms(region="global"))
    assert {name: sheet.rates[name] for name in listed} == listed


@pytest.mark.parametrize("table", ["anthropic", "openai", "google"])
def test_our_search_fees_are_the_librarys(table):
    fees = [one for one in shipped().corrections if isinstance(one, Fee) and table in one.providers]
    for model in TABLES[table].models:
        listed = vars(model.get_prices(AT)).get("web_searches_kcount")
        ours = next(
            (
                one.usd
                for one in fees
                if one.tool == "web_search" and fits(model.id, one.models) and one.until is None
            ),
            None,
        )
        assert listed is None or ours is None or ours * 1000 == listed


def test_every_listed_name_of_a_model_is_the_model_itself():
    for table in ("anthropic", "openai", "google", "deepseek", "mistral", "x-ai", "zai", "aws"):
        for model in TABLES[table].models:
            if model.match.is_match(model.id):
                found = library.find(table, model.id)
                assert found is not None, model.id
