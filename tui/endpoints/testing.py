"""The live test of an endpoint: that it speaks OpenAI's wire, and what it says to the key.

A list of models proves nothing about a key where anybody may read it (OpenRouter, Vercel, many
gateways). So the key is tried where it counts: at the place that the known kind has for that, or,
where the list comes without it too, by a request for a model that cannot be, which costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import msgspec

from tui.endpoints.known import find_known
from tui.endpoints.model_list import entries_of, models_of
from tui.endpoints.records import EndpointModel
from tui.errors import KINDS, RequestError
from tui.keys.paste import bearer
from tui.keys.records import Checked
from tui.keys.redact import Scrubber
from tui.net import Answer, get_json, post_json

if TYPE_CHECKING:
    import datetime as dt

    from tui.secret import Secret

LIMIT_S = 8.0
"""Longest time for the whole test: up to four short questions."""

_MOST_WORDS = 300
NO_MODEL = json.dumps({"model": "ownkey-test-of-the-key", "messages": [], "max_tokens": 1}).encode()
"""Asks for nothing that is there: whoever lets it pass has looked at the key before."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a test said.

    Args:
        state: `verified`: it can be used. `refused`: it said no to the key. `unreachable`: nobody
            who speaks the wire answered.
        error_kind: contract.md's word for why not, or None.
        message: One sentence; the endpoint's own words in it are hostile.
        hint: The next step, or "".
        models: What it lists, in its order; empty where it has no list.
        listed: Whether it has a list of models at all.
        needs_key: Whether it says no without one; None: not tried.
        try_url: An address nearby at which a list answers, where this one has none.
    """

    state: Literal["verified", "refused", "unreachable"]
    error_kind: str | None = None
    message: str
    hint: str = ""
    models: tuple[EndpointModel, ...] = ()
    listed: bool = False
    needs_key: bool | None = None
    try_url: str = ""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is tested; `known`: id of its kind (`tui.endpoints.known`)."""

    base_url: str
    secret: Secret | None = None
    headers: Mapping[str, str] = {}
    known: str = ""


def as_checked(tested: Trial, at: dt.datetime) -> Checked:
    """What is written down of a test."""
    models = len(tested.models) if tested.listed else None
    return Checked(state=tested.state, at=at, error_kind=tested.error_kind, models=models)


async def try_endpoint(
    target: Target, *, environ: Mapping[str, str], limit_s: float = LIMIT_S
) -> Trial:
    """Test it live; answers within `limit_s` seconds.

    Args:
        target: What.
        environ: Proxy and certificate variables.
        limit_s: For all questions together.
    """
    test = _Test(target, environ, monotonic() + limit_s)
    try:
        return await test.run()
    except RequestError as error:
        own = "" if error.hint == error.next_step else error.hint
        return Trial(
            state="unreachable",
            error_kind=error.kind,
            message=test.scrub.scrub(error.message),
            hint=own or "Check the address, the network and the proxy.",
        )


