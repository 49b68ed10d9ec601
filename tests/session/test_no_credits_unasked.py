"""Promise 4 through real requests: a failed request on an own route takes no credits unasked."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.console_world import ANTHROPIC_KEY, engine_environ
from tests.credit_service import runtime_with_credits
from tests.fake_provider import FakeProvider
from tests.session.test_turns import kinds, until_done
from tui.paths import find_paths
from tui.routing import policy
from tui.routing.table import TABLE
from tui.session import recovery
from tui.session.commands import OpenSession, StartTurn
from tui.session.ports import Consent
from tui.settings.store import SettingsStore

OPUS = "anthropic/claude-opus-4-7"
TOLD = (
    "invalid_key", "permission", "not_found", "rate_limit", "quota", "context_length",
    "content_filter", "bad_request", "overloaded", "server",
)  # fmt: skip
BROKEN = {"network": "refuse", "protocol": "portal", "cut": "cut", "refused twice": "reset"}
FAILURES = {
    **{kind: {"error": {"kind": kind, "retry_after": 3600}} for kind in TOLD},
    **{name: {"fault": fault} for name, fault in BROKEN.items()},
}
FALLS = {"rate_limit", "overloaded", "server", "quota", "network", "protocol"}


@pytest.fixture(scope="module")
def makers():
    with FakeProvider(keys={ANTHROPIC_KEY}) as own, FakeProvider(keys=None) as house:
        yield own, house


async def one_turn(makers, tmp_path, step, **settings):
    """What the log has of a turn whose own route fails, and what the credit service has seen."""
    own, house = makers
    own.reset()
    house.reset()
    environ = engine_environ(
        tmp_path / "home", own, OWNKEY_KEYRING="env", ANTHROPIC_API_KEY=ANTHROPIC_KEY
    )
    store = SettingsStore(find_paths(environ).settings_file)
    for name, value in settings.items():
        store.set(name.replace("__", "."), value)
    own.script([step | {"times": 9}])
    runtime = runtime_with_credits(environ, house, OPUS)
    async with runtime, runtime.manager() as manager:
        opened = await manager.call(OpenSession(cwd=str(tmp_path), model=OPUS))
        start = StartTurn(session=opened.session, prompt="go", asks=False, tools="none")
        await manager.call(start)
        async with asyncio.timeout(15):
            records = await until_done(manager, opened.session)
    served = [one for one in house.seen if one.method == "POST"]
    return records, served


@pytest.fixture
def one_try(monkeypatch):
    monkeypatch.setattr("tui.session.retry.TRIES", 1)


@pytest.mark.parametrize("failure", FAILURES)
async def test_with_fallback_off_no_kind_of_failure_takes_credits(
    makers, tmp_path, failure, one_try
):
    records, served = await one_turn(makers, tmp_path, FAILURES[failure])
    assert served == []
    assert {r.event.payer for r in records if kinds([r]) == ["route"]} == {"own_key"}
    assert records[-1].event.stop in ("error", "incomplete")


@pytest.mark.parametrize("failure", FAILURES)
async def test_with_fallback_on_only_what_may_pass_takes_them_and_once(
    makers, tmp_path, failure, one_try
):
    records, served = await one_turn(
        makers, tmp_path, FAILURES[failure], credits__fallback=True,
        credits__fallback_limit_usd="2.00",
    )  # fmt: skip
    taken = [r.event for r in records if kinds([r]) == ["fallback"]]
    shown = any(kinds([r]) == ["text"] and r.event.delta for r in records) and not taken
    falls = failure in FALLS or (failure in ("cut", "refused twice") and not shown)
    assert len(served) == len(taken) == int(falls)
    if falls:
        assert (taken[0].payer, taken[0].model, records[-1].event.stop) == ("credits", OPUS, "end")


async def test_a_rule_for_one_kind_holds_and_switched_off_by_hand_it_does_not(
    makers, tmp_path, one_try
):
    rule = {"credits__fallback_rules": "rate_limit=2.00"}
    for folder, failure, more, falls in (
        ("a", "rate_limit", rule, 1),
        ("b", "server", rule, 0),
        ("c", "rate_limit", rule | {"credits__fallback": False}, 0),
    ):
        _, served = await one_turn(makers, tmp_path / folder, FAILURES[failure], **more)
        assert len(served) == falls, folder


def asks_no_setting(situation):
    """The table without its setting: a mutant."""
    return policy.decide(situation, replace(TABLE, fallback=replace(TABLE.fallback, setting=None)))


class Careless(recovery.Recovery):
    """Takes it that everybody has agreed: a mutant."""

    def _consent(self):
        return Consent(fallback=True, limit_nano=10**12)


@pytest.mark.parametrize("mutant", ["table", "consent"])
async def test_an_engine_that_does_not_ask_the_setting_is_found_out(
    makers, tmp_path, mutant, monkeypatch, one_try
):
    if mutant == "table":
        monkeypatch.setattr(recovery, "decide", asks_no_setting)
        monkeypatch.setattr(Consent, "limit_of", lambda self, kind: 10**12)
    else:
        monkeypatch.setattr("tui.session.turn.Recovery", Careless)
    _, served = await one_turn(makers, tmp_path, FAILURES["rate_limit"])
    assert served
