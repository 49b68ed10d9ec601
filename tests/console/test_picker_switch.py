"""Another model in the middle of a conversation, where a warm cache is lost."""

from __future__ import annotations

import asyncio

import pytest

from tests import scenes
from tests.console_world import Seen, hand_fed
from tests.transcript_world import OPUS
from tui.console.panels.choices import DEAF_S
from tui.events.base import SessionId
from tui.events.session import ModelChosen
from tui.session.commands import ChooseModel, ForkSession
from tui.session.replies import Forked

pytestmark = pytest.mark.long

FLASH = "google/gemini-3.7-flash"


def chosen(seen: Seen) -> list[ChooseModel]:
    return [one for one in seen.bridge.sent if isinstance(one, ChooseModel)]


def asks(seen: Seen) -> bool:
    return "warm cache" in seen.text()


async def pick(seen: Seen, words: str = "flash") -> None:
    await seen.press("f2")
    await seen.type(words, "enter")


async def picked(seen: Seen, answer: str) -> None:
    await pick(seen)
    assert asks(seen)
    await asyncio.sleep(DEAF_S)
    await seen.press(answer)


@pytest.mark.parametrize("size", [(132, 42), (80, 24), (60, 18)])
async def test_a_switch_that_loses_a_warm_cache_says_so_first_with_the_amount(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes.answered(), size=size) as seen:
        await pick(seen)
        words = " ".join(seen.text().split())
        assert "Leave a warm cache worth ≈ $0.1750?" in words
        assert "fork instead" in words and "stay on Claude Opus 4.7" in words
        assert chosen(seen) == []


async def test_both_turns_are_forecast_beside_the_answers(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await pick(seen)
        assert "next turn ≈ $0.0218 cold" in seen.row_of("switch to Gemini 3.7 Flash")
        assert "next turn ≈ $0.0914 warm" in seen.row_of("stay on Claude Opus 4.7")


async def test_one_switches_all_the_same(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await picked(seen, "1")
        assert [one.model for one in chosen(seen)] == [FLASH]
        assert not asks(seen)


async def test_two_forks_and_the_fork_is_on_the_other_model(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.bridge.answers[ForkSession] = Forked(session=SessionId("fork"))
        await picked(seen, "2")
        await seen.app.workers.wait_for_complete()
        forks = [one for one in seen.bridge.sent if isinstance(one, ForkSession)]
        assert [(one.session, one.at) for one in forks] == [("s", None)]
        assert [(one.session, one.model) for one in chosen(seen)] == [("fork", FLASH)]


@pytest.mark.parametrize("key", ["3", "escape"])
async def test_three_and_esc_stay(tmp_path, key):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await picked(seen, key)
        assert chosen(seen) == []
        assert not asks(seen)
        assert seen.app.focused is seen.app.composer.editor


async def test_a_key_typed_before_the_question_could_be_read_answers_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await pick(seen)
        await seen.press("1")
        assert chosen(seen) == [] and asks(seen)


async def test_esc_stays_and_does_not_stop_a_turn_that_runs(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        await picked(seen, "escape")
        assert seen.bridge.commands() == []


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        (scenes.opened(), None),
        (scenes.answered().wait(300), None),
        (scenes.answered(), {"cache.warn_usd": "0.20"}),
    ],
    ids=["nothing said", "cold", "worth less than the person minds"],
)
async def test_what_loses_nothing_worth_a_word_is_one_key(tmp_path, script, settings):
    async with hand_fed(tmp_path, script=script, settings=settings) as seen:
        await pick(seen)
        assert [one.model for one in chosen(seen)] == [FLASH]
        assert not asks(seen)


async def test_another_effort_of_the_same_model_is_not_asked_about(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.press("f2", "right", "enter")
        assert [(one.model, one.effort) for one in chosen(seen)] == [(OPUS, "low")]


async def test_the_effort_that_was_chosen_with_it_comes_along(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await pick(seen, "sonnet")
        assert asks(seen)
        await asyncio.sleep(DEAF_S)
        await seen.press("1")
        assert chosen(seen)[-1].model == "anthropic/claude-sonnet-4-6"


async def test_a_model_named_in_the_prompt_is_asked_about_too(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.paste("/model flash")
        await seen.press("enter")
        assert asks(seen) and chosen(seen) == []
        assert "from the next request on" not in seen.status


async def test_the_question_goes_when_the_session_is_on_another_model_by_then(tmp_path):
    script = scenes.answered()
    async with hand_fed(tmp_path, script=script) as seen:
        await pick(seen)
        seen.bridge.tell(script.add(ModelChosen(model="local/smollm2-135m")).take())
        await seen.settle()
        assert not asks(seen)


async def test_a_call_that_waits_is_asked_about_before(tmp_path):
    async with hand_fed(tmp_path, script=scenes.asking()) as seen:
        await pick(seen)
        assert "outside this folder" in seen.text() and not asks(seen)


async def test_the_question_goes_with_its_session(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await pick(seen)
        await seen.app.open_session(None)
        seen.bridge.session = SessionId("new")
        seen.app.ask_what_waits()
        await seen.settle()
        assert not asks(seen)
