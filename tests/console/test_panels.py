from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from tests import scenes
from tests.console_world import Seen, found_key, hand_fed, kept, no_models, some_keys, some_models
from tui.console.dialogs.key_entry import KeyDialog
from tui.console.panels import choices
from tui.console.panels.choices import DEAF_S
from tui.console.panels.questions import fetch_words
from tui.errors import NoRoute
from tui.events.base import CallId
from tui.events.tool import ApprovalAsked, ApprovalDecided
from tui.events.turn import RetryBegun
from tui.session.commands import (
    AnswerApproval,
    ChooseModel,
    FetchLocalModel,
    Interrupt,
    ListModels,
    UseFoundKey,
)
from tui.session.replies import KeyAnswer, LocalProgress, Models

FOUND = found_key("ANTHROPIC_API_KEY", "anthropic", "1a2b")


async def hear(seen: Seen) -> None:
    """Wait until a panel that has just opened listens."""
    await asyncio.sleep(DEAF_S)
    await seen.settle()


def first_run(tmp_path, **fields):
    facts = {"script": scenes.opened(None), "models": no_models(), "keys": some_keys(FOUND)}
    return hand_fed(tmp_path, **(facts | fields))


def panel(seen: Seen) -> str:
    return seen.text(seen.app.choices) if seen.app.choices.display else ""


def ticks(seen: Seen) -> bool:
    return seen.app._countdown._active.is_set()


async def test_with_nothing_that_serves_three_ways_to_begin_are_offered(tmp_path):
    async with first_run(tmp_path) as seen:
        said = panel(seen)
        assert "1  use ANTHROPIC_API_KEY …1a2b" in said
        assert "2  paste a key" in said
        assert "3  a small model on this machine" in said


async def test_size_and_licence_of_the_small_model_are_said_first(tmp_path):
    async with first_run(tmp_path) as seen:
        assert "93 MB, Apache-2.0" in panel(seen)


async def test_without_a_found_key_two_ways_are_offered(tmp_path):
    async with first_run(tmp_path, keys=some_keys()) as seen:
        assert "1  paste a key" in panel(seen)


async def test_no_wall_stands_at_the_first_run(tmp_path):
    async with first_run(tmp_path) as seen:
        assert seen.app.focused is seen.app.composer.editor
        await seen.type("hello")
        assert seen.prompt == "hello"


