"""Asks a service what is left and what it says of the account; answers within `LIMIT_S`."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from tui.credits import reading
from tui.credits.known import adapter_of
from tui.credits.reading import Account, Left
from tui.credits.records import CreditService
from tui.endpoints.testing import NO_MODEL, Target, Trial, as_checked, try_endpoint
from tui.errors import RequestError
from tui.keys.paste import bearer
from tui.money import plain
from tui.net import get_json, post_json

if TYPE_CHECKING:
    from tui.secret import Secret

LIMIT_S = 5.0
"""Longest wait for an answer; what was last told stays, with its age."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came back; `trouble`: why what is left was not told, in words, "" where it was."""

    left: Left = Left()
    account: Account = Account()
    trouble: str = ""


async def ask_left(
    kind: str,
    base_url: str,
    secret: Secret,
    paths: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    limit_s: float = LIMIT_S,
) -> Asked:
    """Ask all places of one kind at once (`tui.credits.reading`), each at the key's own host.

    Where they do not tell it, a kind that says it beside every answer is asked for one that costs
    nothing.
    """
    ends = monotonic() + limit_s
    answers = await asyncio.gather(
        *(_ask(base_url, path, secret, environ, limit_s) for path in paths)
    )
    bodies = {p: one for p, one in zip(paths, answers, strict=True) if isinstance(one, dict)}
    left = reading.READERS[kind](bodies) if kind in reading.READERS else Left()
    said = [one for one in answers if isinstance(one, _Untold)]
    if kind in reading.BY_HEADS and not _is_told(left) and all(one.may_ask_again for one in said):
        left = await _ask_heads(kind, base_url, secret, environ, max(ends - monotonic(), 0.01))
    if _is_told(left):
        return Asked(left=left)
    return Asked(left=left, trouble=said[0].why if said and not bodies else "it does not tell it")


async def ask_service(
    service: CreditService,
    secret: Secret,
    environ: Mapping[str, str],
    *,
    limit_s: float = LIMIT_S,
) -> Asked:
    """What a service says now; what is left of a `house` our ledger says, and not this."""
    adapter = adapter_of(service.adapter)
    asking = ask_left(adapter.id, service.base_url, secret, adapter.paths, environ, limit_s=limit_s)
    if not adapter.account_path:
        return await asking
    asked, said = await asyncio.gather(
        asking, _ask(service.base_url, adapter.account_path, secret, environ, limit_s)
    )
    if isinstance(said, _Untold):
        # Nobody has to have such a place; one that is not there has told nothing.
        return replace(asked, trouble="" if said.status in _NO_PLACE else said.why)
    return replace(asked, account=reading.account(said), trouble="")


async def try_service(
    service: CreditService, secret: Secret, environ: Mapping[str, str]
) -> tuple[Trial, Asked]:
    """The live test of its key and list of models, and what it says is left, side by side."""
    target = Target(base_url=service.base_url, secret=secret, known=_known(service))
    trial, asked = await asyncio.gather(
        try_endpoint(target, environ=environ), ask_service(service, secret, environ)
    )
    return trial, asked


def told_by(service: CreditService, asked: Asked, now: dt.datetime) -> CreditService:
    """The service with what it said now; what it did not say stays as it was last told."""
    told, left, account = service.told, asked.left, asked.account
    if _is_told(left):
        told = replace(
            told, balance=_text(left.amount), endless=left.endless, as_of=now, resets=left.resets
        )
    told = replace(
        told,
        plan=account.plan or told.plan,
        org_size=told.org_size if account.org_size is None else account.org_size,
        platform_rate=_text(account.platform_rate) or told.platform_rate,
        usd_per_credit=_text(account.usd_per_credit) or told.usd_per_credit,
        retention=account.retention or told.retention,
    )
    return replace(service, told=told, trouble=asked.trouble)


def rate_news(before: CreditService, after: CreditService) -> str:
    """That its rate has changed, in one sentence; "" where it has not."""
    if before.rate is None or after.rate is None or before.rate == after.rate:
        return ""
    return (
        f"{after.name} changed its rate: a credit is ${plain(after.rate)} now, "
        f"it was ${plain(before.rate)}"
    )


def checked_by(service: CreditService, trial: Trial, now: dt.datetime) -> CreditService:
    """The service with what its test said."""
    return replace(service, checked=as_checked(trial, now))


_NO_PLACE = (404, 405, 501)


class _Untold(NamedTuple):
    """Why there is no answer, in words; `status`: of HTTP, None where nobody answered."""

    why: str
    status: int | None = None

    @property
    def may_ask_again(self) -> bool:
        """Whether another place of it may tell more."""
        return self.status not in (None, 401)


def _is_told(left: Left) -> bool:
    return left.amount is not None or left.endless


def _known(service: CreditService) -> str:
    """The known kind of endpoint whose key is tried in the same way."""
    return service.adapter if service.adapter in ("openrouter", "vercel") else ""


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


async def _ask(
    base_url: str, path: str, secret: Secret, environ: Mapping[str, str], limit_s: float
) -> dict[str, Any] | _Untold:
    """The object that is told at a path, or why there is none."""
    try:
        answer = await get_json(
            _address(base_url, path), headers={"authorization": bearer(secret)},
            timeout_s=limit_s, environ=environ,
        )  # fmt: skip
    except RequestError as error:
        return _Untold(secret_free(error.message, secret))
    match answer.status:
        case 200:
            said = reading.object_of(answer.body)
            return _Untold("it answered, but not in its own words", 200) if said is None else said
        case 401:
            return _Untold("the key is not valid", 401)
        case 403:
            return _Untold("the key may not ask that", 403)
        case status if status in _NO_PLACE:
            return _Untold("it has no such place", status)
        case status:
            return _Untold(f"it answered {status}", status)


async def _ask_heads(
    kind: str, base_url: str, secret: Secret, environ: Mapping[str, str], limit_s: float
) -> Left:
    """What the head of an answer tells, to a request that is for no model and costs nothing."""
    try:
        answer = await post_json(
            _address(base_url, "/chat/completions"), NO_MODEL,
            headers={"authorization": bearer(secret)}, timeout_s=limit_s, environ=environ,
        )  # fmt: skip
    except RequestError:
        return Left()
    if reading.nothing_left(reading.object_of(answer.body) or {}):
        return Left(amount=Decimal(0))
    heads = {name.lower(): value for name, value in answer.headers.items()}
    return reading.BY_HEADS[kind](heads)


def _address(base_url: str, path: str) -> str:
    base, _, query = base_url.partition("?")
    base = base.rstrip("/")
    if path.startswith("//"):  # below the address without its version
        base, path = base.removesuffix("/v1"), path[1:]
    return f"{base}{path}" + (f"?{query}" if query else "")


def secret_free(text: str, secret: Secret) -> str:
    """Words of the other side, without the key that they may repeat."""
    from tui.keys.redact import Scrubber

    return Scrubber((secret,)).scrub(text)
