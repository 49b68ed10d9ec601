from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.demo_world import SCENES, played
from tests.source_tree import ROOT
from tui.billing.receipt import PriceRequest, price
from tui.catalog.prices import PriceBook
from tui.demo.engine import DemoRuntime
from tui.demo.past import charge_of, fill, read_past
from tui.demo.world import LEFT, PREFIX, VARIABLE, DemoWorld
from tui.errors import UsageError
from tui.events.base import RequestId, utc_now
from tui.events.failing import WayOutAsked
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import RequestFinished, RouteDecided
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import ApprovalAsked, FileChanged, PersonAnswered, ToolCalled, ToolReturned
from tui.events.turn import ErrorRaised, RetryScheduled, TurnFinished
from tui.session.commands import Compact, ListModels
from tui.session.credit_talk import ChangeCredits, ListCredits
from tui.store.check import check_store
from tui.store.log import Store

pytestmark = pytest.mark.long

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
SECRETS = {"ANTHROPIC_API_KEY": "sk-ant-of-the-person", "ANTHROPIC_BASE_URL": "https://a.example"}


def of(kind, told):
    return [record.event for record in told if isinstance(record.event, kind)]


def said(told) -> str:
    return "".join(event.delta for event in of(TextStreamed, told))


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where demos make their folders."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_each_prompt_gets_the_next_scene_and_after_the_last_one_the_first(temporary):
    async with played() as demo:
        turns = [await demo.turn("hello") for _ in range(SCENES + 1)]
        assert all(of(TurnFinished, told)[0].stop == "end" for told in turns)
        first, again = (said(turns[at]) for at in (0, SCENES))
        assert first == again
        assert len({said(told) for told in turns}) == SCENES
        assert all(result.ok for told in turns for result in of(ToolReturned, told))
        assert of(ThinkingStreamed, turns[0])
        assert len(of(ApprovalAsked, turns[0])) == 2
        assert of(PersonAnswered, turns[3])[0].answer == "a day"


async def test_one_scene_meets_a_rate_limit_and_passes_it(temporary):
    async with played() as demo:
        await demo.turn("one")
        told = await demo.turn("two")
        assert [(e.why, e.after) for e in of(RetryScheduled, told)] == [("rate_limit", 8.0)]
        assert of(TurnFinished, told)[0].stop == "end"
        assert "limit was reached" in said(told)


async def test_a_call_that_is_refused_ends_the_scene_in_words(temporary):
    async with played(says_yes=False) as demo:
        told = await demo.turn("one")
        assert of(FileChanged, told) == []
        assert "Left as it is" in said(told)


async def test_what_tools_change_lies_in_the_demos_own_folder(temporary):
    async with played() as demo:
        told = [record for number in range(SCENES) for record in await demo.turn(f"{number}")]
        changed = {event.path for event in of(FileChanged, told)}
        assert {Path(path).name for path in changed} == {"session.py", "test_admin.py"}
        assert all(Path(path).is_relative_to(demo.world.folder) for path in changed)


SERVED = {
    "anthropic/claude-opus-4-7": ("own_key", "priced"),
    "google/gemini-3.1-pro-preview": ("own_key", "priced"),
    "openai/gpt-5.5": ("credits", "priced"),
    "auto": ("credits", "priced"),
    "gateway.acme/glm-5.2": ("endpoint", "exact"),
    "local/smollm2-135m": ("nobody", "exact"),
}


async def test_each_payer_is_charged_by_what_its_wire_reports(temporary):
    async with played() as demo:
        for model, (payer, sureness) in SERVED.items():
            await demo.open()
            await demo.choose(model)
            told = await demo.turn("hello")
            charges = of(ChargeRecorded, told)
            assert {charge.payer for charge in charges} == {payer}, model
            assert {route.payer for route in of(RouteDecided, told)} == {payer}, model
            assert {charge.sureness for charge in charges} == {sureness}, model
            assert all((charge.nano > 0) == (payer != "nobody") for charge in charges), model
            assert bool(of(ToolCalled, told)) == (payer != "nobody"), model


async def test_what_was_sent_before_is_read_from_the_cache(temporary):
    async with played() as demo:
        first, *later = of(UsageReported, await demo.turn("hello"))
        assert first.cache_read in (0, None)
        assert all(usage.cache_read > 1_000 for usage in later)


