from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.billing_cases import all_requests, cases, nano, request_of, steps
from tui.billing.receipt import PriceRequest, Receipt, price, turn_total
from tui.catalog.prices import PriceBook, shipped_book
from tui.catalog.sheets import NoPrice, Terms
from tui.cli.main import main
from tui.money import plain

BOOK = shipped_book()
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPENAI = {"input_tokens": 1_000_000, "output_tokens": 0, "total_tokens": 1_000_000}


def priced(provider, model, usage, at=AT, **context) -> Receipt:
    request = PriceRequest(provider=provider, model=model, at=at, usage=usage, context=context)
    return price(request, BOOK)


def per_million(provider, model, what="input", at=AT, prompt=1, **terms) -> str | None:
    sheet = BOOK.find(provider, model, at, Terms(**terms))
    unit = None if isinstance(sheet, NoPrice) else sheet.unit(what, prompt)
    return None if unit is None else plain(unit * 1_000_000)


@pytest.mark.parametrize(("name", "step"), list(all_requests()), ids=lambda one: str(one)[:8])
def test_every_case_costs_what_it_must(name, step):
    assert price(request_of(step), BOOK).total == nano(step["expected_usd"])


@pytest.mark.parametrize(
    "step", [one for _, one in all_requests() if one.get("lines")], ids=lambda one: one["id"]
)
def test_every_case_has_the_lines_it_must_have(step):
    lines = [
        {
            "what": line.what,
            "quantity": int(line.quantity),
            "unit_usd": plain(line.unit_usd),
            "usd": plain(line.usd),
        }
        for line in price(request_of(step), BOOK).lines
    ]
    assert lines == step["lines"]


@pytest.mark.parametrize(
    "case", [one for one in cases() if "steps" in one], ids=lambda one: one["id"]
)
def test_a_turn_is_the_sum_of_its_requests_and_shows_what_is_known(case):
    turn = turn_total(price(request_of(step), BOOK) for step in steps(case))
    assert (turn.total, turn.known) == (nano(case["expected_usd"]), nano(case["known_usd"]))


