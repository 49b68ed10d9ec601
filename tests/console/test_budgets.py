from __future__ import annotations

import asyncio

import pytest

from tests import scenes_budget
from tests.console_world import ANTHROPIC_KEY, Seen, engine_environ, hand_fed, on_engine
from tests.fake_provider import FakeProvider
from tui.console.panels.choices import DEAF_S
from tui.paths import find_paths
from tui.session.commands import AnswerBudget, ChooseModel, Interrupt
from tui.settings.store import SettingsStore

OPUS = "anthropic/claude-opus-4-7"


async def hear(seen: Seen) -> None:
    await asyncio.sleep(DEAF_S)
    await seen.settle()


def panel(seen: Seen) -> str:
    return seen.text(seen.app.choices) if seen.app.choices.display else ""


async def test_a_reached_budget_says_what_is_used_and_what_the_request_can_cost(tmp_path):
    async with hand_fed(tmp_path, script=scenes_budget.reached()) as seen:
        said = panel(seen)
        assert "The budget for today (UTC) is reached" in said
        assert "$9.9300 of $10.00 used, $0.4300 of it not sure" in said
        assert "can cost $0.2310" in said


@pytest.mark.parametrize(
    ("key", "choice", "nano"),
    [("1", "span", 15_000_000_000), ("2", "good", 15_000_000_000), ("3", "once", None)],
)
async def test_a_number_answers(tmp_path, key, choice, nano):
    async with hand_fed(tmp_path, script=scenes_budget.reached()) as seen:
        await hear(seen)
        await seen.press(key)
        [sent] = seen.bridge.commands()
        assert isinstance(sent, AnswerBudget)
        assert (sent.choice, sent.nano) == (choice, nano)
        assert panel(seen) == ""


async def test_a_cheaper_model_is_offered_with_its_price_and_chosen(tmp_path):
    async with hand_fed(tmp_path, script=scenes_budget.reached()) as seen:
        assert "Go on with" in panel(seen)
        await hear(seen)
        await seen.press("4")
        [sent] = seen.bridge.commands()
        assert isinstance(sent, ChooseModel)
        assert sent.model != OPUS


async def test_the_last_number_stops_and_escape_interrupts(tmp_path):
    async with hand_fed(tmp_path, script=scenes_budget.reached()) as seen:
        await hear(seen)
        await seen.press("5")
        assert seen.bridge.commands()[-1].choice == "stop"
    async with hand_fed(tmp_path / "2", script=scenes_budget.reached()) as seen:
        await seen.press("escape")
        assert isinstance(seen.bridge.commands()[-1], Interrupt)


async def test_a_model_without_a_price_is_given_a_ceiling(tmp_path):
    async with hand_fed(tmp_path, script=scenes_budget.unpriced()) as seen:
        assert "my-gateway/house-large has no known price" in panel(seen)
        await hear(seen)
        await seen.press("2")
        [sent] = seen.bridge.commands()
        assert (sent.choice, sent.nano) == ("ceiling", 500_000_000)
        assert sent.model == "my-gateway/house-large"


@pytest.mark.timeout(60)
async def test_on_the_engine_a_budget_stops_is_raised_for_good_and_the_turn_goes_on(tmp_path):
    with FakeProvider(keys={ANTHROPIC_KEY}) as fake:
        environ = engine_environ(
            tmp_path / "home", fake, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY
        )
        store = SettingsStore(find_paths(environ).settings_file)
        store.set("budget.day_usd", "0.01")
        fake.script([{"text": "All is well."}])
        async with on_engine(environ, tmp_path, model=OPUS) as seen:
            await seen.paste("how is it?")
            await seen.press("enter")
            await seen.until(lambda: "The budget for today" in panel(seen))
            assert all("messages" not in one.path for one in fake.seen)
            await hear(seen)
            await seen.press("2")
            await seen.until(lambda: "All is well." in seen.text(seen.app.transcript))
            await seen.until(lambda: "of $" in seen.text(seen.app.status))
            assert seen.app.state.turn == 1
    assert store.usd("budget.day_usd") > 10_000_000
