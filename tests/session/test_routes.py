"""The route rules in the engine: the record of a request, and what follows when it fails."""

from __future__ import annotations

import json
from unittest import mock

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.engine_world import MODELS, QUICK, environ_of
from tests.fake_provider import FakeProvider
from tests.session.scripted import make_manager
from tests.session.test_agent import recording, say, until
from tests.session.test_turns import of_kind, open_session
from tui.errors import InvalidKey, NoRoute
from tui.runtime import Runtime
from tui.session.commands import Compact


@pytest.fixture(scope="module")
def provider():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def fake(provider):
    provider.reset()
    yield provider
    provider.reset()


@pytest.fixture(autouse=True)
def whole_process():
    """What `run` does to its own process is not done to the tests'."""
    with mock.patch("tui.process.harden"):
        yield


@pytest.fixture
def run(fake, home, tmp_path, monkeypatch):
    """The objects of `ownkey run hello --json` and its exit status, with every maker's key."""
    monkeypatch.chdir(tmp_path)
    environ = environ_of(fake, home)

    def run(model: str, *words: str, **changed: str) -> tuple[int, list[dict]]:
        said = run_command(
            "run", "hello", "--json", "--model", model, *words, environ=environ | changed
        )
        return said.returncode, [json.loads(line) for line in said.stdout.splitlines()]

    return run


def of_type(objects: list[dict], kind: str) -> list[dict]:
    return [one for one in objects if one["type"] == kind]


def settings(**values: str) -> None:
    for name, value in values.items():
        run_command("settings", "set", name.replace("__", "."), value)


def test_a_requests_record_says_what_route_says_of_it(run, fake, home):
    _, objects = run(QUICK)
    (record,) = of_type(objects, "route")
    said = run_command("route", QUICK, "--json", environ=environ_of(fake, home))
    told = json.loads(said.stdout)
    shared = ("model", "connection", "payer", "why")
    assert [record[name] for name in shared] == [told[name] for name in shared]


def test_own_best_sends_to_an_own_key_and_records_the_model_that_it_picked(run, fake):
    # The SDK that is imported first is the cheapest to import: the others' keys are left out.
    status, objects = run("own-best", ANTHROPIC_API_KEY="", GEMINI_API_KEY="")
    (record,) = of_type(objects, "route")
    assert status == 0
    assert record["payer"] == "own_key"
    assert record["model"].startswith("openai/")
    assert fake.requests[0].body["model"] == record["model"].split("/")[1]


def test_a_plan_that_forbids_own_keys_sends_nothing_and_says_the_limit(run, fake):
    settings(account__plan="free", account__org_size="11")
    status, objects = run(QUICK)
    (error,) = of_type(objects, "error")
    assert (status, error["kind"], fake.requests) == (5, "no_route", [])
    assert "up to 10 people" in error["message"]
    assert objects[0]["plan"] == "free"


@pytest.mark.parametrize("model", ["auto", "auto-efficient", "auto-genius", "auto-open"])
def test_auto_never_takes_an_own_key(run, fake, model):
    status, objects = run(model)
    assert (status, of_type(objects, "route"), fake.requests) == (5, [], [])


@pytest.mark.parametrize("fallback", ["true", "false"])
@pytest.mark.parametrize(
    ("kind", "tries"), [("invalid_key", 1), ("quota", 1), ("rate_limit", 3), ("server", 3)]
)
def test_failed_own_key_request_does_not_spend_credits(
    run, fake, monkeypatch, kind, tries, fallback
):
    monkeypatch.setattr("tui.session.retry.FIRST_WAIT_S", 0.01)
    settings(credits__fallback=fallback)
    fake.script([{"error": {"kind": kind}, "times": 9}])
    status, objects = run(QUICK)
    assert status == 1
    assert {one["payer"] for one in of_type(objects, "route")} == {"own_key"}
    assert (len(fake.requests), of_type(objects, "fallback")) == (tries, [])
    assert {one["kind"] for one in of_type(objects, "error")} == {kind}


async def test_a_key_that_is_not_the_one_of_the_route_is_not_used(fake, home):
    environ = environ_of(fake, home)
    async with Runtime(environ, notify=lambda notice: None) as runtime:
        decision = runtime.router.decide(MODELS[2])
        assert decision.connection == "env:GEMINI_API_KEY"
        environ["GOOGLE_API_KEY"] = made_up_key("AIzaSy")
        del environ["GEMINI_API_KEY"]
        with pytest.raises(InvalidKey, match="not in use any more"):
            await runtime.router.open(decision)


async def test_a_key_that_becomes_the_default_meanwhile_is_for_the_next_request(fake, home):
    environ = environ_of(fake, home) | {"GOOGLE_API_KEY": made_up_key("AIzaSy")}
    async with Runtime(environ, notify=lambda notice: None) as runtime:
        before = runtime.router.decide(MODELS[2])
        other = {"env:GEMINI_API_KEY", "env:GOOGLE_API_KEY"} - {before.connection}
        runtime.keyring.book.set_default(other.pop(), environ)
        after = runtime.router.decide(MODELS[2])
        access = await runtime.router.open(before)
        secrets = {environ[one.connection.removeprefix("env:")]: one for one in (before, after)}
        assert access.secret is not None
        assert (secrets[access.secret.reveal()], after.connection) == (before, after.connection)
        assert before.connection != after.connection


async def test_a_model_that_nothing_serves_names_what_would_help(fake, home):
    async with Runtime({"OWNKEY_HOME": str(home)}, notify=lambda notice: None) as runtime:
        with pytest.raises(NoRoute) as refused:
            runtime.router.decide(QUICK)
    assert "`ownkey keys add openai`" in refused.value.hint


async def test_a_summary_goes_by_the_conversations_own_route_as_a_line_of_its_own(tmp_path):
    _, script = recording("a long answer", "SUMMARY")
    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await say(manager, opened.session, "a long question")
        await manager.call(Compact(session=opened.session))
        done = await until(manager, opened.session, "compacted")
        log = manager._store.read(opened.session)
    asked, summary = of_kind(log, "route")
    assert summary.request == done.event.request != asked.request
    assert (summary.model, summary.connection, summary.payer) == (
        asked.model, asked.connection, asked.payer
    )  # fmt: skip
