"""A day over an own key, an endpoint and a credit service: everybody counts the same money.

Footers, status bar, `ownkey usage` and what the servers served agree to the nano-dollar; a rate
limit is answered in each of the four ways, fallback is met off and on, a budget stops and is
raised.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.console_world import Seen, engine_environ, on_engine
from tests.fake_credits import FakeOpenRouter
from tests.fake_provider import FakeProvider
from tests.quick_vault import SEALED, quick_vault
from tui.console.panels.choices import DEAF_S
from tui.console.transcript.blocks import Footer
from tui.money import show_usd, usd_string

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]

OPUS, HAIKU, GATEWAY, AUTO = (
    "anthropic/claude-opus-4-7", "anthropic/claude-haiku-4-5", "gw/fake-1", "auto-genius",
)  # fmt: skip
WORK, PERSONAL = made_up_key("sk-ant-api03-"), made_up_key("sk-ant-api03-")
GATE, ROUTER = made_up_key("sk-gw-"), made_up_key("sk-or-v1-")
PRICES = {"claude-opus-4-7": (5_000, 25_000), "claude-haiku-4-5": (1_000, 5_000)}
"""Nano-dollars of a token, in and out, by the makers' lists of 2026."""
USAGE = {"input": 12_345, "output": 678}
FOR_LONG = {"error": {"kind": "rate_limit", "message": "slow down", "retry_after": 600}}
"""Longer than anybody waits unasked."""
LIMITED = {"error": {"kind": "rate_limit", "message": "slow down", "retry_after": 4}}


class World(NamedTuple):
    own: FakeProvider
    gateway: FakeProvider
    router: FakeOpenRouter
    environ: dict[str, str]
    folder: Path

    def counted(self) -> dict[str, int]:
        """Nano-dollars by payer, by what the servers served."""
        own = 0
        for request, reply in zip(self._served(), self.own.served, strict=True):
            given, made = PRICES[request]
            own += reply.count("input") * given + reply.count("output") * made
        return {
            "own_key": own,
            "endpoint": 2_100_001 * len(self.gateway.served),
            "credits": int(self.router.spent * 1_000_000_000),
        }

    def _served(self) -> list[str]:
        """Models of the requests that were answered: a limited one is not."""
        return [one.model.removeprefix("anthropic/") for one in self.own.served]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "work"
    folder.mkdir()
    with ExitStack() as stack:
        own = stack.enter_context(FakeProvider(keys={WORK, PERSONAL}, models=None))
        gateway = stack.enter_context(FakeProvider(keys={GATE}))
        router = stack.enter_context(FakeOpenRouter(keys={ROUTER}, bought="20"))
        stack.enter_context(quick_vault())
        environ = engine_environ(tmp_path / "home", own, **SEALED)
        yield World(own, gateway, router, environ, folder)


async def ownkey(world: World, *words: str, stdin: str = "", fine: bool = True) -> str:
    said = await asyncio.to_thread(run_command, *words, stdin=stdin, environ=world.environ)
    assert said.returncode == 0 or not fine, said.stderr + said.stdout
    return said.stdout


async def connect(world: World) -> None:
    for label, key in (("work", WORK), ("personal", PERSONAL)):
        await ownkey(world, "keys", "add", "anthropic", "--label", label, stdin=key)
    gw = world.gateway.url("openai-chat")
    await ownkey(world, "endpoints", "add", "gw", gw, "--all-models", "--yes", stdin=GATE)
    router = world.router.base_url
    await ownkey(world, "credits", "add", "openrouter", "--base-url", router, "--yes", stdin=ROUTER)


