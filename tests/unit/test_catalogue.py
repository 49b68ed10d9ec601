from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tui.catalog.models import Catalogue, FoundModel, split_id
from tui.catalog.prices import shipped_book

AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model_id", "parts"),
    [
        ("anthropic/claude-opus-4-7", ("anthropic", "claude-opus-4-7")),
        ("groq/openai/gpt-oss-120b", ("groq", "openai/gpt-oss-120b")),
        ("auto", ("", "auto")),
        ("local/", ("local", "")),
    ],
)
def test_an_id_is_split_at_its_first_slash(model_id, parts):
    assert split_id(model_id) == parts


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic/claude-opus-4-7",
        "anthropic/claude-sonnet-4-6",
        "anthropic/claude-haiku-4-5",
        "openai/gpt-5.5",
        "openai/gpt-5.4-mini",
        "google/gemini-3.1-pro-preview",
        "google/gemini-3.8-flash",
    ],
)
def test_the_models_that_people_know_are_shipped(model_id):
    assert Catalogue.load().find(model_id) is not None


def test_every_shipped_model_has_a_price():
    book = shipped_book()
    shown = {model.id: book.shown(model.id, AT) for model in Catalogue.load().models}
    assert [
        one for one, prices in shown.items() if prices.input is None or prices.output is None
    ] == []


def test_every_shipped_model_is_in_one_piece():
    for model in Catalogue.load().models:
        assert split_id(model.id)[0] == model.provider
        assert (model.thinking == "effort") <= bool(model.efforts)
        assert (model.context or 0) > (model.max_output or 0)


def test_prices_are_shown_in_dollars_per_million():
    shown = shipped_book().shown("openai/gpt-5.5", AT)
    assert (shown.input, shown.output, shown.cache_read) == ("5", "30", "0.5")


def test_what_has_no_price_shows_none():
    shown = shipped_book().shown("my-gateway/coder", AT)
    assert (shown.input, shown.output, shown.cache_read) == (None, None, None)


def test_a_found_model_stands_under_the_shipped_ones():
    found = FoundModel(provider="openai", id="gpt-7-nova", name="GPT-7 Nova", context=9)
    catalogue = Catalogue.load([found])
    assert catalogue.models[-1].id == "openai/gpt-7-nova"
    assert (catalogue.models[-1].shipped, catalogue.models[-1].tools) == (False, None)


def test_a_found_model_fills_only_what_is_open():
    found = FoundModel(provider="google", id="gemini-4-argon", context=1, max_output=65_536)
    model = Catalogue.load([found]).find("google/gemini-4-argon")
    assert (model.context, model.max_output) == (1_048_576, 65_536)


@pytest.mark.parametrize(
    "name", ["text-embedding-3-large", "gpt-realtime-2", "whisper-1", "dall-e-3", "gpt-image-2"]
)
def test_what_is_no_chat_model_is_left_out(name):
    found = FoundModel(provider="openai", id=name)
    assert Catalogue.load([found]).find(f"openai/{name}") is None


def test_a_model_is_found_by_its_exact_id_only():
    assert Catalogue.load().find("anthropic/claude-opus-4-7-mini") is None


@pytest.mark.parametrize("module", ["tui.catalog.models", "tui.billing.receipt", "tui.cli.price"])
def test_importing_it_loads_no_price_library(module):
    code = f"import sys, {module}; print('genai_prices' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
