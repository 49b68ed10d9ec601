"""Errors of every maker become one taxonomy by rules."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import time
from typing import Any

import httpx2
import pytest

from tests.wire_cases import all_cases, events_in
from tui.errors import (
    BadRequest,
    EndedEarly,
    InvalidKey,
    NetworkFailed,
    NotFound,
    ProtocolBroken,
    RequestError,
    TimedOut,
    headline,
)
from tui.providers import failures

FAILED = [c for c in all_cases().values() if c["api"] != "models" and c["expect"].get("error")]
REQUEST = httpx2.Request("POST", "https://api.example/v1")


def read(case: dict[str, Any]) -> RequestError:
    response, vendor = case["response"], case.get("vendor")
    if "body" in response:
        body = response["body"].encode()
        return failures.from_response(response["status"], response["headers"], body, vendor=vendor)
    told = [e for e in events_in(response["sse"]) if "error" in json.dumps(e)][-1]
    return failures.from_error(told, headers=response["headers"], vendor=vendor)


@pytest.mark.parametrize("case", FAILED, ids=lambda case: case["id"])
def test_a_recorded_error_has_its_kind_and_its_wait(case: dict[str, Any]) -> None:
    wanted, error = case["expect"]["error"], read(case)
    assert error.kind in wanted["kinds_accepted"]
    assert error.retry_after == wanted["retry_after"]


@pytest.mark.parametrize("case", FAILED, ids=lambda case: case["id"])
def test_a_recorded_error_keeps_the_providers_words(case: dict[str, Any]) -> None:
    words, message = case["expect"]["error"]["message_contains"], read(case).message
    assert words in message or (words.startswith("<") and "<" not in message)


def said(status: int, body: Any, vendor: str | None = None, **headers: str) -> RequestError:
    raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failures.from_response(status, named, raw, vendor=vendor)


def openai(message: str, code: Any = None, type: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, openai("Your credit balance is too low"), "quota"),
        (400, openai("Billing hard limit has been reached", "billing_hard_limit_reached"), "quota"),
        (401, openai("Unauthorized: you are out of credits"), "quota"),
        (403, openai("Key limit exceeded (monthly limit)", 403), "quota"),
        (400, {"error": "The model is loaded with context length of only 4096 tokens"},
         "context_length"),
        (403, {"code": 30001, "message": "Sorry, your account balance is insufficient"}, "quota"),
        (429, openai("slow down", "rate_limit_exceeded"), "rate_limit"),
        (429, openai("Rate limit. Add a payment method: …/account/billing",
                     "rate_limit_exceeded"), "rate_limit"),
        (429, openai("x", "insufficient_quota"), "quota"),
        (429, {"error": {"message": "free-models-per-day. Add 10 credits", "code": 429}},
         "rate_limit"),
        (400, openai("Incorrect API key provided: abc"), "invalid_key"),
        (403, {"error": {"code": 403, "message": "Your API key was reported as leaked.",
                         "status": "PERMISSION_DENIED"}}, "invalid_key"),
        (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "x",
                         "details": [{"reason": "API_KEY_INVALID"}]}}, "invalid_key"),
        (403, openai("Project does not have access to model", "model_not_found"), "permission"),
        (400, openai("User location is not supported for the API use."), "permission"),
        (400, openai("Model Not Exist", "invalid_request_error"), "not_found"),
        (404, {"error": "model 'x' not found, try pulling it first"}, "not_found"),
        (400, {"error": {"type": "BadRequestError", "message": "This model's maximum context "
               "length is 4096 tokens."}}, "context_length"),
        (400, openai("Your input exceeds the context window of this model."), "context_length"),
        (400, openai("Prompt contains 65673 tokens and 0 draft tokens, too large for model with "
                     "32768 maximum context length"), "context_length"),
        (400, openai("Range of input length should be [1, 30720]"), "context_length"),
        (400, openai("Your request exceeded model token limit: 8192"), "context_length"),
        (400, openai("the request exceeds the available context size"), "context_length"),
        (413, "<html><title>413 Request Entity Too Large</title></html>", "context_length"),
        (429, openai("This request would exceed your organization's rate limit of 40,000 input "
                     "tokens per minute"), "rate_limit"),
        (400, {"type": "error", "error": {"type": "invalid_request_error",
               "message": "Output blocked by content filtering policy"}}, "content_filter"),
        (400, openai("Content Exists Risk", "invalid_request_error"), "content_filter"),
        (403, openai("Your input was flagged by moderation"), "content_filter"),
        (400, openai("temperature: must be below 2", "invalid_value"), "bad_request"),
        (422, {"detail": [{"loc": ["body"], "msg": "Extra inputs are not permitted"}]},
         "bad_request"),
        (500, openai("The engine is overloaded", None), "overloaded"),
        (502, "<html><title>502 Bad Gateway</title></html>", "server"),
        (504, "upstream request timeout", "server"),
        (529, {}, "overloaded"),
        (408, {}, "server"),
        (400, openai("max_tokens: 99999 > 64000, which is the maximum allowed number of output "
                     "tokens"), "bad_request"),
        (400, openai("Invalid 'tools': too long. Expected maximum length 128"), "bad_request"),
        (400, openai("image exceeds the maximum allowed size"), "bad_request"),
        (403, {"error": "Your team doesn't have any credits yet", "code": "no permission"},
         "quota"),
        (400, openai("You have reached your specified API usage limits."), "quota"),
        (400, openai("Unsupported parameter: 'max_tokens' is not supported with this model."),
         "bad_request"),
        (451, {}, "permission"),
        (418, {"error": None, "message": "teapot"}, "bad_request"),
        (422, {"error": {"message": "Budget has been exceeded! Current cost: 1.0, Max budget: 1.0",
                         "type": "budget_exceeded", "param": None, "code": "422"}}, "quota"),
        (400, {"error": {"message": "No connected db.", "type": "no_db_connection", "param": None,
                         "code": "400"}}, "invalid_key"),
    ],
)  # fmt: skip
def test_a_kind_is_told_by_code_then_phrase_then_status(status: int, body: Any, kind: str) -> None:
    assert said(status, body).kind == kind


@pytest.mark.parametrize(
    ("vendor", "code", "kind"),
    [
        ("zai", "1113", "quota"),
        ("zai", "1302", "rate_limit"),
        ("zai", "1261", "context_length"),
        ("zai", "1301", "content_filter"),
        ("zai", "1211", "not_found"),
        (None, "1113", "quota"),
        (None, "1305", "overloaded"),
    ],
)
def test_a_chinese_vendors_number_says_more_than_its_status(
    vendor: str | None, code: str, kind: str
) -> None:
    assert said(429, {"error": {"code": code, "message": "…"}}, vendor).kind == kind


@pytest.mark.parametrize(
    ("code", "kind"), [(1008, "quota"), (1002, "rate_limit"), (1004, "invalid_key")]
)
def test_an_error_in_base_resp_of_a_200_has_its_kind(code: int, kind: str) -> None:
    body = {"base_resp": {"status_code": code, "status_msg": "no"}, "choices": None}
    assert (said(200, body).kind, said(200, body).message) == (kind, "no")


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ([{"@type": "x/google.rpc.RetryInfo", "retryDelay": "34.4s"}], "rate_limit"),
        ([{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject-FreeTier"}]}], "quota"),
        ([], "rate_limit"),
    ],
)
def test_googles_exhaustion_is_a_quota_only_where_no_wait_helps(details: Any, kind: str) -> None:
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "…", "details": details}
    assert said(429, {"error": error}).kind == kind


@pytest.mark.parametrize(
    "body",
    [
        {"error": "it broke"},
        {"error": None, "message": "it broke"},
        {"error": {"message": {"error": "it broke"}}},
        {"detail": "it broke"},
        {"errors": [{"code": 7009, "message": "it broke"}]},
        [{"error": {"message": "it broke"}}],
        {"error": {"message": '{"error": {"message": "it broke"}}'}},
        "it broke",
        'event: error\ndata: {"error": {"message": "it broke"}}\n\n',
    ],
)
def test_the_message_is_found_in_every_shape(body: Any) -> None:
    assert said(500, body).message == "it broke"


@pytest.mark.parametrize("body", [b"", "null", "[]", "{}", {"error": None}, b"\xff\xfe\x00"])
def test_a_body_that_says_nothing_still_makes_an_error(body: Any) -> None:
    assert said(500, body).message


def test_a_page_is_shown_as_its_title() -> None:
    page = "<!DOCTYPE html><html><head><title>502 &mdash; Bad\n Gateway</title></head>…"
    message = said(502, page).message
    assert headline(message) == "502 — Bad Gateway"
    assert page in message  # the page itself stays below, for who reads the JSON


def test_a_page_with_status_200_is_a_broken_protocol() -> None:
    assert type(said(200, "<html><title>Sign in</title></html>")) is ProtocolBroken


def test_an_upstreams_own_words_stand_behind_a_proxys_empty_ones() -> None:
    raw = json.dumps(openai("Too many requests for this model", "rate_limit_exceeded"))
    error = {"code": 502, "message": "Provider returned error", "metadata": {"raw": raw}}
    found = said(502, {"error": error})
    assert found.message == "Provider returned error: Too many requests for this model"
    assert found.kind == "rate_limit"


def test_a_long_message_is_capped() -> None:
    assert len(said(400, openai("x" * 9000)).message) == 500


def test_json_that_breaks_off_still_gives_its_message() -> None:
    body = '{"error": {"message": "prompt is too long", "code": "x", "trace": "' + "y" * 99
    found = said(400, body)
    assert (found.message, found.kind) == ("prompt is too long", "context_length")


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "' + b"x" * 10**8,
        b"[" * 10**7,
        b"<html>" + b"<title" * 10**7,
        json.dumps(openai("over " * 12_000)).encode(),
        json.dumps(openai("no " * 20_000)).encode(),
        json.dumps(openai("exceeds the " * 5_000)).encode(),
    ],
    ids=["message", "nested", "page", "over", "no", "exceeds"],
)
def test_a_hostile_body_costs_little(body: bytes) -> None:
    begun = time.process_time()
    said(400, body)
    assert time.process_time() - begun < 1


def test_the_status_in_a_streams_error_counts() -> None:
    error = {"error": {"message": "x", "status_code": 503}}
    assert failures.from_error(error).kind == "overloaded"


def test_the_wait_of_the_streams_head_is_not_the_errors() -> None:
    error = failures.from_error({"error": {"code": 503}}, headers={"Retry-After": "9"})
    assert error.retry_after is None


def test_a_redirect_names_where_it_leads() -> None:
    error = said(307, "", location="https://elsewhere.example/")
    assert isinstance(error, NotFound)
    assert "https://elsewhere.example/" in error.message


@pytest.mark.parametrize(
    ("headers", "body", "id"),
    [
        ({"request_id": "req_1"}, {}, "req_1"),
        ({"x_request_id": "req_2"}, {}, "req_2"),
        ({}, {"request_id": "req_3"}, "req_3"),
        ({}, {}, None),
    ],
)
def test_the_request_id_comes_from_head_or_body(
    headers: dict[str, str], body: Any, id: str | None
) -> None:
    assert said(500, body, **headers).provider_request_id == id


@pytest.mark.parametrize(
    ("error", "began", "kind"),
    [
        (httpx2.ConnectError("refused", request=REQUEST), False, NetworkFailed),
        (httpx2.ReadTimeout("", request=REQUEST), False, TimedOut),
        (TimeoutError(), True, TimedOut),
        (httpx2.RemoteProtocolError("peer closed", request=REQUEST), True, EndedEarly),
        (httpx2.ReadError("", request=REQUEST), True, EndedEarly),
        (httpx2.RemoteProtocolError("no answer", request=REQUEST), False, NetworkFailed),
        (httpx2.RemoteProtocolError("the answer is longer than 64 MB: broken off"), True,
         ProtocolBroken),
        (httpx2.ProxyError("407 Proxy Authentication Required"), False, NetworkFailed),
        (httpx2.InvalidURL("x"), False, BadRequest),
        (httpx2.LocalProtocolError("Illegal header value b'sk-x'"), False, InvalidKey),
        (OSError(101, "Network is unreachable"), False, NetworkFailed),
        (ssl.SSLCertVerificationError("bad"), False, NetworkFailed),
        (json.JSONDecodeError("x", "y", 0), True, ProtocolBroken),
        (RuntimeError("what"), True, ProtocolBroken),
    ],
)  # fmt: skip
def test_an_exception_has_its_kind(error: Exception, began: bool, kind: type[RequestError]) -> None:
    assert type(failures.from_exception(error, host="api.example", began=began)) is kind


def test_the_cause_behind_an_sdks_wrapper_counts() -> None:
    import openai

    try:
        try:
            raise httpx2.ConnectTimeout("", request=REQUEST)
        except httpx2.ConnectTimeout as cause:
            raise openai.APIConnectionError(request=REQUEST) from cause
    except openai.APIConnectionError as error:
        assert isinstance(failures.from_exception(error, host="h"), TimedOut)


def test_a_header_that_cannot_be_written_does_not_show_the_key() -> None:
    error = httpx2.LocalProtocolError("Illegal header value b'Bearer sk-secret\\n'")
    assert "sk-secret" not in str(failures.from_exception(error, host="h"))


def test_an_sdks_status_error_is_read_from_its_response() -> None:
    import anthropic

    response = httpx2.Response(
        529, request=REQUEST, json={"error": {"type": "overloaded_error", "message": "Overloaded"}}
    )
    error = anthropic.APIStatusError("x", response=response, body=None)
    found = failures.from_exception(error, host="h")
    assert (found.kind, found.message) == ("overloaded", "Overloaded")


def test_a_date_is_counted_from_the_servers_clock() -> None:
    headers = {
        "retry-after": "Tue, 24 Nov 2026 10:00:30 GMT",
        "date": "Tue, 24 Nov 2026 10:00:00 GMT",
    }
    now = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    assert failures.from_response(429, headers, "{}", now=now).retry_after == 30
