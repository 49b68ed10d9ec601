"""`ownkey credits add`: a service, its key, a live test, its models and balance."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.cli.asking import ask_yes, can_ask, read_hidden
from tui.cli.credit_words import left_words, service_object, tell_test, test_object
from tui.cli.output import print_json, print_row, say
from tui.credits import adding
from tui.credits.book import CreditBook
from tui.credits.known import Adapter, adapter_of
from tui.credits.offers import parse_auto
from tui.credits.records import CreditService
from tui.errors import UsageError
from tui.events.base import utc_now
from tui.keys.paste import RefusedPaste, endpoint_key
from tui.keys.store import with_limit
from tui.paths import find_paths
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.address import AddressVerdict
    from tui.credits.adding import Looked

_MOST_BYTES = 16 * 1024 * 1024


def run_add(args: argparse.Namespace) -> int:
    """Add a service, or put one in the place of another; the exit status."""
    from tui.cli.credits_run import open_book
    from tui.cli.endpoints_run import open_book as open_endpoints
    from tui.cli.keys_add import open_stores

    environ, paths = os.environ, find_paths(os.environ)
    adapter = _adapter(args.words)
    service = _asked_for(args, adapter)
    kept = open_book(environ, paths, ask=False).all()
    if not args.replace and any(one.name == service.name for one in kept):
        raise UsageError(
            f"there is already a credit service called {service.name}",
            hint="Give another name (--name), or put this one in its place (--replace).",
        )
    secret = _read_key(service.name, adapter)
    adding.refuse_twice(service.base_url, secret, open_endpoints(environ, paths, ask=False).all())
    stores = open_stores(environ, paths)
    book = CreditBook(paths, lambda: stores)
    looked = None if args.no_check else _looked(service, secret, environ, args)
    if looked is not None and not _may_keep(looked, as_json=args.json):
        return 1
    new = service if looked is None else looked.service
    own = parse_auto(args.auto, new.models)
    new = replace(new, auto={**new.auto, **own}, own_auto=bool(own))
    added = asyncio.run(with_limit(lambda: book.add(new, secret, replacing=args.replace)))
    _told(added, looked, as_json=args.json)
    return 0


def run_key(args: argparse.Namespace) -> int:
    """Put another key in the place of a service's; the exit status. `undo` brings the old back."""
    from tui.cli.credits_run import open_book
    from tui.cli.endpoints_run import open_book as open_endpoints
    from tui.cli.keys_add import open_stores

    environ, paths = os.environ, find_paths(os.environ)
    service = open_book(environ, paths, ask=False).get(args.name)
    secret = _read_key(service.name, adapter_of(service.adapter))
    adding.refuse_twice(service.base_url, secret, open_endpoints(environ, paths, ask=False).all())
    stores = open_stores(environ, paths)
    book = CreditBook(paths, lambda: stores)
    looked = (
        None if args.no_check else asyncio.run(adding.look_at(service, secret, environ, utc_now()))
    )
    if looked is not None and not _may_keep(looked, as_json=args.json):
        return 1
    new = service if looked is None else looked.service
    kept = asyncio.run(with_limit(lambda: book.add(new, secret, replacing=True)))
    _told(kept, looked, as_json=args.json)
    return 0


def _adapter(words: list[str]) -> Adapter:
    if len(words) > 1:
        raise UsageError(
            "a key is never taken from an argument: the shell's history and every process see it",
            hint="`add SERVICE`; the key is asked for, or piped in.",
        )
    return adding.adapter_named(words[0] if words else "")


def _asked_for(args: argparse.Namespace, adapter: Adapter) -> CreditService:
    def agree(verdict: AddressVerdict) -> bool:
        question = f"{verdict.normalised}: {verdict.why} Use it all the same?"
        return args.yes or (can_ask() and ask_yes(question))

    return CreditService(
        name=adding.service_name(args.name or "", adapter),
        adapter=adapter.id,
        base_url=adding.address_of(args.base_url or "", adapter, agree),
        usd_per_credit=adding.fit_rate(args.usd_per_credit or ""),
        added_at=utc_now(),
    )


def _read_key(name: str, adapter: Adapter) -> Secret:
    if can_ask():
        if adapter.keys_url:
            say(f"Keys of {adapter.name}: {adapter.keys_url}")
        typed = read_hidden(f"Paste the key of {name} (not shown), then Enter: ")
    else:
        typed = sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    pasted = endpoint_key(Secret(typed))
    if isinstance(pasted, RefusedPaste):
        hint = "Paste it when asked, or pipe it in." if pasted.error == "empty" else pasted.hint
        raise UsageError(f"the key is refused: {pasted.error}", hint=hint)
    for note in pasted.notes:
        say(f"{note[:1].upper()}{note[1:]}.")
    return pasted.secret


def _looked(
    service: CreditService, secret: Secret, environ: Mapping[str, str], args: argparse.Namespace
) -> Looked:
    parse_auto(args.auto, ())  # what is no map at all is said before anything is sent
    return asyncio.run(adding.look_at(service, secret, environ, utc_now()))


def _may_keep(looked: Looked, *, as_json: bool) -> bool:
    """Whether it is kept: it answers, or nobody could tell and a person says yes."""
    trial = looked.trial
    if trial.state == "verified":
        say(f"{trial.state}: {trial.message}")
        return True
    if trial.state == "unreachable" and not trial.try_url and can_ask():
        if ask_yes(f"Not tested: {trial.message}. Keep it anyway?"):
            return True
    elif as_json:
        print_json({"error": trial.error_kind} | test_object(looked))
    if not as_json:
        tell_test(looked)
    say("Nothing was kept. `--no-check` keeps it as it is.")
    return False


def _told(kept: CreditService, looked: Looked | None, *, as_json: bool) -> None:
    if as_json:
        print_json(service_object(kept) | ({} if looked is None else test_object(looked)))
        return
    assert kept.key is not None
    shown = kept.key.fingerprint.lstrip("…")
    print_row(f"Kept {kept.name} ({kept.base_url}), its key (…{shown}) in {kept.key.backend}; "
              "credits pay.")  # fmt: skip
    if looked is not None:
        print_row(f"  {left_words(looked)}")
    for auto, ids in kept.auto.items():
        print_row(f"  {auto} means {', '.join(ids)}")
