"""The parts of `ownkey credits` beside `add`."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tui.cli.asking import can_ask
from tui.cli.credit_words import balance_words, service_object, tell_test, test_object
from tui.cli.output import print_json, print_row, say
from tui.credits.adding import look_at
from tui.credits.asking import rate_news
from tui.credits.book import CreditBook
from tui.events.base import utc_now
from tui.keys.store import KeyStores, mode_of, with_limit
from tui.paths import Paths, find_paths

if TYPE_CHECKING:
    from tui.credits.records import CreditService


def run_part(args: argparse.Namespace) -> int:
    """Run one part; the exit status is contract.md's."""
    environ, action = os.environ, args.action or "list"
    if action == "list":
        offline = bool(getattr(args, "offline", False))
        return asyncio.run(_list(environ, offline=offline, as_json=args.json))
    book = open_book(environ, find_paths(environ), ask=action == "test")
    try:
        return _act(args, book, environ)
    finally:
        for warning in book.warnings:
            say(f"ownkey: {warning}")


def open_book(environ: Mapping[str, str], paths: Paths, *, ask: bool) -> CreditBook:
    """The book over the stores; the vault's passphrase is asked for where a key lies there."""
    from tui.cli.asking import ask_passphrase
    from tui.cli.keys import passphrase_in
    from tui.credits.records import read_services

    passphrase = passphrase_in(environ)
    content = read_services(paths.credits_file)
    kept = () if content is None else content.services
    sealed = any(one.key is not None and one.key.store == "sealed" for one in kept)
    if ask and sealed and passphrase is None and can_ask() and mode_of(environ) != "env":
        passphrase = ask_passphrase(new=False)
    stores = KeyStores(mode_of(environ), paths, environ, passphrase=lambda: passphrase)
    return CreditBook(paths, lambda: stores)


def _act(args: argparse.Namespace, book: CreditBook, environ: Mapping[str, str]) -> int:
    match args.action:
        case "test":
            return _test(book, book.get(args.name), environ, as_json=args.json)
        case "enable" | "disable":
            on = args.action == "enable"
            switched = book.change(args.name, lambda one: replace(one, enabled=on))
            words = "serves again" if on else "serves nothing until it is enabled"
            _told(switched, words, as_json=args.json)
        case "remove":
            service = book.get(args.name)
            asyncio.run(with_limit(lambda: book.remove(args.name)))
            _told(service, "is removed; for 30 minutes `ownkey credits undo` brings it back",
                  as_json=args.json)  # fmt: skip
        case _:
            _told(asyncio.run(with_limit(book.undo)), "is back", as_json=args.json)
    return 0


def _told(service: CreditService, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(service_object(service))
    else:
        print_row(f"{service.name} ({service.base_url}) {words}.")


def _test(
    book: CreditBook, service: CreditService, environ: Mapping[str, str], *, as_json: bool
) -> int:
    async def tried() -> Any:  # noqa: ANN401 - `tui.credits.adding.Looked`, imported lazily
        secret = await with_limit(lambda: book.secret_of(service))
        return await look_at(service, secret, environ, utc_now())

    looked = asyncio.run(tried())
    book.change(service.name, lambda _: looked.service)
    if as_json:
        print_json(service_object(looked.service) | test_object(looked))
    else:
        tell_test(looked)
        if news := rate_news(service, looked.service):
            print_row(f"  {news}.")
    return 0 if looked.trial.state == "verified" else 1


def _books(paths: Paths) -> dict[str, dict[str, Any]]:
    """What our own ledgers hold, by service, as `credits --json` shows it."""
    from tui.cli.credits_ledger import buckets_object
    from tui.money import credits_string
    from tui.store.ledger_read import read_ledgers

    return {
        one.service: {"buckets": buckets_object(one), "held": credits_string(one.held)}
        for one in read_ledgers(paths.store_file, utc_now(), lines=0)
    }


async def _list(environ: Mapping[str, str], *, offline: bool, as_json: bool) -> int:
    """Services, the platform's rate and budgets, as the engine has them."""
    from tui.cli.budgets import budget_objects
    from tui.money import credits_string, show_credits
    from tui.runtime import Runtime
    from tui.session.commands import ListBudgets
    from tui.session.credit_talk import Credits, ListCredits
    from tui.session.replies import Budgets
    from tui.store.usage import platform_used

    async with Runtime(dict(environ), notify=lambda notice: None) as runtime:
        async with runtime.manager() as manager:
            credits = await manager.call(ListCredits(look=not offline))
            budgets = await manager.call(ListBudgets())
        services = runtime.keyring.credits.all()
        ledger = runtime.router.ledger
        books = _books(runtime.paths)
        used = platform_used(runtime.paths.store_file)
    assert isinstance(credits, Credits) and isinstance(budgets, Budgets)
    for warning in credits.warnings:
        say(f"ownkey: {warning}")
    if as_json:
        print_json({
            "services": [service_object(one, ledger, books.get(one.name)) for one in services],
            "platform": {
                "rate": credits.platform_rate,
                "used": None if used is None else credits_string(used),
            },
            "budgets": budget_objects(budgets.budgets),
        })  # fmt: skip
        return 0
    now = utc_now()
    for one in services:
        print_row(f"{one.name:<16} {balance_words(one, now, ledger)}")
        if one.trouble:
            print_row(f"{'':<16} not told now: {one.trouble}")
    if not services:
        say("No credit service yet: `ownkey credits add openrouter|litellm|vercel|house`.")
    if used != 0:
        amount = "not all known" if used is None else show_credits(used)
        print_row(f"platform credits used: {amount}")
    if credits.platform_rate is not None:
        by = f", by {credits.platform_rate_by}'s word" if credits.platform_rate_by else ""
        print_row(f"platform credits: {credits.platform_rate} per agent-hour{by}")
    for row in budget_objects(budgets.budgets):
        print_row(f"budget {row['scope']}: ${row['left_usd']} left of ${row['limit_usd']}")
    return 0
