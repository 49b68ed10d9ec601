"""What a usage object bills: each token in exactly one class (billing rules 1 to 6).

Unlike `usage`, this forgives nothing: an object that contradicts itself has no price.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tui.billing.counts import Malformed, Raw, count, inner, items, read
from tui.billing.usage import outside

Shape = Literal["anthropic", "openai", "google", "converse"]

FOLDS = {
    "cache_write": "input",
    "input_image": "input",
    "input_video": "input",
    "cache_read_image": "cache_read",
    "cache_read_video": "cache_read",
    "output_image": "output",
    "output_video": "output",
}
"""Classes that are one with another where a model does not price them apart. Audio is none."""

_ANTHROPIC_MARKS = (
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "server_tool_use",
    "inference_geo",
)
_GOOGLE_COUNTS = {
    "prompttokencount",
    "candidatestokencount",
    "thoughtstokencount",
    "tooluseprompttokencount",
}
_TOOL_DETAILS = ("toolUsePromptTokensDetails", "tool_use_prompt_tokens_details")
_ORDER = (
    *("input", "input_audio", "input_image", "input_video"),
    *("cache_read", "cache_read_audio", "cache_read_image", "cache_read_video"),
    *("cache_write", "cache_write_5m", "cache_write_1h"),
    *("output", "output_audio", "output_image", "output_video"),
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one run of a model inside a request.

    Args:
        prefix: "" for the answer itself, `compaction.` or `advisor.` for a step beside it.
        model: The model that ran, None for the request's own.
        counts: Tokens by class; classes never overlap.
    """

    prefix: str
    counts: dict[str, int]
    model: str | None = None

    @property
    def prompt(self) -> int:
        """The whole prompt, which decides the length tier."""
        return sum(n for what, n in self.counts.items() if not what.startswith("output"))


def shape_of(raw: Raw, provider: str) -> Shape | None:
    """Which wire's usage object this is, by its own fields; None if it counts nothing."""
    said = {key for key, value in raw.items() if value is not None}
    if any(key.lower().replace("_", "") in _GOOGLE_COUNTS for key in said):
        return "google"
    if said & {"inputTokens", "outputTokens"}:
        return "converse"
    if said & {"prompt_tokens", "completion_tokens"}:
        return "openai"
    if said & {"input_tokens", "output_tokens"}:
        marked = any(mark in raw for mark in _ANTHROPIC_MARKS)
        at_anthropic = provider in ("anthropic", "vertex", "bedrock")
        return "anthropic" if at_anthropic or marked else "openai"
    return None


def steps_of(raw: Raw, shape: Shape) -> list[Step]:
    """The runs that a usage object bills.

    Raises:
        Malformed: a count is no count, or the parts are more than the whole.
    """
    match shape:
        case "anthropic":
            return _anthropic(raw)
        case "openai":
            return [_step(_openai(raw))]
        case "google":
            return [_step(_google(raw))]
        case "converse":
            return [_step(_converse(raw))]


def _step(counts: dict[str, int], prefix: str = "", model: str | None = None) -> Step:
    for what, n in counts.items():
        if n < 0:
            raise Malformed(f"the parts of {what} are more than the whole")
    kept = {what: counts[what] for what in _ORDER if counts.get(what)}
    return Step(prefix=prefix, counts=kept, model=model)


def _anthropic(raw: Raw) -> list[Step]:
    """The top level sums the `message` steps; the other steps are billed beside it (rule 6)."""
    steps = [_step(_anthropic_counts(raw))]
    for one in items(raw, "iterations"):
        kind = one.get("type")
        if kind == "compaction":
            steps.append(_step(_anthropic_counts(one), "compaction."))
        elif kind == "advisor_message":
            model = one.get("model")
            if not isinstance(model, str):
                raise Malformed("an advisor step names no model")
            steps.append(_step(_anthropic_counts(one), "advisor.", model))
        elif kind not in ("message", None):
            raise Malformed(f"a step of an unknown kind: {str(kind)[:40]}")
    return steps


def _said(raw: Raw, *names: str) -> int:
    """A count that the wire always has: without it the usage did not arrive whole."""
    found = read(raw, *names)
    if found is None:
        raise Malformed(f"no {names[0]} in the usage")
    return found


