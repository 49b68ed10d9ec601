from __future__ import annotations

import pytest
from textual import events

from tests.console_world import (
    ANTHROPIC_KEY,
    Seen,
    found_key,
    hand_fed,
    kept,
    key_row,
    some_keys,
)
from tests.transcript_world import START
from tui.console.dialogs.key_entry import KeyDialog
from tui.console.settings.modal import SettingsScreen
from tui.hosts import Notes
from tui.localmodel.models import LocalModels
from tui.session.commands import AddKey, ChangeKey, ListKeys, ListRules, RemoveRule, UseFoundKey
from tui.session.replies import KeyAnswer, RuleRow, Rules
from tui.settings.store import SettingsStore

WORK = key_row("anthropic", "work", "AAqr", default=True)
HOME = key_row("anthropic", "home", "Bq7x")
KEYS = some_keys(WORK, HOME, key_row("google", "mail", "m2Kd", state="refused"))
FOUND = some_keys(found_key("OPENAI_API_KEY", "openai", "9fGh"))
RULE = RuleRow(rule="shell: make test", folder="/src/shop", added=START)


async def searched(seen: Seen, *words: str, keys: tuple[str, ...] = ()) -> None:
    await seen.press("f3")
    await seen.paste(" ".join(words))
    await seen.press(*keys)


def value(seen: Seen, name: str) -> object:
    """As another process reads it."""
    return SettingsStore(seen.app.paths.settings_file).get(name)


def sent(seen: Seen, kind: type) -> list:
    return [one for one in seen.bridge.sent if isinstance(one, kind)]


def screen(seen: Seen) -> SettingsScreen:
    assert isinstance(seen.app.screen, SettingsScreen)
    return seen.app.screen


def chosen(seen: Seen) -> str:
    row = screen(seen).list.chosen
    assert row is not None
    return row.entry.id


async def test_settings_open_with_the_search_in_focus(tmp_path):
    async with hand_fed(tmp_path) as seen:
        for way in (("f3",), ("ctrl+t",), (*"/settings", "enter")):
            await seen.press(*way)
            await seen.type("thm")
            assert screen(seen).focused.value == "thm"
            await seen.press("f3")


