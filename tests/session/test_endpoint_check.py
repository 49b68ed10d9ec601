"""The live test of an endpoint against servers on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.canary import leaks, made_up_key
from tests.fake_faults import closed_port
from tests.fake_gateway import FakeGateway
from tests.fake_provider import FakeProvider
from tui.endpoints.testing import Target, Trial, as_checked, try_endpoint
from tui.events.base import utc_now
from tui.secret import Secret

KEY = made_up_key("sk-gw-")
LISTED = {"data": [{"id": "coder"}, {"id": "text-embed-3"}]}
NO = {"error": {"message": "Invalid API key"}}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as fake:
        yield fake


async def tried(url: str, key: str | None = KEY, **fields) -> Trial:
    secret = None if key is None else Secret(key)
    return await try_endpoint(Target(base_url=url, secret=secret, **fields), environ={})


async def test_an_endpoint_that_takes_the_key_is_verified_with_its_models():
    with FakeProvider(keys={KEY}) as fake:
        tested = await tried(fake.url("openai-chat"))
    assert (tested.state, tested.error_kind, tested.needs_key) == ("verified", None, True)
    assert [one.id for one in tested.models] == ["fake-1", "fake-2-thinking"]
    assert as_checked(tested, utc_now()).models == 2


async def test_a_wrong_key_is_refused_and_stands_in_no_word():
    with FakeProvider(keys={KEY}) as fake:
        wrong = made_up_key("sk-gw-")
        tested = await tried(fake.url("openai-chat"), wrong)
    assert (tested.state, tested.error_kind) == ("refused", "invalid_key")
    assert not leaks(repr(tested), wrong)


async def test_an_open_list_proves_nothing_about_the_key(gateway):
    gateway.says("GET /v1/models", LISTED)
    gateway.says("POST /v1/chat/completions", NO, status=401)
    tested = await tried(f"{gateway.root}/v1")
    assert (tested.state, tested.error_kind) == ("refused", "invalid_key")
    assert [one.id for one in tested.models] == ["coder"]


async def test_the_request_that_tries_a_key_names_a_model_that_cannot_be(gateway):
    gateway.says("GET /v1/models", LISTED)
    gateway.says("POST /v1/chat/completions", {"error": {"message": "no model"}}, status=404,
                 key=KEY)  # fmt: skip
    gateway.says("POST /v1/chat/completions", NO, status=401)
    tested = await tried(f"{gateway.root}/v1")
    asked = [one.body for one in gateway.seen if one.body is not None]
    assert (tested.state, tested.needs_key) == ("verified", True)
    assert all(body["messages"] == [] and body["max_tokens"] == 1 for body in asked)


async def test_openrouters_key_is_tried_at_its_own_place(gateway):
    gateway.says("GET /v1/models", LISTED)
    gateway.says("GET /v1/key", {"data": {"limit": None}}, key=KEY)
    gateway.says("GET /v1/key", NO, status=401)
    right = await tried(f"{gateway.root}/v1", known="openrouter")
    wrong = await tried(f"{gateway.root}/v1", made_up_key("sk-or-"), known="openrouter")
    assert (right.state, wrong.state, wrong.error_kind) == ("verified", "refused", "invalid_key")
    assert not any(line.startswith("POST") for line in gateway.lines())


async def test_a_key_that_nobody_asks_for_is_said_to_be_needless(gateway):
    gateway.says("GET /v1/models", LISTED)
    gateway.says("POST /v1/chat/completions", {"error": {"message": "no"}}, status=400)
    tested = await tried(f"{gateway.root}/v1")
    assert (tested.state, tested.needs_key) == ("verified", False)
    assert "without a key" in tested.message


async def test_a_missing_key_is_refused_as_such(gateway):
    gateway.says("GET /v1/models", NO, status=401)
    tested = await tried(f"{gateway.root}/v1", None)
    assert (tested.state, tested.error_kind) == ("refused", "invalid_key")
    assert "wants a key" in tested.message


async def test_an_endpoint_without_a_list_is_usable_with_models_typed_by_hand(gateway):
    gateway.says("POST /v1/chat/completions", {"error": {"message": "no"}}, status=400, key=KEY)
    gateway.says("POST /v1/chat/completions", NO, status=401)
    tested = await tried(f"{gateway.root}/v1")
    assert (tested.state, tested.listed, tested.models) == ("verified", False, ())
    assert "name them yourself" in tested.message


async def test_an_address_without_its_v1_is_told_the_one_that_answers(gateway):
    gateway.says("GET /v1/models", LISTED)
    tested = await tried(gateway.root)
    assert (tested.state, tested.error_kind) == ("unreachable", "not_found")
    assert tested.try_url == f"{gateway.root}/v1"


async def test_the_search_for_the_right_address_sends_no_key(gateway):
    gateway.says("GET /v1/models", LISTED)
    await tried(gateway.root)
    assert [one.line for one in gateway.seen if "authorization" in one.headers] == ["GET /models"]


@pytest.mark.parametrize(
    ("status", "body", "headers", "state", "kind"),
    [
        (402, NO, {}, "refused", "quota"),
        (403, NO, {}, "refused", "permission"),
        (429, NO, {}, "unreachable", "rate_limit"),
        (500, NO, {}, "unreachable", "server"),
        (503, b"<html>busy", {"content_type": "text/html"}, "unreachable", "overloaded"),
        (200, b"<html>sign in</html>", {"content_type": "text/html"}, "unreachable", "protocol"),
        (200, {"hello": "there"}, {}, "unreachable", "protocol"),
        (422, {"error": {"type": "budget_exceeded"}}, {}, "refused", "quota"),
        (429, {"error": {"type": "budget_exceeded"}}, {}, "refused", "quota"),
        (400, {"error": {"type": "no_db_connection"}}, {}, "refused", "invalid_key"),
        (307, b"", {"location": "https://other.example/v1/models"}, "unreachable", "network"),
    ],
)
async def test_the_class_of_failure_is_said(gateway, status, body, headers, state, kind):
    gateway.says("GET /v1/models", body, status=status, **headers)
    tested = await tried(f"{gateway.root}/v1")
    assert (tested.state, tested.error_kind) == (state, kind)
    assert tested.hint


async def test_nobody_listening_is_unreachable():
    tested = await tried(f"http://127.0.0.1:{closed_port()}/v1")
    assert (tested.state, tested.error_kind) == ("unreachable", "network")


async def test_a_redirect_takes_nothing_to_another_host(gateway):
    with FakeGateway() as other:
        other.says("GET /v1/models", LISTED)
        gateway.says("GET /v1/models", b"", status=302, location=f"{other.root}/v1/models")
        tested = await tried(f"{gateway.root}/v1", headers={"X-Team": "core"})
        assert (tested.state, other.seen) == ("unreachable", [])


async def test_own_headers_and_a_query_go_along_with_every_question(gateway):
    gateway.says("GET /v1/models", LISTED)
    await tried(f"{gateway.root}/v1?api-version=2", headers={"X-Team": "core"})
    assert {one.headers.get("x-team") for one in gateway.seen} == {"core"}
    assert {one.line.partition("?")[2] for one in gateway.seen} == {"api-version=2"}


async def test_hostile_words_of_an_endpoint_are_cut():
    with FakeGateway() as gateway:
        gateway.says("GET /v1/models", {"error": {"message": "x" * 100_000}}, status=401)
        tested = await tried(f"{gateway.root}/v1")
    assert len(tested.message) < 500