def test_the_command_answers_every_case_in_order(monkeypatch, capsys):
    asked = [step for _, step in all_requests()]
    fields = ("provider", "model", "at", "usage", "context")
    lines = "".join(json.dumps({one: step.get(one) for one in fields}) + "\n" for step in asked)
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode()), encoding="utf-8")
    )
    assert main(["price", "--batch", "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [nano(one["usd"]) for one in answers] == [nano(one["expected_usd"]) for one in asked]


@pytest.mark.parametrize(
    ("provider", "model", "what", "terms", "expected"),
    [
        ("openai", "gpt-5.4", "cache_read", {"tier": "flex"}, "0.13"),
        ("openai", "o4-mini", "cache_read", {"tier": "flex"}, "0.138"),
        ("openai", "gpt-4.1", "cache_read", {"batch": True}, "0.5"),
        ("openai", "gpt-4.1", "input", {"batch": True}, "1"),
        ("openai", "o3", "cache_read", {"batch": True}, "0.5"),
        ("openai", "gpt-5-mini", "output", {"batch": True}, "1"),
        ("openai", "gpt-6-sol", "cache_write", {"tier": "flex"}, "1.25"),
        ("openai", "gpt-6-sol", "input", {"tier": "priority"}, "4"),
        ("openai", "gpt-4o", "input", {"tier": "priority"}, "4.25"),
        ("openai", "gpt-4o", "input", {"tier": "fast"}, "4.25"),
        ("openai", "o3", "output", {"tier": "priority"}, "14"),
        ("openai", "gpt-6.1-sol", "output", {"tier": "ultrafast"}, "60"),
        ("openai", "gpt-6-sol", "input", {"tier": "ultrafast"}, None),
        ("openai", "gpt-5-nano", "input", {"tier": "priority"}, None),
        ("openai", "gpt-4.1", "input", {"tier": "flex"}, None),
        ("openai", "gpt-5.5", "input", {"tier": "scale"}, None),
        ("google", "gemini-3.8-flash", "cache_read", {"tier": "flex"}, "0.0375"),
        ("google", "gemini-3.1-pro-preview", "cache_read", {"tier": "flex"}, "0.2"),
        ("google", "gemini-3.1-pro-preview", "output", {"tier": "flex"}, "6"),
        ("google", "gemini-2.5-pro", "cache_read", {"batch": True}, "0.125"),
        ("google", "gemini-3.5-flash-lite", "cache_read", {"batch": True}, "0.02"),
        ("google", "gemini-3.5-flash-lite", "cache_read", {"tier": "priority"}, "0.05"),
        ("google", "gemini-3.1-flash-lite", "input_audio", {"tier": "flex"}, "0.25"),
        ("google", "gemini-3.1-flash-lite", "input_audio", {"tier": "priority"}, "0.9"),
        ("google", "gemini-4-argon", "input", {"tier": "priority"}, "3.6"),
        ("google", "gemini-2.0-flash", "input", {"tier": "flex"}, None),
        ("anthropic", "claude-haiku-4-5", "cache_write_1h", {"batch": True}, "1"),
        ("anthropic", "claude-opus-4-1", "input", {"batch": True}, "7.5"),
        ("anthropic", "claude-opus-5-5", "cache_read", {"speed": "fast"}, "0.4"),
        ("anthropic", "claude-opus-4-7", "input", {"speed": "fast"}, None),
        ("anthropic", "claude-opus-4-7", "input", {"tier": "priority"}, None),
        ("groq", "openai/gpt-oss-20b", "cache_read", {"batch": True}, "0.0375"),
        ("mistral", "mistral-large-4", "input", {"batch": True}, "0.35"),
        ("xai", "grok-4.3", "output", {"batch": True}, "2"),
        ("bedrock", "global.anthropic.claude-opus-4-8", "input", {"tier": "priority"}, None),
        ("azure", "gpt-5.2", "output", {"batch": True}, "7"),
        ("azure", "gpt-5.2", "output", {"deployment": "data_zone_standard"}, None),
    ],
)
def test_a_tier_has_the_rate_it_is_published_with(provider, model, what, terms, expected):
    assert per_million(provider, model, what, **terms) == expected


@pytest.mark.parametrize(
    ("provider", "model", "terms", "expected"),
    [
        ("anthropic", "claude-sonnet-4-6", {"geo": "us"}, "3.3"),
        ("anthropic", "claude-haiku-5-5", {"geo": "us"}, "0.11"),
        ("anthropic", "claude-haiku-4-5", {"geo": "us"}, "1"),
        ("anthropic", "claude-opus-5", {"geo": "not_available"}, "5"),
        ("anthropic", "claude-opus-5", {"geo": "mars"}, None),
        ("anthropic", "claude-opus-5", {"geo": "us", "speed": "fast", "batch": True}, "5.5"),
        ("openai", "gpt-5.4-mini", {"host": "us.api.openai.com"}, "0.825"),
        ("openai", "gpt-6-luna", {"host": "eu.api.openai.com", "tier": "flex"}, "0.055"),
        ("openai", "gpt-5-mini", {"host": "eu.api.openai.com"}, "0.25"),
        ("openai", "gpt-5.4-mini", {"host": "api.openai.com"}, "0.75"),
        ("openai", "gpt-5.4-mini", {"host": "eu.api.openai.com.evil.example"}, "0.75"),
        ("vertex", "claude-haiku-4-5@20251001", {"region": "europe-west1"}, "1.1"),
        ("vertex", "claude-sonnet-5@default", {"region": "eu"}, "2.2"),
        ("vertex", "claude-opus-4-1", {"region": "us-east5"}, "15"),
        ("vertex", "claude-sonnet-5-5", {"region": "global"}, "2"),
        ("vertex", "gemini-2.5-flash", {"region": "us-central1"}, "0.3"),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", {}, "3.3"),
        ("bedrock", "jp.anthropic.claude-haiku-5-5", {}, "0.11"),
        ("bedrock", "apac.anthropic.claude-opus-4-8", {}, "5.5"),
        ("bedrock", "us-gov.anthropic.claude-opus-5", {}, "6"),
        ("bedrock", "global.anthropic.claude-sonnet-4-6", {}, "3"),
        ("bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", {}, "3"),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-7",
            {},
            "5.5",
        ),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", {}, None),
    ],
)
def test_a_place_has_its_factor(provider, model, terms, expected):
    assert per_million(provider, model, **terms) == expected


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-opus-4-70"),
        ("anthropic", "claude-opus-4-7-mini"),
        ("anthropic", "claude-haiku-4-5-turbo"),
        ("anthropic", "anthropic/claude-opus-4-7"),
        ("anthropic", "gpt-5.5"),
        ("openai", "gpt-5.5-turbo"),
        ("openai", "gpt-oss-120b"),
        ("openai", "gpt-5-nano-pro"),
        ("openai", "o3-mini-high"),
        ("google", "gemini-3.6-flash-lite"),
        ("google", "gemini-2.5-pro-max"),
        ("google", "gemini-1.5-flash-8b"),
        ("google", "claude-opus-4-7"),
        ("deepseek", "deepseek-v4-pro-max"),
        ("deepseek", "deepseek-v3.2"),
        ("mistral", "mistral-large-latest"),
        ("moonshotai", "kimi-k2.6-mini"),
        ("xai", "grok-4.5-mini"),
        ("bedrock", "claude"),
        ("bedrock", "eu.amazon.nova-pro-v1:0"),
        ("azure", "deepseek-flash"),
        ("custom", "gpt-5.5"),
        ("openrouter", "anthropic/claude-opus-4-7"),
        ("nobody", "gpt-5.5"),
        ("", ""),
    ],
)
def test_a_look_alike_has_no_price(provider, model):
    assert per_million(provider, model) is None


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("anthropic", "claude-opus-4-7-20260416", "5"),
        ("anthropic", "claude-sonnet-4-20250514", "3"),
        ("anthropic", "claude-3-5-haiku-20241022", "0.8"),
        ("anthropic", "claude-sonnet-5-5-20261001", "2"),
        ("openai", "gpt-5.5-2026-04-23", "5"),
        ("openai", "gpt-6-sol-2026-09-22", "2"),
        ("openai", "gpt-5-nano-2025-08-07", "0.05"),
        ("google", "models/gemini-2.5-flash", "0.3"),
        ("google", "gemini-2.5-pro-preview-05-06", "1.25"),
        ("google", "gemini-2.5-flash-lite-preview-09-2025", "0.1"),
        ("google", "gemini-3.1-pro-preview-customtools", "2"),
        ("google", "gemma-3-27b-it", "0"),
        ("mistral", "magistral-medium-2509", "2"),
        ("zai", "GLM-5.2", "1.4"),
        ("moonshotai", "kimi-k3", "3"),
        ("deepseek", "deepseek-v4-flash-vision-exp", "0.15"),
    ],
)
def test_a_snapshot_or_a_listed_name_has_its_models_price(provider, model, expected):
    assert per_million(provider, model) == expected


