"""Endpoints in the settings: listed, added in the dialog, tested, switched, removed."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import scenes
from tests.console_world import Seen, engine_environ, hand_fed, model_row, on_engine
from tests.fake_provider import FakeProvider
from tests.screenshot import svg_of
from tests.transcript_world import START
from tui.events.base import CallId, RequestId
from tui.events.failing import WayOut, WayOutAsked
from tui.events.route import RouteDecided
from tui.events.turn import ErrorRaised, TurnStarted
from tui.session.commands import (
    AddEndpoint,
    AnswerWayOut,
    ChangeEndpoint,
    ChooseModel,
    ListEndpoints,
    StartTurn,
    TryEndpoint,
)
from tui.session.replies import (
    EndpointAnswer,
    EndpointRow,
    Endpoints,
    FoundEndpoint,
    ListedModel,
)

FOLDER = Path(__file__).parent / "snapshots" / "endpoints"
KEY = "sk-gw-TESTkeyTESTkeyTESTkey01"
GATEWAY = EndpointRow(
    name="team", url="https://llm.example.com/v1", known="gateway", payer="endpoint",
    fingerprint="9aBc", backend="Secret Service: login", models=("team/coder", "team/fast"),
    state="verified", checked_at=START - dt.timedelta(minutes=5),
)  # fmt: skip
KEYLESS = EndpointRow(
    name="groq", url="https://api.groq.com/openai/v1", known="groq", payer="endpoint",
    models=("groq/llama",), why_not="it has no key yet",
)  # fmt: skip
HOSTILE = EndpointRow(
    name="bad\x1b[2J", url="https://x.example/\u202ev1", known="", payer="endpoint"
)
OLLAMA = FoundEndpoint(
    known="ollama", name="ollama", url="http://localhost:11434/v1", models=("qwen3:8b", "gemma3:4b")
)
LISTED = tuple(
    ListedModel(id=id, context=context)
    for id, context in (("coder-large", 131_072), ("coder-small", 32_768), ("chat", None))
)
VERIFIED = EndpointAnswer(state="verified", message="it lists 3 models", models=LISTED)


def listing(*rows: EndpointRow, found: tuple[FoundEndpoint, ...] = ()) -> Endpoints:
    return Endpoints(endpoints=rows, found=found)


async def settings(seen: Seen, told: Endpoints) -> None:
    seen.bridge.answers[ListEndpoints] = told
    seen.app.action_endpoints()
    await seen.app.workers.wait_for_complete()
    await seen.settle()


def sent(seen: Seen, kind: type) -> list[Any]:
    return [one for one in seen.bridge.sent if isinstance(one, kind)]


@pytest.mark.long
async def test_they_are_listed_with_who_pays_and_what_is_wrong(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await settings(seen, listing(GATEWAY, KEYLESS, HOSTILE, found=(OLLAMA,)))
        text = seen.text()
        for words in ("team   …9aBc", "verified 5 min ago   2 models", "it has no key yet",
                      "runs on this machine", "not used"):  # fmt: skip
            assert words in text
        assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.long
@pytest.mark.parametrize(
    ("key", "action"), [("t", "test"), ("o", "disable"), ("d", "remove")]
)  # fmt: skip
async def test_letters_test_switch_and_remove(tmp_path, key, action):
    async with hand_fed(tmp_path) as seen:
        await settings(seen, listing(GATEWAY))
        seen.bridge.answers[ChangeEndpoint] = EndpointAnswer(state="verified", row=GATEWAY)
        await seen.press("down", "home", key)
        await seen.app.workers.wait_for_complete()
        (command,) = sent(seen, ChangeEndpoint)
        assert (command.action, command.name) == (action, "team")


@pytest.mark.long
async def test_a_removal_is_taken_back_by_one_key(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await settings(seen, listing(GATEWAY))
        seen.bridge.answers[ChangeEndpoint] = EndpointAnswer(state="removed")
        await seen.press("down", "home", "d")
        await seen.app.workers.wait_for_complete()
        await seen.press("u")
        await seen.app.workers.wait_for_complete()
        assert [one.action for one in sent(seen, ChangeEndpoint)] == ["remove", "undo"]


@pytest.mark.long
async def test_a_found_server_is_added_from_its_row(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await settings(seen, listing(found=(OLLAMA,)))
        seen.bridge.answers |= {TryEndpoint: VERIFIED, AddEndpoint: VERIFIED}
        await seen.press("down", "home", "enter", "enter")
        await seen.app.workers.wait_for_complete()
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        (tried,), (kept,) = sent(seen, TryEndpoint), sent(seen, AddEndpoint)
        assert (tried.url, tried.known) == (OLLAMA.url, "ollama")
        assert (kept.name, len(kept.models)) == ("ollama", 3)


async def open_dialog(seen: Seen) -> None:
    await settings(seen, listing())
    await seen.press("down", "enter")


async def test_a_known_one_is_one_choice(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await open_dialog(seen)
        await seen.press("down")
        assert "https://openrouter.ai/api/v1" in seen.text()
        await seen.press("up", "up")
        assert "http://localhost:8080/v1" in seen.text()


@pytest.mark.long
async def test_what_is_typed_stays_when_another_kind_is_chosen(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await open_dialog(seen)
        await seen.paste("mine")
        await seen.press("down", "down")
        assert "mine" in seen.row_of("name ")


async def to_models(seen: Seen) -> None:
    await open_dialog(seen)
    await seen.paste("team")
    await seen.press("tab")
    await seen.paste("https://llm.example.com/v1")
    await seen.press("tab")
    await seen.paste(KEY)
    await seen.press("enter")
    await seen.app.workers.wait_for_complete()
    await seen.settle()


@pytest.mark.long
async def test_models_are_ticked_found_and_typed_by_hand(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers |= {TryEndpoint: VERIFIED, AddEndpoint: VERIFIED}
        await to_models(seen)
        await seen.press(*"coder", "space")
        await seen.press("tab", *"other=o", "enter")
        await seen.app.workers.wait_for_complete()
        (kept,) = sent(seen, AddEndpoint)
        assert [(one.id, one.alias) for one in kept.models] == [
            ("chat", ""), ("coder-small", ""), ("other", "o"),
        ]  # fmt: skip
        assert kept.pasted.reveal() == KEY
        assert KEY not in seen.text()


@pytest.mark.long
async def test_a_refused_key_is_said_and_nothing_is_kept(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[TryEndpoint] = EndpointAnswer(
            state="refused", error="invalid_key", message="the key is not valid \x1b[31m"
        )
        await to_models(seen)
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        assert "the key is not valid" in seen.text()
        assert "\x1b" not in seen.text()
        assert (len(sent(seen, TryEndpoint)), sent(seen, AddEndpoint)) == (2, [])


@pytest.mark.long
async def test_an_address_that_is_doubted_takes_a_second_enter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers[TryEndpoint] = EndpointAnswer(
            state="unchecked", error="confirm", asks="Not encrypted.", message="Not encrypted."
        )
        await to_models(seen)
        assert "Enter again agrees" in seen.text()
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        assert [one.agreed for one in sent(seen, TryEndpoint)] == [False, True]


@pytest.mark.long
async def test_a_change_after_the_test_is_tested_again(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers |= {TryEndpoint: VERIFIED, AddEndpoint: VERIFIED}
        await to_models(seen)
        await seen.press("shift+tab", "shift+tab", "x", "enter")
        await seen.app.workers.wait_for_complete()
        assert (len(sent(seen, TryEndpoint)), sent(seen, AddEndpoint)) == (2, [])


@pytest.mark.soak
async def test_from_the_dialog_to_a_reply_on_the_real_engine(home, tmp_path):
    with FakeProvider(keys={KEY}) as fake:
        sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
        async with on_engine(engine_environ(home, fake, **sealed), tmp_path) as seen:
            await seen.type("/endpoints", "enter")
            await seen.press("down")
            await seen.until_said("Add an endpoint")
            await seen.press("enter")
            for text in ("team", fake.url("openai-chat"), KEY):
                await seen.paste(text)
                await seen.press("tab")
            await seen.press("shift+tab", "enter")
            await seen.until_said("2 of 2 offered")
            await seen.press("enter")
            await seen.until_said("team is kept")
            await seen.until(lambda: any(row.id == "team/fake-1" for row in seen.app.models))
            await seen.press("escape", "escape", "escape")
            await seen.type("/model fake-1", "enter")
            await seen.until(lambda: seen.app.state.model == "team/fake-1")
            await seen.type("hello", "enter")
            await seen.until_said("You said: hello")
            row = next(one for one in seen.app.models if one.id == "team/fake-1")
            assert (row.payer, row.connection) == ("endpoint", "team")


@pytest.mark.long
async def test_the_picker_offers_a_found_server_and_adds_it_where_it_is_picked(tmp_path):
    async with hand_fed(tmp_path) as seen:
        seen.bridge.answers |= {ListEndpoints: listing(found=(OLLAMA,)), TryEndpoint: VERIFIED}
        assert not sent(seen, ListEndpoints)
        await seen.press("f2")
        await seen.app.workers.wait_for_complete()
        await seen.press("/", *"qwen")
        assert "add it" in seen.row_of("qwen3:8b")
        await seen.press("enter")
        assert OLLAMA.url in seen.text()
        assert not sent(seen, ChooseModel)


@pytest.mark.long
async def test_a_model_of_an_endpoint_that_cannot_serve_leads_to_its_settings(tmp_path):
    row = model_row("groq/llama", "llama", connection="groq", refused="it has no key yet")
    async with hand_fed(tmp_path, models=(row,)) as seen:
        seen.bridge.answers[ListEndpoints] = listing(KEYLESS)
        seen.app.pick(row, None)
        await seen.app.workers.wait_for_complete()
        await seen.settle()
        assert "cannot serve: it has no key yet" in seen.text()


async def test_a_key_refused_in_a_turn_opens_its_endpoint_and_the_turn_goes_on(tmp_path):
    script = scenes.answered()
    async with hand_fed(tmp_path, script=script) as seen:
        kept = EndpointAnswer(state="verified", row=GATEWAY)
        seen.bridge.answers |= {
            ListEndpoints: listing(GATEWAY), TryEndpoint: VERIFIED, AddEndpoint: kept,
        }  # fmt: skip
        await seen.type("hello", "enter")
        route = RouteDecided(
            request=RequestId("r9"), model="team/coder", connection="team", payer="endpoint",
            why="", host="https://llm.example.com:443",
        )  # fmt: skip
        script.add(
            TurnStarted(prompt="hello"), route,
            ErrorRaised(kind="invalid_key", message="no", hint="", request=RequestId("r9")),
            WayOutAsked(
                call=CallId("w9"), request=RequestId("r9"), kind="invalid_key",
                model="team/coder", connection="team", payer="endpoint", label="team",
                ways=(WayOut(what="new_key", payer="endpoint", label="team"),),
            ),
        )  # fmt: skip
        seen.bridge.tell(script.take())
        await seen.settle()
        await seen.app.workers.wait_for_complete()
        await seen.paste(KEY)
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        (command,) = sent(seen, AddEndpoint)
        assert (command.replaces, command.pasted.reveal()) == ("team", KEY)
        assert [one.prompt for one in sent(seen, StartTurn)] == ["hello"]
        assert [(one.call, one.way) for one in sent(seen, AnswerWayOut)] == [("w9", 0)]


class Look(NamedTuple):
    name: str
    size: tuple[int, int]
    dialog: bool = False
    theme: str = "ownkey"


FOLDER_OF_THE_TEST = re.compile(r'(<text class="s8" x="1260" y="546"[^>]*>)[^<]*')
"""What is seen of it beside the dialog goes by who runs the test."""

LOOKS = [
    Look("listed", (132, 42)),
    Look("dialog", (132, 42), dialog=True),
    Look("dialog-light", (80, 24), dialog=True, theme="ownkey-light"),
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda one: one.name)
async def test_endpoints_look_as_they_did(tmp_path, look):
    async with hand_fed(
        tmp_path, script=scenes.answered(), size=look.size,
        settings={"appearance.theme": look.theme},
    ) as seen:  # fmt: skip
        seen.bridge.answers |= {TryEndpoint: VERIFIED}
        if look.dialog:
            await to_models(seen)
            await seen.press("down", "space")
        else:
            await settings(seen, listing(GATEWAY, KEYLESS, found=(OLLAMA,)))
            await seen.press("down", "home")
        for field in seen.app.screen.query("Input"):
            field.cursor_blink = False
        await seen.rest()
        made = FOLDER_OF_THE_TEST.sub(r"\1a folder", svg_of(seen.app))
    file = FOLDER / f"{look.name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")
