from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from tui.billing.receipt import PriceRequest, estimate_nano, price, turn_total
from tui.catalog.prices import shipped_book
from tui.catalog.sheets import NoPrice, Rate, Sheet, ToolFee
from tui.money import plain, product, total

AT = datetime(2026, 11, 20, tzinfo=UTC)
TOKENS = st.integers(min_value=0, max_value=10**9)
UNITS = st.decimals(min_value=0, max_value=Decimal("0.01"), places=15)


class FakeBook:
    """A price list of one model, with the prices that the test wants."""

    def __init__(self, **rates: Decimal) -> None:
        self._rates = {name: Rate(value) for name, value in rates.items()}

    def find(self, provider, model, at, terms=None):
        return Sheet(
            model=model,
            rates=self._rates,
            fees={"web_search": ToolFee(Decimal("0.01"), "call")},
            priced_by="a test",
        )

    def tier(self, provider, said):
        return "standard"


def receipt(book, fresh, read, written, made, searches=0):
    usage = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": made,
        "server_tool_use": {"web_search_requests": searches},
    }
    return price(PriceRequest(provider="anthropic", model="m", at=AT, usage=usage), book)


@given(UNITS, UNITS, UNITS, UNITS, TOKENS, TOKENS, TOKENS, TOKENS, st.integers(0, 50))
def test_the_lines_add_up_and_the_total_is_rounded_once(a, b, c, d, fresh, read, written, made, n):
    book = FakeBook(input=a, cache_read=b, cache_write_5m=c, output=d)
    paid = receipt(book, fresh, read, written, made, n)
    with localcontext() as exact:
        exact.prec = 100
        whole = a * fresh + b * read + c * written + d * made + n * Decimal("0.01")
        rounded = (whole * 10**9).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        assert sum(line.usd for line in paid.lines) == whole
    assert paid.total == int(rounded)


@given(UNITS, TOKENS, TOKENS)
def test_more_tokens_never_cost_less(unit, few, more):
    book = FakeBook(input=unit, output=unit)
    less = receipt(book, few, 0, 0, 0).total
    assert receipt(book, few + more, 0, 0, 0).total >= less >= 0


@given(st.lists(TOKENS, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_a_turn_costs_the_same_in_every_order(tokens: list[int], rng: random.Random):
    book = FakeBook(input=Decimal("3.3e-10"), output=Decimal("1.1e-9"))
    receipts = [receipt(book, one, 0, 0, one) for one in tokens]
    shuffled = rng.sample(receipts, len(receipts))
    assert turn_total(receipts) == turn_total(shuffled)


@given(st.lists(st.decimals(min_value=0, max_value=10**6, places=18), max_size=30))
def test_adding_exactly_does_not_depend_on_the_order(amounts):
    assert total(amounts) == total(reversed(amounts))


@given(st.decimals(min_value=0, max_value=1000, places=12))
def test_a_decimal_prints_without_an_exponent_and_reads_back_the_same(amount):
    text = plain(amount)
    assert "E" not in text
    assert Decimal(text) == amount


def test_a_request_without_a_line_costs_exactly_nothing():
    paid = receipt(FakeBook(input=Decimal(1), output=Decimal(1)), 0, 0, 0, 0)
    assert (paid.total, paid.lines, paid.sureness) == (0, (), "priced")


def test_an_estimate_is_the_uncached_price_of_its_length():
    short = estimate_nano("openai/gpt-5.5", 272_000, 1_000, AT)
    long = estimate_nano("openai/gpt-5.5", 272_001, 1_000, AT)
    assert (short, long) == (1_390_000_000, 2_765_010_000)


def test_an_estimate_takes_the_providers_own_id_unsplit():
    whole = estimate_nano("openai/gpt-oss-120b", 1_000_000, 0, AT, provider="groq")
    assert whole == 150_000_000


def test_what_has_no_price_has_no_estimate():
    assert estimate_nano("openai/gpt-7-nova", 1, 1, AT) is None


def test_what_runs_here_is_estimated_at_nothing():
    assert estimate_nano("local/smollm2", 1_000, 1_000, AT) == 0


def test_an_unknown_request_leaves_the_known_part_of_its_turn():
    known = receipt(FakeBook(input=Decimal("1e-6"), output=Decimal(0)), 5, 0, 0, 0)
    unknown = price(PriceRequest(provider="custom", model="m", at=AT, usage=None), shipped_book())
    turn = turn_total([known, unknown])
    assert (turn.total, turn.known, turn.unknown) == (None, 5_000, 1)


def test_a_product_keeps_every_digit():
    assert product(Decimal("0.1234567890123456789"), 10**12) == Decimal("123456789012.3456789")


def test_a_model_that_nobody_lists_is_no_price_and_says_of_what():
    found = shipped_book().find("openai", "gpt-7-nova", AT)
    assert found == NoPrice("no price for openai/gpt-7-nova")
