"""Scenes in which a budget is in the way."""

from __future__ import annotations

from tests.scenes import answered
from tests.transcript_world import OPUS, Script
from tui.events.base import CallId
from tui.events.budget import BudgetNeared, BudgetReached, CeilingAsked


def reached() -> Script:
    """The budget of the day is used up in the middle of a turn."""
    script = answered()
    script.add(
        BudgetNeared(
            scope="day", subject="", limit_nano=10_000_000_000, used_nano=8_310_000_000
        )
    )  # fmt: skip
    script.prompt("rewrite the session store to use the new cookie jar, keep the API")
    script.add(
        BudgetReached(
            call=CallId("b1"), scope="day", subject="", model=OPUS, limit_nano=10_000_000_000,
            used_nano=9_930_000_000, unknown_nano=430_000_000, needs_nano=231_000_000,
            whole_nano=606_000_000, prompt_tokens=21_000,
        )
    )  # fmt: skip
    return script


def unpriced() -> Script:
    """There are budgets, and a model that has no price."""
    script = answered()
    script.prompt("and now with the house model")
    script.add(CeilingAsked(call=CallId("b2"), model="my-gateway/house-large"))
    return script
