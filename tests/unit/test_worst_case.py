from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.session.scripted import ScriptedRouter
from tui.catalog.prices import PriceBook
from tui.events.base import RequestId
from tui.providers.base import Message, ModelRequest, TextBlock
from tui.runtime.pricer import ListPricer
from tui.session.bound import REQUEST, request_tokens, text_tokens

AT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
PRICER = ListPricer(PriceBook())


def decision(provider, model):
    import msgspec

    made = ScriptedRouter().decide(f"{provider}/{model}")
    return msgspec.structs.replace(made, provider=provider, base_url="https://api.example/v1")


def test_a_prompt_may_be_written_to_the_cache_and_costs_that():
    worst = PRICER.worst_case(decision("anthropic", "claude-opus-4-7"), 1_000, AT)
    assert worst.prompt_usd == Decimal("0.00625")
    assert worst.nano(1_000) == 6_250_000 + 25_000_000


def test_a_long_prompt_costs_what_long_ones_cost():
    opened = decision("openai", "gpt-5.5")
    short, long = (PRICER.worst_case(opened, n, AT) for n in (272_000, 272_001))
    assert (short.token_usd, long.token_usd) == (Decimal("0.00003"), Decimal("0.000045"))
    assert long.prompt_usd > 2 * short.prompt_usd * Decimal("0.99")


def test_what_has_no_price_has_no_worst_case():
    assert PRICER.worst_case(decision("openai", "never-heard-of"), 1_000, AT) is None


@pytest.mark.parametrize(
    ("provider", "model"), [("anthropic", "claude-opus-4-7"), ("anthropic", "claude-haiku-4-5")]
)
@given(given=st.integers(0, 400_000), made=st.integers(1, 64_000), written=st.integers(0, 100))
def test_no_receipt_within_the_counts_is_above_the_worst_case(
    provider, model, given, made, written
):
    decided = decision(provider, model)
    new = given * written // 100
    usage = {
        "input_tokens": given - new, "cache_creation_input_tokens": new,
        "cache_read_input_tokens": 0, "output_tokens": made,
    }  # fmt: skip
    _, charge = PRICER.receipt(RequestId("r"), decided, usage, {}, AT)
    assert charge.nano <= PRICER.worst_case(decided, given, AT).nano(made)


@pytest.mark.parametrize(
    ("text", "least"),
    [("The quick brown fox jumps over the lazy dog. ", 10), ("12345678", 8), ("語" * 9, 9),
     ("QmFzZTY0" * 10, 60), ("\ud800", 1), ("{}[]();" * 4, 28)],
)  # fmt: skip
def test_dense_text_is_counted_densely(text, least):
    assert least <= text_tokens(text) <= len(text.encode("utf-8", "surrogatepass"))


def test_a_request_counts_all_that_it_carries():
    def of(text):
        message = Message(role="user", blocks=(TextBlock(text=text),))
        return request_tokens(ModelRequest(model="m", messages=(message,), system=text))

    assert of("") >= REQUEST
    assert of("word " * 100) - of("") == 2 * text_tokens("word " * 100)
