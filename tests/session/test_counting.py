from __future__ import annotations

import statistics
import struct
import zlib

import pytest

from tests.wire_cases import all_cases
from tests.wire_requests import CountedRequest, counted_request
from tui.billing.counting import family_of
from tui.billing.file_tokens import pages, picture_size, picture_tokens
from tui.events.tool import ToolSpec
from tui.providers.base import Message, ModelRequest, TextBlock, ToolCallBlock, ToolResultBlock
from tui.session.bound import request_tokens
from tui.session.counting import prompt_tokens
from tui.session.tool_shapes import as_types

WITHIN = 0.10
TINY = 3
"""Tokens that a prompt of under thirty may be off: 10 % of it is less than a word or two."""
COMPATIBLE_MEDIAN, COMPATIBLE_WITHIN = 0.10, 0.30
"""Of places that serve other makers' models: their templates differ, and some add to prompts."""

CASES = [one for one in map(counted_request, all_cases().values()) if one is not None]


def off(case: CountedRequest) -> float:
    return prompt_tokens(case.request, case.api) / case.told - 1


def of(maker: str) -> list[CountedRequest]:
    return [case for case in CASES if case.maker == maker]


def test_there_are_enough_recordings_to_count():
    counts = {maker: len(of(maker)) for maker in ("anthropic", "openai", "google", "compatible")}
    print(counts)
    assert counts["anthropic"] >= 8 and counts["openai"] >= 8
    assert counts["google"] >= 6 and counts["compatible"] >= 20


@pytest.mark.parametrize("case", [c for c in CASES if c.maker != "compatible"], ids=lambda c: c.id)
def test_a_prompt_is_counted_within_a_tenth_of_what_its_maker_told(case):
    counted = prompt_tokens(case.request, case.api)
    assert abs(counted - case.told) <= max(case.told * WITHIN, TINY), (counted, case.told)


@pytest.mark.parametrize("maker", ["anthropic", "openai", "google"])
def test_all_prompts_of_a_maker_together_are_within_a_tenth(maker):
    counted = sum(prompt_tokens(case.request, case.api) for case in of(maker))
    told = sum(case.told for case in of(maker))
    assert abs(counted / told - 1) <= WITHIN


def test_prompts_at_other_places_are_mostly_within_a_tenth():
    errors = sorted(abs(off(case)) for case in of("compatible"))
    assert statistics.median(errors) <= COMPATIBLE_MEDIAN
    assert errors[int(len(errors) * 0.85)] <= COMPATIBLE_WITHIN


def test_four_characters_a_token_would_not_do():
    def plain(case: CountedRequest) -> int:
        request = case.request
        texts = [request.system, *(one.description + str(one.schema) for one in request.tools)]
        texts += [str(block) for one in request.messages for block in one.blocks]
        return sum(map(len, texts)) // 4

    wrong = [c for c in CASES if abs(plain(c) - c.told) > max(c.told * WITHIN, TINY)]
    assert len(wrong) > len(CASES) / 2


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_what_is_likely_is_never_more_than_the_bound(case):
    assert prompt_tokens(case.request, case.api) <= request_tokens(case.request)


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-sonnet-4-20250514", "anthropic"),
        ("anthropic/claude-haiku-4.5", "anthropic"),
        ("claude-3-5-haiku-20241022", "anthropic"),
        ("us.anthropic.claude-opus-4-6-v1", "anthropic"),
        ("claude-opus-4-7", "anthropic-4.7"),
        ("claude-sonnet-5", "anthropic-4.7"),
        ("claude-fable-5", "anthropic-4.7"),
        ("gpt-5.4", "openai"),
        ("openai/o3", "openai"),
        ("o4-mini", "openai"),
        ("openai/gpt-oss-120b", "openai"),
        ("google/gemini-3.5-flash", "google"),
        ("meta-llama/Llama-3.3-70B-Instruct", "other"),
        ("local/smollm2-135m", "other"),
    ],
)
def test_a_models_name_says_its_tokenizer(model, family):
    assert family_of(model) == family


def test_a_tool_is_written_as_types_are():
    spec = ToolSpec(
        name="get",
        description="Gets it.\n\n    Now.",
        schema={
            "type": "object",
            "required": ["a"],
            "properties": {
                "a": {"type": "string", "description": "which"},
                "b": {"enum": ["x", "y"]},
                "c": {"type": "array", "items": {"type": "integer"}},
            },
        },
    )
    assert as_types(spec) == (
        "// Gets it.\n// Now.\ntype get = (_: {\n// which\na: string,\nb?: \"x\" | \"y\",\n"
        "c?: number[],\n}) => any;"
    )  # fmt: skip


def test_tools_calls_and_results_count_with_what_is_put_around_them():
    def request(*more: Message) -> ModelRequest:
        said = Message(role="user", blocks=(TextBlock(text="Go."),))
        return ModelRequest(model="claude-sonnet-4-6", messages=(said, *more))

    call = ToolCallBlock(id="1", name="shell", args={"command": "ls"})
    result = ToolResultBlock(call="1", name="shell", ok=True, output="a b")
    worked = request(
        Message(role="assistant", blocks=(call,)), Message(role="user", blocks=(result,))
    )
    assert prompt_tokens(worked) > prompt_tokens(request()) + 40


def png(wide: int, high: int) -> bytes:
    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + crc


def test_a_pictures_size_is_read_from_its_head():
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x01\x90\x02\x58" + b"\x00" * 12
    assert picture_size(png(1092, 1092)) == (1092, 1092)
    assert picture_size(jpeg) == (600, 400)
    assert picture_size(b"GIF89a\x0a\x00\x14\x00") == (10, 20)
    assert picture_size(b"what") is None
    assert picture_size(png(0, 0)) is None


@pytest.mark.parametrize(
    ("size", "family", "model", "tokens"),
    [
        ((1092, 1092), "anthropic", "claude-sonnet-4-6", 1590),  # "Vision": the page's own table
        ((200, 200), "anthropic", "claude-sonnet-4-6", 53),
        ((1024, 1024), "openai", "gpt-4o", 765),  # "Images and vision": the page's own example
        ((2048, 4096), "openai", "gpt-4o", 1105),
        ((300, 300), "google", "gemini-2.5-flash", 258),
        ((1000, 700), "google", "gemini-2.5-flash", 516),
        ((1000, 700), "google", "gemini-3-flash", 1120),
    ],
)
def test_a_picture_has_the_tokens_of_its_makers_formula(size, family, model, tokens):
    assert round(picture_tokens(size, family, model)) == pytest.approx(tokens, rel=0.01)


def test_a_documents_pages_are_seen_in_its_bytes():
    assert pages(b"%PDF /Type /Pages /Count 2 /Type /Page x /Type/Page>>") == 2
    assert pages(b"%PDF /Count 12") == 12
    assert pages(b"%PDF" + b"\0" * 150_000) == 2
