"""Which adapter speaks which wire."""

from __future__ import annotations

from typing import assert_never

from tui.providers.base import Api, Provider

SDKS: dict[Api, str] = {
    "anthropic": "anthropic",
    "openai-responses": "openai",
    "openai-chat": "openai",
    "google": "google.genai",
}
"""The package that each wire's first request imports."""


async def warm(api: Api) -> None:
    """Import the wire's SDK in a thread, so that the first request need not wait for it."""
    from tui.providers.exchange import loaded

    await loaded(SDKS[api])


def provider(api: Api) -> Provider:
    """The adapter for `api`; its module is imported now, its SDK with the first request."""
    match api:
        case "anthropic":
            from tui.providers.anthropic import Anthropic

            return Anthropic()
        case "openai-responses":
            from tui.providers.openai_responses import OpenAIResponses

            return OpenAIResponses()
        case "openai-chat":
            from tui.providers.openai_chat import OpenAIChat

            return OpenAIChat()
        case "google":
            from tui.providers.google import Google

            return Google()
        case _:
            assert_never(api)
