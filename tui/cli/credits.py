"""`ownkey credits`: services where credits are prepaid, what is left there and of budgets."""

from __future__ import annotations

import argparse
import functools
import os

from tui.cli.credits_grant import add_grant_parser, run_grant
from tui.cli.credits_ledger import add_ledger_parser, run_ledger, run_settle
from tui.cli.values import takes


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands; without one it lists."""
    from tui.cli.keys import QuietParser, refuse_quietly

    parser.error = functools.partial(refuse_quietly, parser)  # what is left over comes back to it
    parser.add_argument("--json", action="store_true", help="one JSON value")
    parts = parser.add_subparsers(
        dest="action",
        metavar="list|add|test|key|enable|disable|remove|undo|grant|ledger|settle",
        parser_class=QuietParser,
    )
    listing = parts.add_parser("list", help="what is left, by each service's own word")
    listing.add_argument(
        "--offline", action="store_true", help="ask nobody: what was last told, with its age"
    )
    _configure_add(parts.add_parser("add", help="a service, tried before it is kept"))
    testing = parts.add_parser("test", help="try its key, and read its models and balance anew")
    keying = parts.add_parser("key", help="give it another key, tried before it is kept")
    keying.add_argument("--no-check", action="store_true", help="keep it without a live test")
    enabling = parts.add_parser("enable", help="let it serve again")
    disabling = parts.add_parser("disable", help="keep it, and let it serve nothing")
    removing = parts.add_parser("remove", help="remove it with its key; `undo` brings it back")
    for part in (testing, keying, enabling, disabling, removing):
        takes(part.add_argument("name", metavar="NAME"), "credit-services")
    undoing = parts.add_parser("undo", help="bring back what was removed or replaced last")
    for part in (listing, testing, keying, enabling, disabling, removing, undoing):
        _json_of(part)
    add_grant_parser(parts)
    add_ledger_parser(parts)


def _json_of(part: argparse.ArgumentParser) -> None:
    # Suppressed: else its default would undo a --json in front of the subcommand.
    part.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON value"
    )


def _configure_add(part: argparse.ArgumentParser) -> None:
    part.description = (
        "Add a credit service. Its key is read from the terminal without echo, or from standard "
        "input; never from an argument, where the shell's history would keep it. It is tried live "
        "and kept where it answers. SERVICE: openrouter, litellm, vercel, or house."
    )
    # Words, so that a key given as an argument is refused by us, not repeated by argparse.
    words = part.add_argument("words", nargs="*", metavar="SERVICE", help="which kind it is of")
    takes(words, "credit-adapters")
    part.add_argument("--name", metavar="NAME", help="your word for it; the kind's own unless said")
    part.add_argument("--base-url", metavar="URL", help="its address, where everybody has one")
    part.add_argument(
        "--usd-per-credit", metavar="D", help="dollars per credit; without a rate money is shown"
    )
    part.add_argument(
        "--auto", action="append", default=[], metavar="AUTO=ID[,ID]",
        help="which of its models an Auto model means there, the one to take first",
    )  # fmt: skip
    part.add_argument("--replace", action="store_true", help="put it in place of the one there")
    part.add_argument("--no-check", action="store_true", help="keep it without a live test")
    part.add_argument("--yes", action="store_true", help="yes to what an address is doubted for")
    _json_of(part)


def _house_services() -> list[str]:
    from tui.credits.records import read_services
    from tui.paths import find_paths

    found = read_services(find_paths(os.environ).credits_file)
    return [] if found is None else [one.name for one in found.services if one.adapter == "house"]


def run(args: argparse.Namespace) -> int:
    """Run one part; the exit status is contract.md's."""
    if args.action == "add":
        from tui.cli.credits_add import run_add

        return run_add(args)
    if args.action == "key":
        from tui.cli.credits_add import run_key

        return run_key(args)
    if args.action == "grant":
        return run_grant(args, _house_services())
    if args.action == "ledger":
        return run_ledger(args)
    if args.action == "settle":
        return run_settle(args)
    from tui.cli.credits_run import run_part

    return run_part(args)
