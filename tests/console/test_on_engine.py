"""The console on the real engine, which talks with a fake provider on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.console_world import (
    ANTHROPIC_KEY,
    GOOGLE_KEY,
    OPENAI_KEY,
    Seen,
    engine_environ,
    on_engine,
)
from tests.fake_provider import FakeProvider
from tests.secret_service import (
    SecretService,
    _running_secret_service,  # noqa: F401
    secret_service,  # noqa: F401
)
from tui.console.dialogs.key_entry import KeyDialog
from tui.console.panels.choices import DEAF_S
from tui.console.transcript.blocks import Prompt, Reply

LONG = {"text": "word " * 400, "rate": 25}


@pytest.fixture
def fake():
    with FakeProvider(keys={ANTHROPIC_KEY, OPENAI_KEY, GOOGLE_KEY}) as provider:
        yield provider


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "notes.txt").write_text("the treasure lies here\n")
    (tmp_path / "outside.txt").write_text("not for everybody\n")
    return made


@pytest.fixture
def with_keys(tmp_path, fake) -> dict[str, str]:
    """Keys of two makers in the environment, and the yes to them."""
    return engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="env",
        ANTHROPIC_API_KEY=ANTHROPIC_KEY, OPENAI_API_KEY=OPENAI_KEY,
    )  # fmt: skip


@pytest.fixture
def without(tmp_path, fake) -> dict[str, str]:
    """No key; what is added goes to an encrypted file whose passphrase is known."""
    return engine_environ(
        tmp_path / "home", fake, OWNKEY_KEYRING="sealed", OWNKEY_PASSPHRASE="correct horse"
    )


async def say(seen: Seen, text: str) -> None:
    await seen.paste(text)
    await seen.press("enter")


async def add_key(seen: Seen, key: str) -> None:
    await say(seen, "/key")
    await seen.until(lambda: isinstance(seen.app.screen, KeyDialog))
    await seen.paste(key)
    await seen.press("enter")


def closed(seen: Seen) -> bool:
    return len(seen.app.screen_stack) == 1


async def test_a_prompt_is_answered_and_what_it_cost_is_said(fake, folder, with_keys):
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "hello")
        await seen.until_said("You said: hello")
        await seen.until(lambda: "on your Anthropic key" in seen.text())
        assert "turn  $0.0" in seen.status
        assert "ANTHROPIC_API_KEY" in seen.status


@pytest.mark.soak
async def test_models_are_switched_across_makers_in_the_middle_of_a_session(
    fake, folder, with_keys
):
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "one")
        await seen.until_said("You said: one")
        await seen.press("f2")
        await seen.type("gpt-5.5", "enter")
        await seen.until(lambda: "GPT-5.5" in seen.status)
        await say(seen, "two")
        await seen.until_said("You said: two")
        assert "OPENAI_API_KEY" in seen.status
        await seen.press("f2")
        await seen.type("opus 4.7", "enter")
        await say(seen, "three")
        await seen.until_said("You said: three")
        paths = [one.path for one in fake.requests]
        assert ["messages" in path for path in paths] == [True, False, True]


@pytest.mark.long
async def test_a_pasted_key_is_checked_kept_and_used_and_never_sent_as_text(fake, folder, without):
    async with on_engine(without, folder) as seen:
        await seen.until_said("How do you want to begin?")
        await seen.paste(ANTHROPIC_KEY)
        await seen.until(lambda: isinstance(seen.app.screen, KeyDialog))
        await seen.press("enter")
        await seen.until_said("The Anthropic key main …ey01 is in use")
        await seen.until(lambda: "Claude" in seen.status)
        await say(seen, "hello")
        await seen.until_said("You said: hello")
        assert all(ANTHROPIC_KEY not in str(one.body) for one in fake.requests)


async def test_a_refused_key_is_not_kept(fake, folder, without):
    async with on_engine(without, folder) as seen:
        await add_key(seen, ANTHROPIC_KEY[:-1] + "X")
        await seen.until_said("the key is not valid")
        await seen.press("escape")
        assert "no model" in seen.status


@pytest.mark.parametrize(
    ("pasted", "words"),
    [("", "nothing was pasted"), ("two words here", "that is no key"),
     ("x" * 9_000, "too long for a key"), (OPENAI_KEY, "another maker's key")],
)  # fmt: skip
async def test_what_is_no_key_of_this_maker_is_refused_by_its_class(
    fake, folder, without, pasted, words
):
    async with on_engine(without, folder) as seen:
        await add_key(seen, pasted)
        await seen.until_said(words)
        assert fake.seen == []


@pytest.mark.soak
async def test_a_key_that_nobody_can_check_is_kept_after_a_second_enter(fake, folder, without):
    without["ANTHROPIC_BASE_URL"] = "http://127.0.0.1:9"
    async with on_engine(without, folder) as seen:
        await add_key(seen, ANTHROPIC_KEY)
        await seen.until_said("Enter again saves it unchecked.")
        await seen.press("enter")
        await seen.until_said("is in use, unchecked")
        assert closed(seen)


@pytest.mark.soak
async def test_a_second_key_and_one_that_replaces_the_first(fake, folder, without):
    async with on_engine(without, folder) as seen:
        await add_key(seen, ANTHROPIC_KEY)
        await seen.until_said("The Anthropic key main …ey01 is in use")
        await add_key(seen, ANTHROPIC_KEY)
        await seen.until_said("The Anthropic key main 2 …ey01 is in use")
        await say(seen, "/key")
        await seen.until_said("beside 2 others")
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("tab", "ctrl+u")
        await seen.type("main")
        await seen.until_said("takes the place of main …ey01")
        await seen.press("enter")
        await seen.until(lambda: closed(seen))
        await say(seen, "/key")
        await seen.until_said("beside 2 others")


@pytest.mark.soak
async def test_a_found_key_is_used_after_one_yes(fake, folder, tmp_path):
    environ = engine_environ(tmp_path / "home", fake, ANTHROPIC_API_KEY=ANTHROPIC_KEY)
    async with on_engine(environ, folder) as seen:
        await seen.until_said("use ANTHROPIC_API_KEY …ey01")
        await say(seen, "hello")
        await seen.until_said("no model is chosen")
        assert fake.requests == []
        await asyncio.sleep(DEAF_S + 0.6)  # from when it is painted
        await seen.press("1")
        await seen.until_said("You said: Go on")
        assert "hello" in str(fake.requests[-1].body)


@pytest.mark.soak
async def test_without_a_keyring_the_encrypted_file_is_made_by_consent(fake, folder, tmp_path):
    environ = engine_environ(tmp_path / "home", fake)
    async with on_engine(environ, folder) as seen:
        await seen.paste(ANTHROPIC_KEY)
        await seen.until_said("F8 keep keys in an encrypted file")
        assert not (tmp_path / "home" / "data" / "vault.sealed").exists()
        await seen.press("f8")
        await seen.type("correct horse", "enter")
        await seen.type("correct horse", "enter")
        await seen.until_said("kept in sealed vault")
        await seen.press("enter")
        await seen.until_said("kept in sealed vault.")
    async with on_engine(environ, folder) as seen:
        await seen.until_said("Its passphrase")
        await seen.settle()
        await seen.type("wrong horse", "enter")
        await seen.until_said("does not open with this passphrase")
        await seen.type("correct horse", "enter")
        await seen.until(lambda: closed(seen))
        await say(seen, "hello")
        await seen.until_said("You said: hello")
        await say(seen, "/key")
        await seen.until_said("kept in sealed vault")


@pytest.mark.long
@pytest.mark.secret_service
@pytest.mark.usefixtures("_running_secret_service")
async def test_the_secret_service_is_named_and_keeps_the_key(
    fake,
    folder,
    tmp_path,
    secret_service: SecretService,  # noqa: F811
):
    environ = engine_environ(tmp_path / "home", fake) | secret_service.environ
    async with on_engine(environ, folder) as seen:
        await say(seen, "/key")
        await seen.until_said("kept in Secret Service")
        await seen.paste(ANTHROPIC_KEY)
        await seen.press("enter")
        await seen.until_said("kept in Secret Service")
        await seen.until(lambda: closed(seen))


@pytest.mark.soak
@pytest.mark.secret_service
async def test_a_keyring_that_hangs_ends_in_a_choice_while_the_screen_stays_live(
    fake,
    folder,
    tmp_path,
    secret_service: SecretService,  # noqa: F811
):
    environ = engine_environ(tmp_path / "home", fake) | secret_service.environ
    with secret_service.hanging():
        async with on_engine(environ, folder) as seen:
            began = time.monotonic()
            assert "Claude" in seen.text(seen.app.picker)
            await say(seen, "/key")
            await seen.until_said("asking the keyring")
            await seen.press("down")
            assert "OpenAI API key" in seen.text()
            await seen.until_said("F8 keep keys in an encrypted file", 15)
            assert time.monotonic() - began < 13


@pytest.mark.soak
async def test_a_call_outside_the_folder_asks_and_runs_after_a_yes(fake, folder, with_keys):
    outside = str(folder.parent / "outside.txt")
    call = {"name": "read", "args": {"path": outside}}
    fake.script([{"tool_calls": [call]}, {"text": "I have read it."}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "read it")
        await seen.until_said("Let the agent read this?")
        await seen.until(lambda: "outside.txt" in seen.text(seen.app.choices))
        await asyncio.sleep(DEAF_S + 0.6)  # from when it is painted
        await seen.press("1")
        await seen.until_said("I have read it.")
        assert "not for everybody" in str(fake.requests[-1].body)


@pytest.mark.soak
async def test_a_no_reaches_the_model_and_the_turn_goes_on(fake, folder, with_keys):
    call = {"name": "read", "args": {"path": str(folder.parent / "outside.txt")}}
    fake.script([{"tool_calls": [call]}, {"text": "Then not."}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "read it")
        await seen.until_said("Let the agent read this?")
        await asyncio.sleep(DEAF_S + 0.6)  # from when it is painted
        await seen.press("4")
        await seen.until_said("Then not.")
        assert "not for everybody" not in str(fake.requests[-1].body)


LIMITED = {"error": {"kind": "rate_limit", "retry_after": 40}}


@pytest.mark.soak
async def test_a_rate_limit_is_waited_for_and_enter_tries_now(fake, folder, with_keys):
    fake.script([LIMITED, {"text": "Here I am."}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "hello")
        await seen.until_said("trying again in")
        assert "again in 0:" in seen.status
        await seen.until_said("Enter tries now")
        await asyncio.sleep(DEAF_S + 0.6)  # from when it is painted
        await seen.press("enter")
        await seen.until_said("Here I am.")


@pytest.mark.soak
async def test_a_rate_limit_is_left_for_another_model(fake, folder, with_keys):
    fake.script([LIMITED, {"text": "Here I am."}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "hello")
        await seen.until_said("trying again in")
        await seen.press("f2")
        await seen.type("gpt-5.5", "enter")
        await seen.until_said("Here I am.")
        await seen.until_said("GPT-5.5 on your OpenAI key")


@pytest.mark.soak
async def test_a_wait_is_stopped_by_esc(fake, folder, with_keys):
    fake.script([LIMITED])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "hello")
        await seen.until_said("trying again in")
        await seen.press("escape")
        await seen.until_said("stopped by you")
        assert len(fake.requests) == 1


@pytest.mark.long
async def test_a_stream_is_stopped_by_esc_and_gone_on_with_by_enter(fake, folder, with_keys):
    fake.script([LONG, {"text": "The rest."}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "go")
        await seen.until_said("word word")
        await seen.press("escape")
        await seen.until_said("stopped by you")
        assert "Enter go on" in seen.text()
        await seen.press("enter")
        await seen.until_said("The rest.")


@pytest.mark.soak
async def test_messages_queue_and_the_last_comes_back_by_up(fake, folder, with_keys):
    fake.script([{"wait": 5, "text": "the first"}, {"text": "the second"}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "go")
        await seen.until_said("waiting for the model")
        await say(seen, "second")
        await say(seen, "third")
        await seen.until_said("2 messages are queued")
        await seen.press("up")
        await seen.until(lambda: seen.prompt == "third")
        await seen.until_said("the second")
        await seen.until(lambda: not seen.app.state.working)
        assert prompts(seen) == ["go", "second"]


def prompts(seen: Seen) -> list[str]:
    blocks = seen.app.transcript.model.blocks
    return [block.text for block in blocks if isinstance(block, Prompt)]


async def test_an_engine_killed_in_mid_stream_is_said_restarted_and_gone_on_with(
    fake, folder, with_keys
):
    fake.script([LONG, {"text": "The rest."}])
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "go")
        await seen.until_said("word word word")
        shown = seen.app.transcript.model.blocks[-1].text
        os.kill(seen.app.bridge.engine_pid, signal.SIGKILL)
        await seen.until_said("The engine stopped; it is starting again.", 1.0)
        await seen.until_said("broke off when ownkey stopped")
        replies = [b.text for b in seen.app.transcript.model.blocks if isinstance(b, Reply)]
        assert replies[0].startswith(shown)
        assert "Enter go on" in seen.text()
        await seen.press("enter")
        await seen.until_said("The rest.")


@pytest.mark.soak
async def test_an_engine_killed_at_rest_answers_the_next_prompt(fake, folder, with_keys):
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "one")
        await seen.until_said("You said: one")
        os.kill(seen.app.bridge.engine_pid, signal.SIGKILL)
        await seen.until_said("it is starting again")
        await say(seen, "two")
        await seen.until_said("You said: two")


@pytest.mark.soak
async def test_a_session_that_is_opened_again_shows_all_of_it(fake, folder, with_keys):
    async with on_engine(with_keys, folder) as seen:
        await say(seen, "remember me")
        await seen.until_said("on your Anthropic key")
    async with on_engine(with_keys, folder, session="last") as seen:
        await seen.until_said("You said: remember me")
        assert "session  $0.0" in seen.status


@pytest.mark.soak
async def test_a_second_console_follows_and_takes_over_once_the_first_has_gone(
    fake, folder, with_keys
):
    async with on_engine(with_keys, folder) as first:
        await say(first, "one")
        await first.until_said("You said: one")
        async with on_engine(with_keys, folder, session="last") as second:
            await second.until_said("You said: one")
            assert "read only" in second.status
            await say(first, "two")
            await second.until_said("You said: two")
            await say(second, "three")
            await second.until_said("it can only be read here")
            assert second.prompt == "three"
            await first.app.bridge.stop()
            await second.press("enter")
            await second.until_said("You said: three")
            assert "read only" not in second.status


@pytest.mark.long
async def test_a_refused_key_in_mid_turn_is_replaced_in_place(fake, folder, without):
    async with on_engine(without, folder) as seen:
        await add_key(seen, ANTHROPIC_KEY)
        await seen.until(lambda: "Claude" in seen.status)
        assert fake.keys is not None
        fake.keys.discard(ANTHROPIC_KEY)
        await say(seen, "hello")
        await seen.until(lambda: isinstance(seen.app.screen, KeyDialog))
        await seen.until_said("takes the place of main …ey01")
        await seen.until_said("refused your key")
        fresh = ANTHROPIC_KEY[:-2] + "77"
        fake.keys.add(fresh)
        await seen.paste(fresh)
        await seen.press("enter")
        await seen.until_said("You said: hello")
        assert seen.app.state.turn == 1  # the same one


async def test_a_store_that_cannot_be_opened_is_one_sentence(fake, folder, with_keys, tmp_path):
    data = tmp_path / "home" / "data"
    data.mkdir(parents=True)
    (data / "sessions.db").write_bytes(b"this is no database" * 100)
    async with on_engine(with_keys, folder, ready=False) as seen:
        await seen.until(lambda: bool(seen.app.transcript.model.blocks))
        assert "Traceback" not in seen.text()
        await say(seen, "hello")
        await seen.until_said("Not sent:")
        assert seen.prompt == "hello"


async def test_leaving_before_the_engine_has_answered_is_no_failure(fake, folder, with_keys):
    async with on_engine(with_keys, folder, ready=False) as seen:
        await asyncio.sleep(0.3)
        seen.app.action_leave()
    assert seen.app.return_code in (None, 0)
