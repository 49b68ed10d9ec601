"""The key dialog by hand-fed answers: what it says and what it sends."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from textual.events import AppFocus

from tests import scenes, scenes_failing
from tests.console_world import (
    ANTHROPIC_KEY,
    OPENAI_KEY,
    Seen,
    found_key,
    hand_fed,
    kept,
    key_row,
    no_models,
    some_keys,
    some_models,
)
from tui.console.dialogs import key_entry
from tui.console.dialogs.key_entry import KeyDialog
from tui.console.dialogs.vault import VaultDialog
from tui.console.dialogs.words import ago, outcome
from tui.errors import KeyStoreError
from tui.secret import Secret
from tui.session.commands import (
    AddKey,
    AnswerWayOut,
    ChooseModel,
    CreateVault,
    ListKeys,
    ListModels,
    OpenVault,
    StartTurn,
    UseFoundKey,
)
from tui.session.key_words import suggested_label
from tui.session.replies import Done, KeyAnswer, Models

WORK = key_row("anthropic", "work", "AAqr", default=True)
HOME = key_row("anthropic", "home", "Bq7x")
UNREACHABLE = KeyAnswer(state="unreachable", error="unreachable", message="nobody answered")
NO_KEYRING = some_keys(store="nowhere yet", trouble="this machine has no keyring")


def sent(seen: Seen, kind: type) -> list:
    return [one for one in seen.bridge.sent if isinstance(one, kind)]


async def open_dialog(seen: Seen) -> None:
    await seen.type("/key", "enter")
    assert isinstance(seen.app.screen, KeyDialog)


async def pasted(seen: Seen, text: str = ANTHROPIC_KEY) -> None:
    await open_dialog(seen)
    await seen.paste(text)
    await seen.press("enter")


async def test_a_verified_key_is_kept_and_said_in_the_flow(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[AddKey] = kept(WORK)
        await pasted(seen)
        assert len(seen.app.screen_stack) == 1
        said = seen.text(seen.app.transcript)
        assert "The Anthropic key work …AAqr is in use: it reaches 9 models; kept" in said


async def test_what_was_taken_off_a_paste_is_said(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[AddKey] = kept(WORK, notes=("quotes were taken off",))
        await pasted(seen)
        said = " ".join(seen.text(seen.app.transcript).split())
        assert "(quotes were taken off)" in said


async def test_a_refused_key_keeps_the_dialog_open_with_the_reason(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await pasted(seen)
        assert isinstance(seen.app.screen, KeyDialog)
        assert "the key is not valid" in seen.text()


@pytest.mark.parametrize("words", ["nothing was pasted", "that is no key", "too long for a key"])
async def test_a_paste_that_is_no_key_is_refused_in_words(tmp_path, words):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[AddKey] = KeyAnswer(
            state="refused", error="not_a_key", message=words, hint="Paste the key alone."
        )
        await pasted(seen, "nonsense")
        assert words in seen.text()
        assert "Paste the key alone." in seen.text()


@pytest.mark.long
async def test_a_key_that_nobody_could_check_is_saved_by_a_second_enter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[AddKey] = UNREACHABLE
        await pasted(seen)
        assert "Enter save unchecked" in seen.text()
        await seen.press("enter")
        assert [one.unchecked for one in sent(seen, AddKey)] == [False, True]


@pytest.mark.long
async def test_another_paste_is_checked_again(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[AddKey] = UNREACHABLE
        await pasted(seen)
        await seen.paste(ANTHROPIC_KEY + "2")
        await seen.press("enter")
        assert [one.unchecked for one in sent(seen, AddKey)] == [False, False]


async def test_a_paste_of_several_lines_reaches_the_engine_whole(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await pasted(seen, ANTHROPIC_KEY[:20] + "\n" + ANTHROPIC_KEY[20:])
        assert sent(seen, AddKey)[0].pasted == Secret(
            ANTHROPIC_KEY[:20] + "\n" + ANTHROPIC_KEY[20:]
        )


@pytest.mark.long
async def test_up_and_down_choose_the_maker(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await open_dialog(seen)
        await seen.press("down")
        assert "OpenAI API key" in seen.text()
        await seen.press("down")
        assert "Google API key" in seen.text()
        await seen.press("up", "up")
        assert "Anthropic API key" in seen.text()


async def test_keys_that_are_there_are_listed_with_their_last_four(tmp_path):
    keys = some_keys(WORK, key_row("anthropic", "home", "Bq7x", state="refused"))
    async with hand_fed(tmp_path, keys=keys) as seen:
        await open_dialog(seen)
        assert "work" in seen.row_of("…AAqr")
        assert "refused" in seen.row_of("…Bq7x")


async def test_where_keys_lie_is_said_by_name(tmp_path):
    async with hand_fed(tmp_path, keys=some_keys(store="Secret Service: login")) as seen:
        await open_dialog(seen)
        assert "kept in Secret Service: login" in seen.text()


async def test_that_the_account_decides_about_retention_is_said(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await open_dialog(seen)
        assert "ownkey cannot enforce" in " ".join(seen.text().split())


async def test_a_second_key_gets_a_label_of_its_own(tmp_path):
    async with hand_fed(tmp_path, keys=some_keys(key_row("anthropic", "main", "AAqr"))) as seen:
        await pasted(seen)
        assert [(one.label, one.replace) for one in sent(seen, AddKey)] == [("main 2", False)]


@pytest.mark.long
async def test_the_label_of_a_key_that_is_there_replaces_it_and_says_so(tmp_path):
    async with hand_fed(tmp_path, keys=some_keys(WORK, HOME)) as seen:
        await open_dialog(seen)
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("tab", "ctrl+u")
        await seen.type("Home")
        assert "takes the place of home …Bq7x" in seen.text()
        await seen.press("enter")
        assert [(one.label, one.replace) for one in sent(seen, AddKey)] == [("Home", True)]


async def test_a_key_that_was_refused_is_what_the_dialog_replaces(tmp_path):
    refused = key_row("anthropic", "work", "AAqr", default=True, state="refused")
    async with hand_fed(tmp_path, keys=some_keys(refused, HOME)) as seen:
        await pasted(seen)
        assert [(one.label, one.replace) for one in sent(seen, AddKey)] == [("work", True)]


def test_a_free_label_is_suggested():
    rows = [key_row("anthropic", "main", "a"), key_row("anthropic", "Main 2", "b")]
    assert suggested_label(rows, replace=False) == "main 3"


def test_the_default_key_is_suggested_for_replacement():
    assert suggested_label([HOME, WORK], replace=True) == "work"


def test_what_a_label_does_is_said():
    assert outcome([WORK], "new") == "beside 1 other, and taken first"


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (dt.timedelta(seconds=20), "just now"),
        (dt.timedelta(minutes=2), "2 min ago"),
        (dt.timedelta(hours=5), "5 h ago"),
        (dt.timedelta(hours=30), "yesterday"),
        (dt.timedelta(days=9), "9 days ago"),
    ],
)
def test_times_of_checks_are_told_in_one_unit(since, words):
    assert ago(since) == words


async def test_a_found_key_is_used_by_enter_in_the_empty_field(tmp_path):
    found = found_key("ANTHROPIC_API_KEY", "anthropic", "1a2b")
    async with hand_fed(tmp_path, keys=some_keys(found)) as seen:
        seen.bridge.answers[UseFoundKey] = kept(found)
        await open_dialog(seen)
        assert "not used" in seen.row_of("ANTHROPIC_API_KEY …1a2b")
        await seen.press("enter")
        assert sent(seen, UseFoundKey) == [UseFoundKey(variable="ANTHROPIC_API_KEY")]


async def test_a_pasted_key_wins_over_a_found_one(tmp_path):
    found = found_key("ANTHROPIC_API_KEY", "anthropic", "1a2b")
    async with hand_fed(tmp_path, keys=some_keys(found)) as seen:
        await pasted(seen)
        assert sent(seen, UseFoundKey) == []
        assert len(sent(seen, AddKey)) == 1


async def test_the_model_that_wanted_the_key_is_chosen_once_it_is_there(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2")
        await seen.type("gpt-5.4 nano", "enter")
        openai = key_row("openai", "main", "0001")
        seen.bridge.answers[AddKey] = kept(openai)
        served = [row if row.provider != "openai" else _served(row) for row in some_models()]
        seen.bridge.answers[ListModels] = Models(models=tuple(served))
        await seen.paste(OPENAI_KEY)
        await seen.press("enter")
        assert [one.model for one in sent(seen, ChooseModel)] == ["openai/gpt-5.4-nano"]


def _served(row):
    import msgspec

    return msgspec.structs.replace(row, payer="own_key", key=True, label="main", connection="k")


@pytest.mark.long
async def test_the_first_key_of_all_chooses_its_makers_first_model(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened(None), models=no_models()) as seen:
        seen.bridge.answers[AddKey] = kept(WORK)
        seen.bridge.answers[ListModels] = Models(models=some_models(google=None))
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("enter")
        assert [one.model for one in sent(seen, ChooseModel)] == ["anthropic/claude-opus-4-7"]


@pytest.mark.long
async def test_another_key_leaves_a_model_that_works_alone(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        seen.bridge.answers[AddKey] = kept(HOME)
        await pasted(seen)
        assert sent(seen, ChooseModel) == []


async def test_a_keyring_that_cannot_keep_ends_in_a_choice(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        said = seen.text()
        assert "this machine has no keyring" in said
        assert "F8 keep keys in an encrypted file" in said
        assert "F9 ask again" in said
        assert "OWNKEY_KEYRING=env" in said


async def test_f9_asks_the_keyring_again(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        seen.bridge.answers[ListKeys] = some_keys()
        await seen.press("f9")
        assert "this machine has no keyring" not in seen.text()
        assert "kept in Secret Service: login" in seen.text()


@pytest.mark.long
async def test_the_encrypted_file_is_made_by_a_passphrase_given_twice(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("f8")
        assert isinstance(seen.app.screen, VaultDialog)
        await seen.type("correct horse", "enter")
        assert sent(seen, CreateVault) == []
        seen.bridge.answers[ListKeys] = some_keys(store="sealed vault")
        await seen.type("correct horse", "enter")
        assert sent(seen, CreateVault) == [CreateVault(passphrase=Secret("correct horse"))]
        assert "kept in sealed vault" in seen.text()
        await seen.press("enter")
        assert sent(seen, AddKey)[0].pasted == Secret(ANTHROPIC_KEY)


@pytest.mark.long
async def test_two_different_passphrases_make_nothing(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        await seen.press("f8")
        await seen.type("correct horse", "enter")
        await seen.type("correct house", "enter")
        assert "not the same" in seen.text()
        assert sent(seen, CreateVault) == []


@pytest.mark.long
async def test_a_short_passphrase_is_not_taken(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        await seen.press("f8")
        await seen.type("short", "enter")
        assert "8 characters or more" in seen.text()
        assert sent(seen, CreateVault) == []


@pytest.mark.long
async def test_esc_makes_no_encrypted_file_and_keeps_the_paste(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("f8", "escape")
        assert isinstance(seen.app.screen, KeyDialog)
        await seen.press("enter")
        assert sent(seen, CreateVault) == []
        assert sent(seen, AddKey)[0].pasted == Secret(ANTHROPIC_KEY)


@pytest.mark.long
async def test_key_that_could_not_be_kept_is_told_with_the_ways_to_keep_it(tmp_path):
    async with hand_fed(tmp_path, keys=NO_KEYRING) as seen:
        await open_dialog(seen)
        assert "kept nowhere yet" in seen.text()
        seen.bridge.answers[AddKey] = KeyStoreError("this machine has no keyring that answers")
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("enter")
        assert "no keyring that answers" in seen.text()
        assert "F8" in seen.text()


@pytest.mark.long
async def test_a_file_that_is_there_is_opened_by_one_passphrase(tmp_path):
    keys = some_keys(store="nowhere yet", trouble="no keyring", vault=True)
    async with hand_fed(tmp_path, keys=keys) as seen:
        await open_dialog(seen)
        await seen.press("f8")
        await seen.type("correct horse", "enter")
        assert sent(seen, CreateVault) == [CreateVault(passphrase=Secret("correct horse"))]


LOCKED = some_keys(
    WORK, store="nowhere yet", trouble="the sealed vault needs its passphrase", locked=True,
    vault=True,
)  # fmt: skip


async def test_a_file_that_is_closed_asks_for_its_passphrase_at_the_start(tmp_path):
    async with hand_fed(tmp_path, keys=LOCKED) as seen:
        assert isinstance(seen.app.screen, VaultDialog)
        await seen.type("correct horse", "enter")
        assert sent(seen, OpenVault) == [OpenVault(passphrase=Secret("correct horse"))]
        assert len(seen.app.screen_stack) == 1


@pytest.mark.long
async def test_an_engine_that_starts_anew_is_given_the_passphrase_again(tmp_path):
    async with hand_fed(tmp_path, keys=some_keys(WORK, store="sealed vault", vault=True)) as seen:
        assert not isinstance(seen.app.screen, VaultDialog)
        seen.bridge.answers[ListKeys] = LOCKED
        seen.app.load()
        await seen.until(lambda: isinstance(seen.app.screen, VaultDialog))
        await seen.press("escape")
        seen.app.load()
        await seen.pilot.pause(0.2)
        assert not isinstance(seen.app.screen, VaultDialog)


async def test_a_wrong_passphrase_is_said_and_asked_again(tmp_path):
    async with hand_fed(tmp_path, keys=LOCKED) as seen:
        seen.bridge.answers[OpenVault] = KeyStoreError("it does not open with this passphrase")
        await seen.type("wrong horse", "enter")
        assert "does not open with this passphrase" in seen.text()
        seen.bridge.answers[OpenVault] = Done()
        await seen.type("correct horse", "enter")
        assert sent(seen, OpenVault)[-1].passphrase == Secret("correct horse")
        assert len(seen.app.screen_stack) == 1


async def test_a_file_that_stays_closed_is_said_in_the_flow(tmp_path):
    async with hand_fed(tmp_path, keys=LOCKED) as seen:
        await seen.press("escape")
        assert "stays closed: /key opens it" in seen.text(seen.app.transcript)


async def test_a_passphrase_never_stands_readable_on_the_screen(tmp_path):
    async with hand_fed(tmp_path, keys=LOCKED) as seen:
        await seen.type("correct horse")
        assert "correct" not in seen.text()


async def test_a_key_refused_in_a_turn_opens_the_dialog_and_the_turn_goes_on(tmp_path):
    script = scenes.opened()
    async with hand_fed(tmp_path, script=script, keys=some_keys(WORK)) as seen:
        await seen.type("hello", "enter")
        seen.bridge.tell(scenes_failing.refused().records[2:])
        await seen.settle()
        assert isinstance(seen.app.screen, KeyDialog)
        assert "takes the place of work …AAqr" in seen.text()
        seen.bridge.answers[AddKey] = kept(WORK)
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("enter")
        assert [one.prompt for one in sent(seen, StartTurn)] == ["hello"]
        assert [(one.call, one.way) for one in sent(seen, AnswerWayOut)] == [("w2", 0)]


async def test_a_refusal_of_yesterday_opens_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes.refused()) as seen:
        assert len(seen.app.screen_stack) == 1


async def test_a_refusal_while_the_person_writes_opens_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.type("hello", "enter")
        await seen.type("and another thing")
        seen.bridge.tell(scenes_failing.refused().records[2:])
        await seen.settle()
        assert len(seen.app.screen_stack) == 1


async def test_models_are_there_before_a_keyring_that_hangs_has_answered(tmp_path):
    async with hand_fed(tmp_path) as seen:
        hanging = asyncio.get_running_loop().create_future()
        real = seen.bridge.send
        seen.bridge.send = lambda one: hanging if isinstance(one, ListKeys) else real(one)
        seen.app.models = ()
        seen.app.load()
        await seen.settle()
        assert seen.app.models
        hanging.cancel()


@pytest.mark.long
async def test_an_answer_is_not_hidden_by_a_keyring_that_is_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(key_entry, "SLOW_S", 0.4)
    async with hand_fed(tmp_path) as seen:
        listed = asyncio.get_running_loop().create_future()
        real = seen.bridge.send
        seen.bridge.send = lambda one: listed if isinstance(one, ListKeys) else real(one)
        seen.bridge.answers[AddKey] = KeyAnswer(
            state="refused", error="not_a_key", message="that is no key"
        )
        await pasted(seen, "two words here")
        await asyncio.sleep(0.6)
        listed.set_result(some_keys())
        await seen.settle()
        assert "that is no key" in seen.text()


async def test_a_console_that_fails_shows_no_key_and_says_how_to_go_on(tmp_path, capsys):
    with pytest.raises(AssertionError):
        async with hand_fed(tmp_path) as seen:
            seen.bridge.answers[AddKey] = Done()  # no answer that an engine gives
            await pasted(seen)
    said = capsys.readouterr().err
    assert "`ownkey --session s` goes on" in said
    assert ANTHROPIC_KEY[12:] not in said


@pytest.mark.parametrize("look", ["f2", "focus"])
async def test_a_key_that_was_added_elsewhere_is_seen_by_a_look_at_the_models(tmp_path, look):
    async with hand_fed(tmp_path, models=some_models(google=None)) as seen:
        assert "Google                no key" in seen.text()
        seen.bridge.answers[ListModels] = Models(models=some_models())
        if look == "f2":
            await seen.press("f2")
        else:
            seen.app.post_message(AppFocus())
        await seen.until(lambda: "Google                no key" not in seen.text())
