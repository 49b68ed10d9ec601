"""Admin keys: what they look like, and the one question they are for: a maker's cost report.

An admin key serves no model and is sent to nothing but the report's address at the host that it
is bound to.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote, urlsplit

import msgspec

from tui.errors import KINDS, ProtocolBroken, RequestError
from tui.keys.check import CheckResult, unreachable, words_of
from tui.keys.makers import find_maker
from tui.keys.paste import PastedKey, RefusedPaste, bearer, normalise_key
from tui.keys.redact import Scrubber
from tui.keys.shapes import shape_of
from tui.net import Answer, get_json

if TYPE_CHECKING:
    from tui.secret import Secret

PREFIXES: Mapping[str, str] = {"anthropic": "sk-ant-admin", "openai": "sk-admin-"}
"""The makers that have cost reports, and how their admin keys begin."""

LIMIT_S = 20.0
"""Longest time for all pages of one report."""

MOST_DAYS = 180
_MOST_PAGES = 40
_DAYS_A_PAGE = {"anthropic": 31, "openai": 180}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The pages of a cost report as they came; their numbers are Decimals."""

    pages: tuple[dict[str, Any], ...]


def admin_key(payload: str, provider: str) -> PastedKey | RefusedPaste:
    """The admin key of this maker in `payload`; any other kind of key is refused."""
    maker = find_maker(provider)
    prefix = PREFIXES.get(provider)
    if maker is None or prefix is None:
        return RefusedPaste("wrong_provider", f"Makers with cost reports: {', '.join(PREFIXES)}.")
    pasted = normalise_key(payload, "")
    if isinstance(pasted, RefusedPaste) or pasted.secret.reveal().startswith(prefix):
        return pasted
    shape = shape_of(pasted.secret.reveal())
    what = f"This is {shape.owner}" if shape is not None else "This has not their shape"
    ordinary = shape is not None and shape.provider == provider
    return RefusedPaste(
        "wrong_provider",
        f"{what}: {maker.name}'s admin keys begin with {prefix}. "
        + ("Add it without --admin." if ordinary else "Make one in the organisation's console."),
        None if shape is None else shape.provider,
    )


def _question(
    provider: str, secret: Secret, base_url: str, since: dt.datetime
) -> tuple[str, dict[str, str | Secret]]:
    base, limit = base_url.partition("?")[0].rstrip("/"), _DAYS_A_PAGE[provider]
    if provider == "anthropic":
        began = quote(since.strftime("%Y-%m-%dT%H:%M:%SZ"), safe="")
        url = f"{base}/v1/organizations/cost_report?starting_at={began}"
        headers: dict[str, str | Secret] = {
            "x-api-key": secret, "anthropic-version": "2023-06-01"
        }  # fmt: skip
    else:
        url = f"{base}/organization/costs?start_time={int(since.timestamp())}"
        headers = {"authorization": bearer(secret)}
    return f"{url}&bucket_width=1d&limit={limit}", headers


async def ask_costs(
    provider: str,
    secret: Secret,
    base_url: str,
    since: dt.datetime,
    *,
    environ: Mapping[str, str],
    limit_s: float = LIMIT_S,
) -> Report:
    """All pages of the maker's cost report since a midnight (UTC).

    Raises:
        RequestError: it is not to be had, or is no report; the message has no key in it.
    """
    pages: list[dict[str, Any]] = []
    url, headers = _question(provider, secret, base_url, since)
    page, ends = url, monotonic() + limit_s
    for _ in range(_MOST_PAGES):
        answer = await get_json(
            page, headers=headers, timeout_s=max(ends - monotonic(), 0.01), environ=environ,
            purpose="cost report",
        )  # fmt: skip
        body = decimals(answer.body)
        if answer.status != 200 or body is None or not isinstance(body.get("data"), list):
            said = _judged(answer, base_url, secret)
            raise KINDS[said.error_kind or "protocol"](said.message, hint=said.hint)
        pages.append(body)
        following = body.get("next_page")
        if body.get("has_more") is not True or not isinstance(following, str) or not following:
            return Report(pages=tuple(pages))
        page = f"{url}&page={quote(following, safe='')}"
    raise ProtocolBroken(f"the cost report has more than {_MOST_PAGES} pages")


async def check_admin(
    provider: str, secret: Secret, base_url: str, now: dt.datetime, *, environ: Mapping[str, str]
) -> CheckResult:
    """Whether the maker gives its cost report for this key; answers within 5 seconds."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        url, headers = _question(provider, secret, base_url, today - dt.timedelta(days=1))
        answer = await get_json(
            url, headers=headers, timeout_s=5.0, environ=environ, purpose="cost report"
        )
    except RequestError as error:
        return unreachable(error, Scrubber((secret,)))
    body = decimals(answer.body)
    if answer.status == 200 and body is not None and isinstance(body.get("data"), list):
        return CheckResult(state="verified", error_kind=None, message="it reads cost reports")
    return _judged(answer, base_url, secret)


def decimals(data: bytes) -> dict[str, Any] | None:
    """A JSON object whose numbers are Decimals: money is never a float. None where it is none."""
    try:
        found = json.loads(data, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _judged(answer: Answer, base_url: str, secret: Secret) -> CheckResult:
    """Why there is no report, by the answer's status."""
    host = urlsplit(base_url).netloc
    said = Scrubber((secret,)).scrub(words_of(decimals(answer.body)))
    state: Literal["refused", "unreachable"] = "unreachable"
    match answer.status:
        case 401:
            state, kind, what = "refused", "invalid_key", "the admin key is not valid"
        case 403:
            state, kind, what = "refused", "permission", "the key may not read the cost report"
        case 404:
            kind, what = "not_found", f"{host} has no cost report there"
        case 429:
            kind, what = "rate_limit", f"{host} takes no more for now"
        case status if status >= 500:
            kind, what = "server", f"{host} answered {status}"
        case _:
            kind, what = "protocol", f"{host} did not answer with a cost report"
    return CheckResult(
        state=state, error_kind=kind, message=f"{what}: {said}" if said else what,
        hint=KINDS[kind].next_step,
    )  # fmt: skip