class _Test:
    """One test; every question goes to the endpoint's own host."""

    def __init__(self, target: Target, environ: Mapping[str, str], ends: float) -> None:
        self._target, self._environ, self._ends = target, environ, ends
        self._host = urlsplit(target.base_url).netloc
        self.scrub = Scrubber(() if target.secret is None else (target.secret,))

    async def run(self) -> Trial:
        """All questions, as many as it takes. Raises RequestError where nobody answers."""
        answer = await self._get("/models")
        entries = entries_of(_json(answer)) if answer.status == 200 else None
        if entries is None and answer.status not in (404, 405, 501):
            return self._failed(answer)
        if entries is None and (nearby := await self._nearby()):
            return Trial(
                state="unreachable", error_kind="not_found", try_url=nearby,
                message=f"{self._host} has no list of models there, but has one at {nearby}",
                hint="Use that address.",
            )  # fmt: skip
        known = find_known(self._target.known)
        models = () if entries is None else tuple(
            models_of(entries, per_million=known is not None and known.per_million)
        )  # fmt: skip
        said = await self._key_said(listed=entries is not None)
        listed = entries is not None
        if said is not None and said.state != "verified":
            return msgspec.structs.replace(said, models=models, listed=listed)
        count = f"it lists {len(models)} model{'' if len(models) == 1 else 's'}"
        message = count if listed else "it answers, and has no list of models: name them yourself"
        needs = said.needs_key if said is not None else None
        if needs is False and self._target.secret is not None:
            message += "; it answers without a key, too"
        return Trial(
            state="verified", message=message, models=models, listed=listed, needs_key=needs
        )

    async def _key_said(self, *, listed: bool) -> Trial | None:
        """What it says to the key, where the list has not told; None: nothing is to be said."""
        known = find_known(self._target.known)
        if self._target.secret is None:
            return await self._spoken(listed)
        if known is not None and known.key_path and listed:
            answer = await self._get(known.key_path)
            if answer.status != 404:
                return self._judged(answer)
        if listed:
            bare = await self._get("/models", with_key=False)
            if bare.status in (401, 403):
                return Trial(state="verified", message="", needs_key=True)
        asked = await self._ask()
        if not _passed(asked):
            return self._failed(asked)
        without = await self._ask(with_key=False)
        return Trial(state="verified", message="", needs_key=without.status in (401, 403))

    async def _spoken(self, listed: bool) -> Trial | None:
        """Without a key and a list: whether a request is understood there at all."""
        if listed:
            return None
        asked = await self._ask()
        return None if _passed(asked) else self._failed(asked)

    def _judged(self, answer: Answer) -> Trial:
        if answer.status == 200:
            return Trial(state="verified", message="", needs_key=True)
        return self._failed(answer)

    async def _nearby(self) -> str:
        """The address under /v1 or /api/v1 at which a list answers, or ""."""
        base, mark, query = self._target.base_url.partition("?")
        if base.rstrip("/").endswith("/v1"):
            return ""
        for tail in ("/v1", "/api/v1"):
            there = f"{base.rstrip('/')}{tail}"
            answer = await self._get(f"{tail}/models", with_key=False)
            says_no = answer.status in (401, 403) and "error" in (_object(answer) or {})
            if says_no or (answer.status == 200 and entries_of(_json(answer)) is not None):
                return f"{there}{mark}{query}"
        return ""

    def _address(self, path: str) -> str:
        base, mark, query = self._target.base_url.partition("?")
        return f"{base.rstrip('/')}{path}{mark}{query}"

    def _headers(self, with_key: bool) -> dict[str, str | Secret]:
        headers: dict[str, str | Secret] = {**self._target.headers}
        if with_key and self._target.secret is not None:
            headers["authorization"] = bearer(self._target.secret)
        return headers

    def _left(self) -> float:
        return max(self._ends - monotonic(), 0.01)

    async def _get(self, path: str, *, with_key: bool = True) -> Answer:
        return await get_json(
            self._address(path), headers=self._headers(with_key), timeout_s=self._left(),
            environ=self._environ, purpose="endpoint test",
        )  # fmt: skip

    async def _ask(self, *, with_key: bool = True) -> Answer:
        return await post_json(
            self._address("/chat/completions"), NO_MODEL, headers=self._headers(with_key),
            timeout_s=self._left(), environ=self._environ,
        )  # fmt: skip

    def _failed(self, answer: Answer) -> Trial:
        """The class of a failure, by status and body."""
        body, host, status = _object(answer), self._host, answer.status
        said = self.scrub.scrub(_words(body))
        page = body is None
        if (known := _known_error(body)) is not None:
            return self._told("refused", known, _ERRORS[known], said)
        match status:
            case _ if 300 <= status < 400:
                message = f"{host} redirects elsewhere, and nothing is sent along"
                return self._told("unreachable", "network", message, "", "Use its own address.")
            case 401:
                what = "the key is not valid" if self._target.secret else "it wants a key"
                return self._told("refused", "invalid_key", what, said, "Check the key.")
            case 402:
                return self._told("refused", "quota", "the account has no money left", said)
            case 403 if not page:
                hint = "A key restricted on purpose can still serve some models."
                return self._told("refused", "permission", "the key may not do that", said, hint)
            case 429 if not page:
                return self._told(
                    "unreachable", "rate_limit", f"{host} takes no more for now", said
                )
            case 404 | 405 | 501:
                return self._told("unreachable", "not_found", f"{host} has no such place", said,
                                  "Most addresses end in /v1.")  # fmt: skip
            case _ if status >= 500:
                kind = "overloaded" if status in (503, 529) else "server"
                return self._told("unreachable", kind, f"{host} answered {status}", said)
            case _ if status in (200, 403, 429):
                message = f"{host} answers, but not as an OpenAI-compatible endpoint"
                hint = "Most addresses end in /v1; a sign-in page may stand between."
                return self._told("unreachable", "protocol", message, "", hint)
            case _:
                return self._told("refused", "bad_request", f"{host} answered {status}", said)

    def _told(
        self,
        state: Literal["refused", "unreachable"],
        kind: str,
        what: str,
        said: str,
        hint: str = "",
    ) -> Trial:
        return Trial(
            state=state,
            error_kind=kind,
            message=f"{what}: {said}" if said else what,
            hint=hint or KINDS[kind].next_step,
        )


_ERRORS = {"quota": "the account has no money left", "invalid_key": "the key is not valid"}


def _known_error(body: dict[str, Any] | None) -> str | None:
    """What LiteLLM says by its error's type whatever its status: 400, 422 or 429, by version.

    Without a database it knows its own keys alone, and says of each other that there is none.
    """
    error = (body or {}).get("error")
    said = cast("dict[str, Any]", error).get("type") if isinstance(error, dict) else None
    return {"budget_exceeded": "quota", "no_db_connection": "invalid_key"}.get(str(said))


def _passed(answer: Answer) -> bool:
    """Whether a request for no model came as far as the model: the wire is spoken there."""
    return answer.status in (200, 400, 404, 422) and bool(_object(answer))


def _json(answer: Answer) -> Any:  # noqa: ANN401 - any JSON value, None for what is none
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _object(answer: Answer) -> dict[str, Any] | None:
    body = _json(answer)
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _words(fields: dict[str, Any] | None) -> str:
    """The endpoint's own sentence, or ""."""
    if fields is None:
        return ""
    error = fields.get("error", fields.get("detail", fields.get("message")))
    if isinstance(error, dict):
        error = cast("dict[str, Any]", error).get("message")
    return error[:_MOST_WORDS] if isinstance(error, str) else ""