@pytest.mark.parametrize("model", ["deepseek-flash", "deepseek-v4-flash", "deepseek-v4-pro"])
@pytest.mark.parametrize(
    ("at", "peak"),
    [
        ("2026-11-23T00:59:59+00:00", False),
        ("2026-11-23T01:00:00+00:00", True),
        ("2026-11-23T03:59:59+00:00", True),
        ("2026-11-23T04:00:00+00:00", False),
        ("2026-11-23T06:00:00+00:00", True),
        ("2026-11-23T10:00:00+00:00", False),
        ("2026-11-23T14:30:00+08:00", True),
        ("2026-11-21T02:00:00+00:00", False),
        ("2026-11-22T07:00:00+00:00", False),
        ("2026-10-01T02:00:00+00:00", False),
        ("2026-10-08T02:00:00+00:00", True),
        ("2026-09-25T07:00:00+00:00", False),
    ],
)
def test_deepseek_doubles_its_price_at_peak_on_working_days(model, at, peak):
    when = datetime.fromisoformat(at)
    low = Decimal(per_million("deepseek", model, at=datetime(2026, 11, 22, tzinfo=UTC)))
    assert Decimal(per_million("deepseek", model, at=when)) == low * (2 if peak else 1)


@pytest.mark.parametrize(
    ("provider", "model", "at", "expected"),
    [
        ("anthropic", "claude-opus-4-6", "2026-03-12T23:59:59+00:00", "10"),
        ("anthropic", "claude-opus-4-6", "2026-03-13T00:00:00+00:00", "5"),
        ("openai", "gpt-5.6-sol", "2026-08-20T23:59:59+00:00", "10"),
        ("openai", "gpt-5.6-sol", "2026-08-21T00:00:00+00:00", "8"),
        ("openai", "gpt-5.6-sol", "2026-08-21T01:00:00+02:00", "10"),
        ("google", "gemini-4-argon", "2026-11-30T23:59:59+00:00", "2"),
        ("google", "gemini-4-argon", "2026-12-01T00:00:00+00:00", "4"),
        ("mistral", "mistral-large-4", "2026-10-25T00:00:00+00:00", "1.36"),
        ("zai", "glm-5.3-flash", "2026-09-09T12:00:00+00:00", "0.075"),
        ("deepseek", "deepseek-v4-flash", "2026-08-01T02:00:00+00:00", "0.14"),
        ("deepseek", "deepseek-v4-flash", "2026-08-18T02:00:00+00:00", "0.44"),
        ("deepseek", "deepseek-chat", "2026-02-01T02:00:00+00:00", "0.28"),
        ("deepseek", "deepseek-chat", "2026-11-01T02:00:00+00:00", None),
    ],
)
def test_the_price_is_that_of_the_moment(provider, model, at, expected):
    assert per_million(provider, model, at=datetime.fromisoformat(at), prompt=300_000) == expected


