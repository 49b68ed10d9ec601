"""`ownkey usage reconcile`: our sums beside what the providers themselves tell."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
from typing import TYPE_CHECKING, Any

from tui.cli.output import print_json, print_row, print_text
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.billing.cost_report import DayDrift
    from tui.session.replies import Account, Reconciled


def run_reconcile(args: argparse.Namespace) -> int:
    """Ask and print; the exit status is 1 where a provider told nothing."""
    from tui.cli.since import parse_since
    from tui.events.base import utc_now

    if args.csv or args.by != "day":
        raise UsageError("reconcile is by day, for people or --json")
    now = utc_now()
    found = asyncio.run(_ask(parse_since(args.since or "7d", now), now))
    if args.json:
        print_json(_object(found))
    else:
        _show(found)
    return 1 if any(one.trouble for one in found.accounts) else 0


async def _ask(since: dt.datetime | None, now: dt.datetime) -> Reconciled:
    from tui.cli.asking import ask_passphrase, can_ask
    from tui.cli.keys import passphrase_in
    from tui.endpoints.book import EndpointBook
    from tui.keys.book import KeyBook
    from tui.keys.store import KeyStores, mode_of
    from tui.paths import find_paths
    from tui.runtime.reconciling import reconcile
    from tui.store.log import Store

    environ = dict(os.environ)
    paths, given = find_paths(environ), passphrase_in(environ)
    if given is None and mode_of(environ) != "env" and paths.vault_file.exists() and can_ask():
        given = ask_passphrase(new=False)
    stores = KeyStores(mode_of(environ), paths, environ, passphrase=lambda: given)
    if paths.store_file.exists():
        Store(paths.store_file).close()  # brings an older store to today's form
    return await reconcile(
        paths, environ, KeyBook(paths, stores), EndpointBook(paths, lambda: stores),
        since=since, now=now,
    )  # fmt: skip


def _object(found: Reconciled) -> dict[str, Any]:
    return {
        "since": _time(found.since),
        "until": _time(found.until),
        "accounts": [_account(one) for one in found.accounts],
    }


def _account(one: Account) -> dict[str, Any]:
    from tui.billing.cost_report import sum_of
    from tui.session.reconcile_words import notes_of

    return {
        "provider": one.provider, "name": one.name, "fingerprint": one.fingerprint or None,
        "by_request": one.by_request, "days": [_day(day) for day in one.days],
        "total": _day(sum_of(one.days)), "unasked": one.unasked, "untold": one.untold,
        "error": one.trouble or None, "hint": one.hint or None,
        "notes": [] if one.trouble else notes_of(one),
    }  # fmt: skip


def _day(day: DayDrift) -> dict[str, Any]:
    from tui.money import usd_string

    return {
        "day": day.day,
        "provider_usd": None if day.theirs is None else usd_string(day.theirs),
        "ours_usd": usd_string(day.ours),
        "unknown": day.unknown,
        "partial": day.partial,
        "drift_percent": None if day.drift is None else str(day.drift),
    }


def _time(at: dt.datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _show(found: Reconciled) -> None:
    from tui.session.reconcile_words import NONE

    if not found.accounts:
        print_text(NONE)
    if found.cut:
        print_text(f"Reports are asked for since {found.since:%Y-%m-%d}: they go no further back.")
    for account in found.accounts:
        _show_account(account)


def _show_account(account: Account) -> None:
    from tui.billing.cost_report import sum_of
    from tui.session.reconcile_words import HEAD, account_name, day_cells, notes_of

    print_row(account_name(account))
    if account.trouble:
        print_row(f"  {account.trouble}")
        if account.hint:
            print_row(f"  {account.hint}")
        return
    if not account.days:
        print_text("  No request of ours that it could tell of.")
        return
    rows = [HEAD, *(day_cells(day) for day in account.days), day_cells(sum_of(account.days))]
    wide = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    for row in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(row[1:], wide[1:], strict=True))
        print_row(f"  {row[0]:<{wide[0]}}  {'  '.join(cells)}".rstrip())
    for note in notes_of(account):
        print_text(f"  {note}")