def _anthropic_counts(raw: Raw) -> dict[str, int]:
    split = inner(raw, "cache_creation")
    return {
        "input": _said(raw, "input_tokens"),
        "cache_read": read(raw, "cache_read_input_tokens") or 0,
        "output": _said(raw, "output_tokens"),
        **_writes(
            read(raw, "cache_creation_input_tokens"),
            read(split, "ephemeral_5m_input_tokens") or 0,
            read(split, "ephemeral_1h_input_tokens") or 0,
        ),
    }


def _writes(whole: int | None, short: int, hour: int) -> dict[str, int]:
    """Cache writes by lifetime; what the split leaves out was written for 5 minutes."""
    whole = short + hour if whole is None else whole
    if short + hour > whole:
        raise Malformed("the cache writes are more than their sum")
    return {"cache_write_5m": whole - hour, "cache_write_1h": hour}


def _openai(raw: Raw) -> dict[str, int]:
    given = inner(raw, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    made = inner(raw, "completion_tokens_details", "output_tokens_details", "output_token_details")
    cached = inner(given, "cached_tokens_details")
    prompt = _said(raw, "prompt_tokens", "input_tokens")
    output = _said(raw, "completion_tokens", "output_tokens")
    if "prompt_tokens" in raw:
        output += outside(prompt, output, read(raw, "total_tokens")) or 0
    hits = read(given, "cached_tokens")
    if hits is None:
        hits = read(raw, "prompt_cache_hit_tokens", "cached_tokens") or 0
    written = read(given, "cache_write_tokens") or 0
    audio = read(given, "audio_tokens") or 0
    spoken = read(made, "audio_tokens") or 0
    heard = read(cached, "audio_tokens")
    if heard is None:
        heard = max(0, hits - (prompt - audio))  # cached tokens are text as far as there is text
    return {
        "input": prompt - hits - written - (audio - heard),
        "input_audio": audio - heard,
        "cache_read": hits - heard,
        "cache_read_audio": heard,
        "cache_write": written,
        "output": output - spoken,
        "output_audio": spoken,
    }


def _google(raw: Raw) -> dict[str, int]:
    prompt = read(raw, "promptTokenCount", "prompt_token_count") or 0
    tools = read(raw, "toolUsePromptTokenCount", "tool_use_prompt_token_count") or 0
    hits = read(raw, "cachedContentTokenCount", "cached_content_token_count") or 0
    shown = read(raw, "candidatesTokenCount", "candidates_token_count") or 0
    thought = read(raw, "thoughtsTokenCount", "thoughts_token_count") or 0
    counts = {"input": prompt + tools - hits, "cache_read": hits, "output": shown + thought}
    for kind in ("audio", "image", "video"):
        given = _modality(raw, kind, "promptTokensDetails", "prompt_tokens_details")
        given += _modality(raw, kind, *_TOOL_DETAILS)
        heard = _cached_modality(raw, kind, given, prompt, hits)
        made = _modality(raw, kind, "candidatesTokensDetails", "candidates_tokens_details")
        counts[f"input_{kind}"] = given - heard
        counts[f"cache_read_{kind}"] = heard
        counts[f"output_{kind}"] = made
        counts["input"] -= given - heard
        counts["cache_read"] -= heard
        counts["output"] -= made
    return counts


def _cached_modality(raw: Raw, kind: str, given: int, prompt: int, hits: int) -> int:
    if not items(raw, "cacheTokensDetails", "cache_tokens_details"):
        return max(0, hits - (prompt - given)) if given else 0
    return _modality(raw, kind, "cacheTokensDetails", "cache_tokens_details")


def _modality(raw: Raw, kind: str, *names: str) -> int:
    found = 0
    for one in items(raw, *names):
        if str(one.get("modality")).lower() == kind:
            found += read(one, "tokenCount", "token_count") or 0
    return found


def _converse(raw: Raw) -> dict[str, int]:
    short = hour = 0
    for one in items(raw, "cacheDetails"):
        n = count(one.get("inputTokens"), "cacheDetails.inputTokens") or 0
        if one.get("ttl") == "1h":
            hour += n
        else:
            short += n
    return {
        "input": _said(raw, "inputTokens"),
        "cache_read": read(raw, "cacheReadInputTokens") or 0,
        "output": _said(raw, "outputTokens"),
        **_writes(read(raw, "cacheWriteInputTokens"), short, hour),
    }
