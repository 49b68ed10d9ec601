"""`/compact`: the summary that takes a conversation's place, on the real engine."""

from __future__ import annotations

import pytest

from tests.console_world import ANTHROPIC_KEY, Seen, engine_environ, hand_fed, on_engine
from tests.fake_provider import FakeProvider
from tui.errors import UsageError
from tui.session.commands import Compact

SLOW = {"text": "word " * 400, "rate": 25}


@pytest.fixture
def fake():
    with FakeProvider(keys={ANTHROPIC_KEY}) as provider:
        yield provider


@pytest.fixture
def environ(tmp_path, fake) -> dict[str, str]:
    return engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY
    )


async def say(seen: Seen, text: str) -> None:
    await seen.paste(text)
    await seen.press("enter")


async def test_a_summary_takes_the_conversations_place_and_says_what_it_cost(
    fake, environ, tmp_path
):
    fake.script([{"text": "a long answer"}, {"text": "THE SUM"}, {"text": "and on"}])
    async with on_engine(environ, tmp_path) as seen:
        await say(seen, "a long question")
        await seen.until_said("on your Anthropic key")
        await say(seen, "/compact")
        await seen.until_said("goes on with a summary")
        assert "Summing up the conversation" not in seen.status
        assert "$" in seen.row_of("goes on with a summary")
        await say(seen, "next")
        await seen.until_said("and on")
    sent = str(fake.requests[-1].body)
    assert "THE SUM" in sent
    assert "a long question" not in sent


@pytest.mark.long
async def test_a_summary_is_stopped_by_esc_and_nothing_has_changed(fake, environ, tmp_path):
    fake.script([{"text": "a long answer"}, SLOW, {"text": "and on"}])
    async with on_engine(environ, tmp_path) as seen:
        await say(seen, "a long question")
        await seen.until_said("on your Anthropic key")
        await say(seen, "/compact")
        await seen.until(lambda: len(fake.requests) == 2)
        assert "Summing up the conversation" in seen.status
        await seen.press("escape")
        await seen.until(lambda: "Stopped: the conversation is as it was." in seen.status)
        await say(seen, "next")
        await seen.until_said("and on")
    assert "a long question" in str(fake.requests[-1].body)


async def test_a_summary_that_cannot_be_says_why(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[Compact] = UsageError("there is nothing to sum up yet")
        await seen.type("/compact", "enter")
        assert "there is nothing to sum up yet" in seen.text().lower()
        assert "Summing up" not in seen.text()
