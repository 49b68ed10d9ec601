"""What a provider says of waiting."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.providers.retry_after import LONGEST_S, asked_wait_s, duration_s, hinted_wait_s

NOW = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


def info(delay: Any) -> dict[str, Any]:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    return {"error": {"details": [{"@type": "x"}, detail]}}


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, None, None),
        ({"retry-after": "5"}, None, 5.0),
        ({"retry-after": "0.25"}, None, 0.25),
        ({"retry-after-ms": "174", "retry-after": "1"}, None, 0.174),
        ({"retry-after-ms": "0", "retry-after": "1"}, None, 1.0),
        ({"retry-after": "0"}, info("34.4s"), 34.4),
        ({"retry-after": "-3"}, None, None),
        ({"retry-after": "nan"}, None, None),
        ({"retry-after": "inf"}, None, LONGEST_S),
        ({"retry-after": "1e300"}, None, LONGEST_S),
        ({"retry-after": "soon"}, None, None),
        ({"retry-after": "Tue, 24 Nov 2026 10:01:00 GMT"}, None, 60.0),
        ({"retry-after": "Tue, 24 Nov 2026 09:00:00 GMT"}, None, None),
        ({"retry-after": "2026-11-24T10:00:10Z"}, None, 10.0),
        ({}, info("0s"), None),
        ({}, info({"seconds": 7, "nanos": 500_000_000}), 7.5),
        ({}, [info("2s")], 2.0),
    ],
)
def test_the_first_that_says_more_than_nothing_counts(
    headers: dict[str, str], body: Any, seconds: float | None
) -> None:
    assert asked_wait_s(headers, body, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 859ms.", 0.859),
        ("Please try again in 3.89s. Visit …", 3.89),
        ("Please try again in 1m2.5s.", 62.5),
        ("Please try again in 1h2m3s", 3723.0),
        ("Please try again in 6m0s.", 360.0),
        ("please retry in 48.939935699s.", 48.939935699),
        ("Try again in 20 seconds.", 20.0),
        ("Retry after 5 seconds", 5.0),
        ("Please wait for 2 minutes", 120.0),
        ("Your limit resets in 1 hour and 30 minutes", 5400.0),
        ("Try again later.", None),
        ("You have 5 seconds of audio.", None),
    ],
)
def test_a_sentence_may_hold_the_wait(text: str, seconds: float | None) -> None:
    assert hinted_wait_s(text) == seconds


@given(st.text(max_size=80))
def test_any_text_gives_a_bounded_wait_or_none(text: str) -> None:
    for seconds in (duration_s(text), hinted_wait_s(f"try again in {text}")):
        assert seconds is None or 0 < seconds <= LONGEST_S
