"""`ownkey privacy`: what is kept where, which hosts were contacted; and forget everything."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui.cli.output import print_json, print_row, print_text, say
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.hosts import Contacts
    from tui.paths import Paths
    from tui.places import Place
    from tui.runtime.forgetting import Forgotten


def configure(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("--json", action="store_true", help="print an object")
    parts = parser.add_subparsers(dest="part", metavar="forget")
    forgetting = parts.add_parser(
        "forget",
        help="remove keys, settings, conversations, caches and the list of hosts, for good",
    )
    forgetting.add_argument(
        "--everything", action="store_true", help="all of it; a person at the terminal is asked"
    )
    forgetting.add_argument("--json", action="store_true", help="print an object")


def run(args: argparse.Namespace) -> int:
    """Print the facts, or forget; the exit status is 1 where something could not be removed."""
    from tui.paths import find_paths

    paths = find_paths(os.environ)
    if args.part == "forget":
        return _forget(args, paths)
    fields = _facts(paths, os.environ)
    if args.json:
        print_json(fields)
    else:
        _show(fields)
    return 0


def _facts(paths: Paths, environ: Mapping[str, str]) -> dict[str, Any]:
    from tui import hosts
    from tui.places import places
    from tui.session.privacy_words import STATEMENTS

    contacts = hosts.read_contacts(paths.hosts_file)
    return {
        "hosts": _hosts(contacts),
        "hosts_since": _time(contacts.since),
        "hosts_dropped": contacts.dropped,
        "connections": _connections(paths, environ),
        "places": [_place(one) for one in places(paths)],
        "proxies": _proxies(environ),
        "statements": [
            {"id": one.id, "title": one.title, "text": one.text} for one in STATEMENTS
        ],
    }  # fmt: skip


def _hosts(contacts: Contacts) -> list[dict[str, Any]]:
    return [
        {
            "origin": one.origin, "purpose": one.purpose, "count": one.count,
            "first": _time(one.first), "last": _time(one.last),
        }
        for one in contacts.contacts
    ]  # fmt: skip


def _time(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _place(one: Place) -> dict[str, Any]:
    return {"what": one.what, "path": one.path, "bytes": one.bytes}


def _connections(paths: Paths, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every key and endpoint: where it sends, where its key lies, what becomes of what is sent."""
    from tui.address import origin
    from tui.credits.known import adapter_of
    from tui.credits.records import read_services
    from tui.endpoints.book import EndpointBook, serves
    from tui.keys.book import KeyBook
    from tui.keys.makers import find_maker
    from tui.keys.store import KeyStores, mode_of
    from tui.session.privacy_words import (
        endpoint_retention,
        key_retention,
        service_retention,
    )

    stores = KeyStores(mode_of(environ), paths, environ)
    found: list[dict[str, Any]] = []
    for key in KeyBook(paths, stores).list_keys(environ):
        if key.base_url and (key.used or key.source == "stored"):
            maker = find_maker(key.provider)
            found.append(
                {
                    "id": key.id, "kind": "own_key", "label": key.label,
                    "host": origin(key.base_url), "key_in": key.backend,
                    "retention": key_retention(maker.name if maker else key.provider),
                }
            )  # fmt: skip
    for one in EndpointBook(paths, lambda: stores).all():
        payer = "nobody" if serves(one) == "local" else "endpoint"
        found.append(
            {
                "id": one.name, "kind": "local" if payer == "nobody" else "endpoint",
                "label": one.name, "host": origin(one.base_url),
                "key_in": None if one.key is None else one.key.backend,
                "retention": endpoint_retention(one.name, payer),
            }
        )  # fmt: skip
    services = read_services(paths.credits_file)
    for service in () if services is None else services.services:
        stated = service.told.retention or adapter_of(service.adapter).retention
        found.append(
            {
                "id": service.name, "kind": "credits", "label": service.name,
                "host": origin(service.base_url),
                "key_in": None if service.key is None else service.key.backend,
                "retention": service_retention(stated),
            }
        )  # fmt: skip
    return found


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Those that are set, without a password that may stand in an address."""
    from tui.net import ENVIRONMENT

    return {
        name: environ[name].rpartition("@")[2] for name in ENVIRONMENT if environ.get(name)
    }  # fmt: skip


def _show(fields: dict[str, Any]) -> None:
    from tui.places import size_words

    print_text("Hosts that were contacted (UTC)")
    for one in fields["hosts"]:
        times = f"{one['count']:,} time{'s' * (one['count'] != 1)}"
        when = f"last {one['last'][:16].replace('T', ' ')}, first {one['first'][:10]}"
        print_row(f"  {one['origin']:<40} {one['purpose']:<14} {times:>12}, {when}")
    if not fields["hosts"]:
        print_text("  None yet.")
    if fields["hosts_dropped"]:
        print_text(f"  And {fields['hosts_dropped']} that were dropped: unused for longest.")
    print_text("Where what you send goes, and what becomes of it")
    for one in fields["connections"]:
        lies = f", its key in {one['key_in']}" if one["key_in"] else ""
        print_row(f"  {one['label']} to {one['host']}{lies}: {one['retention']}")
    if not fields["connections"]:
        print_text("  No keys and no endpoints.")
    print_text("What is kept on this machine")
    for one in fields["places"]:
        size = "none" if one["bytes"] is None else size_words(one["bytes"])
        print_row(f"  {size:>9}  {one['what']}: {one['path']}")
    for name, value in fields["proxies"].items():
        print_row(f"{name}={value}")
    for one in fields["statements"]:
        print_text(f"{one['title']}\n  {one['text']}")
    print_text("`ownkey privacy forget --everything` removes all of it, for good.")


def _forget(args: argparse.Namespace, paths: Paths) -> int:
    from tui.cli.asking import ask_yes, can_ask
    from tui.runtime.forgetting import forget_everything

    if not args.everything:
        raise UsageError(
            "forget takes --everything", hint="One key: `ownkey keys remove`; a conversation: "
            "`ownkey sessions delete`; a setting: `ownkey settings reset`.",
        )  # fmt: skip
    if can_ask() and not ask_yes(
        "Keys, settings, conversations, receipts, models on this machine and the list of hosts "
        "are removed for good. Forget everything?"
    ):
        say("Nothing was removed.")
        return 1
    done = asyncio.run(forget_everything(paths, dict(os.environ)))
    if args.json:
        print_json(
            {"removed": list(done.removed), "failed": list(done.failed), "stays": list(done.stays)}
        )
    else:
        tell(done)
    return 1 if done.failed else 0


def tell(done: Forgotten) -> None:
    """What became of it, for a person."""
    print_text("Removed:" if done.removed else "There was nothing to remove.")
    for one in done.removed:
        print_row(f"  {one}")
    if done.failed:
        print_text("Not removed:")
    for one in done.failed:
        print_row(f"  {one}")
    print_text("What stays:")
    for one in done.stays:
        print_row(f"  {one}")