def test_a_batch_before_a_price_cut_costs_half_of_the_price_before_it():
    july = datetime(2026, 7, 20, tzinfo=UTC)
    assert per_million("openai", "gpt-5.6-terra", at=july, batch=True) == "1.25"


def test_a_priority_table_says_nothing_of_a_time_with_another_standard_price():
    july = datetime(2026, 7, 20, tzinfo=UTC)
    assert per_million("openai", "gpt-5.6-terra", at=july, tier="priority") is None


@pytest.mark.parametrize(
    ("provider", "model", "prompt", "terms", "expected"),
    [
        ("openai", "gpt-5.4", 272_000, {}, "2.5"),
        ("openai", "gpt-5.4", 272_001, {}, "5"),
        ("openai", "gpt-5.4", 272_001, {"batch": True}, "2.5"),
        ("openai", "gpt-5.5-pro", 272_001, {"tier": "flex"}, "30"),
        ("openai", "gpt-6-luna", 272_001, {"tier": "priority"}, "0.4"),
        ("openai", "gpt-5.5", 272_001, {"tier": "priority"}, None),
        ("google", "gemini-2.5-pro", 200_001, {"tier": "priority"}, "4.5"),
        ("anthropic", "claude-haiku-5-5", 100_001, {"batch": True, "geo": "us"}, "0.275"),
        ("bedrock", "us.anthropic.claude-haiku-5-5", 100_001, {}, "0.55"),
        ("xai", "grok-4.7", 200_000, {}, "4"),
    ],
)
def test_length_tiers_hold_under_every_term(provider, model, prompt, terms, expected):
    assert per_million(provider, model, prompt=prompt, **terms) == expected


@pytest.mark.parametrize(
    ("context", "usage", "expected"),
    [
        ({"headers": {"X-Gemini-Service-Tier": "Flex"}}, {}, 150_000_000),
        ({"headers": {"x-gemini-service-tier": "SERVICE_TIER_PRIORITY"}}, {}, 540_000_000),
        ({}, {"serviceTier": "flex"}, 150_000_000),
        ({"headers": {"x-gemini-service-tier": "standard"}}, {"serviceTier": "flex"}, 300_000_000),
        ({}, {"trafficType": "ON_DEMAND_PRIORITY"}, 540_000_000),
        ({}, {"trafficType": "PROVISIONED_THROUGHPUT"}, None),
        ({"requested_service_tier": "priority"}, {}, 300_000_000),
    ],
)
def test_google_bills_the_tier_that_the_response_names(context, usage, expected):
    usage = {"promptTokenCount": 1_000_000, **usage}
    assert priced("google", "gemini-2.5-flash", usage, **context).total == expected


@pytest.mark.parametrize("tier", [None, "default", "auto", "standard", "", "Default"])
def test_these_words_mean_the_standard_tier(tier):
    assert priced("openai", "gpt-5.2", OPENAI, service_tier=tier).total == 1_750_000_000


