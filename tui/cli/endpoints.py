"""`ownkey endpoints check`: what the check says of an endpoint's address, without connecting."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, cast

from tui.cli.output import print_json, print_text

if TYPE_CHECKING:
    from tui.address import AddressVerdict

EXIT_STATUS = {"accept": 0, "confirm": 1, "reject": 2}
"""`confirm` is 1: nobody was asked, so the address is not agreed to."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check")
    check = actions.add_parser(
        "check",
        help="say of an address whether it can be used",
        description="Say of an address, without connecting, whether it can be used. "
        "Exit status: 0 accept, 1 confirm (a person has to say yes), 2 reject.",
    )
    # Words, so that an address pasted with a blank is refused by us, not repeated by argparse.
    check.add_argument("url", nargs="*", metavar="URL", help="the address as typed or pasted")
    check.add_argument("--json", action="store_true", help="one JSON value")
    check.add_argument(
        "--batch", action="store_true", help="JSON lines {url} in, one answer a line out, in order"
    )


def run(args: argparse.Namespace) -> int:
    """Check one address, or one a line; the batch always ends with exit status 0."""
    from tui.address import check_address

    if args.batch:
        for line in sys.stdin.buffer:
            print_json(_answer(line))
        return 0
    verdict = check_address(" ".join(args.url))
    if args.json:
        print_json(_fields(verdict))
    else:
        for line in _sentences(verdict):
            print_text(line)
    return EXIT_STATUS[verdict.verdict]


def _answer(line: bytes) -> dict[str, str | None]:
    from tui.address import check_address
    from tui.text import decode

    try:
        value: object = json.loads(decode(line))
    except (ValueError, RecursionError):
        return _bad_line("The line is no JSON.")
    url = cast("dict[str, object]", value).get("url") if isinstance(value, dict) else None
    if not isinstance(url, str):
        return _bad_line("The line is no object with a text as url.")
    return _fields(check_address(url))


def _fields(verdict: AddressVerdict) -> dict[str, str | None]:
    return {
        "verdict": verdict.verdict,
        "normalised": verdict.normalised,
        "why": verdict.why,
        "host": verdict.host_shown or None,
    }


def _bad_line(why: str) -> dict[str, str | None]:
    return {"verdict": "reject", "normalised": None, "why": why, "host": None}


def _sentences(verdict: AddressVerdict) -> list[str]:
    address = [] if verdict.normalised is None else [verdict.normalised]
    return [f"{verdict.verdict}: {verdict.why}", *address]