@pytest.mark.long
async def test_enter_on_a_key_opens_its_dialog_to_replace_that_very_key(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[AddKey] = kept(HOME)
        await searched(seen, "anthropic home", keys=("enter",))
        assert isinstance(seen.app.screen, KeyDialog)
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("enter")
        assert [(one.label, one.replace) for one in sent(seen, AddKey)] == [("home", True)]
        assert "Anthropic home …Bq7x is in use." in seen.text()


@pytest.mark.long
async def test_a_key_is_checked_again_by_its_letter(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = kept(WORK)
        await searched(seen, "api keys", keys=("down", "t"))
        assert sent(seen, ChangeKey) == [ChangeKey(action="check", id=WORK.id)]
        assert "Anthropic work …AAqr is verified: it reaches 9 models." in seen.text()


async def test_enter_does_to_a_key_what_was_searched_for(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = kept(WORK)
        for words in ("remove key", "default key", "test key"):
            await searched(seen, words, keys=("enter", "f3"))
        actions = [(one.action, one.id) for one in sent(seen, ChangeKey)]
        assert actions == [("forget", WORK.id), ("default", WORK.id), ("check", WORK.id)]


async def forget_work(seen: Seen) -> None:
    seen.bridge.answers[ChangeKey] = KeyAnswer(state="forgotten")
    await searched(seen, "api keys")
    seen.bridge.answers[ListKeys] = some_keys(HOME)
    await seen.press("down", "d")


@pytest.mark.long
async def test_a_forgotten_key_can_be_brought_back_until_the_settings_close(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await forget_work(seen)
        assert "Anthropic work …AAqr is forgotten. U brings it back." in seen.text()
        await seen.press("escape", "ctrl+u", *"theme", "down", "u")
        assert [one.action for one in sent(seen, ChangeKey)] == ["forget", "undo"]


@pytest.mark.long
async def test_a_key_of_the_environment_takes_one_yes(tmp_path):
    async with hand_fed(tmp_path, keys=FOUND) as seen:
        await searched(seen, "openai")
        assert "not used" in seen.row_of("OPENAI_API_KEY")
        await seen.press("enter")
        assert sent(seen, UseFoundKey) == [UseFoundKey(variable="OPENAI_API_KEY")]


async def test_a_switch_is_toggled_where_it_is_found(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "notifications", keys=("enter",))
        assert value(seen, "appearance.notify") is False
        await seen.press("space")
        assert value(seen, "appearance.notify") is True


@pytest.mark.long
async def test_a_budget_is_typed_where_it_is_found(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "daily budget", keys=("enter", *"12.50", "enter"))
        assert value(seen, "budget.day_usd") == "12.50"
        assert "Budget per day: $12.50, was no limit." in seen.text()


async def test_a_wrong_value_is_refused_with_the_reason_and_the_old_one_stays(tmp_path):
    async with hand_fed(tmp_path, settings={"budget.day_usd": "7"}) as seen:
        await searched(seen, "daily budget", keys=("enter", "backspace", *"-1", "enter"))
        assert "Refused: Budget per day" in seen.text()
        assert value(seen, "budget.day_usd") == "7"
        await seen.press("escape")
        assert "$7" in seen.row_of("Budget per day")


@pytest.mark.long
async def test_a_choice_is_picked_from_its_list(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "theme", keys=("enter", "down", "enter"))
        assert value(seen, "appearance.theme") == "ownkey-light"
        assert seen.app.theme == "ownkey-light"


@pytest.mark.long
async def test_what_differs_from_its_default_is_marked_and_reset_by_a_key(tmp_path):
    async with hand_fed(tmp_path, settings={"budget.day_usd": "7"}) as seen:
        await searched(seen, "daily budget")
        assert "•" in seen.row_of("Budget per day")
        assert "default no limit" in seen.text()
        await seen.press("down", "r")
        assert "•" not in seen.row_of("Budget per day")
        assert value(seen, "budget.day_usd") is None


async def test_esc_goes_back_one_level_at_a_time(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "theme", keys=("down", "enter"))
        one = screen(seen)
        assert one.list.opened is not None
        await seen.press("escape")
        assert (one.list.opened, one.focused) == (None, one.list)
        await seen.press("escape")
        assert one.focused.value == "theme"
        await seen.press("escape")
        assert one.focused.value == ""
        await seen.press("escape")
        assert len(seen.app.screen_stack) == 1


@pytest.mark.long
async def test_letters_act_only_in_the_list(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await seen.press("f3", *"dtmur")
        assert sent(seen, ChangeKey) == []


@pytest.mark.long
async def test_a_section_leads_to_its_rows(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f3", "shift+tab", *["down"] * 5, "enter")
        assert chosen(seen) == "budget.request_usd"
        assert "Budgets" in seen.text(screen(seen).list)


@pytest.mark.long
async def test_a_click_on_a_row_acts_on_it(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "notifications")
        await seen.pilot.click("#settings-list", offset=(10, 2))
        await seen.settle()
        assert value(seen, "appearance.notify") is False


async def test_a_change_made_elsewhere_is_seen_in_the_open_settings(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "theme")
        SettingsStore(seen.app.paths.settings_file).set("appearance.theme", "ownkey-light")
        await seen.until(lambda: seen.app.theme == "ownkey-light")
        await seen.until(lambda: "ownkey-light" in seen.row_of("Theme"))


@pytest.mark.long
async def test_a_change_made_elsewhere_is_seen_when_the_terminal_has_the_focus_again(tmp_path):
    async with hand_fed(tmp_path) as seen:
        store = SettingsStore(seen.app.paths.settings_file)
        store.set("appearance.theme", "ownkey-light")
        store.set("appearance.glyphs", "letters")
        seen.app.post_message(events.AppFocus())
        await seen.settle()
        assert seen.app.theme == "ownkey-light"
        assert "🔑" not in seen.text()


@pytest.mark.long
async def test_nothing_ticks_while_the_settings_are_closed(tmp_path):
    async with hand_fed(tmp_path) as seen:
        before = len(seen.app._timers)
        await seen.press("f3", "escape")
        assert len(seen.app._timers) <= before


@pytest.mark.long
async def test_rules_given_for_good_are_taken_back_by_the_second_key(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers |= {ListRules: Rules(rules=(RULE,)), RemoveRule: Rules(rules=())}
        await searched(seen, "make test", keys=("down", "d"))
        assert "D again takes it back" in seen.text()
        assert sent(seen, RemoveRule) == []
        await seen.press("d")
        assert sent(seen, RemoveRule) == [RemoveRule(rule=RULE.rule, folder=RULE.folder)]


@pytest.mark.long
async def test_a_model_file_that_is_none_is_refused_beside_the_field(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "gguf", keys=("enter",))
        await seen.type("nowhere.gguf", "enter")
        await seen.until_said("nowhere.gguf")
        await seen.until(lambda: screen(seen).list.opened.trouble != "")
        assert LocalModels(seen.app.paths).models() == []


@pytest.mark.long
async def test_a_settings_file_that_is_broken_is_said_and_the_rest_works(tmp_path):
    async with hand_fed(tmp_path) as seen:
        file = seen.app.paths.settings_file
        file.write_text("{ not json", encoding="utf-8")
        await searched(seen, "daily budget", keys=("enter", *"5", "enter"))
        assert value(seen, "budget.day_usd") == "5"
        await seen.press("escape", "escape", "escape")
        assert "The settings file was not valid" in " ".join(seen.text().split())
        assert list(file.parent.glob("settings.json.broken-*"))


@pytest.mark.long
async def test_a_key_pasted_into_the_search_is_kept_out_of_sight(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f3")
        await seen.paste(ANTHROPIC_KEY)
        assert ANTHROPIC_KEY not in seen.text()
        assert isinstance(seen.app.screen, KeyDialog)


async def test_a_key_is_switched_off_and_pinned_by_its_letters(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = kept(WORK)
        await searched(seen, "anthropic work", keys=("down", "o", "p"))
        assert [(one.action, one.id) for one in sent(seen, ChangeKey)] == [
            ("disable", WORK.id), ("pin", WORK.id)
        ]  # fmt: skip
        assert "Anthropic work …AAqr is pinned" in seen.text()


async def test_a_key_gets_another_label_in_place(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = kept(key_row("anthropic", "office", "AAqr"))
        await searched(seen, "anthropic work", keys=("down", "l"))
        await seen.press("ctrl+u", *"office", "enter")
        assert sent(seen, ChangeKey) == [ChangeKey(action="label", id=WORK.id, label="office")]
        assert "is called office now" in seen.text()


async def test_a_key_that_is_off_or_pinned_says_so_and_offers_the_way_back(tmp_path):
    off = key_row("anthropic", "work", "AAqr", used=False, enabled=False)
    pinned = key_row("anthropic", "home", "Bq7x", pinned=True)
    async with hand_fed(tmp_path, keys=some_keys(off, pinned)) as seen:
        seen.bridge.answers[ChangeKey] = kept(off)
        await searched(seen, "api keys", keys=("down", "o", "down", "p"))
        assert "off" in seen.row_of("work  ")
        assert "pinned here" in seen.row_of("home  ")
        assert [one.action for one in sent(seen, ChangeKey)] == ["enable", "unpin"]


async def test_everything_is_forgotten_only_when_that_was_typed(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await searched(seen, "forget everything", keys=("enter",))
        await seen.press(*"yes", "enter")
        assert "Nothing was removed" in seen.text()
        assert not seen.app.forgetting
        await seen.press("ctrl+u", *"Forget", "space", *"everything", "enter")
        assert seen.app.forgetting


async def test_what_was_contacted_is_read_when_the_settings_open(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        notes = Notes(lambda: seen.app.paths.hosts_file)
        notes.note("https://llm.example:443", "chat")
        notes.flush()
        await searched(seen, "llm.example")
        await seen.app.workers.wait_for_complete()
        assert "Chat once" in seen.text()
