from __future__ import annotations

import pytest

from tui.settings.actions import ACTIONS
from tui.settings.schema import BY_ID, SECTIONS
from tui.settings.search import (
    Index,
    connection_entry,
    key_entry,
    search,
    setting_entries,
)

KEYS = [
    key_entry("k1", provider="anthropic", label="work", fingerprint="AAqr", state="verified"),
    key_entry("k2", provider="google", label="personal", fingerprint="m2Kd", state="refused"),
]
GATEWAY = connection_entry(
    "gateway",
    title="gateway.example",
    section="Endpoints",
    state="verified",
    help_="An endpoint of the team.",
    words=("base url", "proxy"),
)
ALL = [*setting_entries(lambda name: BY_ID[name].default), *ACTIONS, GATEWAY, *KEYS]
NO_KEYS = [entry for entry in ALL if entry.kind not in {"key", "connection"}]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("API keys", "k1"),
        ("apikey", "k1"),
        ("byok", "k1"),
        ("anthropic key", "k1"),
        ("google", "k2"),
        ("claude", "k1"),
        ("gemini key", "k2"),
        ("gateway", "gateway"),
        ("credit fallback", "credits.fallback"),
        ("fallback", "credits.fallback"),
        ("fall back", "credits.fallback"),
        ("fallbak", "credits.fallback"),
        ("fallbcak", "credits.fallback"),
        ("credits.fallback_limit_usd", "credits.fallback_limit_usd"),
        ("daily budget", "budget.day_usd"),
        ("monthly limit", "budget.month_usd"),
        ("who pays", "payer.ask_on_change"),
        ("dark mode", "appearance.theme"),
        ("THEME", "appearance.theme"),
        ("icons", "appearance.glyphs"),
        ("default model", "model.default"),
        ("permissions", "approvals.mode"),
        ("permision", "approvals.mode"),
        ("read only", "approvals.mode"),
        ("prompt cache", "cache.warn_usd"),
        ("subscription", "account.plan"),
        ("gguf", "local.add"),
        ("offline", "local.get"),
        ("rotate key", "keys.replace"),
        ("how do I add my openai key", "keys.add.openai"),
        ("environment variable", "keys.use"),
        ("troubleshoot", "doctor"),
    ],
)
def test_words_and_synonyms_find_what_they_mean_first(query, first):
    assert search(ALL, query)[0].id == first


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("anthropic key", "keys.add.anthropic"),
        ("antropic key", "keys.add.anthropic"),
        ("replace key", "keys.replace"),
        ("remove an api key", "keys.remove"),
    ],
)
def test_without_a_key_the_action_comes_first(query, first):
    assert search(NO_KEYS, query)[0].id == first


def test_budget_finds_every_budget_before_anything_else():
    found = [entry.id for entry in search(ALL, "budget")]
    assert set(found[:7]) == {name for name in BY_ID if name.startswith("budget.")}


def test_a_slip_of_the_finger_finds_the_same_as_the_word():
    assert search(ALL, "budgte") == search(ALL, "budget")


def test_api_keys_finds_the_settings_that_bear_on_them_too():
    found = {entry.id for entry in search(ALL, "API keys")}
    assert {"credits.fallback", "payer.ask_on_change"} <= found


def test_what_means_nothing_finds_nothing():
    assert search(ALL, "zzzzqq") == []


@pytest.mark.parametrize("query", ["", "   ", "?!"])
def test_an_empty_query_finds_everything_in_its_order(query):
    assert search(ALL, query) == ALL


@pytest.mark.parametrize("query", ["\x1b[31m", "a" * 100_000, "(", "[", "\\", "ключ", "🔑"])
def test_any_text_can_be_searched_for(query):
    assert isinstance(search(ALL, query), list)


def test_where_no_entry_has_every_word_those_with_some_are_given():
    assert "appearance.theme" in {entry.id for entry in search(ALL, "theme zzzzqq")}


@pytest.mark.parametrize("typed", ["f", "fa", "fal", "fallb", "fallback"])
def test_each_letter_on_the_way_keeps_the_entry_found(typed):
    assert "credits.fallback" in {entry.id for entry in Index(ALL).search(typed)}


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.id)
def test_every_entry_is_found_by_its_own_title(entry):
    assert entry in search(ALL, entry.title)[:3]


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.id)
def test_every_entry_stands_in_a_section_of_the_sidebar(entry):
    assert entry.section in SECTIONS
