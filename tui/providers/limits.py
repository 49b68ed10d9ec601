"""The rate limits that the headers of a response tell, of an answer and of a refusal alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tui.providers.base import Limit
from tui.providers.retry_after import duration_s, http_date

_ANTHROPIC = ("requests", "tokens", "input_tokens", "output_tokens")
_OPENAI = ("requests", "tokens", "input-tokens", "output-tokens")
_EPOCH_S = 10**9


def limits_of(headers: Mapping[str, str], now: dt.datetime) -> tuple[Limit, ...]:
    """Whosever headers they are; names in lower case."""
    return anthropic_limits(headers, now) or openai_limits(headers)


def anthropic_limits(headers: Mapping[str, str], now: dt.datetime) -> tuple[Limit, ...]:
    """The rate limits that a response tells in `anthropic-ratelimit-…`, resets counted from it."""
    start = http_date(headers.get("date", "")) or now
    found: list[Limit] = []
    for what in _ANTHROPIC:
        head = f"anthropic-ratelimit-{what.replace('_', '-')}"
        told = {name: headers.get(f"{head}-{name}", "") for name in ("limit", "remaining", "reset")}
        if any(told.values()):
            reset = http_date(told["reset"])
            found.append(
                Limit(
                    what=what,
                    limit=_count(told["limit"]),
                    remaining=_count(told["remaining"]),
                    reset_s=max(0.0, (reset - start).total_seconds()) if reset else None,
                )
            )
    return tuple(found)


def openai_limits(heads: Mapping[str, str]) -> tuple[Limit, ...]:
    """The rate limits that a response tells in `x-ratelimit-…`."""
    found: list[Limit] = []
    for what in _OPENAI:
        told = {
            name: heads.get(f"x-ratelimit-{name}-{what}", "")
            for name in ("limit", "remaining", "reset")
        }
        if any(told.values()):
            found.append(
                Limit(
                    what=what.replace("-", "_"),
                    limit=_count(told["limit"]),
                    remaining=_count(told["remaining"]),
                    reset_s=_reset_s(told["reset"]),
                )
            )
    return tuple(found)


def _reset_s(said: str) -> float | None:
    seconds = duration_s(said)
    # Some write a moment, not a span: seconds since 1970.
    return None if seconds is None or _number(said) >= _EPOCH_S else seconds


def _number(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return 0.0


def _count(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None
