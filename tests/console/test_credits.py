"""Credits as a person sees them: picker, status bar, settings, the dialog of a new service."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from tests import scenes
from tests.console_world import Seen, hand_fed, model_row, some_models
from tests.screenshot import svg_of
from tests.transcript_world import START
from tui.errors import UsageError
from tui.session.credit_talk import (
    AddCredits,
    ChangeCredits,
    CreditAnswer,
    CreditRow,
    Credits,
    CreditsTold,
    LeftRow,
    ListCredits,
)
from tui.session.replies import ModelRow

FOLDER = Path(__file__).parent / "snapshots" / "credits"
KEY = "sk-or-v1-TESTkeyTESTkeyTESTkey01"
ROUTER = CreditRow(
    name="openrouter", adapter="openrouter", kind="OpenRouter",
    url="https://openrouter.ai/api/v1", credits="1204.61", usd="12.0461", rate="0.01",
    as_of=START - dt.timedelta(minutes=4), top_up="https://openrouter.ai/settings/credits",
    fingerprint="9aBc", backend="Secret Service: login", models=3,
    autos=("auto", "auto-efficient"), state="verified", checked_at=START - dt.timedelta(hours=2),
)  # fmt: skip
PROXY = CreditRow(
    name="team", adapter="litellm", kind="LiteLLM", url="https://llm.example.com/v1", usd="9.50",
    as_of=START - dt.timedelta(minutes=1), trouble="llm.example.com did not answer within 5 s",
    retention="zero retention, by contract", models=2, state="verified",
)  # fmt: skip
LEFT = (
    LeftRow(connection="k1", label="work", kind="own_key", why_not="not told by Anthropic"),
    LeftRow(
        connection="deepseek", label="deepseek", kind="endpoint", amount="110.00", currency="CNY",
        as_of=START, top_up="https://platform.deepseek.com/top_up",
    ),
)  # fmt: skip
TOLD = Credits(
    services=(ROUTER, PROXY), left=LEFT, plan="business", plan_by="team", org_size=12,
    org_size_by="team",
)  # fmt: skip


def credit_row(id: str, name: str, **more: Any) -> ModelRow:
    return replace(
        model_row(id, name), payer="credits", key=False, label="openrouter",
        connection="openrouter", left="1 204 left", **more,
    )  # fmt: skip


MODELS = (
    credit_row("openai/gpt-5.5", "GPT-5.5"),
    credit_row("auto", "Auto", auto=True, provider="openrouter", means="openrouter chooses"),
    credit_row("auto-efficient", "Auto efficient", auto=True, provider="openrouter"),
)


async def with_credits(seen: Seen, told: Credits = TOLD) -> None:
    seen.bridge.answers[ListCredits] = told
    seen.app.load()
    await seen.app.workers.wait_for_complete()
    await seen.settle()


async def settings(seen: Seen, told: Credits = TOLD) -> None:
    seen.bridge.answers[ListCredits] = told
    seen.app.action_credits()
    await seen.app.workers.wait_for_complete()
    await seen.settle()


def sent(seen: Seen, kind: type) -> list[Any]:
    return [one for one in seen.bridge.sent if isinstance(one, kind)]


def status(seen: Seen) -> str:
    return seen.text(seen.app.status)


async def test_the_status_bar_says_what_is_left_at_its_right_end(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered(), size=(132, 42)) as seen:
        await with_credits(seen)
        assert status(seen).rstrip().endswith("1 204 credits")
        seen.app.on_notice(CreditsTold(services=(replace(ROUTER, credits="99.5"),)))
        await seen.settle()
        assert status(seen).rstrip().endswith("99.50 credits")


async def test_without_a_rate_money_is_left_and_without_a_word_nothing_is_said(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered(), size=(132, 42)) as seen:
        await with_credits(seen, Credits(services=(PROXY,)))
        assert status(seen).rstrip().endswith("$9.50 left")
        untold = replace(PROXY, usd=None, as_of=None)
        seen.app.on_notice(CreditsTold(services=(untold,)))
        await seen.settle()
        assert "left" not in status(seen)


async def test_services_are_asked_once_at_the_start_and_then_listed(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await with_credits(seen)
        await with_credits(seen)
        assert [one.look for one in sent(seen, ListCredits)].count(True) == 1


async def test_the_picker_has_credits_with_what_is_left_and_auto_always(tmp_path):
    async with hand_fed(
        tmp_path, script=scenes.answered(), models=(*MODELS, *some_models())
    ) as seen:
        text = seen.text(seen.app.picker)
        lines = [line.strip() for line in text.splitlines()]
        at = next(n for n, line in enumerate(lines) if line.startswith("Credits"))
        assert lines[at].endswith("1 204 left")
        assert lines[at + 1].startswith("◆") and lines[at + 1].endswith("always")
        assert "GPT-5.5" in lines[at + 3]


async def test_settings_say_how_old_a_word_is_and_whose_plan_wins(tmp_path):
    async with hand_fed(tmp_path, size=(132, 60)) as seen:
        await settings(seen)
        text = seen.text(seen.app.screen)
        for words in (
            "1 204 credits left", "told 4 min ago", "$9.50 left",
            "not told now: llm.example.com did not answer", "zero retention, by contract",
            "not told by Anthropic", "110.00 CNY left", "business, by team's word: it wins",
            "12, by team's word: it wins", "top up: openrouter.ai/settings/credits",
        ):  # fmt: skip
            assert words in text


async def test_a_service_is_tested_and_removed_and_comes_back(tmp_path):
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await settings(seen)
        seen.bridge.answers[ChangeCredits] = CreditAnswer(
            state="verified", message="it lists 3 models", row=ROUTER
        )
        await seen.press("down", "home", "t")
        assert "openrouter is verified" in seen.text(seen.app.screen)
        await seen.press("d")
        assert "U brings it back" in seen.text(seen.app.screen)
        await seen.press("u")
        acts = [(one.action, one.name) for one in sent(seen, ChangeCredits)]
        assert acts == [("test", "openrouter"), ("remove", "openrouter"), ("undo", "")]


async def test_a_service_is_switched_off_and_on(tmp_path):
    off = replace(ROUTER, enabled=False)
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await settings(seen)
        seen.bridge.answers[ChangeCredits] = CreditAnswer(state="verified", row=off)
        seen.bridge.answers[ListCredits] = replace(TOLD, services=(off, PROXY))
        await seen.press("down", "home", "o")
        assert "serves nothing until you switch it on" in seen.text(seen.app.screen)
        assert "O switch on" in seen.text(seen.app.screen)
        await seen.press("o")
        acts = [(one.action, one.name) for one in sent(seen, ChangeCredits)]
        assert acts == [("disable", "openrouter"), ("enable", "openrouter")]


async def test_enter_on_a_service_replaces_its_key_and_keeps_its_kind_and_name(tmp_path):
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await settings(seen)
        await seen.press("down", "home", "enter")
        assert "in place of the one there" in seen.text(seen.app.screen)
        seen.bridge.answers[AddCredits] = CreditAnswer(state="verified", row=ROUTER)
        await seen.press("down")  # another kind is no choice here
        await seen.type(KEY)
        await seen.press("enter")
        (asked,) = sent(seen, AddCredits)
        assert (asked.adapter, asked.name, asked.replace) == ("openrouter", "openrouter", True)


async def to_dialog(seen: Seen) -> None:
    await settings(seen, Credits())
    seen.app.ask_service(closed=lambda answer: None)
    await seen.settle()


async def test_a_new_service_is_named_and_its_key_goes_once_and_is_not_shown(tmp_path):
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await to_dialog(seen)
        seen.bridge.answers[AddCredits] = CreditAnswer(state="verified", row=ROUTER)
        await seen.type(KEY)
        assert KEY not in seen.text(seen.app.screen)
        await seen.press("enter")
        asked = sent(seen, AddCredits)
        assert [(one.adapter, one.name, one.url) for one in asked] == [
            ("openrouter", "openrouter", "")
        ]
        assert asked[0].pasted.reveal() == KEY


async def test_another_kind_has_its_own_name_and_wants_an_address(tmp_path):
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await to_dialog(seen)
        await seen.press("down")
        await seen.type(KEY)
        await seen.press("enter")
        assert sent(seen, AddCredits) == []
        assert seen.app.focused is not None and seen.app.focused.id == "credit-url"


async def test_a_name_that_is_taken_is_replaced_on_a_second_enter(tmp_path):
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await to_dialog(seen)
        taken = UsageError("there is already a credit service called openrouter")
        seen.bridge.answers[AddCredits] = taken
        await seen.type(KEY)
        await seen.press("enter", "enter")
        assert [one.replace for one in sent(seen, AddCredits)] == [False, True]


async def test_hostile_words_of_a_service_reach_no_terminal(tmp_path):
    bad = replace(
        ROUTER, name="bad\x1b[2J", trouble="\x1b]0;x\x07", retention="\u202eevil", kind="LiteLLM"
    )
    async with hand_fed(tmp_path, size=(132, 42)) as seen:
        await settings(seen, Credits(services=(bad,)))
        text = seen.text(seen.app.screen)
        assert "\x1b" not in text and "\u202e" not in text


class Look(NamedTuple):
    name: str
    size: tuple[int, int]
    theme: str = "ownkey"
    what: str = "settings"


LOOKS = [
    Look("settings", (132, 42)),
    Look("settings-light", (80, 24), theme="ownkey-light"),
    Look("picker", (132, 42), what="picker"),
    Look("dialog", (100, 30), what="dialog"),
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda one: one.name)
async def test_credits_look_as_they_did(tmp_path, look):
    async with hand_fed(
        tmp_path, script=scenes.answered(), size=look.size,
        settings={"appearance.theme": look.theme}, models=(*some_models(), *MODELS),
    ) as seen:  # fmt: skip
        match look.what:
            case "picker":
                await with_credits(seen)
                await seen.press("f2", *["down"] * 5)
            case "dialog":
                await to_dialog(seen)
            case _:
                await settings(seen)
                await seen.press("down", "home")
        for field in seen.app.screen.query("Input"):
            field.cursor_blink = False
        await seen.rest()
        made = svg_of(seen.app)
    file = FOLDER / f"{look.name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")
