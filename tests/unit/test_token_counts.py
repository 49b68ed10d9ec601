from __future__ import annotations

import json
import pathlib
import random
import subprocess
import sys
import time

import pytest

from tui.billing.counting import (
    AGAINST,
    ALL_COUNTED,
    Family,
    lasting_tokens,
    live_tokens,
    ratio,
    streamed,
    text_tokens,
)

TEXTS = pathlib.Path(__file__).parent.parent / "data" / "counting"
COUNTS: dict[str, dict[str, int]] = json.loads((TEXTS / "counts.json").read_text())
TOKENIZERS: dict[str, tuple[Family, float]] = {
    "o200k": ("openai", 0.10),
    "cl100k": ("other", 0.10),
    "claude": ("anthropic", 0.15),  # Claude 2's, the only one that is published
}
ODD = "\n Aa0\u0301\u4e00\U0001f600\ud800\u2028\u0110\ufffd\x00'\"/"


def text_of(name: str) -> str:
    return (TEXTS / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", COUNTS)
def test_every_kind_of_text_is_counted_within_a_tenth(name, tokenizer):
    family, within = TOKENIZERS[tokenizer]
    counted, truth = text_tokens(text_of(name), family), COUNTS[name][tokenizer]
    assert truth > 200
    assert abs(counted / truth - 1) <= within, (counted, truth)


def test_all_kinds_together_are_counted_within_a_twentieth():
    counted = sum(text_tokens(text_of(name), "openai") for name in COUNTS)
    assert abs(counted / sum(one["o200k"] for one in COUNTS.values()) - 1) <= 0.05


def test_gemini_counts_each_digit():
    assert text_tokens("123456789", "google") == pytest.approx(9)
    assert text_tokens("123456789", "openai") == pytest.approx(3)


def test_anthropics_newer_tokenizer_makes_more_of_the_same():
    old = text_tokens(text_of("python"), "anthropic")
    assert 1.0 < text_tokens(text_of("python"), "anthropic-4.7") / old <= 1.35


@pytest.mark.parametrize("name", ["python", "prose", "russian", "json"])
def test_a_long_text_is_estimated_from_parts_of_it(name):
    text = text_of(name) * 300
    whole = text_tokens(text, "openai", most=len(text))
    assert len(text) > ALL_COUNTED
    assert text_tokens(text, "openai") == pytest.approx(whole, rel=0.05)
    assert text_tokens(text, "openai", most=16_000) == pytest.approx(whole, rel=0.15)


def test_a_text_counts_as_its_halves_do():
    text = text_of("python")
    middle = text.index("\n\n", len(text) // 2)
    halves = text_tokens(text[:middle], "other") + text_tokens(text[middle:], "other")
    assert halves == pytest.approx(text_tokens(text, "other"), rel=0.01)


def test_no_text_is_cheaper_than_nothing_and_none_fails():
    letters = random.Random(4)
    for _ in range(300):
        text = "".join(letters.choices(ODD, k=letters.randrange(1, 40)))
        assert text_tokens(text, "openai") > 0
    assert text_tokens("", "openai") == 0


def test_what_streams_is_counted_by_script():
    assert live_tokens(streamed("a" * 400), "openai") == 100
    assert live_tokens(streamed("a" * 400), "anthropic-4.7") == 132
    for name, within in (("chinese", 0.2), ("prose", 0.2), ("german", 0.3)):
        told = live_tokens(streamed(text_of(name)), "openai")
        assert told == pytest.approx(COUNTS[name]["o200k"], rel=within)


def test_pieces_of_a_stream_sum_up_to_the_whole():
    text = text_of("russian") + text_of("prose")
    assert sum(map(streamed, text)) == streamed(text)


def test_families_are_compared_both_ways():
    for one in AGAINST:
        for other in AGAINST:
            assert ratio(one, other) * ratio(other, one) == pytest.approx(1)


def test_what_every_request_carries_is_counted_once():
    text = text_of("python") * 20
    lasting_tokens(text, "openai")
    began = time.process_time()
    for _ in range(100):
        lasting_tokens(text, "openai")
    assert time.process_time() - began < 0.01


def test_counting_takes_two_megabytes_a_second():
    text = "\n".join(text_of(name) for name in ("prose", "python", "json", "diff")) * 8
    text_tokens(text, "openai")
    best = 1e9
    for _ in range(3):
        began = time.process_time()
        text_tokens(text, "openai", most=len(text))
        best = min(best, time.process_time() - began)
    assert len(text) / 1e6 / best >= 1.5  # a slow machine's share


def test_importing_it_compiles_nothing():
    code = (
        "import sys, re; from typing import Literal; import functools, collections;"
        "made = []; real = re.compile;"
        "re.compile = lambda *a, **k: (made.append(a), real(*a, **k))[1];"
        "import tui.billing.counting; print(len(made), 'tui.billing.token_tables' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["0", "False"]
