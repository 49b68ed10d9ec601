"""What keys and endpoints have left, where their makers tell it (data and reading; asks nobody)."""

from __future__ import annotations

import msgspec

from tui.address import origin


class Teller(msgspec.Struct, frozen=True, kw_only=True):
    """A place that tells what is left behind a key.

    Args:
        kind: Its reader (`tui.credits.reading`).
        name: For people.
        paths: As in `tui.credits.known`.
        currency: Of what it tells, where it does not say so.
        top_up_url: Where a person adds money.
    """

    kind: str
    name: str
    paths: tuple[str, ...]
    currency: str = "USD"
    top_up_url: str = ""


_OPENROUTER = Teller(
    kind="openrouter", name="OpenRouter", paths=("/credits", "/key"),
    top_up_url="https://openrouter.ai/settings/credits",
)  # fmt: skip
_LITELLM = Teller(kind="litellm", name="LiteLLM", paths=("//key/info",))
_VERCEL = Teller(
    kind="vercel", name="Vercel", paths=("/credits",), top_up_url="https://vercel.com/ai-gateway"
)
_DEEPSEEK = Teller(
    kind="deepseek", name="DeepSeek", paths=("//user/balance",),
    top_up_url="https://platform.deepseek.com/top_up",
)  # fmt: skip
_MOONSHOT = Teller(
    kind="moonshot", name="Moonshot", paths=("/users/me/balance",),
    top_up_url="https://platform.moonshot.ai/console/pay",
)  # fmt: skip

_BY_KIND = {
    "openrouter": _OPENROUTER, "litellm": _LITELLM, "vercel": _VERCEL, "deepseek": _DEEPSEEK,
}  # fmt: skip
_BY_ORIGIN = {
    origin("https://openrouter.ai"): _OPENROUTER,
    origin("https://ai-gateway.vercel.sh"): _VERCEL,
    origin("https://api.deepseek.com"): _DEEPSEEK,
    origin("https://api.moonshot.ai"): _MOONSHOT,
    origin("https://api.moonshot.cn"): msgspec.structs.replace(
        _MOONSHOT, currency="CNY", top_up_url="https://platform.moonshot.cn/console/pay"
    ),
}


def teller_of(known: str, base_url: str) -> Teller | None:
    """Who tells what an endpoint has left: by its known kind, else by its host; None: nobody."""
    return _BY_KIND.get(known) or _BY_ORIGIN.get(origin(base_url))
