from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.billing.receipt import PriceRequest, price
from tui.billing.usage import Usage, normalise_usage
from tui.catalog.prices import shipped_book

WIRE = Path(__file__).parents[1] / "data" / "wire"
WIRES = ("anthropic", "openai-chat", "openai-responses", "google")


def objects(response):
    """Every JSON object of a recorded answer, whole or streamed, that parses."""
    text = "".join(response.get("sse") or [response.get("body") or ""])
    pieces = [line[5:] for line in text.splitlines() if line.startswith("data:")] or [text]
    for piece in pieces:
        try:
            value = json.loads(piece)
        except ValueError:
            continue
        yield from value if isinstance(value, list) else [value]


def inside(value, *path):
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def last_usage(response):
    """The last usage object; Anthropic's later ones overwrite what the first one said."""
    merged: dict = {}
    for value in objects(response):
        for path in (
            ("message", "usage"),
            ("response", "usage"),
            ("usageMetadata",),
            ("x_groq", "usage"),
            ("usage",),
        ):
            found = inside(value, *path)
            if isinstance(found, dict):
                merged |= {name: one for name, one in found.items() if one is not None}
    return merged


def recorded():
    for file in sorted(WIRE.glob("*.json")):
        case = json.loads(file.read_text(encoding="utf-8"))
        if case.get("api") in WIRES and (case["expect"].get("billing") or case["expect"]["usage"]):
            yield pytest.param(case, id=case["id"])


@pytest.mark.parametrize("case", list(recorded()))
def test_recorded_usage_is_read_as_it_was_sent(case):
    said = case["expect"]["usage"]
    usage = normalise_usage(
        last_usage(case["response"]), wire=case["api"], vendor=case.get("vendor")
    )
    read = {"cache_read": usage.cache_read, "reasoning": usage.reasoning}
    assert read == {name: said[name] for name in read}
    assert usage.cache_write == (said["cache_write"] if case["api"] != "google" else None)


@pytest.mark.parametrize("case", list(recorded()))
def test_recorded_usage_adds_up_to_what_is_billed(case):
    billing = case["expect"].get("billing")
    usage = normalise_usage(
        last_usage(case["response"]), wire=case["api"], vendor=case.get("vendor")
    )
    if billing is None:
        assert (usage.input is None) == (case["expect"]["usage"]["input"] is None)
    else:
        accepted = {billing["output_total"], *(case["expect"].get("output_accepted") or ())}
        assert usage.input == billing["input_total"]
        assert usage.output in accepted


def test_bedrock_prompts_hold_what_the_cache_gave_and_took():
    raw = {
        "inputTokens": 10,
        "outputTokens": 3,
        "cacheReadInputTokens": 4,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 5}, {"ttl": "5m", "inputTokens": 1}],
    }
    assert normalise_usage(raw, wire="bedrock") == Usage(
        input=20, output=3, cache_read=4, cache_write=6
    )


@pytest.mark.parametrize("wire", [*WIRES, "bedrock"])
def test_an_empty_usage_says_nothing(wire):
    assert normalise_usage({}, wire=wire) == Usage()


def test_deepseek_hits_count_as_cached_where_the_details_are_missing():
    raw = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}
    assert normalise_usage(raw, wire="openai-chat", vendor="deepseek").cache_read == 4


NAMES = st.sampled_from(
    [
        "input_tokens",
        "output_tokens",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "cached_tokens",
        "audio_tokens",
        "cache_write_tokens",
        "cache_creation",
        "cache_creation_input_tokens",
        "iterations",
        "type",
        "server_tool_use",
        "promptTokenCount",
        "candidatesTokenCount",
        "promptTokensDetails",
        "modality",
        "tokenCount",
        "inputTokens",
        "outputTokens",
        "cacheDetails",
        "cost",
        "is_byok",
        "cost_details",
        "cost_in_usd_ticks",
        "service_tier",
        "inference_geo",
        "speed",
    ]
)
STRANGE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats()
    | st.sampled_from(["", "us", "AUDIO", "compaction", "advisor_message", "9", "-1", "NaN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, STRANGE, max_size=6), st.sampled_from([*WIRES, "bedrock"]))
def test_no_usage_object_breaks_the_reading_of_it(raw, wire):
    usage = normalise_usage(raw, wire=wire)
    counts = (usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning)
    assert all(one is None or one >= 0 for one in counts)


@settings(deadline=None)  # the first price loads the library
@given(
    st.dictionaries(NAMES, STRANGE, max_size=6),
    st.dictionaries(
        st.sampled_from(
            [
                "headers",
                "output_items",
                "web_search_queries",
                "grounding_free_quota_left",
                "service_tier",
                "base_url",
                "region",
                "deployment",
                "batch",
            ]
        ),
        STRANGE,
        max_size=3,
    ),
    st.sampled_from(
        ["anthropic", "openai", "google", "bedrock", "vertex", "azure", "xai", "litellm"]
    ),
    st.sampled_from(["claude-opus-4-7", "gpt-5.5", "gemini-2.5-flash", "grok-4.5", "", "x/y"]),
)
def test_no_request_breaks_the_pricing_of_it_or_costs_less_than_nothing(raw, context, who, model):
    request = PriceRequest(
        provider=who,
        model=model,
        at=datetime(2026, 11, 20, tzinfo=UTC),
        usage=raw,
        context=context,
    )
    receipt = price(request, shipped_book())
    assert receipt.total is None or receipt.total >= 0
    assert (receipt.total is None) == bool(receipt.unpriced)
