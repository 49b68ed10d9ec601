"""Tokens of one request in our own words, from each provider's usage object.

For showing and for events. What a request cost is read from the raw object by `tokens`, which
refuses what this forgives.
"""

from __future__ import annotations

from typing import Literal, assert_never

import msgspec

from tui.billing.counts import Raw, inner, items, lenient

Wire = Literal["anthropic", "openai-chat", "openai-responses", "google", "bedrock"]


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one request; None where the provider does not say.

    Args:
        input: The whole prompt, cached and written tokens included.
        output: All that is billed as output, reasoning included.
        cache_read: The part of `input` that came from a cache.
        cache_write: The part of `input` that was written to one.
        reasoning: The part of `output` that was thought.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


def normalise_usage(raw: Raw, *, wire: Wire, vendor: str | None = None) -> Usage:
    """Read a usage object of one wire format; what is malformed counts as not said.

    `raw` is the provider's own object, merged over a stream; `vendor` the compatible vendor that
    sent it, for its quirks.
    """
    match wire:
        case "anthropic":
            return _anthropic(raw)
        case "openai-chat":
            return _openai(raw, vendor, chat=True)
        case "openai-responses":
            return _openai(raw, vendor, chat=False)
        case "google":
            return _google(raw)
        case "bedrock":
            return _bedrock(raw)
    assert_never(wire)


def _anthropic(raw: Raw) -> Usage:
    read = lenient(raw, "cache_read_input_tokens")
    written = lenient(raw, "cache_creation_input_tokens")
    if written is None:
        split = inner(raw, "cache_creation")
        written = _sum(
            lenient(split, "ephemeral_5m_input_tokens"), lenient(split, "ephemeral_1h_input_tokens")
        )
    return Usage(
        input=_sum(lenient(raw, "input_tokens"), read, written, needs_first=True),
        output=lenient(raw, "output_tokens"),
        cache_read=read,
        cache_write=written,
        reasoning=lenient(inner(raw, "output_tokens_details"), "thinking_tokens"),
    )


def _openai(raw: Raw, vendor: str | None, *, chat: bool) -> Usage:
    given = inner(raw, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    made = inner(raw, "completion_tokens_details", "output_tokens_details", "output_token_details")
    prompt = lenient(raw, "prompt_tokens", "input_tokens")
    completion = lenient(raw, "completion_tokens", "output_tokens")
    cached = lenient(given, "cached_tokens")
    if cached is None:
        cached = lenient(raw, "prompt_cache_hit_tokens")
    if cached is None and vendor == "moonshotai":
        cached = lenient(raw, "cached_tokens")
    if chat:
        completion = _sum(completion, outside(prompt, completion, lenient(raw, "total_tokens")))
    return Usage(
        input=prompt,
        output=completion,
        cache_read=cached,
        cache_write=lenient(given, "cache_write_tokens"),
        reasoning=lenient(made, "reasoning_tokens"),
    )


def outside(prompt: int | None, completion: int | None, total: int | None) -> int | None:
    """Output that a vendor left out of `completion_tokens` (xAI; Gemini's compatible surface).

    Where the total is more than prompt and completion, the rest was thought and is billed.
    """
    if prompt is None or completion is None or total is None:
        return None
    return max(total - prompt - completion, 0)


def _google(raw: Raw) -> Usage:
    prompt = lenient(raw, "promptTokenCount", "prompt_token_count")
    tools = lenient(raw, "toolUsePromptTokenCount", "tool_use_prompt_token_count")
    shown = lenient(raw, "candidatesTokenCount", "candidates_token_count")
    thought = lenient(raw, "thoughtsTokenCount", "thoughts_token_count")
    output = _sum(shown, thought)
    if output is None and prompt is not None:
        output = 0  # an absent count is 0 where Google counts at all
    return Usage(
        input=_sum(prompt, tools, needs_first=True),
        output=output,
        cache_read=lenient(raw, "cachedContentTokenCount", "cached_content_token_count"),
        reasoning=thought,
    )


def _bedrock(raw: Raw) -> Usage:
    read = lenient(raw, "cacheReadInputTokens")
    written = lenient(raw, "cacheWriteInputTokens")
    if written is None:
        written = _sum(*(lenient(one, "inputTokens") for one in items(raw, "cacheDetails")))
    return Usage(
        input=_sum(lenient(raw, "inputTokens"), read, written, needs_first=True),
        output=lenient(raw, "outputTokens"),
        cache_read=read,
        cache_write=written,
    )


def _sum(*parts: int | None, needs_first: bool = False) -> int | None:
    if needs_first and (not parts or parts[0] is None):
        return None
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
