from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests import scenes_failing
from tests.console_world import (
    ANTHROPIC_KEY,
    GOOGLE_KEY,
    Seen,
    engine_environ,
    hand_fed,
    on_engine,
)
from tests.fake_provider import FakeProvider
from tests.scenes_failing import CREDITS, KEY, MODEL
from tui.console.panels.choices import DEAF_S
from tui.events.base import CallId
from tui.events.failing import WayOut, WayOutTaken
from tui.session.commands import AnswerPayer, AnswerWayOut, Interrupt
from tui.session.credit_talk import CreditRow
from tui.text import cell_width

OPUS = "anthropic/claude-opus-4-7"


async def hear(seen: Seen) -> None:
    await asyncio.sleep(DEAF_S)


def panel(seen: Seen) -> str:
    return seen.text(seen.app.choices) if seen.app.choices.display else ""


async def test_the_panel_says_which_limit_until_when_and_each_way_with_payer_and_price(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        said = panel(seen)
        assert "Anthropic says: rate limit on your key work" in said
        assert "trying again in 0:4" in said
        assert "Output tokens, 80,000 of 80,000 used; resets" in said
        rows = [line.split() for line in said.splitlines() if line.split()[:1] != []]
        assert ["≈", "$0.184", "cold"] in [row[-3:] for row in rows]
        assert "house credits" in said
        assert "up to $0.50 a turn" in said


async def test_credits_are_forecast_in_the_unit_of_their_service_where_it_has_one(tmp_path):
    house = CreditRow(name="house", adapter="house", kind="House", url="", credits="1204.5")
    for rate, words in (("0.01", "≈ 19 of 1 204"), (None, "≈ $0.190 cold")):
        async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
            seen.app.show_credits((msgspec.structs.replace(house, rate=rate),))
            await seen.until(lambda w=words: w in panel(seen))


async def test_the_wait_counts_down_in_the_panel_alone(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        assert "trying again" not in seen.text(seen.app.transcript)
        before = panel(seen)
        seen.app.clock = (lambda clock: lambda: clock() + scenes_failing.dt.timedelta(seconds=9))(
            seen.app.clock
        )
        await seen.until(lambda: panel(seen) != before)


@pytest.mark.parametrize(
    ("key", "way", "always"),
    [("1", 0, False), ("2", 1, False), ("3", 2, False), ("4", 3, False), ("5", 3, True)],
)
async def test_a_number_takes_its_way(tmp_path, key, way, always):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        await hear(seen)
        await seen.press(key)
        [sent] = seen.bridge.commands()
        assert isinstance(sent, AnswerWayOut)
        assert (sent.way, sent.always) == (way, always)
        assert panel(seen) == ""


async def test_a_key_within_the_first_moment_answers_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited(seconds=None)) as seen:
        seen.app.choices._opened = asyncio.get_running_loop().time() + 60
        await seen.press("2")
        assert not [one for one in seen.bridge.commands() if isinstance(one, AnswerWayOut)]


async def test_escape_stops_the_turn(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        await seen.press("escape")
        assert isinstance(seen.bridge.commands()[-1], Interrupt)


async def test_what_was_taken_is_said_with_model_payer_and_price(tmp_path):
    script = scenes_failing.limited()
    async with hand_fed(tmp_path, script=script) as seen:
        script.add(WayOutTaken(call=CallId("w1"), way=CREDITS, always_nano=500_000_000))
        seen.bridge.tell(script.take())
        await seen.settle()
        said = " ".join(seen.text(seen.app.transcript).split())
        assert "went on with Claude Opus 4.7 on house credits, this once, ≈ $0.19" in said
        assert "without a question up to $0.50 a turn" in said
        assert panel(seen) == ""


async def test_an_empty_account_says_where_it_is_topped_up(tmp_path):
    again = WayOut(what="again", model=OPUS, connection="k_work", payer="own_key", label="work")
    script = scenes_failing.failed("quota", again, KEY, address="https://console.example/billing")
    async with hand_fed(tmp_path, script=script) as seen:
        assert "https://console.example/billing" in panel(seen)
        assert "It is topped up: try again" in panel(seen)


async def test_used_up_credits_say_where_to_top_up_and_enter_takes_none(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.spent()) as seen:
        said = " ".join(panel(seen).replace("▎", "").split())
        assert "Too few credits at house" in said
        assert "Top up house: https://openrouter.ai/settings/credits. Or" in said
        assert "Nothing was sent." in said
        assert "1 It is topped up: try again" in said
        assert "2 Go on now with an own key" in said
        await hear(seen)
        await seen.press("enter")
        assert seen.bridge.commands() == []
        await seen.press("1")
        assert [one.way for one in seen.bridge.commands()] == [0]


@pytest.mark.parametrize(
    ("kind", "title", "body"),
    [
        ("permission", "Anthropic does not allow this with your key work", "Another key may"),
        ("not_found", "Anthropic says: not known there", "another model is"),
        ("bad_request", "Anthropic says: the request was not taken", "Another model may"),
        ("protocol", "The answer broke off", "What is above is kept"),
    ],
)
async def test_each_other_kind_has_its_panel(tmp_path, kind, title, body):
    async with hand_fed(tmp_path, script=scenes_failing.failed(kind, MODEL)) as seen:
        assert title in panel(seen)
        assert body in " ".join(panel(seen).split())


async def test_a_prompt_that_was_blocked_is_given_back_to_be_edited(tmp_path):
    script = scenes_failing.failed("content_filter", WayOut(what="edit"), MODEL)
    async with hand_fed(tmp_path, script=script) as seen:
        await hear(seen)
        await seen.press("1")
        assert seen.bridge.commands()[-1].way == 0
        assert seen.app.composer.editor.text == "hello"


async def test_raw_words_of_the_provider_lie_behind_a_fold_and_are_neutral(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        folded = seen.text(seen.app.transcript)
        assert "all of what it said" in folded
        assert "req_7" not in folded
        model = seen.app.transcript.model
        block = next(one for one in model.blocks if getattr(one, "raw", ""))
        seen.app.transcript.toggle(block.id)
        await seen.settle()
        opened = seen.text(seen.app.transcript)
        assert "req_7" in opened
        assert "\x1b" not in opened


@pytest.mark.parametrize(("key", "choice"), [("1", "once"), ("2", "session"), ("3", "stop")])
async def test_another_payer_is_asked_about_and_answered(tmp_path, key, choice):
    async with hand_fed(tmp_path, script=scenes_failing.other_payer()) as seen:
        assert "House credits would pay now" in panel(seen)
        assert "Your key work paid so far" in panel(seen)
        await hear(seen)
        await seen.press(key)
        [sent] = seen.bridge.commands()
        assert isinstance(sent, AnswerPayer)
        assert sent.choice == choice


async def test_edge_chip_and_footer_change_their_colour_together(tmp_path):
    script = scenes_failing.answered()
    async with hand_fed(tmp_path, script=script) as seen:
        assert seen.app.composer.has_class("-own-key")
        script.prompt("more").route(payer="credits", label="house", connection="house").opened()
        seen.bridge.tell(script.take())
        await seen.settle()
        assert seen.app.composer.has_class("-credits")
        assert not seen.app.composer.has_class("-own-key")
        assert "house" in seen.text(seen.app.status)
        script.say("yes").close().finished().usage().charge(5, payer="credits").done(nano=5)
        seen.bridge.tell(script.take())
        await seen.settle()
        footer = seen.app.transcript.model.blocks[-1]
        assert [one.payer for one in footer.paid] == ["credits"]
        assert seen.app.composer.has_class("-own-key")  # the next turn goes its usual way


@pytest.mark.timeout(60)
async def test_on_the_engine_a_rate_limit_goes_on_with_another_makers_model(tmp_path):
    with FakeProvider(keys={ANTHROPIC_KEY, GOOGLE_KEY}) as fake:
        environ = engine_environ(
            tmp_path / "home", fake, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY,
            GOOGLE_API_KEY=GOOGLE_KEY,
        )  # fmt: skip
        fake.script(
            [{"error": {"kind": "rate_limit", "retry_after": 400}}, {"text": "All is well."}]
        )
        async with on_engine(environ, tmp_path, model=OPUS) as seen:
            await seen.paste("how is it?")
            await seen.press("enter")
            await seen.until(lambda: "rate limit on your key" in panel(seen))
            await seen.until(lambda: "Go on now with another model" in panel(seen))
            await hear(seen)
            await seen.press("2")
            await seen.until(lambda: "All is well." in seen.text(seen.app.transcript))
            assert seen.app.state.turn == 1
            assert seen.app.state.usual.model == OPUS


async def test_enter_takes_the_way_that_is_marked_and_arrows_mark_another(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        assert "Enter tries now" in panel(seen)
        await hear(seen)
        await seen.press("down", "down")
        assert "Enter takes 3" in panel(seen)
        await seen.press("up")
        assert "Enter takes 2" in panel(seen)
        await seen.press("enter")
        [sent] = seen.bridge.commands()
        assert isinstance(sent, AnswerWayOut)
        assert (sent.way, sent.always) == (1, False)


async def test_no_arrow_marks_a_way_that_takes_credits(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        await hear(seen)
        await seen.press(*["down"] * 9)
        assert "Enter takes 3" in panel(seen)
        await seen.press("enter")
        assert [one.way for one in seen.bridge.commands()] == [2]


async def test_where_credits_paid_enter_takes_nothing_by_itself(tmp_path):
    again = WayOut(what="again", model=OPUS, connection="house", payer="credits", label="house")
    script = scenes_failing.failed("overloaded", again, KEY, payer="credits", label="house")
    async with hand_fed(tmp_path, script=script) as seen:
        await hear(seen)
        assert "Enter takes" not in panel(seen)
        await seen.press("enter")
        assert seen.bridge.commands() == []
        await seen.press("down", "enter")
        assert [one.way for one in seen.bridge.commands()] == [1]


async def test_enter_within_the_first_moment_takes_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited(seconds=None)) as seen:
        seen.app.choices._opened = asyncio.get_running_loop().time() + 60
        await seen.press("enter")
        assert seen.bridge.commands() == []


async def test_what_is_written_is_sent_and_takes_no_way(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        await hear(seen)
        await seen.type("look at the tests first", "enter")
        assert not [one for one in seen.bridge.commands() if isinstance(one, AnswerWayOut)]
        assert "Enter tries now" in panel(seen)


async def test_the_marked_way_stays_while_the_wait_counts_down(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.limited()) as seen:
        await seen.press("down")
        before = panel(seen)
        clock = seen.app.clock
        seen.app.clock = lambda: clock() + scenes_failing.dt.timedelta(seconds=9)
        await seen.until(lambda: panel(seen) != before)
        assert "Enter takes 2" in panel(seen)


async def test_arrows_in_a_panel_without_a_marked_answer_are_the_prompts(tmp_path):
    async with hand_fed(tmp_path, script=scenes_failing.other_payer()) as seen:
        await hear(seen)
        await seen.press("down", "enter")
        assert seen.bridge.commands() == []
        assert "Enter takes" not in panel(seen)


@pytest.mark.parametrize("size", [(132, 42), (100, 30), (80, 24)])
async def test_each_way_stands_in_one_row_with_its_payer_and_its_price(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes_failing.limited(), size=size) as seen:
        rows = [row.strip("▎ ") for row in panel(seen).splitlines()]
        ways = [row for row in rows if row[:1].isdigit()]
        assert [row[0] for row in ways] == ["1", "2", "3", "4", "5"]
        for row, label, price in zip(
            ways, ("work", "personal", "personal", "house"),
            ("$0.021", "$0.184 cold", "$0.067 cold", "$0.190 cold"), strict=False,
        ):  # fmt: skip
            assert label in row
            assert row.endswith(price)
        assert len({cell_width(row) for row in ways[:4]}) == 1
