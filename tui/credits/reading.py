"""What is left, out of answers as the makers document them (pure).

Every number in them may be a lie: what is none, NaN, or beyond all money is not known, never 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import msgspec

from tui.credits.amounts import amount_of

_LONGEST = 60


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What an account or key has left.

    Args:
        amount: In `currency`; None: not told.
        endless: It is told that there is no limit.
        limit: The limit that the amount is left of, where one is told.
        resets: When the limit begins anew, as it is said; hostile.
        currency: ISO 4217.
    """

    amount: Decimal | None = None
    endless: bool = False
    limit: Decimal | None = None
    resets: str = ""
    currency: str = "USD"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an organisation; None and "": not told. See `tui.credits.known`."""

    plan: str | None = None
    org_size: int | None = None
    platform_rate: Decimal | None = None
    usd_per_credit: Decimal | None = None
    retention: str = ""


PLANS = ("personal", "free", "build", "max", "business", "enterprise")
Answers = Mapping[str, Mapping[str, Any]]
"""Bodies by the path that gave them; those that gave none are not there."""


def object_of(body: bytes) -> dict[str, Any] | None:
    """A JSON object with its decimals exact, or None for what is none."""
    try:
        value: object = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def openrouter(answers: Answers) -> Left:
    """The account's credits, and the key's own limit where that is less."""
    account = _table(answers.get("/credits", {}).get("data"))
    key = _table(answers.get("/key", {}).get("data"))
    bought, used = amount_of(account.get("total_credits")), amount_of(account.get("total_usage"))
    whole = None if bought is None or used is None or bought < 0 or used < 0 else bought - used
    of_key = amount_of(key.get("limit_remaining"))
    known = [one for one in (whole, of_key) if one is not None]
    own = of_key is not None and of_key == min(known)
    return Left(
        amount=min(known, default=None),
        limit=amount_of(key.get("limit")) if own else None,
        resets=_word(key.get("limit_reset")) if own else "",
    )


def litellm(answers: Answers) -> Left:
    """A virtual key's budget less what it has spent."""
    info = _table(answers.get("//key/info", {}).get("info"))
    spent, most = amount_of(info.get("spend")), amount_of(info.get("max_budget"))
    if spent is None or spent < 0:
        return Left()
    if "max_budget" in info and info["max_budget"] is None:
        return Left(endless=True)
    if most is None or most < 0:
        return Left()
    return Left(amount=most - spent, limit=most, resets=_word(info.get("budget_reset_at")))


def litellm_heads(headers: Mapping[str, str]) -> Left:
    """The same, as a proxy says it beside its answers: its only word where it has no database.

    It leaves out a budget that is none, so a spend without one is of a key without a limit.
    """
    spent = amount_of(headers.get("x-litellm-key-spend"))
    if spent is None or spent < 0:
        return Left()
    if "x-litellm-key-max-budget" not in headers:
        return Left(endless=True)
    most = amount_of(headers["x-litellm-key-max-budget"])
    return Left() if most is None or most < 0 else Left(amount=most - spent, limit=most)


def nothing_left(body: Mapping[str, Any]) -> bool:
    """Whether an error is a LiteLLM proxy's word that the key's budget is spent."""
    return _table(body.get("error")).get("type") == "budget_exceeded"


def vercel(answers: Answers) -> Left:
    """The team's remaining balance."""
    return Left(amount=amount_of(answers.get("/credits", {}).get("balance")))


def deepseek(answers: Answers) -> Left:
    """`balance_infos`: one entry a currency; dollars where there are any, else the first."""
    said = answers.get("//user/balance", {}).get("balance_infos")
    rows = [_table(one) for one in cast("list[object]", said)] if isinstance(said, list) else []
    rows = [row for row in rows if amount_of(row.get("total_balance")) is not None]
    rows.sort(key=lambda row: (row.get("currency") != "USD", not amount_of(row["total_balance"])))
    if not rows:
        return Left()
    return Left(amount=amount_of(rows[0]["total_balance"]), currency=_word(rows[0].get("currency")))


def moonshot(answers: Answers, currency: str = "USD") -> Left:
    """`available_balance`: cash and vouchers, in the platform's own currency."""
    data = _table(answers.get("/users/me/balance", {}).get("data"))
    return Left(amount=amount_of(data.get("available_balance")), currency=currency)


def account(body: Mapping[str, Any]) -> Account:
    """Of a `house`: plan, people, rates and retention."""
    plan, size = body.get("plan"), body.get("org_size")
    people = size if isinstance(size, int) and not isinstance(size, bool) else None
    rate = amount_of(body.get("platform_rate"))
    unit = amount_of(body.get("usd_per_credit"))
    return Account(
        plan=plan if isinstance(plan, str) and plan in PLANS else None,
        org_size=people if people is not None and 1 <= people <= 10_000_000 else None,
        platform_rate=rate if rate is not None and rate >= 0 else None,
        usd_per_credit=unit if unit is not None and unit > 0 else None,
        retention=_word(body.get("retention"), 200),
    )


READERS: dict[str, Callable[[Answers], Left]] = {
    "openrouter": openrouter, "litellm": litellm, "vercel": vercel, "deepseek": deepseek,
    "moonshot": moonshot,
}  # fmt: skip

BY_HEADS: dict[str, Callable[[Mapping[str, str]], Left]] = {"litellm": litellm_heads}
"""Kinds that say it in the headers of their answers too, by lower-case name."""


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _word(value: object, longest: int = _LONGEST) -> str:
    return " ".join(value.split())[:longest] if isinstance(value, str) else ""
