"""`ownkey endpoints add` and `key`: an address, a key, a live test, models."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.cli.asking import ask_yes, can_ask, read_hidden
from tui.cli.endpoint_words import (
    as_object,
    parse_headers,
    parse_model,
    tell_test,
    test_object,
)
from tui.cli.endpoints_run import open_book
from tui.cli.output import print_json, print_row, say
from tui.endpoints import adding, fit
from tui.endpoints.book import EndpointBook, serves
from tui.endpoints.known import find_known, known_at
from tui.endpoints.records import Endpoint
from tui.endpoints.testing import Target, Trial, as_checked
from tui.errors import UsageError
from tui.events.base import utc_now
from tui.keys.paste import RefusedPaste, endpoint_key
from tui.keys.records import Checked
from tui.keys.store import with_limit
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.address import AddressVerdict
    from tui.keys.store import KeyStores
    from tui.paths import Paths

_MOST_BYTES = 16 * 1024 * 1024


def run_add(args: argparse.Namespace, environ: Mapping[str, str], paths: Paths) -> int:
    """Add an endpoint, or put one in the place of another; the exit status."""
    name, base_url = _named(args)
    headers = {name: value for name, value in parse_headers(args.header).items() if value}
    asked = [parse_model(text) for text in args.model]
    if args.context is not None:
        fit.fit_count(args.context, "the context")
    book = open_book(environ, paths, ask=False)
    old = next((one for one in book.all() if one.name == name), None)
    if old is not None and not args.replace:
        raise UsageError(
            f"there is already an endpoint called {name}",
            hint="Give another name, or put this one in its place (--replace).",
        )
    known, secret = _key(args, base_url, environ)
    stores: KeyStores | None = None
    if secret is not None:
        from tui.cli.credits_run import open_book as open_credits
        from tui.cli.keys_add import open_stores
        from tui.credits.adding import refuse_as_endpoint

        refuse_as_endpoint(base_url, secret, open_credits(environ, paths, ask=False).all())
        stores = open_stores(environ, paths)
        book = EndpointBook(paths, lambda: stores)
    target = Target(base_url=base_url, secret=secret, headers=headers, known=known)
    tested = None if args.no_check else asyncio.run(adding.look_at(target, environ))
    if tested is not None and not _may_keep(name, tested, as_json=args.json):
        return 1
    listed = () if tested is None else tested.models
    every = args.all_models or (not asked and len(listed) <= adding.MOST_UNASKED)
    new = Endpoint(
        name=name, base_url=base_url, known=known, headers=headers,
        models=adding.chosen(listed, asked, every=every, context=args.context),
        price_source=args.price_source or "stated", wants_key=secret is not None,
        added_at=utc_now(),
        checked=Checked() if tested is None else as_checked(tested, utc_now()),
    )  # fmt: skip
    kept = asyncio.run(with_limit(lambda: book.add(new, secret, replacing=args.replace)))
    _told(book, kept, tested, as_json=args.json)
    return 0


def run_key(args: argparse.Namespace, environ: Mapping[str, str], paths: Paths) -> int:
    """Give an endpoint a key, bound to its address's host; the exit status."""
    from tui.cli.keys_add import open_stores

    endpoint = open_book(environ, paths, ask=False).get(args.name)
    stores = open_stores(environ, paths)
    book = EndpointBook(paths, lambda: stores)
    secret = _read_key(endpoint.name, endpoint.known)
    target = Target(
        base_url=endpoint.base_url, secret=secret, headers=endpoint.headers, known=endpoint.known
    )
    tested = None if args.no_check else asyncio.run(adding.look_at(target, environ))
    if tested is not None and not _may_keep(endpoint.name, tested, as_json=args.json):
        return 1
    checked = Checked() if tested is None else as_checked(tested, utc_now())
    new = replace(endpoint, checked=checked)
    kept = asyncio.run(with_limit(lambda: book.add(new, secret, replacing=True)))
    _told(book, kept, tested, as_json=args.json)
    return 0


def _named(args: argparse.Namespace) -> tuple[str, str]:
    """Name and address; a yes to the address is asked for where it wants one."""
    words: list[str] = args.words
    if len(words) > 2:
        raise UsageError(
            "a key is never taken from an argument: the shell's history and every process see it",
            hint="`add NAME URL`; the key is asked for, or piped in.",
        )
    known = find_known(args.known) if args.known else None
    if not words and known is not None:
        words = [known.id]
    if not words:
        raise UsageError("an endpoint has a name", hint="`ownkey endpoints add NAME URL`.")
    name = fit.fit_name(words[0])

    def agree(verdict: AddressVerdict) -> bool:
        question = f"{verdict.normalised}: {verdict.why} Use it all the same?"
        return args.yes or (can_ask() and ask_yes(question))

    typed = words[1] if len(words) > 1 else ""
    return name, adding.address_of(typed, args.known or "", agree)


def _key(
    args: argparse.Namespace, base_url: str, environ: Mapping[str, str]
) -> tuple[str, Secret | None]:
    """The kind that it is of, and its key; a local server is not asked for one."""
    known = args.known or ""
    kind = find_known(known) or known_at(base_url)
    if args.no_key or (kind is not None and not kind.needs_key):
        found = asyncio.run(adding.kind_at(known, base_url, environ, keyed=False))
        return found, None
    known = kind.id if kind is not None else ""
    return known, _read_key(args.words[0] if args.words else known, known)


def _read_key(name: str, known: str) -> Secret:
    kind = find_known(known)
    if can_ask():
        if kind is not None and kind.console_url:
            say(f"Keys of {kind.name}: {kind.console_url}")
        typed = read_hidden(f"Paste the key of {name} (not shown), then Enter: ")
    else:
        typed = sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    pasted = endpoint_key(Secret(typed))
    if isinstance(pasted, RefusedPaste):
        hint = pasted.hint
        if pasted.error == "empty":
            hint = "Pipe it in, or say --no-key where none is wanted."
        raise UsageError(f"the key is refused: {pasted.error}", hint=hint)
    for note in pasted.notes:
        say(f"{note[:1].upper()}{note[1:]}.")
    return pasted.secret


def _may_keep(name: str, tested: Trial, *, as_json: bool) -> bool:
    """Whether it is kept: it answers, or nobody could tell and a person says yes."""
    if tested.state == "verified":
        say(f"{tested.state}: {tested.message}")
        return True
    if tested.state == "unreachable" and not tested.try_url and can_ask():
        if ask_yes(f"Not tested: {tested.message}. Keep it anyway?"):
            return True
    elif as_json:
        print_json({"error": tested.error_kind} | test_object(tested))
    tell_test(name, tested) if not as_json else None
    say("Nothing was kept. `--no-check` keeps it as it is.")
    return False


def _told(book: EndpointBook, kept: Endpoint, tested: Trial | None, *, as_json: bool) -> None:
    if as_json:
        print_json(as_object(book, kept) | ({} if tested is None else test_object(tested)))
        return
    where = f", its key (…{kept.key.fingerprint.lstrip('…')}) in {kept.key.backend}" if kept.key \
        else ", without a key"  # fmt: skip
    payer = "nobody pays" if serves(kept) == "local" else "the endpoint's account pays"
    print_row(f"Kept {kept.name} ({kept.base_url}){where}; {payer}.")
    names = [f"{kept.name}/{one.picked_by}" for one in kept.models[:8]]
    more = len(kept.models) - len(names)
    if names:
        print_row(f"Models: {', '.join(names)}" + (f" and {more} more" if more else ""))
    else:
        print_row(f"No model is offered yet: `ownkey endpoints models {kept.name} --add ID`.")
