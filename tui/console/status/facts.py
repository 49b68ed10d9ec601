"""From the session's state to what the status bar shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from tui.console.status.bar import StatusFacts
from tui.console.status.meter import clock
from tui.events.budget import Scope
from tui.money import NANO
from tui.session.credit_talk import CreditRow
from tui.session.projection import SessionState
from tui.session.replies import BudgetRow, ModelRow, SpentToday


def status_facts(
    state: SessionState,
    row: ModelRow | None,
    *,
    now: dt.datetime,
    today: SpentToday | None,
    day_budget: int | None,
    budgets: Sequence[BudgetRow] = (),
    credits: Sequence[CreditRow] = (),
    letters: bool,
    following: bool,
    free: bool = False,
    flash: str | None,
) -> StatusFacts:
    """What is so now: the open request's estimate is added to what is settled, and marked `~`."""
    live = state.live_nano
    open_request = state.working and live != 0
    turn = None if live is None else state.turn_nano + live
    session = None if live is None else state.session_nano + live
    payer, label = (None, "") if row is None else (row.payer, row.label)
    if payer is None:
        label = "no model" if state.model is None else "no key"
    if state.working and state.route is not None:
        payer, label = state.route.payer, state.route.label
    return StatusFacts(
        payer=payer,
        label=label,
        model=row.name if row is not None else state.model or "",
        effort=state.effort,
        turn_nano=turn,
        turn_unknown=state.turn_unknown,
        session_nano=session,
        session_unknown=state.session_unknown,
        sure=not open_request,
        today_nano=None if today is None else today.nano + (live or 0),
        today_unknown=(0 if today is None else today.unknown) + (live is None),
        day_budget_nano=day_budget,
        budget_left=_budget_left(budgets, live or 0, day_shown=day_budget is not None),
        context=state.context_tokens,
        window=None if row is None else row.context,
        credits=_credits_left(state, row, credits),
        limit=_limit(state, now),
        letters=letters,
        following=following,
        free=free,
        flash=flash,
    )


_NAMES: dict[Scope, str] = {
    "request": "request", "turn": "turn", "session": "session", "day": "today",
    "month": "month", "key": "key", "folder": "folder",
}  # fmt: skip


def _budget_left(
    budgets: Sequence[BudgetRow], live: int, *, day_shown: bool
) -> tuple[str, int] | None:
    """The tightest budget and what is left of it, what streams taken off.

    None where that is the day's and today's sum is shown against it anyway.

    What an open request is held for is not spent: only what it has cost so far counts here.
    """
    lefts = [
        (row.limit - row.used + row.held - live, _NAMES[row.scope])
        for row in budgets
        if row.scope != "request"
    ]
    if not lefts:
        return None
    left, name = min(lefts)
    return None if day_shown and name == _NAMES["day"] else (name, left)


def _credits_left(
    state: SessionState, row: ModelRow | None, services: Sequence[CreditRow]
) -> tuple[str, str] | None:
    """What is left at the service that pays, else at the first: its word less what streams."""
    paying = None if row is None or row.payer != "credits" else row.connection
    if state.working and state.route is not None and state.route.payer == "credits":
        paying = state.route.connection
    known = [one for one in services if one.usd or one.credits or one.endless]
    one = next((one for one in known if one.name == paying), known[0] if known else None)
    if one is None:
        return None
    if one.endless:
        return "no limit", ""
    from tui.credits.amounts import credits_of
    from tui.credits.words import credits_words, usd_words

    live = state.live_nano if state.working and one.name == paying else 0
    mark = "" if live == 0 else "~"
    if one.credits is not None:
        taken = credits_of(live, one.rate)
        left = Decimal(one.credits) - (taken or 0)
        return f"{mark}{credits_words(left)}", "credits"
    left = Decimal(one.usd or 0) - Decimal(live or 0) * NANO
    return f"{mark}{usd_words(left)}", "left"


def _limit(state: SessionState, now: dt.datetime) -> tuple[str, str] | None:
    if state.waiting_until is not None:
        return "again in", clock((state.waiting_until - now).total_seconds() + 0.999)
    tight = [x for x in state.limits if x.limit and x.remaining is not None]
    low = min(tight, key=lambda x: (x.remaining or 0) / (x.limit or 1), default=None)
    if low is not None and low.limit and (low.remaining or 0) / low.limit < 0.2:
        return f"{low.what.replace('_', ' ')} left", f"{low.remaining} of {low.limit}"
    return None
