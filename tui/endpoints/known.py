"""Endpoints that can be added by one choice. Data: addresses and quirks, as their makers say."""

from __future__ import annotations

from typing import Literal

import msgspec

from tui.address import check_address, is_loopback, origin

Serves = Literal["endpoint", "local"]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of place.

    Args:
        id: Word in `endpoints add --known`.
        name: As people call it.
        base_url: Its address, or "" where everybody has one of their own.
        vendor: Whose quirks its wire has (`tui.providers.base.Access`).
        bills_as: The provider whose price list counts at its own address; "": none does.
        key_path: Where a GET tells whether a key is good; "": its list of models does.
        console_url: Where a person gets a key.
        billing_url: Where the account is paid into, if that is another page.
        serves: `local`: a server on this machine, for which nobody pays.
        needs_key: Whether there is anything without a key.
        per_million: Its listed prices are per million tokens, not per token.
    """

    id: str
    name: str
    base_url: str = ""
    vendor: str | None = None
    bills_as: str = ""
    key_path: str = ""
    console_url: str = ""
    billing_url: str = ""
    serves: Serves = "endpoint"
    needs_key: bool = True
    per_million: bool = False


KNOWN: tuple[Known, ...] = (
    Known(
        id="openrouter", name="OpenRouter", base_url="https://openrouter.ai/api/v1",
        vendor="openrouter", bills_as="openrouter", key_path="/key",
        console_url="https://openrouter.ai/settings/keys",
        billing_url="https://openrouter.ai/settings/credits",
    ),
    Known(id="litellm", name="LiteLLM", bills_as="litellm"),
    Known(
        id="zai", name="z.ai", base_url="https://api.z.ai/api/paas/v4", vendor="zai",
        bills_as="zai", console_url="https://z.ai/manage-apikey/apikey-list",
    ),
    Known(
        id="vercel", name="Vercel AI Gateway", base_url="https://ai-gateway.vercel.sh/v1",
        bills_as="vercel", key_path="/credits", console_url="https://vercel.com/ai-gateway",
    ),
    Known(
        id="deepseek", name="DeepSeek", base_url="https://api.deepseek.com/v1",
        vendor="deepseek", bills_as="deepseek",
        console_url="https://platform.deepseek.com/api_keys",
        billing_url="https://platform.deepseek.com/top_up",
    ),
    Known(
        id="groq", name="Groq", base_url="https://api.groq.com/openai/v1", vendor="groq",
        bills_as="groq", console_url="https://console.groq.com/keys",
    ),
    Known(
        id="xai", name="xAI", base_url="https://api.x.ai/v1", vendor="xai", bills_as="xai",
        console_url="https://console.x.ai",
    ),
    Known(
        id="mistral", name="Mistral", base_url="https://api.mistral.ai/v1", vendor="mistral",
        bills_as="mistral", console_url="https://console.mistral.ai/api-keys",
    ),
    Known(
        id="together", name="Together", base_url="https://api.together.xyz/v1",
        console_url="https://api.together.ai/settings/api-keys",
        per_million=True,
    ),
    Known(id="gateway", name="A company gateway"),
    Known(
        id="ollama", name="Ollama", base_url="http://localhost:11434/v1", vendor="ollama",
        bills_as="ollama", serves="local", needs_key=False,
    ),
    Known(
        id="lmstudio", name="LM Studio", base_url="http://localhost:1234/v1", vendor="lmstudio",
        bills_as="lmstudio", serves="local", needs_key=False,
    ),
    Known(
        id="llama.cpp", name="llama.cpp", base_url="http://localhost:8080/v1",
        vendor="llama.cpp", bills_as="llama.cpp", serves="local", needs_key=False,
    ),
)  # fmt: skip

LOCAL: tuple[Known, ...] = tuple(one for one in KNOWN if one.serves == "local")
"""The servers that are looked for on this machine."""


def find_known(id: str) -> Known | None:
    """The one of this id, or None."""
    return next((one for one in KNOWN if one.id == id), None)


def known_at(base_url: str) -> Known | None:
    """The one whose own address this is: by scheme, host and port, and never a local server.

    Of local servers a port proves nothing: whoever listens there is asked (`tui.endpoints.found`).
    """
    there = origin(base_url)
    listed = (one for one in KNOWN if one.base_url and one.serves != "local")
    return next((one for one in listed if origin(one.base_url) == there), None)


def serves_as(known: str, base_url: str) -> Serves:
    """Who pays: `local` is a local server on this machine, anything else is an endpoint."""
    found = find_known(known)
    local = found is not None and found.serves == "local" and on_this_machine(base_url)
    return "local" if local else "endpoint"


def bills_as(known: str, base_url: str) -> str:
    """The provider whose price list counts, or `custom`: none does.

    A local server's name counts on this machine alone, a maker's at its own address alone: a
    look-alike's models have no price (billing/README.md, rule 19). Of what everybody hosts
    themselves (LiteLLM) only the cost that it states counts, wherever it is.
    """
    found = find_known(known)
    if found is None or not found.bills_as:
        return "custom"
    if found.serves == "local":
        return found.bills_as if on_this_machine(base_url) else "custom"
    there = not found.base_url or origin(found.base_url) == origin(base_url)
    return found.bills_as if there else "custom"


def on_this_machine(base_url: str) -> bool:
    """Whether an address leads to this machine."""
    host = check_address(base_url).host_shown
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name)
