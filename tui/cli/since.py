"""A moment as a person writes it: a day, a time, `7d`, `today` (pure)."""

from __future__ import annotations

import datetime as dt
import re

from tui.errors import UsageError

_AGO = re.compile(r"(\d{1,6})\s*(h|d|w)", re.IGNORECASE)
_UNITS = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}
HOW = "A day (2026-11-24), a time (2026-11-24T12:00Z), 12h, 7d, 2w, today, yesterday, month, all."


def parse_since(text: str, now: dt.datetime) -> dt.datetime | None:
    """The moment; None for `all`. What names no zone is UTC, as the days of the sums are.

    Args:
        text: What was written.
        now: Aware, UTC.

    Raises:
        UsageError: it is none of these.
    """
    words = text.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {
        "all": None,
        "today": midnight,
        "yesterday": midnight - dt.timedelta(days=1),
        "week": midnight - dt.timedelta(days=6),
        "month": midnight.replace(day=1),
    }
    if words in named:
        return named[words]
    try:
        if found := _AGO.fullmatch(words):
            return now - int(found[1]) * _UNITS[found[2].lower()]
        when = dt.datetime.fromisoformat(text.strip().upper())
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no moment", hint=HOW) from error
