"""The parts of `ownkey endpoints` beside `add` and `check`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tui.cli.asking import ask_yes, can_ask
from tui.cli.endpoint_words import as_object, parse_headers, tell_test, test_object
from tui.cli.output import print_json, print_row, say
from tui.endpoints import adding, fit
from tui.endpoints.book import EndpointBook, serves
from tui.endpoints.records import Endpoint
from tui.endpoints.testing import Target, Trial, as_checked
from tui.errors import UsageError
from tui.events.base import utc_now
from tui.keys.store import KeyStores, mode_of, with_limit
from tui.paths import Paths, find_paths

if TYPE_CHECKING:
    from tui.address import AddressVerdict
    from tui.endpoints.found import FoundServer


def run_part(args: argparse.Namespace) -> int:
    """Run one part; the exit status is contract.md's."""
    environ, paths = os.environ, find_paths(os.environ)
    if args.action == "add":
        from tui.cli.endpoints_add import run_add

        return run_add(args, environ, paths)
    if args.action == "key":
        from tui.cli.endpoints_add import run_key

        return run_key(args, environ, paths)
    book = open_book(environ, paths, ask=args.action in ("test", "models"))
    try:
        return _act(args, book, environ)
    finally:
        for warning in book.warnings:
            say(f"ownkey: {warning}")


def open_book(environ: Mapping[str, str], paths: Paths, *, ask: bool) -> EndpointBook:
    """The book over the stores; the vault's passphrase is asked for where a key lies there."""
    from tui.cli.asking import ask_passphrase
    from tui.cli.keys import passphrase_in
    from tui.endpoints.records import read_endpoints

    passphrase = passphrase_in(environ)
    content = read_endpoints(paths.endpoints_file)
    kept = () if content is None else content.endpoints
    sealed = any(one.key is not None and one.key.store == "sealed" for one in kept)
    if ask and sealed and passphrase is None and can_ask() and mode_of(environ) != "env":
        passphrase = ask_passphrase(new=False)
    stores = KeyStores(mode_of(environ), paths, environ, passphrase=lambda: passphrase)
    return EndpointBook(paths, lambda: stores)


def _act(args: argparse.Namespace, book: EndpointBook, environ: Mapping[str, str]) -> int:
    match args.action:
        case "list":
            return _list(book, environ, found=args.found, as_json=args.json)
        case "test":
            return _test(book, book.get(args.name), environ, as_json=args.json)
        case "models":
            from tui.cli.endpoints_models import run_models

            return run_models(book, args, environ)
        case "set":
            return _set(book, args)
        case "enable" | "disable":
            on = args.action == "enable"
            endpoint = book.change(args.name, lambda one: replace(one, enabled=on))
            told(book, endpoint, f"is {args.action}d", as_json=args.json)
        case "remove":
            endpoint = book.get(args.name)
            asyncio.run(with_limit(lambda: book.remove(args.name)))
            words = "is removed; for 30 minutes `ownkey endpoints undo` brings it back"
            told(book, endpoint, words, as_json=args.json)
        case "undo":
            told(book, asyncio.run(with_limit(book.undo)), "is back", as_json=args.json)
        case "export":
            return _export(book, args.names)
        case _:
            return _import(book, args)
    return 0


def told(book: EndpointBook, endpoint: Endpoint, words: str, *, as_json: bool) -> None:
    """Say what became of an endpoint."""
    if as_json:
        print_json(as_object(book, endpoint))
    else:
        print_row(f"{endpoint.name} ({endpoint.base_url}) {words}.")


# Listing and testing.


def _list(book: EndpointBook, environ: Mapping[str, str], *, found: bool, as_json: bool) -> int:
    from tui.address import origin
    from tui.endpoints.found import find_servers

    kept = book.all()
    servers = asyncio.run(find_servers(environ)) if found else ()
    origins = {origin(one.base_url): one.name for one in kept}
    if as_json:
        objects = [as_object(book, one) for one in kept]
        if not found:
            print_json(objects)
            return 0
        print_json({
            "endpoints": objects,
            "found": [
                _found_object(one, origins.get(origin(one.base_url))) for one in servers
            ],
        })  # fmt: skip
        return 0
    for one in kept:
        print_row(_line(book, one))
    if not kept:
        say("You have no endpoint: `ownkey endpoints add NAME URL`, or `--known KIND`.")
    for one in servers:
        name = origins.get(origin(one.base_url))
        count = f"{len(one.models)} model{'' if len(one.models) == 1 else 's'}"
        way = f"it is your {name}" if name else f"`ownkey endpoints add {one.known} --known " \
            f"{one.known} --no-key` adds it"  # fmt: skip
        print_row(f"found: {one.known:<10} {one.base_url}   {count}   {way}")
    if found and not servers:
        say("No local server answers on this machine (Ollama, LM Studio, llama.cpp).")
    return 0