def test_groq_calls_its_standard_tier_on_demand():
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    assert priced("groq", "openai/gpt-oss-20b", usage, service_tier="on_demand").total == 75_000_000


@pytest.mark.parametrize(
    ("provider", "model", "context", "expected"),
    [
        ("google", "gemini-3.8-flash", {"web_search_queries": ["a", "", " ", "a", "b"]}, 28),
        (
            "google",
            "gemini-3.8-flash",
            {"web_search_queries": ["a", "b"], "grounding_free_quota_left": 1},
            14,
        ),
        ("google", "gemini-2.5-pro", {"web_search_queries": ["a", "b"]}, 35),
        ("google", "gemini-2.5-pro", {"web_search_queries": [""]}, 0),
        (
            "google",
            "gemini-2.5-pro",
            {"web_search_queries": ["a"], "grounding_free_quota_left": 3},
            0,
        ),
        (
            "openai",
            "gpt-5.2",
            {
                "output_items": [
                    {"type": "web_search_call", "action": {"type": "search"}},
                    {"type": "web_search_call", "action": {"type": "open_page"}},
                    {"type": "web_search_call", "action": {"type": "find_in_page"}},
                    {"type": "web_search_call"},
                    {"type": "reasoning"},
                    None,
                ]
            },
            10,
        ),
        ("openai", "gpt-5.2", {"output_items": "web_search_call"}, 0),
    ],
)
def test_server_tools_cost_what_was_used_beyond_the_free_part(provider, model, context, expected):
    usage = (
        {"promptTokenCount": 0}
        if provider == "google"
        else {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    )
    assert priced(provider, model, usage, **context).total == expected * 1_000_000


@pytest.mark.parametrize(
    ("provider", "usage", "context", "expected"),
    [
        ("openrouter", {"cost": "1.23e-05"}, {}, 12_300),
        ("openrouter", {"cost": 0}, {}, 0),
        (
            "openrouter",
            {"cost": 0.5, "cost_details": {"upstream_inference_cost": 1}},
            {},
            5 * 10**8,
        ),
        (
            "openrouter",
            {"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 1.5}},
            {},
            15 * 10**8,
        ),
        ("openrouter", {"cost": 0, "is_byok": True, "cost_details": None}, {}, None),
        ("openrouter", {"cost": -1}, {}, None),
        ("openrouter", {"cost": float("nan")}, {}, None),
        ("openrouter", {"cost": True}, {}, None),
        ("openrouter", {}, {}, None),
        ("litellm", None, {"headers": {"X-LiteLLM-Response-Cost": "1.23e-05"}}, 12_300),
        ("litellm", {}, {"headers": {"x-litellm-response-cost": "None"}}, None),
        ("litellm", {}, {"headers": ["x-litellm-response-cost"]}, None),
        ("xai", {"cost_in_usd_ticks": 1_466_250}, {}, 146_625),
        ("custom", {"cost": {"total_cost": 0.00501}}, {}, 5_010_000),
        ("custom", {"cost": {"credits": 3}}, {}, None),
    ],
)
def test_a_stated_cost_wins_and_is_exact(provider, usage, context, expected):
    assert priced(provider, "whatever", usage, **context).total == expected


def test_a_stated_cost_that_falls_between_two_nano_dollars_rounds_half_even():
    totals = [
        priced("openrouter", "x", {"cost": Decimal(one)}).total for one in ("5e-10", "15e-10")
    ]
    assert totals == [0, 2]


@pytest.mark.parametrize("provider", ["ollama", "lmstudio", "llama.cpp", "local", "demo"])
def test_what_runs_here_costs_nothing_and_that_is_known(provider):
    assert priced(provider, "anything", None).total == 0


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"trafficType": "ON_DEMAND"},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": 5},
        {"prompt_tokens": "5", "completion_tokens": 1},
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": 1.5, "completion_tokens": 1},
        {"prompt_tokens": float("nan"), "completion_tokens": 1},
        {"prompt_tokens": float("inf"), "completion_tokens": 1},
        {"prompt_tokens": 10**400, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": [1], "completion_tokens": {}},
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 6}},
        {
            "prompt_tokens": 5,
            "completion_tokens": 1,
            "completion_tokens_details": {"audio_tokens": 2},
        },
    ],
)
def test_usage_that_says_nothing_or_contradicts_itself_has_no_price(usage):
    receipt = priced("openai", "gpt-5.5", usage)
    assert (receipt.total, bool(receipt.unpriced)) == (None, True)


