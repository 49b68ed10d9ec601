"""`ownkey credits`: the ledgers of house services."""

from __future__ import annotations

import argparse

from tui.cli.credits_grant import add_grant_parser, run_grant
from tui.cli.credits_ledger import add_ledger_parser, run_ledger, run_settle


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    parts = parser.add_subparsers(dest="action", required=True, metavar="grant|ledger|settle")
    add_grant_parser(parts)
    add_ledger_parser(parts)


def run(args: argparse.Namespace) -> int:
    """Run one part; the exit status is contract.md's."""
    match args.action:
        case "grant":
            return run_grant(args)
        case "settle":
            return run_settle(args)
        case _:
            return run_ledger(args)
