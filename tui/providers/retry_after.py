"""What a provider says of waiting: in headers, in its error's details, in its sentence."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

LONGEST_S = 31 * 24 * 3600.0
"""No wait is taken to be longer than this, whatever a header says."""

_UNIT_S = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zµ]+)", re.IGNORECASE)
_SENTENCE = re.compile(
    # A span may be written in one piece (1m2.5s), so the border between its parts is a digit.
    r"\b(?:try again|retry|retrying|wait|available again|resets?)\b[^.\n]{0,40}?"
    r"\b(?:in|after|for)\s+"
    r"(?:about\s+|approximately\s+)?"
    r"((?:\d+(?:\.\d+)?\s*(?:days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|ms|[µu]s|ns|d|h|m|s)"
    r"(?=\d|\b)[\s,]*(?:and\s+)?)+)",
    re.IGNORECASE,
)


def duration_s(text: str) -> float | None:
    """Seconds of a span: `1m2.5s`, `859ms`, `20 seconds`; a bare number is seconds."""
    text = text.strip()[:64]
    try:
        return bounded(float(text))
    except ValueError:
        pass
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip(" ,and") != "":
        return None
    total = 0.0
    for number, unit in parts:
        scale = _unit_s(unit.lower())
        if scale is None:
            return None
        total += float(number) * scale
    return bounded(total)


def _unit_s(unit: str) -> float | None:
    if unit in {"µs", "us"}:
        return _UNIT_S["us"]
    if unit in _UNIT_S:
        return _UNIT_S[unit]
    words = {
        "day": "d",
        "hour": "h",
        "hr": "h",
        "minute": "m",
        "min": "m",
        "second": "s",
        "sec": "s",
    }
    return _UNIT_S.get(words.get(unit.rstrip("s"), ""))


def bounded(seconds: float) -> float | None:
    """`seconds` as a wait: None unless it is a number above 0; never above `LONGEST_S`."""
    if math.isnan(seconds) or seconds <= 0:
        return None
    return min(seconds, LONGEST_S)


def asked_wait_s(headers: Mapping[str, str], body: object, now: dt.datetime) -> float | None:
    """Seconds that the other side asks us to wait, or None where it does not say.

    The first of retry-after-ms, retry-after (seconds or an HTTP date) and google.rpc.RetryInfo
    that says more than 0 (wire/README.md).

    Args:
        headers: Of the response, names in lower case.
        body: The error as parsed JSON.
        now: What a date is counted from, where the response has no date of its own.
    """
    ms = _number(headers.get("retry-after-ms"))
    if ms is not None and (wait := bounded(ms / 1000)) is not None:
        return wait
    said = headers.get("retry-after")
    if said is not None:
        seconds = _number(said)
        if seconds is None:
            seconds = _until(said, headers.get("date"), now)
        if seconds is not None and (wait := bounded(seconds)) is not None:
            return wait
    return _retry_info(body, 0)


def hinted_wait_s(message: str) -> float | None:
    """Seconds from a sentence such as "Please try again in 1m2.5s"; None where it has none."""
    found = _SENTENCE.search(message[:4000])
    return duration_s(found[1].strip(" ,").removesuffix("and")) if found else None


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text.strip())
    except ValueError:
        return None


def _until(said: str, date: str | None, now: dt.datetime) -> float | None:
    then = http_date(said)
    if then is None:
        return None
    # The server's own clock, where it tells it: ours may be off.
    start = (http_date(date) if date else None) or now
    return (then - start).total_seconds()


def http_date(text: str) -> dt.datetime | None:
    """An HTTP or RFC 3339 date, in UTC; None where it is neither."""
    for read in (parsedate_to_datetime, dt.datetime.fromisoformat):
        try:
            moment = read(text.strip())
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return None


def _retry_info(value: object, depth: int) -> float | None:
    if depth > 4:
        return None
    if isinstance(value, list):
        for entry in cast("list[object]", value)[:20]:
            if (wait := _retry_info(entry, depth + 1)) is not None:
                return wait
        return None
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    if "RetryInfo" in str(fields.get("@type", "")):
        delay = fields.get("retryDelay") or fields.get("retry_delay")
        if isinstance(delay, str):
            return duration_s(delay)
        if isinstance(delay, dict):
            parts = cast("dict[str, Any]", delay)
            seconds, nanos = (
                _number(str(parts.get("seconds", 0))),
                _number(str(parts.get("nanos", 0))),
            )
            return bounded((seconds or 0.0) + (nanos or 0.0) / 1e9)
        return None
    for name in ("error", "details"):
        if (wait := _retry_info(fields.get(name), depth + 1)) is not None:
            return wait
    return None
