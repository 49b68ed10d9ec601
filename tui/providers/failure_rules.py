"""The rules that make an error kind of what a provider said. Pure.

The narrower meaning first: filter and length, then money and key, then model, load and rights, and
the HTTP status only where no code or phrase says more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from tui.providers import failure_words as words
from tui.providers.error_body import ErrorBody

_BY_STATUS: dict[int, str] = {
    400: "bad_request",
    401: "invalid_key",
    402: "quota",
    403: "permission",
    404: "not_found",
    407: "network",
    408: "server",
    410: "not_found",
    413: "context_length",
    424: "server",
    425: "overloaded",
    429: "rate_limit",
    451: "permission",
    498: "overloaded",
    499: "server",
    503: "overloaded",
    529: "overloaded",
}


class _Said(msgspec.Struct, frozen=True):
    """What the rules look at: the status that counts (None: none), strong kinds, words."""

    status: int | None
    strong: frozenset[str]
    weak: str | None
    text: str

    def at(self, *statuses: int | None) -> bool:
        return self.status in statuses


def kind_of(
    status: int,
    body: ErrorBody,
    headers: Mapping[str, str],
    vendor: str | None,
    wait: float | None,
) -> str:
    """The kind, as contract.md's word.

    Args:
        status: Of HTTP.
        body: What the error says.
        headers: Names in lower case.
        vendor: As in `Access`: whose numeric codes these are.
        wait: What the other side asks us to wait, in seconds.
    """
    if (kind := _vendor_kind(body, vendor)) is not None:
        return kind
    raw = [*body.codes, headers.get("x-amzn-errortype", "").split(":")[0]]
    coded = [words.code_word(code) for code in raw if code]
    said = _Said(
        _counting_status(status, body),
        frozenset(words.CODES[word] for word in coded if word in words.CODES),
        next((words.WEAK_CODES[word] for word in coded if word in words.WEAK_CODES), None),
        body.text,
    )
    if "resource_exhausted" in coded:
        return _google_quota(body, wait)
    return _narrow(said) or _account(said) or _service(said) or _plain(said)


def _counting_status(status: int, body: ErrorBody) -> int | None:
    if status >= 400:
        return status
    numbers = (int(code) for code in body.codes if code.isascii() and code.isdigit())
    return next((number for number in numbers if 400 <= number < 600), None)


def _vendor_kind(body: ErrorBody, vendor: str | None) -> str | None:
    """The kind by a vendor's numeric codes, which say more than its status."""
    outer = _fields(body.parsed)
    table = words.VENDOR_CODES.get((vendor or "").lower())
    if table is None and "base_resp" in outer:
        table = words.MINIMAX_CODES
    if table is not None:
        return next((table[code] for code in body.codes if code in table), None)
    # An endpoint of unknown make: Z.ai alone writes four digits as a string, without a type.
    error = _fields(outer.get("error"))
    code = error.get("code")
    return words.ZAI_CODES.get(code) if isinstance(code, str) and "type" not in error else None


def _fields(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _google_quota(body: ErrorBody, wait: float | None) -> str:
    """RESOURCE_EXHAUSTED is both: a limit that passes, or no money or day's share left."""
    text = body.text.lower()
    if any(word in text for word in ("prepay", "credits are", "spend cap", "spending")):
        return "quota"
    ids = msgspec.json.encode(body.parsed).decode() if body.parsed is not None else ""
    spent = "PerDay" in ids or "limit: 0" in text
    return "quota" if spent and wait is None else "rate_limit"


def _narrow(said: _Said) -> str | None:
    """Filter and length: the narrowest meaning, told by a code or a phrase."""
    for kind in ("content_filter", "context_length"):
        if kind in said.strong:
            return kind
    limited = said.at(429) or "rate_limit" in said.strong
    if limited:
        return "context_length" if words.TOO_LARGE_FOR_LIMIT.search(said.text) else None
    if said.strong & {"quota", "invalid_key"} or said.at(401, 402, 404):
        return None
    if said.at(400, 403, 422, 451, None) and words.FILTER_PHRASE.search(said.text):
        return "content_filter"
    if said.at(400, 413, 422, 500, None) and words.CONTEXT_PHRASE.search(said.text):
        return "context_length"
    return None


def _account(said: _Said) -> str | None:
    """Money and key."""
    client_side = said.status is None or said.status < 500
    if "quota" in said.strong:
        return "quota"
    if client_side and "rate_limit" not in said.strong and words.QUOTA_PHRASE.search(said.text):
        return "quota"
    if said.at(400, 401, 403, None) and words.KEY_PHRASE.search(said.text):
        return "invalid_key"
    if "invalid_key" in said.strong and not said.at(429):
        return "invalid_key"
    return None


def _service(said: _Said) -> str | None:
    """Model, load, limits, rights."""
    if said.at(400, 404, 422, None) and (
        "not_found" in said.strong or words.MODEL_PHRASE.search(said.text)
    ):
        return "not_found"
    for kind in ("overloaded", "rate_limit"):
        if kind in said.strong:
            return kind
    if "permission" in said.strong and (said.status is None or said.status < 500):
        return "permission"
    return None


def _plain(said: _Said) -> str:
    """By the status alone, or by what is left of the words where there is none."""
    if said.at(400, None) and words.PLACE_PHRASE.search(said.text):
        return "permission"
    if said.status is None:
        if words.RATE_PHRASE.search(said.text):
            return "rate_limit"
        if words.OVERLOAD_PHRASE.search(said.text):
            return "overloaded"
        return said.weak or "server"
    if said.status in _BY_STATUS:
        return _BY_STATUS[said.status]
    if said.status >= 500:
        return "overloaded" if words.OVERLOAD_PHRASE.search(said.text) else "server"
    return "bad_request"