def _found_object(one: FoundServer, name: str | None) -> dict[str, Any]:
    return {
        "known": one.known, "url": one.base_url, "endpoint": name,
        "models": [{"id": model.id, "context": model.context} for model in one.models],
        "left_out": list(one.left_out),
    }  # fmt: skip


def _line(book: EndpointBook, one: Endpoint) -> str:
    key = f"…{one.key.fingerprint.lstrip('…')}" if one.key else "no key"
    state = one.checked.state + (f": {one.checked.error_kind}" if one.checked.error_kind else "")
    count = f"{len(one.models)} model{'' if len(one.models) == 1 else 's'}"
    payer = "nobody pays" if serves(one) == "local" else "endpoint"
    why = f"   cannot serve: {book.why_not(one)}" if book.why_not(one) else ""
    return f"{one.name:<16} {payer:<12} {key:<8} {state:<22} {count:<11} {one.base_url}{why}"


def _test(
    book: EndpointBook, endpoint: Endpoint, environ: Mapping[str, str], *, as_json: bool
) -> int:
    tested = asyncio.run(tested_of(book, endpoint, environ))
    if as_json:
        print_json(as_object(book, book.get(endpoint.name)) | test_object(tested))
    else:
        tell_test(endpoint.name, tested)
    return 0 if tested.state == "verified" else 1


async def tested_of(book: EndpointBook, endpoint: Endpoint, environ: Mapping[str, str]) -> Trial:
    secret = await with_limit(lambda: book.secret_of(endpoint))
    known = await adding.kind_at(
        endpoint.known, endpoint.base_url, environ, keyed=secret is not None
    )
    target = Target(
        base_url=endpoint.base_url, secret=secret, headers=endpoint.headers, known=known
    )
    tested = await adding.look_at(target, environ)
    book.record_check(endpoint.name, as_checked(tested, utc_now()))
    return tested


# Headers and prices.


def _set(book: EndpointBook, args: argparse.Namespace) -> int:
    given = parse_headers(args.header)
    if not given and args.price_source is None:
        raise UsageError(
            "nothing to change", hint="--header NAME=VALUE (NAME= takes it away), --price-source."
        )

    def change(one: Endpoint) -> Endpoint:
        headers = {name: value for name, value in (one.headers | given).items() if value}
        return replace(
            one,
            headers=fit.fit_headers(headers),
            price_source=args.price_source or one.price_source,
        )

    told(book, book.change(args.name, change), "is changed", as_json=args.json)
    return 0


# Sharing.


def _export(book: EndpointBook, names: list[str]) -> int:
    import msgspec

    from tui.endpoints.sharing import exported

    kept = book.all()
    wanted = tuple(book.get(name) for name in names) or kept
    print_json(msgspec.to_builtins(exported(wanted)))
    return 0


def _import(book: EndpointBook, args: argparse.Namespace) -> int:
    from tui.endpoints.sharing import MOST_BYTES, imported

    try:
        if args.file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(args.file).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}") from error

    def agree(name: str, verdict: AddressVerdict) -> bool:
        question = f"{name}: {verdict.normalised}\n  {verdict.why} Take it in?"
        return args.yes or (can_ask() and ask_yes(question))

    endpoints = imported(data, utc_now(), agree)
    book.add_all(endpoints)
    if args.json:
        print_json([as_object(book, book.get(one.name)) for one in endpoints])
        return 0
    for one in endpoints:
        way = f" It has no key yet: `ownkey endpoints key {one.name}`." if one.wants_key else ""
        print_row(f"Took in {one.name} ({one.base_url}).{way}")
    return 0