async def test_what_credits_pay_for_goes_off_what_is_left_there(temporary):
    async with played() as demo:
        [before] = (await demo.manager.call(ListCredits(look=True))).services
        assert (before.credits, before.why_not, before.trouble) == ("1204", "", "")
        await demo.choose("auto")
        taken = [Decimal(c.credits) for c in of(ChargeRecorded, await demo.turn("hello"))]
        assert sum(taken) > 0
        left = Decimal(1204) - sum(taken)
        async with asyncio.timeout(5):  # it is asked beside, after each request
            while Decimal((await demo.manager.call(ListCredits())).services[0].credits) != left:
                await asyncio.sleep(0.02)


async def test_a_service_that_is_taken_away_serves_nothing_until_it_is_brought_back(temporary):
    async with played() as demo:
        await demo.manager.call(ChangeCredits(action="remove", name="acme"))
        rows = (await demo.manager.call(ListModels())).models
        assert not [row for row in rows if row.payer == "credits"]
        await demo.manager.call(ChangeCredits(action="undo"))
        rows = (await demo.manager.call(ListModels())).models
        assert {row.left for row in rows if row.payer == "credits"} == {"1 204 left"}


async def test_another_model_that_is_offered_is_one_that_the_demo_lists(temporary):
    async with played() as demo:
        await demo.turn("one")
        [asked] = of(WayOutAsked, await demo.turn("two"))
        listed = {row.id for row in (await demo.manager.call(ListModels())).models}
        assert [way.what for way in asked.ways] == ["wait", "key", "model", "credits"]
        assert {way.model for way in asked.ways} <= listed


async def test_auto_says_which_model_it_took(temporary):
    async with played() as demo:
        await demo.choose("auto")
        told = await demo.turn("hello")
        assert {event.model for event in of(RequestFinished, told)} == {"claude-haiku-4-5"}


async def test_a_summary_is_written_when_it_is_asked_for(temporary):
    async with played() as demo:
        await demo.turn("hello")
        await demo.manager.call(Compact(session=demo.session))
        told = await demo.turn("go on")
        assert of(TurnFinished, told)[0].stop == "end"
        assert of(ErrorRaised, told) == [
            one for one in of(ErrorRaised, told) if one.kind == "rate_limit"
        ]


async def test_the_list_of_models_has_every_payer_and_one_that_nothing_serves(temporary):
    async with played() as demo:
        rows = (await demo.manager.call(ListModels())).models
        assert {row.payer for row in rows} == {"own_key", "endpoint", "credits", "nobody", None}
        assert [row.id for row in rows if row.auto] == ["auto", "auto-efficient"]


def test_nobody_is_reached_and_nothing_of_the_persons_is_touched(tmp_path):
    home, mine = tmp_path / "home", tmp_path / "mine"
    for folder in (home, mine):
        folder.mkdir()
        (folder / "settings.json").write_text("{}", encoding="utf-8")
    environ = os.environ | SECRETS | {
        "HOME": str(home), "OWNKEY_HOME": str(mine), "XDG_CONFIG_HOME": str(home),
        "TMPDIR": str(tmp_path),
    }  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-m", "tests.demo_child"], cwd=ROOT, env=environ, timeout=50,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    seen = json.loads(child.stdout)
    assert (seen["reached"], seen["names"]) == ([], [])
    assert seen["listened"] in ([], ["127.0.0.1"])  # the sandbox is measured against it
    touched = [path for path in seen["files"] if path.startswith((f"{home}/", f"{mine}/"))]
    assert touched == []
    assert any(Path(path).name == "settings.json" for path in seen["files"]), "nothing was noted"
    assert all(Path(path.partition("?")[0]).name == "sessions.db" for path in seen["databases"])
    assert all(PREFIX in path for path in seen["databases"])
    assert not {"keyring", "secretstorage", "cryptography", "argon2"} & set(seen["modules"])
    assert {"anthropic", "openai", "google.genai"} & set(seen["modules"]) == set()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "mine"]
    assert [path.name for path in (*home.iterdir(), *mine.iterdir())] == ["settings.json"] * 2


def test_the_demos_process_reaches_nobody_whoever_tries():
    with socket.create_server(("127.0.0.1", 0)) as server:
        tries = (
            "import socket\nfrom tui.demo.engine import stay_off_the_network as off\n"
            "{0}\ntry:\n    socket.create_connection(('127.0.0.1', {1}), 2)\n"
            "except PermissionError:\n    print('refused')\nelse:\n    print('reached')"
        )
        answers = [
            subprocess.run(
                [sys.executable, "-c", tries.format(line, server.getsockname()[1])],
                cwd=ROOT, capture_output=True, text=True, timeout=30, check=True,
            ).stdout.strip()
            for line in ("off()", "")
        ]  # fmt: skip
    assert answers == ["refused", "reached"]