class Day:
    """What the person does, turn by turn."""

    def __init__(self, world: World, seen: Seen) -> None:
        self.world, self.seen = world, seen
        self.turns = 0

    @property
    def footers(self) -> list[Footer]:
        return [one for one in self.seen.app.transcript.model.blocks if isinstance(one, Footer)]

    def panel(self) -> str:
        return self.seen.text(self.seen.app.choices) if self.seen.app.choices.display else ""

    async def choose(self, model: str) -> None:
        await self.seen.type(f"/model {model}", "enter")
        await self.seen.until(lambda: self.seen.app.state.model == model)

    async def say(self, text: str) -> None:
        await self.seen.type(text, "enter")

    async def answered(self) -> None:
        """The turn has ended, and a payer that changes was agreed to meanwhile."""
        self.turns += 1

        def ended() -> bool:
            return len(self.footers) >= self.turns and not self.seen.app.state.working

        await self.seen.until(ended)
        await self.seen.settle()

    async def pick(self, words: str) -> None:
        """Press the number of the answer that has these words, once the panel listens."""
        await self.seen.until(lambda: words in self.panel())
        await asyncio.sleep(DEAF_S + 0.1)
        row = next(row for row in self.panel().splitlines() if words in row)
        await self.seen.press(row.replace("▎", "").split()[0])

    async def ask(self, text: str, agrees: bool = False) -> None:
        await self.say(text)
        if agrees:
            await self.pick("from now on")
        await self.answered()

    def last_paid(self) -> list[tuple[str, int | None]]:
        return [(one.payer, one.nano) for one in self.footers[-1].paid]


def step(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "usage": USAGE, **more}


async def test_a_day_of_mixed_work_adds_up_everywhere(world: World):
    await connect(world)
    own_opus = {"model": "claude-opus-4-7"}
    world.gateway.script([{"text": "gateway", "usage": {**USAGE, "cost": 0.002100001}, "times": 9}])
    world.own.script([step("one", **own_opus)])
    async with on_engine(world.environ, world.folder, model=OPUS) as seen:
        day = Day(world, seen)
        await day.ask("hello")
        assert day.last_paid() == [("own_key", 12_345 * 5_000 + 678 * 25_000)]
        await day.choose(GATEWAY)
        await day.ask("over the endpoint")
        assert day.last_paid() == [("endpoint", 2_100_001)]
        await day.choose(AUTO)
        await day.ask("on credits")
        assert day.last_paid() == [("credits", 13_200_000)]

        await day.choose(OPUS)
        for way, payer in (
            ("Wait, then go on here", "own_key"),
            ("Go on now with another own key", "own_key"),
            ("Go on now with another model", None),
            ("Go on now on credits", "credits"),
        ):
            world.own.script([LIMITED, step("went on", **own_opus)])
            await day.say(f"limited: {way}")
            await day.pick(way)
            await day.answered()
            assert payer is None or day.last_paid()[-1][0] == payer
        assert "rate limit" in seen.text(seen.app.transcript)

        await ownkey(world, "settings", "set", "credits.fallback", "true")
        world.own.script([FOR_LONG])
        await day.ask("fallback is on")
        assert day.last_paid()[-1][0] == "credits"
        assert len(world.own.seen) and "went on with" in seen.text(seen.app.transcript)
        await ownkey(world, "settings", "set", "credits.fallback", "false")
        world.own.script([LIMITED, step("after the wait", **own_opus)])
        await day.say("fallback is off")
        await day.pick("Wait, then go on here")
        await day.answered()
        assert [payer for payer, _ in day.last_paid()] == ["own_key"]

        spent = seen.app.state.session_nano
        await ownkey(world, "settings", "set", "budget.session_usd", usd_string(spent + 1_000))
        world.own.script([step("within the raised budget", **own_opus)])
        before = len(world.own.seen)
        await day.say("over the budget")
        await seen.until(lambda: "budget" in day.panel())
        assert len(world.own.seen) == before  # nothing was sent
        await asyncio.sleep(DEAF_S + 0.1)
        await seen.press("1")
        await day.answered()
        assert "within the raised budget" in seen.text(seen.app.transcript)

        counted = world.counted()
        total = sum(counted.values())
        told = json.loads(await ownkey(world, "usage", "--by", "payer", "--json"))
        by_payer = {row["key"]: row["usd"] for row in told["rows"]}
        assert by_payer == {payer: usd_string(nano) for payer, nano in counted.items()}
        assert told["total"]["usd"] == usd_string(total)
        paid = [one for footer in day.footers for one in footer.paid]
        assert sum(one.nano or 0 for one in paid) == total
        assert not any(one.unknown for one in paid)
        assert seen.app.state.session_nano == total
        assert f"session {show_usd(total)}" in " ".join(seen.status.split())

        rows = [row for row in seen.app.models if row.payer is not None]
        assert {row.payer for row in rows} >= {"own_key", "endpoint", "credits"}
        for row in rows:
            said = json.loads(await ownkey(world, "route", row.id, "--json"))
            assert (said["payer"], bool(said["why"])) == (row.payer, True), row.id
