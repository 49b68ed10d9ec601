from __future__ import annotations

import pytest

from tests.session.scripted import make_manager
from tests.session.test_agent import say
from tests.session.test_turns import of_kind, open_session
from tests.transcript_world import OPUS, Script
from tui.events.session import HistoryCompacted
from tui.providers.base import (
    BlockEnded,
    Opened,
    Stopped,
    TextBlock,
    TextDelta,
    ToolResultBlock,
    UsageReported,
)
from tui.session.commands import OpenSession
from tui.session.counting import prompt_tokens
from tui.session.estimate import likely_tokens
from tui.session.projection import SessionState
from tui.session.running import MOST_COUNTED, Counts, RunningCount

WORDS = "The parser reads one line at a time and keeps the last of them. " * 40
MODEL = "scripted"


def state_of(script: Script) -> SessionState:
    state = SessionState()
    for record in script.records:
        state.apply(record)
    return state


def counting(factor: float, seen: list[int]):
    """A provider whose usage says `factor` times what we count; `seen` gets what it told."""

    async def script(request):
        told = round(prompt_tokens(request, "openai-chat") * factor)
        seen.append(told)
        yield Opened(provider_request_id="p")
        yield TextDelta(text="Yes, that is so.")
        yield BlockEnded(kind="text")
        yield UsageReported(raw={"in": told, "out": 5}, context={})
        yield Stopped(stop="end", said="stop", model="m")

    return script


@pytest.mark.parametrize("factor", [1.0, 1.3, 0.7])
async def test_estimates_follow_what_the_provider_counts(tmp_path, factor):
    told: list[int] = []
    async with make_manager(tmp_path, counting(factor, told)) as manager:
        session = (await open_session(manager)).session
        routes = []
        for words in ("Begin. ", WORDS, WORDS * 2):
            routes += of_kind(await say(manager, session, words), "route")
    estimates = [route.estimate_nano for route in routes]  # a nano-dollar a token
    assert estimates[0] == pytest.approx(told[0] / factor, rel=0.02)
    assert estimates[1] == pytest.approx(told[1], rel=0.03)
    assert estimates[2] == pytest.approx(told[2], rel=0.03)


async def test_a_provider_that_counts_nothing_like_ours_is_followed_only_so_far(tmp_path):
    told: list[int] = []
    async with make_manager(tmp_path, counting(40.0, told)) as manager:
        session = (await open_session(manager)).session
        await say(manager, session, "Begin.")
        second = of_kind(await say(manager, session, WORDS), "route")[0]
    grown = second.estimate_nano - told[0]
    assert grown == pytest.approx(2 * (told[1] - told[0]) / 40, rel=0.05)


async def test_the_first_estimate_after_a_restart_starts_from_the_last_count(tmp_path):
    told: list[int] = []
    async with make_manager(tmp_path, counting(1.3, told)) as manager:
        session = (await open_session(manager)).session
        await say(manager, session, WORDS)
    async with make_manager(tmp_path, counting(1.3, told)) as manager:
        await manager.call(OpenSession(cwd="/", session=session))
        second = of_kind(await say(manager, session, WORDS), "route")[0]
    assert second.estimate_nano == pytest.approx(told[1], rel=0.03)


def block(words: str) -> TextBlock:
    return TextBlock(text=words)


def test_only_what_is_new_is_counted(monkeypatch):
    running, counted = RunningCount(), []
    real = __import__("tui.session.running", fromlist=["x"]).block_tokens

    def watched(one, model, api=""):
        counted.append(one)
        return real(one, model, api)

    monkeypatch.setattr("tui.session.running.block_tokens", watched)
    for _ in range(50):
        running.add("user", block(WORDS))
    running.counts(MODEL)
    running.add("assistant", block("new"))
    before = len(counted)
    running.counts(MODEL)
    assert len(counted) == before + 1


def test_what_a_provider_has_counted_is_not_counted_again():
    running = RunningCount()
    running.add("user", block(WORDS))
    running.told()
    running.add("assistant", block("said before the usage was told, closed behind it"))
    assert running.counts(MODEL).since == 0
    running.asked()
    running.add("user", ToolResultBlock(call="1", name="read", ok=True, output=WORDS))
    counts = running.counts(MODEL)
    assert 0 < counts.since < counts.whole


def test_the_old_part_of_a_long_conversation_is_taken_to_be_like_the_new():
    exact, quick = RunningCount(), RunningCount()
    for number in range(300):
        exact.add("user", block(WORDS))
        quick.add("user", block(WORDS))
        if number % 50 == 0:
            exact.counts(MODEL)
    assert 300 * len(WORDS) > 2 * MOST_COUNTED
    assert quick.counts(MODEL).whole == pytest.approx(exact.counts(MODEL).whole, rel=0.02)


def test_a_conversation_of_another_family_is_taken_over_in_its_tokens():
    state = state_of(Script().turn("a", "b"))
    assert state.context_tokens is not None
    counts = Counts(whole=state.context_tokens * 0.9, since=0)
    assert likely_tokens(state, OPUS, counts, 0) == state.context_tokens
    other = likely_tokens(state, "openai/gpt-5.4", counts, 0)
    assert other == pytest.approx(state.context_tokens / 1.32, rel=0.01)


def test_where_no_provider_has_counted_ours_is_taken():
    state = state_of(Script().turn("a", "b").add(HistoryCompacted(upto=3, summary="s")))
    assert likely_tokens(state, OPUS, Counts(whole=700, since=700), 300) == 1_000


def test_a_place_that_tells_next_to_nothing_makes_no_prompt_small():
    state = state_of(Script().turn("a", "b"))
    state.context_tokens = 12
    assert likely_tokens(state, OPUS, Counts(whole=5_000, since=0), 400) == 5_400
