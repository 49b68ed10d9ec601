from __future__ import annotations

import asyncio
import json
import os
from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from tests.command import run_command
from tests.engine_world import QUICK, environ_of
from tests.fake_provider import FakeProvider
from tests.ledger_world import RATE, TEAM, fill, ledger_of, live_ledger
from tests.session.test_turns import until_done
from tui.runtime import Runtime
from tui.session.commands import OpenSession, StartTurn
from tui.store.check import check_store

GRANTED = 10**13
PER_TOKEN = (5_000, 30_000)
"""Nano-dollars of a token in and out, as the maker lists `gpt-5.5`."""


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def environ(fake, home, monkeypatch):
    for name, value in environ_of(fake, home).items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


@pytest.fixture
def path(home):
    found = home / "data" / "sessions.db"
    fill(found, GRANTED)
    return found


def credits_of_reply(reply) -> int:
    """Nano-credits of what the other side served, by its own books."""
    nano = reply.count("input") * PER_TOKEN[0] + reply.count("output") * PER_TOKEN[1]
    return int((Decimal(nano) / Decimal(RATE)).quantize(Decimal(1), ROUND_HALF_EVEN))


async def spend(environ, folder, turns):
    """Turns of one engine, one after the other."""
    runtime = Runtime(environ, notify=lambda notice: None)
    async with runtime, runtime.manager() as manager:
        opened = await manager.call(OpenSession(session=None, cwd=str(folder), model=QUICK))
        seen = opened.seq
        for _ in range(turns):
            await manager.call(StartTurn(session=opened.session, prompt="go on", asks=False))
            seen = (await until_done(manager, opened.session, seen))[-1].seq


@pytest.mark.parametrize("engines", [1, 2])
async def test_what_the_ledger_charged_is_what_the_server_counted(
    environ, path, tmp_path, fake, engines
):
    call = {"name": "list", "args": {"path": "."}}
    fake.script(
        [
            {"text": "let me see", "usage": {"input": 10_001, "output": 41}, "tool_calls": [call]},
            {"error": {"kind": "rate_limit", "retry_after": 0.01}},
            {"text": "well", "usage": {"input": 12_007, "output": 333}},
            {"error": {"kind": "overloaded", "retry_after": 0.01}},
            {"text": "done", "usage": {"input": 20_003, "output": 77}},
            {"text": "more", "usage": {"input": 7, "output": 1}},
        ]
        * 2
    )
    with live_ledger():
        await asyncio.gather(*(spend(environ, tmp_path, 2) for _ in range(engines)))
    book = ledger_of(path)
    assert book.spent == sum(map(credits_of_reply, fake.served)) > 0
    assert (book.held, book.holds, book.left) == (0, (), GRANTED - book.spent)
    assert check_store(path).problems == ()


def test_run_tells_credits_and_usage_sums_them(environ, path, fake):
    fake.script([{"text": "hello", "usage": {"input": 10_001, "output": 41}}])
    with live_ledger():
        ended = run_command("run", "hi", "--json", "--model", QUICK)
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    [charge] = [one for one in told if one["type"] == "charge"]
    [route] = [one for one in told if one["type"] == "route"]
    assert (route["payer"], charge["payer"]) == ("credits", "credits")
    assert charge["usd"] == "0.051235000"
    assert charge["credits"] == told[-1]["credits"] == "17.078333333"
    assert ledger_of(path).spent == 17_078_333_333
    table = json.loads(run_command("usage", "--json").stdout)
    assert table["total"]["credits"] == "17.078333333"
    shown = run_command("usage").stdout
    assert "credits" in shown
    assert "≈ 17.08" in shown


def test_run_out_of_credits_ends_with_4_and_sends_nothing(environ, home, fake):
    path = home / "data" / "sessions.db"
    fill(path, 10**9)
    with live_ledger():
        ended = run_command("run", "hi", "--model", QUICK)
    assert ended.returncode == 4
    assert f"{TEAM} has 1 credit left" in ended.stderr
    assert "ownkey credits grant N --service team" in ended.stderr
    assert fake.requests == []
    assert ledger_of(path).left == 10**9