@pytest.mark.parametrize(
    "details", [None, "x", 3, [], {"cached_tokens": None}, {"audio_tokens": None}]
)
def test_details_that_are_missing_or_strange_change_nothing(details):
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": details}
    assert priced("openai", "gpt-5.5", usage).total == 80_000


def test_output_that_a_vendor_left_out_of_the_completion_is_billed():
    usage = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 303}
    lines = priced("xai", "grok-4.5", usage).lines
    assert [(line.what, line.quantity) for line in lines] == [("input", 12), ("output", 291)]


def test_reasoning_inside_the_output_is_not_added_again():
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 100,
        "total_tokens": 110,
        "completion_tokens_details": {"reasoning_tokens": 90},
    }
    assert priced("zai", "glm-5.2", usage).lines[-1].quantity == 100


def test_cache_writes_on_a_model_that_does_not_price_them_are_plain_input():
    usage = {
        "input_tokens": 100,
        "output_tokens": 0,
        "input_tokens_details": {"cache_write_tokens": 40},
    }
    lines = priced("openai", "gpt-5.5", usage).lines
    assert [(line.what, line.quantity) for line in lines] == [("input", 100)]


def test_cached_tokens_on_a_model_without_a_cached_price_make_the_cost_unknown():
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    assert priced("openai", "gpt-5.5-pro", usage).unpriced == ("cache_read has no price",)


def test_a_step_of_an_advisor_without_a_price_makes_the_request_unknown():
    step = {"input_tokens": 10, "output_tokens": 1}
    usage = {
        **step,
        "iterations": [
            {"type": "message", **step},
            {"type": "advisor_message", "model": "claude-opus-99", **step},
        ],
    }
    receipt = priced("anthropic", "claude-opus-5", usage)
    assert (receipt.total, len(receipt.lines)) == (None, 2)


def test_a_compaction_step_has_the_length_tier_of_its_own_prompt():
    short = {"input_tokens": 10, "output_tokens": 0}
    long = {"input_tokens": 100_001, "output_tokens": 0}
    usage = {**short, "iterations": [{"type": "compaction", **long}, {"type": "message", **short}]}
    units = [plain(line.unit_usd) for line in priced("anthropic", "claude-haiku-5-5", usage).lines]
    assert units == ["0.0000001", "0.0000005"]


def test_an_own_price_wins_and_other_models_keep_theirs(tmp_path):
    from tui.catalog.own_prices import OwnPrices

    file = tmp_path / "prices.json"
    file.write_text('{"prices": [{"provider": "custom", "model": "m", "input": "1", "output": 2}]}')
    book = PriceBook(OwnPrices.read(file))
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 500_000}
    mine = PriceRequest(provider="custom", model="m", at=AT, usage=usage)
    assert price(mine, book).total == 2_000_000_000
    assert not isinstance(book.find("openai", "gpt-5.5", AT), NoPrice)


@pytest.mark.parametrize(
    "text", ["", "nonsense", '{"prices": [{"provider": "x"}]}', '{"prices": 3}', "\udcff"]
)
def test_a_price_file_that_does_not_parse_is_reported_and_counts_for_nothing(tmp_path, text):
    from tui.catalog.own_prices import OwnPrices

    file = tmp_path / "prices.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    own = OwnPrices.read(file)
    assert own.problem is not None
    assert own.find("x", "y", AT) is None


def test_a_negative_own_price_is_refused(tmp_path):
    from tui.catalog.own_prices import OwnPrices

    file = tmp_path / "prices.json"
    file.write_text('{"prices": [{"provider": "c", "model": "m", "input": "-1", "output": "1"}]}')
    assert OwnPrices.read(file).problem is not None


def test_every_correction_says_its_source_and_when_it_was_read():
    from tui.catalog.corrections import shipped

    assert all(one.source and one.what and one.read for one in shipped().corrections)


def test_corrections_have_ids_of_their_own():
    from tui.catalog.corrections import shipped

    ids = [one.id for one in shipped().corrections]
    assert len(ids) == len(set(ids))
