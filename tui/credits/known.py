"""Adapters of credit services. Data: addresses, places and units, as their makers document them.

OpenRouter: `GET /credits` (its documentation wants a management key there; many accounts answer any
key) and `GET /key`. LiteLLM: `GET /key/info`, below the address without its `/v1`; a proxy without
a database has no such word, and says it in the heads of its answers. Vercel AI Gateway:
`GET /credits`. `house` is a team's own server with our ledger: the balance is the
ledger's, and `GET /account` may tell

    {"plan": "business", "org_size": 12, "platform_rate": "6.5", "usd_per_credit": "0.01",
     "retention": "30 days"}

where each field may be absent: the plan by its word in the route rules, people, platform credits
per agent-hour, dollars per credit, and what becomes of what is sent, in words.
"""

from __future__ import annotations

from typing import Literal

import msgspec

AdapterId = Literal["openrouter", "litellm", "vercel", "house"]


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of credit service.

    Args:
        id: Word in `credits add`.
        name: As people call it.
        base_url: Its address; "": everybody has one of their own.
        vendor: Whose quirks its wire has (`tui.providers.base.Access`).
        usd_per_credit: Its rate unless another is said; None: no unit, money is shown.
        top_up_url: Where a person adds credits; "": not known.
        keys_url: Where a person gets a key.
        paths: Places that tell what is left, each from the address without its `/v1` where it
            begins with `//`; none: our own ledger does.
        account_path: Where plan and rates may be told; "": nowhere.
        routers: Auto models of ours that it has a router of its own for, with its id there.
        retention: What it states of what is sent, in words; "": not stated.
        no_balance: What helps where it does not tell what is left.
    """

    id: AdapterId
    name: str
    base_url: str = ""
    vendor: str | None = None
    usd_per_credit: str | None = None
    top_up_url: str = ""
    keys_url: str = ""
    paths: tuple[str, ...] = ()
    account_path: str = ""
    routers: dict[str, str] = {}
    retention: str = ""
    no_balance: str = ""


ADAPTERS: tuple[Adapter, ...] = (
    Adapter(
        id="openrouter", name="OpenRouter", base_url="https://openrouter.ai/api/v1",
        vendor="openrouter", usd_per_credit="1",
        top_up_url="https://openrouter.ai/settings/credits",
        keys_url="https://openrouter.ai/settings/keys", paths=("/credits", "/key"),
        routers={"auto": "openrouter/auto"},
        no_balance="OpenRouter tells it of a key with a credit limit: give the key one there",
    ),
    Adapter(
        id="litellm", name="LiteLLM", paths=("//key/info",),
        no_balance="whoever runs the proxy can let the key see its own /key/info",
    ),
    Adapter(
        id="vercel", name="Vercel AI Gateway", base_url="https://ai-gateway.vercel.sh/v1",
        usd_per_credit="1", top_up_url="https://vercel.com/d?to=%2F%5Bteam%5D%2F%7E%2Fai-gateway",
        keys_url="https://vercel.com/ai-gateway", paths=("/credits",),
    ),
    Adapter(
        id="house", name="A house of one's own", account_path="/account",
        no_balance="`ownkey credits grant` fills the ledger that says what is left",
    ),
)  # fmt: skip


def adapter_of(id: str) -> Adapter:
    """The adapter of a service that is kept; its id was checked when it was read."""
    return next(one for one in ADAPTERS if one.id == id)


def find_adapter(id: str) -> Adapter | None:
    """The one of this id, or None."""
    return next((one for one in ADAPTERS if one.id == id), None)
