"""The live check of a key: its maker's model list, which no key that is refused can read.

A key counts as verified only when the list itself came: a page of a hotel's network with status
200 proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import msgspec

from tui.errors import KINDS, NetworkFailed, ProtocolBroken, RequestError, TimedOut
from tui.keys.model_list import ModelFound, lists_models, models_in, next_page, question
from tui.keys.records import Checked
from tui.keys.redact import Scrubber
from tui.net import Answer, get_json
from tui.secret import Secret

if TYPE_CHECKING:
    import datetime as dt

LIMIT_S = 5.0
"""Longest time for the whole check."""

_MOST_PAGES = 10
_MOST_WORDS = 300


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a live check said.

    Args:
        state: `refused`: the maker said no. `unreachable`: nobody who could tell answered.
        error_kind: contract.md's word for why. Beside `verified` only `rate_limit`: the maker
            knew whose limit it is, so the key is good, but it told no models.
        message: One sentence for the person; the maker's own words in it are hostile.
        hint: The next step, or "".
        models: What the key reaches, in the maker's order.
    """

    state: Literal["verified", "refused", "unreachable"]
    error_kind: str | None
    message: str
    hint: str = ""
    models: tuple[ModelFound, ...] = ()


def as_checked(result: CheckResult, at: dt.datetime) -> Checked:
    """What is written down of a result."""
    known = result.state == "verified" and result.error_kind is None
    return Checked(
        state=result.state,
        at=at,
        error_kind=result.error_kind,
        models=len(result.models) if known else None,
    )


async def check_key(
    provider: str,
    secret: Secret,
    base_url: str,
    *,
    environ: Mapping[str, str],
    limit_s: float = LIMIT_S,
) -> CheckResult:
    """Ask the maker for its models with this key; answers within `limit_s` seconds.

    Args:
        provider: `anthropic`, `openai` or `google`.
        secret: The key.
        base_url: What it is bound to, as the maker's SDK takes it.
        environ: Proxy and certificate variables.
        limit_s: For all pages together.
    """
    url, headers = question(provider, secret, base_url)
    ends = monotonic() + limit_s
    scrub = Scrubber((secret,))
    models: list[ModelFound] = []
    page = url
    try:
        for _ in range(_MOST_PAGES):
            answer = await get_json(
                page,
                headers=headers,
                timeout_s=max(ends - monotonic(), 0.01),
                environ=environ,
                purpose="key check",
            )
            body = _json(answer)
            if answer.status != 200 or body is None or not lists_models(provider, body):
                if models:
                    break  # the first page came: the key is good, only the list is cut
                return _failure(answer, body, base_url, scrub)
            models.extend(models_in(provider, body))
            following = next_page(provider, url, body)
            if following is None:
                break
            page = following
    except RequestError as error:
        if not models:
            return unreachable(error, scrub)
    return _verified(models)


def _json(answer: Answer) -> dict[str, Any] | None:
    """The body as an object, or None where it is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _verified(models: list[ModelFound]) -> CheckResult:
    unique = {model.id: model for model in models}
    count = f"{len(unique)} model" + ("" if len(unique) == 1 else "s")
    return CheckResult(
        state="verified",
        error_kind=None,
        message=f"it reaches {count}",
        models=tuple(unique.values()),
    )


def unreachable(error: RequestError, scrub: Scrubber, hint: str = "") -> CheckResult:
    """Nobody who could tell answered."""
    own = "" if error.hint == error.next_step else error.hint  # a kind's is meant for turns
    return CheckResult(
        state="unreachable",
        error_kind=error.kind,
        message=scrub.scrub(error.message),
        hint=hint or own or "Check the network, the proxy and the address.",
    )


def _failure(
    answer: Answer, body: dict[str, Any] | None, base_url: str, scrub: Scrubber
) -> CheckResult:
    host = urlsplit(base_url).netloc
    said = scrub.scrub(words_of(body))
    match answer.status:
        case 200:
            return _no_list(host, scrub)
        case status if 300 <= status < 400:
            return unreachable(
                NetworkFailed(f"{host} redirects, and a key is never sent along"), scrub
            )
        case 403 if body is None and _is_page(answer):
            return _no_list(host, scrub)
        case 404:
            return _told("unreachable", "not_found", f"{host} has no model list there", said)
        case 408:
            return unreachable(TimedOut(f"{host} gave up waiting"), scrub)
        case 429 if body is None:
            return _told("unreachable", "rate_limit", f"{host} takes no more for now", said)
        case status if status >= 500:
            kind = "overloaded" if status in (503, 529) else "server"
            return _told("unreachable", kind, f"{host} answered {status}", said)
        case _:
            return _refusal(answer.status, body or {}, said)


def _refusal(status: int, body: dict[str, Any], said: str) -> CheckResult:
    """Said no by the maker itself, or known by it: limits are counted by account."""
    codes = _codes(body)
    match status:
        case 401:
            return _told("refused", "invalid_key", "the key is not valid", said)
        case 400 if "API_KEY_INVALID" in codes:
            return _told("refused", "invalid_key", "the key is not valid", said)
        case 402:
            return _told("refused", "quota", "the account behind the key has no money", said)
        case 403:
            return _told("refused", "permission", "the key may not list models", said)
        case 400 if "credit balance" in said.lower():
            return _told("refused", "quota", "the account behind the key has no money", said)
        case 429 if "insufficient_quota" in codes:
            return _told("refused", "quota", "the account behind the key has no money", said)
        case 429:
            return _told("verified", "rate_limit", "known, but over its rate limit now", said)
        case _:
            return _told("refused", "bad_request", f"the maker answered {status}", said)


def _told(
    state: Literal["verified", "refused", "unreachable"], kind: str, what: str, said: str
) -> CheckResult:
    hint = KINDS[kind].next_step
    if kind == "permission":
        hint = "A key restricted on purpose can still serve."
    if kind == "not_found":
        hint = "Look at the base URL: OpenAI's ends in /v1, Anthropic's and Google's do not."
    return CheckResult(
        state=state, error_kind=kind, message=f"{what}: {said}" if said else what, hint=hint
    )


def _no_list(host: str, scrub: Scrubber) -> CheckResult:
    return unreachable(
        ProtocolBroken(f"{host} did not answer with a list of models"),
        scrub,
        "A sign-in page of the network may stand between, or the base URL is another's.",
    )


def _is_page(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "")
    return "html" in kind or answer.body.lstrip()[:1] == b"<"


def _error_of(body: dict[str, Any]) -> dict[str, Any]:
    error = body.get("error")
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


def words_of(body: dict[str, Any] | None) -> str:
    """The maker's own sentence, or "" where there is none."""
    if body is None:
        return ""
    error = body.get("error")
    said = error if isinstance(error, str) else _error_of(body).get("message")
    return said[:_MOST_WORDS] if isinstance(said, str) else ""


def _codes(body: dict[str, Any]) -> set[str]:
    """Every code that an error carries: OpenAI's `code`, and the reasons in Google's details."""
    error = _error_of(body)
    details: Any = error.get("details")
    listed = cast("list[Any]", details) if isinstance(details, list) else []
    reasons = [cast("dict[str, Any]", one).get("reason") for one in listed if isinstance(one, dict)]
    found = [error.get("code"), error.get("type"), error.get("status"), *reasons]
    return {code for code in found if isinstance(code, str)}