@pytest.mark.long
async def test_a_digit_uses_the_found_key_and_chooses_a_model(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        seen.bridge.answers[UseFoundKey] = kept(FOUND)
        seen.bridge.answers[ListModels] = Models(models=some_models(google=None))
        await seen.press("1")
        assert UseFoundKey(variable="ANTHROPIC_API_KEY") in seen.bridge.sent
        chosen = [one.model for one in seen.bridge.sent if isinstance(one, ChooseModel)]
        assert chosen == ["anthropic/claude-opus-4-7"]
        assert panel(seen) == ""


async def test_a_found_key_that_its_maker_refuses_is_said(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        seen.bridge.answers[UseFoundKey] = KeyAnswer(
            state="unchecked", message="the key is not valid", row=FOUND, backend="environment"
        )
        await seen.press("1")
        assert "unchecked: the key is not valid" in seen.text(seen.app.transcript)


@pytest.mark.long
async def test_a_digit_opens_the_key_dialog(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        await seen.press("2")
        assert isinstance(seen.app.screen, KeyDialog)


async def test_a_digit_fetches_the_small_model_and_its_way_is_shown(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        await seen.press("3")
        assert FetchLocalModel() in seen.bridge.sent
        seen.app.on_notice(LocalProgress(done_bytes=31_000_000, total_bytes=92_871_040))
        await seen.settle()
        assert "33%  31 of 93 MB" in panel(seen)


async def test_the_small_model_is_chosen_when_it_has_come(tmp_path):
    async with first_run(tmp_path) as seen:
        here = (*no_models()[:-1], some_models()[-1])
        seen.bridge.answers[ListModels] = Models(models=here)
        seen.app.on_notice(LocalProgress(done_bytes=92, total_bytes=92, finished=True))
        await seen.settle()
        chosen = [one.model for one in seen.bridge.sent if isinstance(one, ChooseModel)]
        assert chosen == ["local/smollm2-135m"]
        assert "is on this machine now" in seen.text(seen.app.transcript)


@pytest.mark.long
async def test_a_fetch_that_fails_says_why_in_the_flow_and_can_be_tried_again(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        await seen.press("3")
        failed = LocalProgress(done_bytes=0, total_bytes=0, error="no network. Check the proxy.")
        seen.app.on_notice(failed)
        await seen.settle()
        assert "did not come: no network" in seen.text(seen.app.transcript)
        await seen.press("3")
        assert [one for one in seen.bridge.sent if isinstance(one, FetchLocalModel)] == [
            FetchLocalModel(), FetchLocalModel(),
        ]  # fmt: skip


@pytest.mark.long
async def test_a_second_wish_while_it_comes_fetches_once(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        await seen.press("3", "3")
        assert len([one for one in seen.bridge.sent if isinstance(one, FetchLocalModel)]) == 1


@pytest.mark.long
async def test_with_a_key_the_fetch_is_shown_in_the_status_bar(tmp_path):
    rows = (*some_models()[:-1], no_models()[-1])
    async with hand_fed(tmp_path, script=scenes.answered(), models=rows) as seen:
        await seen.type("/local", "enter")
        seen.app.on_notice(LocalProgress(done_bytes=46_000_000, total_bytes=92_871_040))
        await seen.settle()
        assert "49%  46 of 93 MB" in seen.status


def test_a_fetch_of_unknown_length_has_no_share():
    assert " 0%" in fetch_words(LocalProgress(done_bytes=0, total_bytes=0))


async def test_digits_in_the_first_400_ms_do_not_answer(tmp_path):
    async with first_run(tmp_path) as seen:
        seen.app.choices.close()
        seen.app.ask_what_waits()
        await seen.press("3")
        assert FetchLocalModel() not in seen.bridge.sent
        assert seen.prompt == ""


@pytest.mark.long
async def test_digits_answer_only_in_an_empty_prompt(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        await seen.type("take 3")
        assert seen.prompt == "take 3"
        assert FetchLocalModel() not in seen.bridge.sent


async def test_a_digit_that_is_no_answer_is_text(tmp_path):
    async with first_run(tmp_path) as seen:
        await hear(seen)
        await seen.press("7")
        assert seen.prompt == "7"


async def test_without_a_panel_digits_are_text(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("1")
        assert seen.prompt == "1"


async def test_a_prompt_that_nothing_serves_says_so_and_comes_back(tmp_path):
    from tui.session.commands import StartTurn

    async with first_run(tmp_path) as seen:
        seen.bridge.answers[StartTurn] = NoRoute("no model is chosen", hint="Add a key.")
        await seen.type("hello", "enter")
        assert "Not sent: no model is chosen. Add a key." in seen.text(seen.app.transcript)
        assert seen.prompt == "hello"


# A call that waits for the person.


async def test_a_call_that_asks_stands_in_a_panel_with_what_and_why(tmp_path):
    async with hand_fed(tmp_path, script=scenes.asking()) as seen:
        said = panel(seen)
        assert "Let the agent read this?" in said
        assert "read /home/sam/Desktop/deploy.sh" in said
        assert "asks because the file lies outside this folder" in said


@pytest.mark.parametrize(("digit", "allow"), [("1", True), ("4", False)])
async def test_a_digit_answers_the_call_and_closes_the_panel(tmp_path, digit, allow):
    async with hand_fed(tmp_path, script=scenes.asking()) as seen:
        await hear(seen)
        await seen.press(digit)
        assert seen.bridge.commands()[-1] == AnswerApproval(session="s", call="c9", allow=allow)
        assert panel(seen) == ""


async def test_the_next_call_is_asked_about_anew_and_deaf_at_first(tmp_path, monkeypatch):
    script = scenes.asking()
    async with hand_fed(tmp_path, script=script) as seen:
        await hear(seen)
        await seen.press("1")
        monkeypatch.setattr(choices, "DEAF_S", 60.0)  # so that a slow machine is in time
        script.add(ApprovalDecided(call=CallId("c9"), decision="allow", by="person"))
        script.add(
            ApprovalAsked(call=CallId("c10"), name="read", what="read /etc/passwd", why="outside")
        )
        seen.bridge.tell(script.take())
        await seen.settle()
        await seen.press("1")
        answers = [one for one in seen.bridge.commands() if isinstance(one, AnswerApproval)]
        assert [one.call for one in answers] == ["c9"]
        assert "read /etc/passwd" in panel(seen)


@pytest.mark.long
async def test_esc_stops_the_turn_that_asks(tmp_path):
    async with hand_fed(tmp_path, script=scenes.asking()) as seen:
        await seen.press("escape")
        assert isinstance(seen.bridge.commands()[-1], Interrupt)


@pytest.mark.long
async def test_what_is_asked_about_is_neutral_and_never_hides_its_end(tmp_path):
    script = scenes.answered()
    script.prompt("go").route(label="work").opened()
    what = "read \x1b[2Ja\u202eb\n" + "\n".join(f"line {n}" for n in range(40))
    script.add(ApprovalAsked(call=CallId("c1"), name="read", what=what, why="x\x07y"))
    async with hand_fed(tmp_path, script=script) as seen:
        said = panel(seen)
        assert not set("\x1b\x07\u202e") & set(said)
        assert "of 41" in said
        assert "4 no" in said


@pytest.mark.long
async def test_a_session_of_another_console_asks_nothing_here(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.driving = False
        seen.bridge.tell(scenes.asking().records[len(scenes.answered().records) :])
        await seen.settle()
        assert panel(seen) == ""


# A wait before the next try.


async def test_a_wait_is_counted_down_in_the_flow_and_the_status_bar(tmp_path):
    async with hand_fed(tmp_path, script=scenes.limited()) as seen:
        assert "trying again in 0:38" in seen.text(seen.app.transcript)
        assert "again in 0:38" in seen.status


@pytest.mark.long
async def test_the_countdown_runs_by_itself(tmp_path):
    script = scenes.limited()
    async with hand_fed(tmp_path, script=script) as seen:
        script.now += dt.timedelta(seconds=30)
        await seen.until(lambda: "again in 0:08" in seen.status, 3)


@pytest.mark.long
async def test_nothing_ticks_once_the_wait_is_over(tmp_path):
    script = scenes.limited()
    async with hand_fed(tmp_path, script=script) as seen:
        assert ticks(seen)
        seen.bridge.tell(script.add(RetryBegun(request=script.request)).take())
        await seen.settle()
        assert "again in" not in seen.status
        assert not ticks(seen)


@pytest.mark.long
async def test_f2_takes_another_model_while_it_waits(tmp_path):
    async with hand_fed(tmp_path, script=scenes.limited()) as seen:
        await seen.press("f2")
        await seen.type("gemini 3.1", "enter")
        await asyncio.sleep(DEAF_S)
        await seen.press("1")  # all the same: a warm cache is left
        chosen = seen.bridge.commands()[-1]
        assert isinstance(chosen, ChooseModel)
        assert chosen.model == "google/gemini-3.1-pro-preview"


async def test_esc_stops_the_wait(tmp_path):
    async with hand_fed(tmp_path, script=scenes.limited()) as seen:
        await seen.press("escape")
        assert isinstance(seen.bridge.commands()[-1], Interrupt)
