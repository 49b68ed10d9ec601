"""The wait-and-retry rule: how many tries a failed request has left, and how long it waits.

Whether it is tried again at all is a route rule (`tui.routing.policy.then`, design.md §6).
"""

from __future__ import annotations

import random

from tui.errors import RequestError
from tui.providers.retry_after import hinted_wait_s

TRIES = 3
FIRST_WAIT_S = 1.0
LONGEST_ASKED_S = 60.0
"""A longer Retry-After is not waited for unasked: the person decides."""


def tries_left(error: RequestError, attempt: int) -> int:
    """How many tries may follow `attempt` (1, 2, …): none where it asks for too long a wait."""
    asked = _asked_s(error)
    return 0 if asked is not None and asked > LONGEST_ASKED_S else max(TRIES - attempt, 0)


def wait_s(error: RequestError, attempt: int, *, jitter: float | None = None) -> float:
    """Seconds to wait before the try after `attempt`, up to a minute.

    As long as the other side asks, in its headers or else in its sentence.

    Args:
        error: Why the request failed.
        attempt: How many tries there were, from 1.
        jitter: A number from 0 to 1 in place of a random one.
    """
    asked = _asked_s(error)
    if asked is not None:
        return min(asked, LONGEST_ASKED_S)
    spread = random.random() if jitter is None else jitter
    return FIRST_WAIT_S * 2 ** (attempt - 1) * (0.75 + spread / 2)


def _asked_s(error: RequestError) -> float | None:
    asked = error.retry_after or hinted_wait_s(error.message)
    return asked if asked is not None and asked > 0 else None
