"""`ownkey usage`: what was spent, over all sessions."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tui.store.spent import Group, UsageRow, UsageTable

GROUPS = ("day", "model", "key", "folder", "session", "payer")
KEY_CELLS = 48


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `ownkey usage` (contract.md)."""
    from tui.cli.since import HOW

    parser.epilog = (
        f"T: {HOW} Days are UTC. A request whose price nobody knows is counted apart, "
        "never as nothing; deleted sessions stay counted."
    )
    parser.add_argument(
        "part", nargs="?", choices=("reconcile",), metavar="reconcile",
        help="hold it against what the providers tell, by admin keys (`keys add --admin`)",
    )  # fmt: skip
    parser.add_argument("--by", choices=GROUPS, default="day", help="what a row is of")
    parser.add_argument(
        "--since", metavar="T", help="from this moment on; `reconcile`: 7d unless said, else all"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--csv", action="store_true", help="the rows for a spreadsheet")


def run(args: argparse.Namespace) -> int:
    """Print the sums."""
    from tui.cli.output import print_json, put
    from tui.cli.since import parse_since
    from tui.errors import UsageError
    from tui.events.base import utc_now
    from tui.paths import find_paths
    from tui.store.log import Store
    from tui.store.spent import Slice
    from tui.store.usage import read_usage
    from tui.store.usage_export import usage_csv, usage_object

    if args.json and args.csv:
        raise UsageError("--json and --csv are two forms", hint="Choose one.")
    if args.part == "reconcile":
        from tui.cli.usage_reconcile import run_reconcile

        return run_reconcile(args)
    until = utc_now()
    since = parse_since(args.since or "all", until)
    file = find_paths(os.environ).store_file
    if file.exists():
        Store(file).close()  # brings an older store to today's form
    by = cast("Group", args.by)
    table = read_usage(file, by, Slice(since=since))
    if args.json:
        print_json(usage_object(table, since=since, until=until))
    elif args.csv:
        put(sys.stdout, usage_csv(table))
    else:
        _show(table, by, since)
    return 0


def _show(table: UsageTable, by: Group, since: dt.datetime | None) -> None:
    from tui.cli.output import print_row, print_text
    from tui.session.spending_words import group_name
    from tui.text import cell_width, truncate

    if not table.rows:
        when = "" if since is None else f" since {since:%Y-%m-%d %H:%M} UTC"
        print_text(f"Nothing was spent{when}.")
        return
    head = ("requests", "in", "out", "cached", "cost", "credits", "unknown")
    rows = [*table.rows, table.total]
    names = [group_name(by, row.key, row.name) for row in table.rows]
    names = [truncate(name, KEY_CELLS) for name in (*names, "total")]
    cells = [_cells(row) for row in rows]
    if not table.total.credits:
        head = tuple(name for name in head if name != "credits")
        cells = [(*one[:5], *one[6:]) for one in cells]
    room = max(cell_width(name) for name in (*names, by))
    wide = [max(len(h), *(len(one[at]) for one in cells)) for at, h in enumerate(head)]

    def line(name: str, said: tuple[str, ...]) -> str:
        columns = "  ".join(f"{cell:>{width}}" for cell, width in zip(said, wide, strict=True))
        return f"{name}{' ' * (room - cell_width(name))}  {columns}".rstrip()

    print_text(line(by, head))
    for name, said in zip(names, cells, strict=True):
        print_row(line(name, said))


def _cells(row: UsageRow) -> tuple[str, ...]:
    from tui.money import show_credits, show_sum

    def tokens(count: int | None) -> str:
        if not row.requests:
            return "-"
        return "?" if count is None else f"{count:,}{'+' * bool(row.untold)}"

    return (
        f"{row.requests:,}", tokens(row.input), tokens(row.output),
        "-" if row.cache_read is None else f"{row.cache_read:,}",
        show_sum(row.nano, row.unknown),
        show_credits(row.credits).rsplit(" ", 1)[0] if row.credits else "",
        f"{row.unknown:,}" if row.unknown else "",
    )  # fmt: skip
