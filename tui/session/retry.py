"""The one place that decides whether a failed request is tried again (design.md §6)."""

from __future__ import annotations

import random

from tui.errors import RequestError
from tui.providers.retry_after import hinted_wait_s

TRIES = 3
FIRST_WAIT_S = 1.0
LONGEST_ASKED_S = 60.0
"""A longer Retry-After is not waited for unasked: the person decides."""

RETRIED = frozenset({"rate_limit", "overloaded", "server", "timeout", "network", "protocol"})
"""Kinds that may pass by themselves; all others halt whatever the settings (route rule 10)."""


def wait_before_retry(
    error: RequestError, attempt: int, *, visible: bool, jitter: float | None = None
) -> float | None:
    """Seconds to wait before the try after `attempt` (1, 2, …), or None to halt.

    As long as the other side asks, in its headers or else in its sentence.

    Args:
        error: Why the request failed.
        attempt: How many tries there were.
        visible: Whether a token or tool call was shown: then never again by itself.
        jitter: A number from 0 to 1 in place of a random one.
    """
    if visible or attempt >= TRIES or error.kind not in RETRIED:
        return None
    asked = error.retry_after or hinted_wait_s(error.message)
    if asked is not None and asked > 0:
        return asked if asked <= LONGEST_ASKED_S else None
    spread = random.random() if jitter is None else jitter
    return FIRST_WAIT_S * 2 ** (attempt - 1) * (0.75 + spread / 2)