def test_a_persons_own_home_is_never_taken_for_a_demos(tmp_path):
    home = tmp_path / "home"
    for root in (tmp_path, Path("1")):
        environ = {"OWNKEY_HOME": str(home), "HOME": str(tmp_path), VARIABLE: str(root)}
        with pytest.raises(UsageError, match="not a demo's"):
            DemoRuntime(environ, lambda notice: None)
    assert not home.exists()


def test_the_demos_environment_holds_no_key_no_address_and_no_proxy(temporary):
    more = {"HTTPS_PROXY": "http://p.example", "PATH": "/bin", "OWNKEY_PASSPHRASE": "mine"}
    with DemoWorld(SECRETS | more) as world:
        assert set(world.environ) == {"PATH", "HOME", "OWNKEY_HOME", "OWNKEY_KEYRING", VARIABLE}
        assert Path(world.environ["HOME"]) == world.root


def test_its_folder_is_gone_at_the_end_and_so_is_that_of_one_that_was_killed(temporary):
    killed, young, held = (temporary / f"{PREFIX}{name}" for name in ("killed", "young", "held"))
    other = temporary / "another-program"
    for folder in (killed, young, held, other):
        folder.mkdir()
        (folder / "lock").touch()
    for folder in (killed, held, other):
        os.utime(folder, (time.time() - 600,) * 2)
    with (held / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with DemoWorld({}) as world:
            assert world.root.is_dir()
        assert sorted(temporary.iterdir()) == sorted([young, held, other])


def test_the_past_is_a_sound_store_over_a_month(tmp_path):
    path = tmp_path / "data" / "sessions.db"
    fill(path, tmp_path, NOW)
    assert check_store(path).problems == ()
    store = Store(path)
    known = store.summaries()
    store.close()
    assert len(known) >= 9
    assert {one.payer for one in known} == {"own_key", "endpoint", "credits", "nobody"}
    assert {one.state for one in known} == {"idle", "interrupted"}
    assert NOW - min(one.created for one in known) < dt.timedelta(days=30)
    assert max(one.updated for one in known) < NOW


def test_the_past_is_written_once(tmp_path):
    path = tmp_path / "data" / "sessions.db"
    fill(path, tmp_path, NOW)
    fill(path, tmp_path, NOW + dt.timedelta(days=1))
    assert check_store(path).problems == ()


@pytest.mark.parametrize("name", [name for name, one in read_past().served.items() if one.usd])
def test_past_prices_are_those_of_the_real_list(name):
    served = read_past().served[name]
    provider, _, model = served.model.partition("/")
    if served.answered:
        provider, model = "anthropic", served.answered
    tokens = (1_000, 2_000, 0 if provider == "google" else 3_000, 400)
    raw = {
        "anthropic": {
            "input_tokens": 1_000, "cache_read_input_tokens": 2_000,
            "cache_creation_input_tokens": 3_000, "output_tokens": 400,
        },
        "google": {
            "promptTokenCount": 3_000, "cachedContentTokenCount": 2_000,
            "candidatesTokenCount": 400, "totalTokenCount": 3_400,
        },
    }[provider]  # fmt: skip
    asked = PriceRequest(provider=provider, model=model, at=utc_now(), usage=raw, context={})
    listed = price(asked, PriceBook(None))
    charge = charge_of(RequestId("r"), served, tokens)
    assert charge.nano == listed.total
    assert {(x.what, x.quantity, Decimal(x.usd)) for x in charge.lines} == {
        (x.what, x.quantity, Decimal(x.usd)) for x in listed.lines
    }


def test_line_by_line_says_that_it_is_the_demo_and_that_nothing_was_kept(tmp_path):
    environ = os.environ | {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)}
    child = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "--demo", "--linear", "--model", "auto"],
        input="hello\n", env=environ, cwd=ROOT, capture_output=True, text=True, timeout=50,
        check=False,
    )  # fmt: skip
    lines = child.stdout.splitlines()
    assert lines[1].startswith("DEMO: a scripted world.")
    assert any("> hello" in line for line in lines)
    assert "acme credits" in child.stdout
    assert lines[-1] == LEFT
    assert list(tmp_path.iterdir()) == []


def test_run_has_no_demo():
    child = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "run", "--demo", "hello"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert child.returncode == 2
    assert "--demo" in child.stderr
