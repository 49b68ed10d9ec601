from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import KINDS, EndedEarly, NetworkFailed, Overloaded, RateLimited, RequestError
from tui.routing.policy import Failure, Route, then
from tui.session.retry import tries_left, wait_s

PASSING = {"rate_limit", "overloaded", "server", "timeout", "network", "protocol"}
ROUTE = Route(connection=None, payer="own_key", model="openai/x", why="a test")


def wait(
    error: RequestError, attempt: int = 1, *, visible: bool = False, jitter: float | None = 0.5
) -> float | None:
    """Seconds until the next try, None where there is none: as a turn puts the two together."""
    failure = Failure(kind=error.kind, tries_left=tries_left(error, attempt), shown=visible)
    if then(ROUTE, failure).action != "retry":
        return None
    return wait_s(error, attempt, jitter=jitter)


def test_there_are_three_tries_and_the_wait_doubles():
    waits = [wait(NetworkFailed("gone"), attempt) for attempt in (1, 2, 3)]
    assert waits == [1.0, 2.0, None]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_what_may_pass_by_itself_is_tried_again(kind: str):
    tried = wait(KINDS[kind]("it failed")) is not None
    assert tried == (kind in PASSING)


def test_an_answer_that_broke_off_before_its_first_word_is_tried_again():
    assert wait(EndedEarly("cut")) == 1.0


@pytest.mark.parametrize(
    "error", [NetworkFailed("x"), RateLimited("x", retry_after=1), EndedEarly("x")]
)
def test_nothing_is_tried_again_once_something_was_shown(error: RequestError):
    assert wait(error, visible=True) is None


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimited("slow down", retry_after=7.5), 7.5),
        (RateLimited("slow down", retry_after=60), 60),
        (RateLimited("slow down", retry_after=60.001), None),
        (RateLimited("Please try again in 1.2s.", retry_after=7.5), 7.5),
        (RateLimited("Please try again in 20s. Visit the site."), 20),
        (RateLimited("Please try again in 859ms."), 0.859),
        (Overloaded("Busy. Retry after 30 seconds", retry_after=0), 30),
        (RateLimited("Please try again in 1m2.5s."), None),
        (RateLimited("The limit resets in 6 hours."), None),
        (RateLimited("Please try again in 0s."), 1.0),
        (RateLimited("Please try again later."), 1.0),
        (RateLimited("slow down", retry_after=-3), 1.0),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_the_other_side_asks_is_waited_for_up_to_a_minute(
    error: RequestError, seconds: float | None
):
    assert wait(error) == seconds


@given(
    attempt=st.integers(1, 2),
    jitter=st.none() | st.floats(0, 1),
    asked=st.none() | st.floats(allow_nan=False),
    words=st.text(max_size=40) | st.from_regex(r"try again in [0-9]{1,9}(s|m|h|d)", fullmatch=True),
)
def test_no_wait_is_negative_or_longer_than_a_minute(
    attempt: int, jitter: float | None, asked: float | None, words: str
):
    error = RateLimited(words, retry_after=asked)
    found = wait(error, attempt, jitter=jitter)
    assert found is None or 0 < found <= 60


@given(jitter=st.none() | st.floats(0, 1), attempt=st.integers(1, 2))
def test_jitter_spreads_a_wait_by_a_quarter_to_each_side(jitter: float | None, attempt: int):
    found = wait(NetworkFailed("x"), attempt, jitter=jitter)
    assert found is not None
    assert 0.75 <= found / 2 ** (attempt - 1) <= 1.25
