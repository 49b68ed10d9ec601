"""What is said of providers' own word on what was spent (pure)."""

from __future__ import annotations

from decimal import Decimal

from tui.billing.cost_report import DayDrift
from tui.keys.makers import find_maker
from tui.money import show_sum, show_usd
from tui.session.replies import Account

WHY = (
    "A report has all that was spent on the account: what others spend on it, and what other "
    "programs do with your keys, is drift. So is what a report has not counted yet."
)
WHY_REQUESTS = "Asked request by request: only what ownkey sent is held against each other."
NONE = (
    "No admin key and no OpenRouter endpoint with a key: `ownkey keys add anthropic --admin` or "
    "`openai --admin` adds one. It reads cost reports and is used for nothing else."
)
HEAD = ("day (UTC)", "provider", "ours", "drift")


def account_name(account: Account) -> str:
    """`Anthropic, by the admin key admin …AAqr`."""
    if account.by_request:
        return f"OpenRouter, by your endpoint {account.name}"
    maker = find_maker(account.provider)
    name = maker.name if maker is not None else account.provider
    return f"{name}, by the admin key {account.name} …{account.fingerprint}".rstrip(" …")


def day_cells(day: DayDrift) -> tuple[str, str, str, str]:
    """A day's cells, as `HEAD` names them."""
    return (
        day.day,
        "not told" if day.theirs is None else show_usd(day.theirs),
        show_sum(day.ours, day.unknown),
        drift_words(day.drift),
    )


def drift_words(drift: Decimal | None) -> str:
    """`+0.4 %`; `?` where it cannot be said."""
    return "?" if drift is None else f"{drift:+} %"


def notes_of(account: Account) -> list[str]:
    """What has to be said of an account's days, in sentences."""
    notes = [WHY_REQUESTS if account.by_request else WHY]
    if any(day.partial for day in account.days):
        notes.append("Today is not over: its sums still grow.")
    if any(day.theirs is None for day in account.days) and not account.by_request:
        notes.append("Days of which nothing was told are not in the total.")
    if account.unasked:
        notes.append(f"{account.unasked:,} earlier requests were not asked for.")
    if account.untold:
        notes.append(f"Of {account.untold:,} requests nothing was told.")
    return notes
