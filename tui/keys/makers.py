"""The makers whose keys a person can bring: names, variables, addresses. Data, no behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """One maker of models.

    Args:
        id: Word in `keys add PROVIDER` and in front of a model's id.
        name: As people call it.
        variables: Environment variables that hold its key, the one its SDK takes first in front.
        base_url: Its own address, as its SDK wants it (only OpenAI's holds `/v1`).
        base_url_variable: The variable by which its SDK is sent elsewhere.
        console_url: Where a person gets a key.
        billing_url: Where the account is paid into.
    """

    id: str
    name: str
    variables: tuple[str, ...]
    base_url: str
    base_url_variable: str
    console_url: str
    billing_url: str


MAKERS: tuple[Maker, ...] = (
    Maker(
        id="anthropic",
        name="Anthropic",
        variables=("ANTHROPIC_API_KEY",),
        base_url="https://api.anthropic.com",
        base_url_variable="ANTHROPIC_BASE_URL",
        console_url="https://console.anthropic.com/settings/keys",
        billing_url="https://console.anthropic.com/settings/billing",
    ),
    Maker(
        id="openai",
        name="OpenAI",
        variables=("OPENAI_API_KEY",),
        base_url="https://api.openai.com/v1",
        base_url_variable="OPENAI_BASE_URL",
        console_url="https://platform.openai.com/api-keys",
        billing_url="https://platform.openai.com/settings/organization/billing",
    ),
    Maker(
        id="google",
        name="Google",
        variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        base_url="https://generativelanguage.googleapis.com",
        base_url_variable="GOOGLE_GEMINI_BASE_URL",
        console_url="https://aistudio.google.com/apikey",
        billing_url="https://console.cloud.google.com/billing",
    ),
)


RETENTION = (
    "Retention of what is sent follows the provider account's own settings, "
    "which ownkey cannot enforce."
)


def find_maker(provider: str) -> Maker | None:
    """The maker of this id, or None."""
    return next((maker for maker in MAKERS if maker.id == provider), None)


def maker_of_variable(variable: str) -> Maker | None:
    """The maker whose key this environment variable holds, or None."""
    return next((maker for maker in MAKERS if variable in maker.variables), None)


def base_url_in(maker: Maker, environ: Mapping[str, str]) -> str | None:
    """The address that the environment sends this maker's requests to, or None."""
    return environ.get(maker.base_url_variable, "").strip() or None
