from __future__ import annotations

import datetime as dt

import msgspec
import pytest

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
from tui.console.settings.finding import PANES
from tui.console.settings.modal import SettingsScreen
from tui.errors import UsageError
from tui.localmodel.models import LocalModels
from tui.session.commands import AddKey, ChangeKey, ListKeys, ListRules, RemoveRule, UseFoundKey
from tui.session.replies import KeyAnswer, RuleRow, Rules, SpentToday
from tui.settings.store import SettingsStore

WORK = key_row("anthropic", "work", "AAqr", default=True)
HOME = key_row("anthropic", "home", "Bq7x")
KEYS = some_keys(WORK, HOME, key_row("google", "mail", "m2Kd", state="refused"))
FOUND = some_keys(found_key("OPENAI_API_KEY", "openai", "9fGh"))
RULE = RuleRow(rule="shell: make test", folder="/src/shop", added=START)


async def searched(seen: Seen, *words: str, keys: tuple[str, ...] = ()) -> None:
    await seen.press("f3")
    await seen.type(" ".join(words), *keys)


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


@pytest.mark.parametrize("way", [("f3",), ("ctrl+t",), (*"/settings", "enter")])
async def test_settings_open_with_the_search_in_focus(tmp_path, way):
    async with hand_fed(tmp_path) as seen:
        await seen.press(*way)
        await seen.type("thm")
        assert screen(seen).focused.value == "thm"


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("API keys", WORK.id),
        ("byok", WORK.id),
        ("anthropic key", WORK.id),
        ("replace key", WORK.id),
        ("add google key", "keys.add.google"),
        ("daily budget", "budget.day_usd"),
        ("theme", "appearance.theme"),
        ("fallback", "keys.fails"),
        ("bell", "appearance.notify"),
        ("proxy", "privacy.proxies"),
        ("gguf", "local.add"),
    ],
)
async def test_words_find_what_they_mean(tmp_path, words, first):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await searched(seen, words)
        assert chosen(seen) == first


@pytest.mark.parametrize("words", ["endpoint", "cloud", "organisation", "credit fallback limit"])
async def test_what_is_not_there_is_not_found(tmp_path, words):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await searched(seen, words)
        ids = {row.entry.id for row in screen(seen).list._rows}
        assert not {id for id in ids if id.startswith(("credits.", "account.", "payer."))}


async def test_nonsense_is_said_to_find_nothing(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "qqqqzzzz", keys=("enter",))
        assert "nothing is called that" in seen.text()


