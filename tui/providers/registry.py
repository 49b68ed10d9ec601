"""Which adapter speaks which wire."""

from __future__ import annotations

from typing import assert_never

from tui.providers.base import Api, Provider


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
