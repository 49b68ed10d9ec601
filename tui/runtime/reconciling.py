"""Providers' own word on what was spent, beside our receipts: cost reports, and generations."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import msgspec

from tui.address import origin
from tui.billing.cost_report import (
    DayDrift,
    OurDay,
    costs_by_day,
    dollars,
    drift,
    percent,
)
from tui.endpoints.book import EndpointBook
from tui.endpoints.known import known_at
from tui.endpoints.records import Endpoint
from tui.errors import OwnkeyError, RequestError
from tui.keys.admin import MOST_DAYS, PREFIXES, ask_costs, decimals
from tui.keys.book import KeyBook
from tui.keys.listing import KeyRecord
from tui.keys.paste import bearer
from tui.keys.redact import Scrubber
from tui.keys.store import with_limit
from tui.money import to_nano
from tui.net import get_json
from tui.paths import Paths
from tui.secret import Secret
from tui.session.replies import Account, Reconciled
from tui.store.reconciled import Generation, generations, own_key_days

MOST_GENERATIONS = 100
"""So many of the latest requests are asked for, one by one."""

_AT_ONCE = 5
_ONE_S = 8.0
DAY = dt.timedelta(days=1)


async def reconcile(
    paths: Paths,
    environ: Mapping[str, str],
    keys: KeyBook,
    endpoints: EndpointBook,
    *,
    since: dt.datetime | None,
    now: dt.datetime,
) -> Reconciled:
    """Ask every provider that can tell; what one refuses is said beside the others.

    Args:
        paths: Where our receipts lie.
        environ: Proxies and certificates.
        keys: Holds the admin keys.
        endpoints: Those of OpenRouter tell a generation's cost.
        since: From the day (UTC) of this moment on; None: as far back as reports go.
        now: Aware.
    """
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    oldest = midnight - (MOST_DAYS - 1) * DAY
    wanted = oldest if since is None else since.astimezone(dt.UTC)
    begin = max(wanted.replace(hour=0, minute=0, second=0, microsecond=0), oldest)
    asking = _Asking(paths, environ, keys, begin, now)
    records = keys.list_keys(environ)
    admins = [one for one in records if one.admin and one.provider in PREFIXES]
    routers = [
        one
        for one in endpoints.all()
        if one.key is not None and (one.known == "openrouter" or _is_openrouter(one.base_url))
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asking.report(one, records)) for one in admins]
        tasks += [group.create_task(asking.generations(one, endpoints)) for one in routers]
    return Reconciled(
        since=begin, until=now, accounts=tuple(task.result() for task in tasks),
        cut=wanted < oldest,
    )  # fmt: skip


def _is_openrouter(base_url: str) -> bool:
    known = known_at(base_url)
    return known is not None and known.id == "openrouter"


class _Asking:
    def __init__(
        self,
        paths: Paths,
        environ: Mapping[str, str],
        keys: KeyBook,
        since: dt.datetime,
        now: dt.datetime,
    ) -> None:
        self._store = paths.store_file
        self._environ = environ
        self._keys = keys
        self._since, self._now = since, now

    async def report(self, key: KeyRecord, records: tuple[KeyRecord, ...]) -> Account:
        """A maker's cost report, by an admin key."""
        account = Account(provider=key.provider, name=key.label, fingerprint=key.fingerprint)
        elsewhere = [
            one.id
            for one in records
            if one.provider == key.provider and _elsewhere(one.base_url, key.base_url)
        ]
        try:
            secret = await with_limit(lambda: self._keys.secret_of(key, self._environ))
            found = await ask_costs(
                key.provider, secret, key.base_url, self._since, environ=self._environ
            )
            theirs = costs_by_day(key.provider, found.pages)
            mine = await asyncio.to_thread(
                own_key_days, self._store, key.provider, self._since, elsewhere
            )
        except OwnkeyError as error:
            return msgspec.structs.replace(account, trouble=error.message, hint=error.hint)
        ours = [OurDay(day=day, nano=nano, unknown=unknown) for day, nano, unknown in mine]
        return msgspec.structs.replace(account, days=drift(theirs, ours, self._since, self._now))

    async def generations(self, endpoint: Endpoint, book: EndpointBook) -> Account:
        """OpenRouter's word on each of our requests, by their ids."""
        name = endpoint.name
        account = Account(provider="openrouter", name=name, fingerprint="", by_request=True)
        try:
            secret = await with_limit(lambda: book.secret_of(endpoint))
            rows, count = await asyncio.to_thread(
                generations, self._store, name, self._since, MOST_GENERATIONS
            )
            if secret is None or not rows:
                return account
            account = msgspec.structs.replace(account, unasked=count - len(rows))
            limit = asyncio.Semaphore(_AT_ONCE)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._generation(endpoint, secret, one, limit))
                    for one in rows
                ]
        except OwnkeyError as error:
            return msgspec.structs.replace(account, trouble=error.message, hint=error.hint)
        told = [(row, task.result()) for row, task in zip(rows, tasks, strict=True)]
        failures = [one for _, one in told if isinstance(one, str)]
        if len(failures) == len(told):
            return msgspec.structs.replace(account, trouble=failures[0])
        days = _days_of(
            [(row, None if isinstance(one, str) else one) for row, one in told],
            self._now.astimezone(dt.UTC).date().isoformat(),
        )
        return msgspec.structs.replace(account, days=days, untold=len(failures))

    async def _generation(
        self, endpoint: Endpoint, secret: Secret, row: Generation, limit: asyncio.Semaphore
    ) -> int | str:
        """Nano-dollars of one, or why that is not told."""
        url = f"{endpoint.base_url.rstrip('/')}/generation?id={quote(row.theirs, safe='')}"
        async with limit:
            try:
                answer = await get_json(
                    url, headers={"authorization": bearer(secret)}, timeout_s=_ONE_S,
                    environ=self._environ, purpose="cost report",
                )  # fmt: skip
            except RequestError as error:
                return Scrubber((secret,)).scrub(error.message)
        body = decimals(answer.body)
        data: Any = None if body is None else body.get("data")
        fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        usd = dollars(fields.get("total_cost"))
        if answer.status != 200 or usd is None:
            return f"it answered {answer.status} for a generation's cost"
        return to_nano(usd)


def _elsewhere(one: str, other: str) -> bool:
    try:
        return origin(one) != origin(other)
    except ValueError:
        return True


def _days_of(told: list[tuple[Generation, int | None]], today: str) -> tuple[DayDrift, ...]:
    """Sums over the requests that both sides tell; the others are counted as unknown."""
    days: dict[str, DayDrift] = {}
    for row, theirs in told:
        day = days.get(row.day) or DayDrift(
            day=row.day, theirs=None, ours=0, partial=row.day == today
        )
        if theirs is None or row.nano is None:
            day = msgspec.structs.replace(day, unknown=day.unknown + 1)
        else:
            both, ours = (day.theirs or 0) + theirs, day.ours + row.nano
            day = msgspec.structs.replace(day, theirs=both, ours=ours, drift=percent(both, ours))
        days[row.day] = day
    return tuple(days[day] for day in sorted(days, reverse=True))