async def test_enter_on_a_key_opens_its_dialog_to_replace_that_very_key(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[AddKey] = kept(HOME)
        await searched(seen, "anthropic home", keys=("enter",))
        assert isinstance(seen.app.screen, KeyDialog)
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("enter")
        assert [(one.label, one.replace) for one in sent(seen, AddKey)] == [("home", True)]
        assert "Anthropic home …Bq7x is in use." in seen.text()


async def test_without_a_key_enter_opens_the_dialog_of_the_maker_that_was_named(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "openai key", keys=("enter",))
        assert "OpenAI API key" in seen.text()


async def test_a_key_is_checked_again_by_its_letter(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = kept(WORK)
        await searched(seen, "api keys", keys=("down", "t"))
        assert sent(seen, ChangeKey) == [ChangeKey(action="check", id=WORK.id)]
        assert "Anthropic work …AAqr is verified: it reaches 9 models." in seen.text()


async def test_a_key_that_is_refused_is_said_so(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = KeyAnswer(
            state="refused", error="invalid_key", message="the key is not valid", hint="Replace it."
        )
        await searched(seen, "check key", keys=("enter",))
        assert "is refused: the key is not valid. Replace it." in seen.text()


@pytest.mark.parametrize(
    ("words", "action"),
    [("remove key", "forget"), ("default key", "default"), ("test key", "check")],
)
async def test_enter_does_to_a_key_what_was_searched_for(tmp_path, words, action):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        seen.bridge.answers[ChangeKey] = kept(WORK)
        await searched(seen, words, keys=("enter",))
        assert sent(seen, ChangeKey) == [ChangeKey(action=action, id=WORK.id)]


async def forget_work(seen: Seen) -> None:
    seen.bridge.answers[ChangeKey] = KeyAnswer(state="forgotten")
    await searched(seen, "api keys")
    seen.bridge.answers[ListKeys] = some_keys(HOME)
    await seen.press("down", "d")


async def test_a_forgotten_key_can_be_brought_back_until_the_settings_close(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await forget_work(seen)
        await seen.press("escape", "ctrl+u", *"theme", "down", "u")
        assert [one.action for one in sent(seen, ChangeKey)] == ["forget", "undo"]


async def test_a_forgotten_key_is_named_with_the_way_back(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await forget_work(seen)
        assert "Anthropic work …AAqr is forgotten. U brings it back." in seen.text()
        await seen.press("f3", "f3")
        assert "brings it back" not in seen.text()


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


async def test_a_budget_is_typed_where_it_is_found(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "daily budget", keys=("enter", *"12.50", "enter"))
        assert value(seen, "budget.day_usd") == "12.50"
        assert "Budget per day: $12.50, was no limit." in seen.text()


@pytest.mark.parametrize("typed", ["abc", "-1", "2000000", "0.0000000001"])
async def test_a_wrong_value_is_refused_with_the_reason_and_the_old_one_stays(tmp_path, typed):
    async with hand_fed(tmp_path, settings={"budget.day_usd": "7"}) as seen:
        await searched(seen, "daily budget", keys=("enter", "backspace", *typed, "enter"))
        assert "Refused: Budget per day" in seen.text()
        assert value(seen, "budget.day_usd") == "7"
        await seen.press("escape")
        assert "$7" in seen.row_of("Budget per day")


async def test_esc_leaves_a_field_as_it_was(tmp_path):
    async with hand_fed(tmp_path, settings={"budget.day_usd": "7"}) as seen:
        await searched(seen, "daily budget", keys=("enter", *"99", "escape"))
        assert value(seen, "budget.day_usd") == "7"


async def test_a_choice_is_picked_from_its_list(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "theme", keys=("enter", "down", "enter"))
        assert value(seen, "appearance.theme") == "ownkey-light"
        assert seen.app.theme == "ownkey-light"


async def test_what_differs_from_its_default_is_marked_and_reset_by_a_key(tmp_path):
    async with hand_fed(tmp_path, settings={"budget.day_usd": "7"}) as seen:
        await searched(seen, "daily budget")
        assert "•" in seen.row_of("Budget per day")
        assert "default no limit" in seen.text()
        await seen.press("down", "r")
        assert "•" not in seen.row_of("Budget per day")
        assert value(seen, "budget.day_usd") is None


async def test_what_today_cost_stands_beside_the_budget(tmp_path):
    async with hand_fed(tmp_path, settings={"budget.day_usd": "10"}) as seen:
        seen.app.on_notice(SpentToday(nano=3_200_000_000, unknown=0))
        await searched(seen, "daily budget")
        assert "today $3.2000 of $10" in seen.row_of("Budget per day")


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


async def test_letters_act_only_in_the_list(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await seen.press("f3", *"dtmur")
        assert sent(seen, ChangeKey) == []


async def test_tab_enters_the_list_and_the_sections(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f3", "tab")
        assert screen(seen).focused is screen(seen).list
        await seen.press("tab")
        assert screen(seen).focused is screen(seen).sections


async def test_a_section_leads_to_its_rows(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f3", "shift+tab", "down", "down", "down", "enter")
        assert chosen(seen) == "budget.request_usd"
        assert "Budgets" in seen.text(screen(seen).list)


async def test_a_click_on_a_row_acts_on_it(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "notifications")
        await seen.pilot.click("#settings-list", offset=(10, 2))
        await seen.settle()
        assert value(seen, "appearance.notify") is False


async def test_every_section_of_the_sidebar_has_rows(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await seen.press("f3")
        names = [name for name, _ in screen(seen).sections._sections]
        assert names == [
            "API keys", "Local models", "Models", "Budgets", "Approvals", "Appearance",
            "Keys & shortcuts", "Privacy",
        ]  # fmt: skip


async def test_every_setting_has_help_a_default_and_a_way_to_change_it(tmp_path):
    async with hand_fed(tmp_path, keys=KEYS) as seen:
        await seen.press("f3")
        rows = [r for r in screen(seen).list._rows if r.entry.kind == "setting"]
        assert len(rows) > 10
        assert [r.entry.id for r in rows if not (r.help and r.aside)] == []


async def test_a_change_made_elsewhere_is_seen_in_the_open_settings(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "theme")
        SettingsStore(seen.app.paths.settings_file).set("appearance.theme", "ownkey-light")
        await seen.until(lambda: seen.app.theme == "ownkey-light")
        await seen.until(lambda: "ownkey-light" in seen.row_of("Theme"))


async def test_a_change_made_elsewhere_is_seen_when_the_terminal_has_the_focus_again(tmp_path):
    async with hand_fed(tmp_path) as seen:
        store = SettingsStore(seen.app.paths.settings_file)
        store.set("appearance.theme", "ownkey-light")
        store.set("appearance.glyphs", "letters")
        seen.app.on_app_focus()
        await seen.settle()
        assert seen.app.theme == "ownkey-light"
        assert "🔑" not in seen.text()


async def test_nothing_ticks_while_the_settings_are_closed(tmp_path):
    async with hand_fed(tmp_path) as seen:
        before = len(seen.app._timers)
        await seen.press("f3", "escape")
        assert len(seen.app._timers) <= before


async def test_rules_given_for_good_are_taken_back_by_the_second_key(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers |= {ListRules: Rules(rules=(RULE,)), RemoveRule: Rules(rules=())}
        await searched(seen, "make test", keys=("down", "d"))
        assert "D again takes it back" in seen.text()
        assert sent(seen, RemoveRule) == []
        await seen.press("d")
        assert sent(seen, RemoveRule) == [RemoveRule(rule=RULE.rule, folder=RULE.folder)]


async def test_leaving_a_rule_forgets_that_it_was_to_be_taken_back(tmp_path):
    async with hand_fed(tmp_path) as seen:
        other = msgspec.structs.replace(RULE, rule="shell: make lint")
        seen.bridge.answers[ListRules] = Rules(rules=(RULE, other))
        await searched(seen, "make", keys=("down", "d", "down", "d"))
        assert sent(seen, RemoveRule) == []


async def test_rules_that_cannot_be_listed_have_a_row_that_says_why(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[ListRules] = UsageError("no rules here", hint="Try again.")
        await searched(seen, "approvals")
        assert "The rules cannot be listed" in seen.text()
        assert "no rules here" in seen.text()


async def test_a_model_file_that_is_none_is_refused_beside_the_field(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await searched(seen, "gguf", keys=("enter",))
        await seen.type("nowhere.gguf", "enter")
        await seen.until_said("nowhere.gguf")
        await seen.until(lambda: screen(seen).list.opened.trouble != "")
        assert LocalModels(seen.app.paths).models() == []


async def test_a_settings_file_that_is_broken_is_said_and_the_rest_works(tmp_path):
    async with hand_fed(tmp_path) as seen:
        file = seen.app.paths.settings_file
        file.write_text("{ not json", encoding="utf-8")
        await searched(seen, "daily budget", keys=("enter", *"5", "enter"))
        assert value(seen, "budget.day_usd") == "5"
        await seen.press("escape", "escape", "escape")
        assert "The settings file was not valid" in " ".join(seen.text().split())
        assert list(file.parent.glob("settings.json.broken-*"))


async def test_a_pane_that_fails_says_so_and_leaves_the_others(tmp_path, monkeypatch):
    def fails(world):
        raise ZeroDivisionError(ANTHROPIC_KEY)

    panes = (("Local models", fails), *(pane for pane in PANES if pane[0] != "Local models"))
    monkeypatch.setattr("tui.console.settings.finding.PANES", panes)
    async with hand_fed(tmp_path) as seen:
        await seen.press("f3")
        assert "This part failed (ZeroDivisionError" in seen.text()
        assert ANTHROPIC_KEY not in seen.text()
        await seen.type("daily budget", "enter", "3", "enter")
        assert value(seen, "budget.day_usd") == "3"


async def test_a_key_pasted_into_the_search_is_kept_out_of_sight(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f3")
        await seen.paste(ANTHROPIC_KEY)
        assert ANTHROPIC_KEY not in seen.text()
        assert isinstance(seen.app.screen, KeyDialog)


async def test_a_proxy_is_shown_without_its_password(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.app.environ = {"HTTPS_PROXY": "http://me:secret@proxy.example:3128"}
        await searched(seen, "proxy")
        assert "HTTPS_PROXY=proxy.example:3128" in seen.text()


async def test_the_hosts_that_keys_go_to_are_listed_with_when(tmp_path):
    keys = some_keys(key_row("anthropic", "work", "AAqr", checked_at=START - dt.timedelta(hours=2)))
    async with hand_fed(tmp_path, keys=keys) as seen:
        await searched(seen, "https api example")
        assert "Anthropic; a key was checked there 2 h ago." in seen.text()
