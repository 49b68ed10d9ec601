"""What services say of money, read as if a liar had written it; credits, exact."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.credits import reading
from tui.credits.amounts import amount_of, credits_of, credits_text, rate_of
from tui.credits.asking import Asked, rate_news, told_by
from tui.credits.balance import Standing, age, balance_of, standing
from tui.credits.reading import Left, object_of
from tui.credits.records import CreditService, Told
from tui.credits.words import amount_words, credits_words

NOW = dt.datetime(2026, 10, 2, 12, tzinfo=dt.UTC)
NONSENSE = (
    "NaN", "Infinity", "-Infinity", "1e400", "1e13", "-1e13", '"lots"', "true", "null", "[]",
    "{}", '"1_000"', '"٣"', '"1e-999999"', '""',
)  # fmt: skip


def service(adapter="openrouter", **told) -> CreditService:
    return CreditService(
        name=adapter, adapter=adapter, base_url="https://h.example/v1", added_at=NOW,
        told=Told(**told),
    )  # fmt: skip


def read(kind: str, path: str, body: str) -> Left:
    fields = object_of(body.encode())
    return reading.READERS[kind]({} if fields is None else {path: fields})


@pytest.mark.parametrize("said", NONSENSE)
@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("openrouter", "/credits", '{"data": {"total_credits": %s, "total_usage": 1}}'),
        ("openrouter", "/credits", '{"data": {"total_credits": 1, "total_usage": %s}}'),
        ("openrouter", "/key", '{"data": {"limit_remaining": %s}}'),
        ("litellm", "//key/info", '{"info": {"spend": %s, "max_budget": 5}}'),
        ("vercel", "/credits", '{"balance": %s}'),
        ("deepseek", "//user/balance", '{"balance_infos": [{"total_balance": %s}]}'),
        ("moonshot", "/users/me/balance", '{"data": {"available_balance": %s}}'),
    ],
)
def test_nonsense_is_not_known_and_never_nothing(kind, path, body, said):
    left = read(kind, path, body % said)
    assert left.amount is None
    assert not left.endless


def test_a_number_longer_than_any_parser_takes_is_not_known():
    assert read("vercel", "/credits", '{"balance": %s}' % ("9" * 6000)).amount is None


def test_a_balance_below_nothing_is_told_and_pays_for_nothing():
    left = read("vercel", "/credits", '{"balance": "-3.10"}')
    kept = told_by(service("vercel"), Asked(left=left), NOW)
    assert left.amount == Decimal("-3.10")
    assert (balance_of(kept).for_routes or 0) < 0


def test_openrouter_tells_the_account_and_a_lower_limit_of_the_key():
    whole = {"/credits": {"data": {"total_credits": 100.5, "total_usage": 25.75}}}
    key = {"/key": {"data": {"limit": 100, "limit_remaining": 4.5, "limit_reset": "monthly"}}}
    assert reading.openrouter(whole) == Left(amount=Decimal("74.75"))
    both = reading.openrouter({**whole, **key})
    assert both == Left(amount=Decimal("4.5"), limit=Decimal(100), resets="monthly")
    assert reading.openrouter(key).amount == Decimal("4.5")
    assert reading.openrouter({"/key": {"data": {"limit": None, "usage": 3}}}) == Left()


def test_litellm_tells_a_budget_or_that_there_is_none():
    info = {"spend": 0.25, "max_budget": 10, "budget_reset_at": "2026-11-01T00:00:00Z"}
    assert reading.litellm({"//key/info": {"info": info}}).amount == Decimal("9.75")
    assert reading.litellm({"//key/info": {"info": {**info, "max_budget": None}}}).endless
    assert reading.litellm({"//key/info": {"info": {"spend": 1}}}) == Left()


def test_litellm_without_a_database_tells_it_in_the_heads_of_its_answers():
    spent, most = "x-litellm-key-spend", "x-litellm-key-max-budget"
    told = reading.litellm_heads({spent: "1.250128", most: "5.0"})
    assert (told.amount, told.limit) == (Decimal("3.749872"), Decimal("5.0"))
    assert reading.litellm_heads({spent: "7.999999999999999e-05"}) == Left(endless=True)


@pytest.mark.parametrize("heads", [
    {}, {"max-budget": "5.0"}, {"spend": "plenty"}, {"spend": "nan", "max-budget": "5.0"},
    {"spend": "-1", "max-budget": "5.0"}, {"spend": "1", "max-budget": "None"},
    {"spend": "1", "max-budget": "-5"}, {"spend": "1", "max-budget": "1e400"},
])  # fmt: skip
def test_heads_that_tell_no_budget_leave_it_not_known(heads):
    assert reading.litellm_heads({f"x-litellm-key-{n}": v for n, v in heads.items()}) == Left()


def test_deepseek_tells_dollars_before_other_money():
    rows = [
        {"currency": "CNY", "total_balance": "110.00"},
        {"currency": "USD", "total_balance": "2.50"},
    ]
    told = reading.deepseek({"//user/balance": {"is_available": True, "balance_infos": rows}})
    assert (told.amount, told.currency) == (Decimal("2.50"), "USD")
    first = reading.deepseek({"//user/balance": {"balance_infos": rows[:1]}})
    assert (first.amount, first.currency) == (Decimal("110.00"), "CNY")


def test_a_decimal_is_read_as_it_is_written():
    assert read("vercel", "/credits", '{"balance": 0.1000000000000000055}').amount == Decimal(
        "0.1000000000000000055"
    )


@given(st.integers(0, 10**15), st.decimals("0.0001", "1000", places=4))
def test_credits_times_rate_are_the_dollars(nano, rate):
    credits = credits_of(nano, rate)
    assert credits is not None
    assert abs(credits * rate - Decimal(nano) / 10**9) < Decimal("1e-30")


def test_credits_are_not_known_without_price_or_rate():
    assert credits_of(None, "0.01") is None
    assert credits_of(5, None) is None
    assert credits_of(5, "0") is None
    assert credits_text(None) is None
    assert credits_text(credits_of(13_200_000, "0.01")) == "1.32"
    assert credits_text(credits_of(1_000_000_000, "3")) == "0.333333333"


@pytest.mark.parametrize("text", ["0", "-1", "NaN", "inf", "1e13", "x", ""])
def test_what_is_no_rate_is_none(text):
    assert rate_of(text) is None


def test_a_number_out_of_an_answer_has_an_end():
    assert amount_of("1" + "0" * 100) is None
    assert amount_of(Decimal("1e-41")) is None
    assert amount_of(True) is None


def test_what_is_not_told_again_stays_with_its_age():
    told = told_by(service(), Asked(left=Left(amount=Decimal(5))), NOW)
    later = told_by(told, Asked(trouble="it answered 500"), NOW + dt.timedelta(hours=3))
    assert (later.told.balance, later.told.as_of, later.trouble) == ("5", NOW, "it answered 500")
    assert age(NOW, NOW + dt.timedelta(hours=3)) == "3 h ago"


def test_a_changed_rate_is_told_and_an_unchanged_one_is_not():
    account = reading.account({"usd_per_credit": "0.02", "plan": "max", "org_size": 3})
    before = service("house", usd_per_credit="0.01")
    after = told_by(before, Asked(account=account), NOW)
    assert rate_news(before, after) == (
        "house changed its rate: a credit is $0.02 now, it was $0.01"
    )
    assert rate_news(after, after) == ""
    assert after.told.plan == "max"


@pytest.mark.parametrize(
    "body",
    [
        {"plan": "root", "org_size": -1, "platform_rate": "-2", "usd_per_credit": 0},
        {"plan": 5, "org_size": 1e300, "platform_rate": "NaN", "usd_per_credit": "x"},
        {"plan": None, "org_size": True, "retention": ["x"]},
    ],
)
def test_a_plan_that_is_none_changes_nothing(body):
    account = reading.account(json.loads(json.dumps(body)))
    assert account == reading.Account()


def test_the_first_service_that_tells_a_plan_wins_over_the_settings():
    own = Standing(plan="personal", org_size=1, platform_rate=None)
    services = (service(), service("house", plan="business", platform_rate="6.5"))
    now = standing(services, own)
    assert (now.plan, now.plan_by) == ("business", "house")
    assert (now.org_size, now.org_size_by) == (1, "")
    assert now.platform_rate == Decimal("6.5")
    assert standing((), own) == own


def test_what_is_left_reads_the_same_everywhere():
    dollar = balance_of(service("litellm", balance="12.349", as_of=NOW))
    assert amount_words(dollar) == "$12.34 left"
    assert amount_words(balance_of(service(balance="1204.9"))) == "1 204 credits left"
    assert amount_words(balance_of(service(endless=True))) == "no limit"
    assert amount_words(balance_of(service())) == "not told"
    assert credits_words(Decimal("0.999")) == "0.99"


def test_the_ledger_says_what_is_left_at_a_house_and_not_the_house():
    class FakeLedger:
        def balance(self, service: str) -> Decimal:
            return Decimal(40)

    house = service("house", balance="999", usd_per_credit="0.01")
    assert balance_of(house, FakeLedger()).credits == Decimal(40)
    assert balance_of(house, FakeLedger()).usd == Decimal("0.40")
    assert balance_of(house).for_routes is None
