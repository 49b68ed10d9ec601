"""`ownkey credits grant`: fill the ledger of a `house` service."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

from tui.cli.output import print_json, print_text

EXPIRES = "A day (2026-12-31: its midnight, UTC), a time (2026-12-31T12:00Z), 12h, 30d, 4w, month."
_AHEAD = re.compile(r"(\d{1,5})\s*(h|d|w)", re.IGNORECASE)
_UNITS = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}
_PLACES = 9


def add_grant_parser(parts: argparse._SubParsersAction[Any]) -> None:  # pyright: ignore[reportPrivateUsage] - its only name
    """Add `grant` to the parts of `ownkey credits`."""
    grant = parts.add_parser(
        "grant",
        help="put credits into the ledger of a house service",
        description="Put credits into the ledger of a house service. The plan's are spent first, "
        "then add-ons, the soonest to expire first. What is owed is paid before anything else. "
        f"T: {EXPIRES} With the same --key again nothing is granted twice.",
    )
    grant.add_argument("credits", metavar="N", help="how many; up to nine decimal places")
    grant.add_argument(
        "--service", metavar="NAME", help="whose ledger; may be left out where there is only one"
    )
    grant.add_argument("--bucket", choices=("plan", "addon"), default="addon")
    grant.add_argument("--expires", metavar="T", help="what is left then is gone; never by default")
    grant.add_argument("--key", metavar="KEY", help="names this very grant, for tries that repeat")
    grant.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON value"
    )


def run_grant(args: argparse.Namespace, services: Sequence[str] = ()) -> int:
    """Grant, and print what is left.

    Args:
        args: What `add_grant_parser` takes.
        services: The house services that are known; a service with a ledger is, too.

    Raises:
        UsageError: an amount, moment, key or service that cannot be.
    """
    from tui.events.base import utc_now
    from tui.money import credits_string, show_credits
    from tui.paths import find_paths
    from tui.store.ledger_read import read_ledgers
    from tui.store.log import Store
    from tui.store.usage_export import rfc3339

    now = utc_now()
    nano = credits_nano(args.credits)
    expires = None if args.expires is None else moment_ahead(args.expires, now)
    store = Store(find_paths(os.environ).store_file)
    try:
        known = {*services, *(one.service for one in read_ledgers(store.path, now, lines=0))}
        service = the_service(args.service, sorted(known))
        key = args.key or f"grant_{uuid4().hex[:16]}"
        posted = store.ledger.grant(
            service, nano, bucket=args.bucket, expires=expires, key=key, at=now
        )
    finally:
        store.close()
    if getattr(args, "json", False):
        print_json(
            {
                "service": service, "granted": credits_string(nano), "bucket": args.bucket,
                "expires": None if expires is None else rfc3339(expires), "key": key,
                "left": credits_string(posted.left),
            }
        )  # fmt: skip
        return 0
    until = "never expires" if expires is None else f"until {expires:%Y-%m-%d %H:%M} UTC"
    print_text(
        f"{service}: {show_credits(nano)} in the {args.bucket} bucket, {until}. "
        f"{show_credits(posted.left)} left."
    )
    return 0


def the_service(named: str | None, known: Sequence[str]) -> str:
    """Whose ledger is meant. Raises UsageError where that is not clear."""
    from tui.errors import UsageError

    if named is not None and named.strip():
        return named.strip()
    if len(known) == 1:
        return known[0]
    which = "There is none yet." if not known else f"There are: {', '.join(known)}."
    raise UsageError("which service's ledger is meant?", hint=f"--service NAME says it. {which}")


def credits_nano(text: str) -> int:
    """Nano-credits out of what was written. Raises UsageError."""
    from tui.errors import UsageError
    from tui.money import to_nano

    try:
        credits = Decimal(text.strip().replace(",", "").replace("_", ""))
    except InvalidOperation as error:
        raise UsageError(f"{text!r} is no number of credits") from error
    if not credits.is_finite() or abs(credits) > 10**12:
        raise UsageError(f"{text!r} is no number of credits")
    if credits != credits.quantize(Decimal(1).scaleb(-_PLACES)):
        raise UsageError("credits have at most nine decimal places")
    return to_nano(credits)


def moment_ahead(text: str, now: dt.datetime) -> dt.datetime:
    """A moment to come; what names no zone is UTC. Raises UsageError."""
    from tui.cli.since import parse_since
    from tui.errors import UsageError

    words = text.strip().lower()
    if found := _AHEAD.fullmatch(words):
        return now + int(found[1]) * _UNITS[found[2].lower()]
    if words == "month":
        day = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (day + dt.timedelta(days=32)).replace(day=1)
    if not words[:1].isdigit():
        raise UsageError(f"{text!r} is no moment to come", hint=EXPIRES)
    try:
        moment = parse_since(text, now)
    except UsageError as error:
        raise UsageError(f"{text!r} is no moment to come", hint=EXPIRES) from error
    assert moment is not None  # only `all` is none
    return moment
