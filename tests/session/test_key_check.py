from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.canary import leaks, made_up_key
from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tui.keys.check import CheckResult, as_checked, check_key
from tui.secret import Secret

KEYS = {
    "anthropic": made_up_key(),
    "openai": made_up_key("sk-proj-"),
    "google": made_up_key("AIzaSy"),
}
MAKERS = sorted(KEYS)


class FakeLists:
    """A host that answers what it is told to, in order, the last answer for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any, str]] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        lists = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lists.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                more = len(lists.answers) > 1
                status, body, kind = lists.answers.pop(0) if more else lists.answers[0]
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, status: int, body: Any, kind: str = "application/json") -> None:
        self.answers.append((status, body, kind))


@pytest.fixture
def lists() -> Iterator[FakeLists]:
    fake = FakeLists()
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.05,))
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


@pytest.fixture(scope="module")
def makers() -> Iterator[FakeProvider]:
    with FakeProvider(keys=set(KEYS.values())) as fake:
        yield fake


def base_of(fake: FakeProvider, provider: str, fault: str | None = None) -> str:
    return fake.url("openai-chat" if provider == "openai" else provider, fault=fault)


async def check(provider: str, url: str, key: str | None = None, **options: Any) -> CheckResult:
    return await check_key(provider, Secret(key or KEYS[provider]), url, environ={}, **options)


@pytest.mark.parametrize("provider", MAKERS)
async def test_a_good_key_is_verified_with_the_models_it_reaches(
    makers: FakeProvider, provider: str
):
    result = await check(provider, base_of(makers, provider))
    assert (result.state, result.error_kind) == ("verified", None)
    assert [model.id for model in result.models] == ["fake-1", "fake-2-thinking"]


@pytest.mark.parametrize("provider", MAKERS)
async def test_a_wrong_key_is_refused_as_invalid(makers: FakeProvider, provider: str):
    result = await check(provider, base_of(makers, provider), KEYS[provider][:-1] + "_")
    assert (result.state, result.error_kind) == ("refused", "invalid_key")


@pytest.mark.parametrize("provider", MAKERS)
async def test_a_refusal_that_repeats_the_key_shows_none_of_it(makers: FakeProvider, provider: str):
    result = await check(provider, base_of(makers, provider, "401"))
    assert result.state == "refused"
    assert not leaks(result.message + result.hint, KEYS[provider])


async def test_each_maker_is_asked_exactly_as_its_adapter_asks(lists: FakeLists):
    lists.says(200, {"data": [], "models": []})
    for provider in MAKERS:
        await check(provider, lists.url + "/base/")
    bearer = {name: f"Bearer {key}" for name, key in KEYS.items()}
    sent = [
        (
            path,
            {
                name: value
                for name, value in heads.items()
                if name in ("authorization", "x-api-key", "x-goog-api-key", "anthropic-version")
            },
        )
        for path, heads in lists.seen
    ]
    assert sent == [
        (
            "/base/v1/models",
            {"authorization": bearer["anthropic"], "anthropic-version": "2026-10-21"},
        ),
        ("/base/v1beta/models", {"x-goog-api-key": KEYS["google"]}),
        ("/base/models", {"authorization": bearer["openai"]}),
    ]


ANSWERS = [
    ("anthropic", 401, {"error": {"type": "authentication_error"}}, "refused", "invalid_key"),
    ("openai", 401, {"error": {"code": "invalid_api_key"}}, "refused", "invalid_key"),
    ("openai", 401, b"", "refused", "invalid_key"),
    (
        "google",
        400,
        {
            "error": {
                "status": "INVALID_ARGUMENT",
                "details": [{"reason": "API_KEY_INVALID"}, {"retryDelay": "1s"}],
            }
        },
        "refused",
        "invalid_key",
    ),
    ("google", 400, {"error": {"status": "INVALID_ARGUMENT"}}, "refused", "bad_request"),
    (
        "anthropic",
        400,
        {"error": {"message": "Your credit balance is too low"}},
        "refused",
        "quota",
    ),
    ("openai", 402, {"error": "pay first"}, "refused", "quota"),
    ("openai", 429, {"error": {"code": "insufficient_quota"}}, "refused", "quota"),
    ("openai", 403, {"error": {"message": "Missing scopes"}}, "refused", "permission"),
    ("google", 403, {"error": {"status": "PERMISSION_DENIED"}}, "refused", "permission"),
    ("anthropic", 403, b"", "refused", "permission"),
    ("openai", 429, {"error": {"code": "rate_limit_exceeded"}}, "verified", "rate_limit"),
    ("openai", 429, b"<html>slow down</html>", "unreachable", "rate_limit"),
    ("openai", 403, b"<html>blocked</html>", "unreachable", "protocol"),
    ("anthropic", 404, {"error": {"type": "not_found_error"}}, "unreachable", "not_found"),
    ("anthropic", 404, b"<html>", "unreachable", "not_found"),
    ("anthropic", 408, b"", "unreachable", "timeout"),
    ("anthropic", 500, {"error": {"type": "api_error"}}, "unreachable", "server"),
    ("anthropic", 529, {"error": {"type": "overloaded_error"}}, "unreachable", "overloaded"),
    ("openai", 502, b"<html>bad gateway</html>", "unreachable", "server"),
    ("openai", 503, b"", "unreachable", "overloaded"),
    ("openai", 200, b"<html>Hotel Wi-Fi</html>", "unreachable", "protocol"),
    ("openai", 200, b"", "unreachable", "protocol"),
    ("openai", 200, {}, "unreachable", "protocol"),
    ("openai", 200, [], "unreachable", "protocol"),
    ("openai", 200, {"data": None}, "unreachable", "protocol"),
    ("google", 200, {"data": []}, "unreachable", "protocol"),
    ("openai", 200, {"error": {"message": "no"}}, "unreachable", "protocol"),
    ("openai", 200, b'{"data": [' + b"[" * 100_000, "unreachable", "protocol"),
    ("openai", 200, b'{"data": ["' + b"x" * 3_000_000 + b'"]}', "unreachable", "protocol"),
    ("openai", 200, {"data": []}, "verified", None),
    ("openai", 200, {"data": [1, None, {}, {"id": 7}, {"id": ""}, []]}, "verified", None),
]


@pytest.mark.parametrize(
    ("provider", "status", "body", "state", "kind"),
    ANSWERS,
    ids=[f"{answer[0]}-{answer[1]}-{number}" for number, answer in enumerate(ANSWERS)],
)
async def test_an_answer_is_classed_by_status_and_body(
    lists: FakeLists, provider: str, status: int, body: Any, state: str, kind: str | None
):
    lists.says(status, body)
    result = await check(provider, lists.url)
    assert (result.state, result.error_kind) == (state, kind)


async def test_a_page_of_a_network_that_wants_a_sign_in_verifies_nothing(makers: FakeProvider):
    result = await check("openai", base_of(makers, "openai", "portal"))
    assert (result.state, result.error_kind) == ("unreachable", "protocol")


async def test_a_key_is_not_sent_along_a_redirect(makers: FakeProvider):
    result = await check("google", base_of(makers, "google", "redirect"))
    assert (result.state, result.error_kind) == ("unreachable", "network")
    assert makers.sink.seen == []


async def test_a_closed_port_is_unreachable():
    result = await check("anthropic", f"http://127.0.0.1:{closed_port()}")
    assert (result.state, result.error_kind) == ("unreachable", "network")


async def test_a_silent_host_ends_at_the_limit(makers: FakeProvider):
    began = time.monotonic()
    result = await check("anthropic", base_of(makers, "anthropic", "stall"), limit_s=0.5)
    assert (result.state, result.error_kind) == ("unreachable", "timeout")
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("fault", ["refuse", "endless-1xx"])
async def test_a_broken_answer_is_unreachable(makers: FakeProvider, fault: str):
    result = await check("openai", base_of(makers, "openai", fault), limit_s=1)
    assert result.state == "unreachable"


async def test_a_host_of_another_language_is_unreachable_without_a_trace(lists: FakeLists):
    lists.says(200, {"data": []})
    result = await check("openai", lists.url.replace("http://", "https://"))
    assert (result.state, result.error_kind) == ("unreachable", "network")


async def test_anthropic_is_asked_for_every_page(lists: FakeLists):
    lists.says(200, {"data": [{"id": "a"}], "has_more": True, "last_id": "a&b"})
    lists.says(200, {"data": [{"id": "b", "display_name": "B", "max_input_tokens": 9}]})
    result = await check("anthropic", lists.url)
    assert [(one.id, one.name, one.context) for one in result.models] == [
        ("a", "a", None),
        ("b", "B", 9),
    ]
    assert lists.seen[1][0] == "/v1/models?limit=1000&after_id=a%26b"


async def test_google_is_asked_for_every_page_and_lists_what_answers_prompts(lists: FakeLists):
    speaks, embeds = ["generateContent"], ["embedContent"]
    lists.says(
        200,
        {
            "models": [{"name": "models/embed", "supportedGenerationMethods": embeds}],
            "nextPageToken": "t/1",
        },
    )
    lists.says(
        200,
        {
            "models": [
                {
                    "name": "models/speak",
                    "displayName": "Speak",
                    "supportedGenerationMethods": speaks,
                    "inputTokenLimit": 1000,
                    "outputTokenLimit": 100,
                }
            ]
        },
    )
    result = await check("google", lists.url)
    assert [(m.id, m.name, m.context, m.max_output) for m in result.models] == [
        ("speak", "Speak", 1000, 100)
    ]
    assert lists.seen[1][0] == "/v1beta/models?pageSize=1000&pageToken=t%2F1"


async def test_a_later_page_that_fails_does_not_undo_the_first(lists: FakeLists):
    lists.says(200, {"data": [{"id": "a"}], "has_more": True, "last_id": "a"})
    lists.says(500, {})
    result = await check("anthropic", lists.url)
    assert (result.state, [one.id for one in result.models]) == ("verified", ["a"])


async def test_a_list_without_an_end_is_read_to_a_bound(lists: FakeLists):
    lists.says(200, {"data": [{"id": "a"}], "has_more": True, "last_id": "a"})
    result = await check("anthropic", lists.url)
    assert (result.state, len(lists.seen)) == ("verified", 10)


async def test_every_result_that_is_not_verified_says_what_to_do(lists: FakeLists):
    silent = []
    for provider, status, body, state, _ in ANSWERS:
        if state == "verified":
            continue
        lists.answers.clear()
        lists.says(status, body)
        result = await check(provider, lists.url)
        if not (result.message and result.hint):
            silent.append((provider, status))
    assert silent == []


async def test_models_are_counted_only_where_the_list_came(lists: FakeLists):
    now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    lists.says(429, {"error": {"code": "rate_limit_exceeded"}})
    assert as_checked(await check("openai", lists.url), now).models is None
    lists.answers.clear()
    lists.says(200, {"data": []})
    assert as_checked(await check("openai", lists.url), now).models == 0
