"""`ownkey credits ledger` and `settle`: what a house ledger holds, and what became of a hold."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from tui.cli.output import print_json, print_row, print_text

if TYPE_CHECKING:
    import datetime as dt

    from tui.store.ledger_read import LedgerRead
    from tui.store.log import Store

_LINES = 20


def add_ledger_parser(parts: argparse._SubParsersAction[Any]) -> None:  # pyright: ignore[reportPrivateUsage] - its only name
    """Add `ledger` and `settle` to the parts of `ownkey credits`."""
    listing = parts.add_parser(
        "ledger",
        help="a house service's buckets, holds and entries",
        description="What a house service's ledger has: its buckets in the order in which they "
        "are spent, what is held for requests, and its latest entries. `unsettled` is a request "
        "whose cost nobody can say: `ownkey credits settle` ends it.",
    )
    listing.add_argument("--service", metavar="NAME", help="only this one")
    listing.add_argument("--lines", metavar="N", type=int, default=_LINES, help="so many entries")
    settle = parts.add_parser(
        "settle",
        help="say what an unsettled request cost",
        description="Say what a request cost whose charge never came, as the other side's own "
        "books have it. 0 gives back all that was held for it.",
    )
    settle.add_argument("request", metavar="REQUEST", help="named as `ledger` shows it")
    settle.add_argument("credits", metavar="N", help="what it cost; 0 lets go of it")
    for part in (listing, settle):
        part.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON value"
        )


def run_ledger(args: argparse.Namespace) -> int:
    """Print the ledgers."""
    from tui.errors import UsageError
    from tui.events.base import utc_now
    from tui.paths import find_paths
    from tui.store.ledger_read import read_ledgers
    from tui.store.log import Store

    path, now = find_paths(os.environ).store_file, utc_now()
    if path.exists():
        store = Store(path)
        try:
            _let_go(store, now)
        finally:
            store.close()
    found = read_ledgers(path, now, service=args.service, lines=max(args.lines, 0))
    if args.service is not None and not found:
        raise UsageError(
            f"{args.service} has no ledger here",
            hint=f"`ownkey credits grant N --service {args.service}` begins one.",
        )
    if getattr(args, "json", False):
        print_json({"ledgers": [ledger_object(one) for one in found]})
        return 0
    if not found:
        print_text("No ledger is kept here. `ownkey credits grant N --service NAME` begins one.")
    for one in found:
        _show(one)
    return 0


def run_settle(args: argparse.Namespace) -> int:
    """End an open hold. Raises UsageError where there is none of that name."""
    from tui.cli.credits_grant import credits_nano
    from tui.errors import UsageError
    from tui.events.base import utc_now
    from tui.money import credits_string, show_credits
    from tui.paths import find_paths
    from tui.store.ledger_read import read_ledgers
    from tui.store.log import Store

    nano, now = credits_nano(args.credits), utc_now()
    store = Store(find_paths(os.environ).store_file)
    try:
        _let_go(store, now)
        open_now = [
            hold.key
            for one in read_ledgers(store.path, now, lines=0)
            for hold in one.holds
            if hold.state != "unsettled"
        ]
        if args.request in open_now:
            raise UsageError(
                f"{args.request} is still running", hint="Its charge settles it by itself."
            )
        if nano == 0:
            posted = store.ledger.release(args.request, now)
        else:
            posted = store.ledger.settle(args.request, nano, now)
    finally:
        store.close()
    if getattr(args, "json", False):
        print_json(
            {
                "request": args.request, "service": posted.service,
                "charged": credits_string(nano), "left": credits_string(posted.left),
                "owed": credits_string(posted.owed),
            }
        )  # fmt: skip
        return 0
    owed = f" {show_credits(posted.owed)} of it are owed." if posted.owed else ""
    print_text(
        f"{args.request}: {show_credits(nano)} charged.{owed} {posted.service} has "
        f"{show_credits(posted.left)} left."
    )
    return 0


def buckets_object(one: LedgerRead) -> list[dict[str, Any]]:
    """What is left in each bucket, in the order in which they are spent."""
    from tui.money import credits_string
    from tui.store.usage_export import rfc3339

    return [
        {
            "kind": bucket.kind, "left": credits_string(bucket.left),
            "expires": None if bucket.expires is None else rfc3339(bucket.expires),
        }
        for bucket in one.buckets
    ]  # fmt: skip


def ledger_object(one: LedgerRead) -> dict[str, Any]:
    """A ledger as JSON: amounts as decimal strings with nine places."""
    from tui.money import credits_string
    from tui.store.usage_export import rfc3339

    def moment(at: dt.datetime | None) -> str | None:
        return None if at is None else rfc3339(at)

    def signed(nano: int) -> str:
        return f"-{credits_string(-nano)}" if nano < 0 else credits_string(nano)

    sums = ("left", "granted", "held", "spent", "expired", "owed")
    return {
        "service": one.service,
        **{name: credits_string(getattr(one, name)) for name in sums},
        "buckets": buckets_object(one),
        "holds": [
            {
                "request": hold.key, "session": hold.session, "at": rfc3339(hold.at),
                "credits": credits_string(hold.nano), "state": hold.state,
            }
            for hold in one.holds
        ],
        "entries": [
            {
                "transaction": line.number, "at": rfc3339(line.at), "step": line.step,
                "key": line.key, "account": line.account, "expires": moment(line.expires),
                "credits": signed(line.nano),
            }
            for line in one.lines
        ],
    }  # fmt: skip


def _show(one: LedgerRead) -> None:
    from tui.money import show_credits

    print_row(f"{one.service}: {show_credits(one.left)} left")
    for bucket in one.buckets:
        until = f"until {bucket.expires:%Y-%m-%d %H:%M} UTC" if bucket.expires else "never expires"
        print_row(f"  {bucket.kind:<6} {show_credits(bucket.left)}, {until}")
    told = [(name, getattr(one, name)) for name in ("held", "spent", "expired", "owed", "granted")]
    print_row("  " + "; ".join(f"{name} {show_credits(nano)}" for name, nano in told if nano))
    for hold in one.holds:
        said = "its cost is not known" if hold.state == "unsettled" else "running"
        print_row(
            f"  held   {show_credits(hold.nano)} for {hold.key} since "
            f"{hold.at:%Y-%m-%d %H:%M} UTC: {hold.state}, {said}"
        )
    for line in one.lines:
        sign = "+" if line.nano > 0 else ""
        print_row(
            f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.step:<7} {line.account:<8} "
            f"{sign}{show_credits(line.nano)}  {line.key or ''}".rstrip()
        )


def _let_go(store: Store, now: dt.datetime) -> None:
    """What programs left that are gone is unsettled, or was never sent and is let go of."""
    from tui.events.base import SessionId
    from tui.paths import find_paths
    from tui.store.lease import Lease

    locks = find_paths(os.environ).state / "locks"
    for session in store.holds.open_elsewhere(SessionId("")):
        if not Lease.held(locks, session):
            store.holds.left(session, now)
