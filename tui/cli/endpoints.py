"""`ownkey endpoints`: places of the person's own that speak OpenAI's wire."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from typing import TYPE_CHECKING, cast

from tui.cli.output import print_json, print_text
from tui.cli.values import takes

if TYPE_CHECKING:
    from tui.address import AddressVerdict

EXIT_STATUS = {"accept": 0, "confirm": 1, "reject": 2}
"""`confirm` is 1: nobody was asked, so the address is not agreed to."""

PRICE_SOURCES = ("stated", "own", "none")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    from tui.cli.keys import QuietParser, refuse_quietly

    parser.error = functools.partial(refuse_quietly, parser)  # what is left over comes back to it
    parts = parser.add_subparsers(
        dest="action",
        required=True,
        metavar="list|add|test|models|set|key|enable|disable|remove|undo|export|import|check",
        parser_class=QuietParser,
    )
    listing = parts.add_parser("list", help="your endpoints, and what they offer")
    listing.add_argument(
        "--found", action="store_true", help="and local servers that answer on this machine now"
    )
    _configure_add(parts.add_parser("add", help="an endpoint, tried before it is kept"))
    testing = parts.add_parser("test", help="try it with its key, live")
    models = parts.add_parser(
        "models",
        help="what it lists, and what of that is offered",
        description="Ask an endpoint for its models and say which are offered; with --add, "
        "--remove or --all, offer others. What is set goes to the models that are named.",
    )
    keying = parts.add_parser("key", help="give it a key, in place of the one it has")
    setting = parts.add_parser("set", help="change its headers or its price source")
    switches = [parts.add_parser("enable", help="let it serve again"),
                parts.add_parser("disable", help="keep it, and let it serve nothing")]  # fmt: skip
    removing = parts.add_parser("remove", help="remove it with its key; `undo` brings it back")
    undoing = parts.add_parser("undo", help="bring back what was removed or replaced last")
    exporting = parts.add_parser("export", help="print them for others, without any secret")
    importing = parts.add_parser("import", help="take in what was exported: all of it or nothing")
    takes(importing.add_argument("file", metavar="FILE|-", help="what `export` printed"), "files")
    importing.add_argument("--yes", action="store_true", help="yes to addresses that are doubted")
    for part in (testing, models, keying, setting, *switches, removing):
        takes(part.add_argument("name", metavar="NAME"), "endpoints")
    takes(exporting.add_argument("names", nargs="*", metavar="NAME", help="all where none is"),
          "endpoints")  # fmt: skip
    _configure_models(models)
    _configure_rest(setting)
    keying.add_argument("--no-check", action="store_true", help="keep it without a live test")
    for part in (listing, testing, models, keying, setting, *switches, removing, undoing,
                 importing):  # fmt: skip
        part.add_argument("--json", action="store_true", help="one JSON value")
    _configure_check(parts.add_parser("check", help="say of an address whether it can be used"))


def _configure_add(part: argparse.ArgumentParser) -> None:
    part.description = (
        "Add an endpoint. Its key is read from the terminal without echo, or from standard input; "
        "never from an argument, where the shell's history would keep it. It is tried live and "
        "kept where it answers."
    )
    # Words, so that a key given as an argument is refused by us, not repeated by argparse.
    part.add_argument(
        "words", nargs="*", metavar="NAME URL", help="NAME stands in front of its models"
    )
    known = part.add_argument("--known", metavar="KIND", help="one of a known kind: its address "
                              "and ways are known")  # fmt: skip
    takes(known, "known-endpoints")
    part.add_argument("--no-key", action="store_true", help="it wants no key")
    part.add_argument(
        "--model", action="append", default=[], metavar="ID[=ALIAS]", help="offer this one"
    )
    part.add_argument("--all-models", action="store_true", help="offer all that it lists")
    part.add_argument(
        "--context", type=int, metavar="N", help="tokens, of models that do not tell it"
    )
    part.add_argument("--replace", action="store_true", help="put it in place of the one there")
    part.add_argument("--no-check", action="store_true", help="keep it without a live test")
    part.add_argument("--yes", action="store_true", help="yes to what an address is doubted for")
    part.add_argument("--json", action="store_true", help="one JSON value")
    _configure_rest(part)


def _configure_rest(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="sent with every request; no secrets: the key goes in as the key",
    )
    part.add_argument(
        "--price-source",
        choices=PRICE_SOURCES,
        help="what its requests cost by: the cost that it states (the default), your own price "
        "file first, or none: unknown",
    )


def _configure_models(part: argparse.ArgumentParser) -> None:
    part.add_argument("--add", action="append", default=[], metavar="ID[=ALIAS]")
    part.add_argument("--remove", action="append", default=[], metavar="ID")
    part.add_argument("--all", action="store_true", help="offer all that it lists")
    part.add_argument("--context", type=int, metavar="N", help="tokens")
    part.add_argument("--max-output", type=int, metavar="N", help="tokens")
    effort = part.add_argument("--effort", action="append", default=[], metavar="WORD",
                               help="a word that it takes as effort")  # fmt: skip
    takes(effort, "efforts")
    part.add_argument("--extra-body", metavar="JSON", help="laid over the request's body")
    part.add_argument("--offline", action="store_true", help="ask nobody: what is offered now")


def _configure_check(part: argparse.ArgumentParser) -> None:
    part.description = (
        "Say of an address, without connecting, whether it can be used. "
        "Exit status: 0 accept, 1 confirm (a person has to say yes), 2 reject."
    )
    # Words, so that an address pasted with a blank is refused by us, not repeated by argparse.
    part.add_argument("url", nargs="*", metavar="URL", help="the address as typed or pasted")
    part.add_argument("--json", action="store_true", help="one JSON value")
    part.add_argument(
        "--batch", action="store_true", help="JSON lines {url} in, one answer a line out, in order"
    )


def run(args: argparse.Namespace) -> int:
    """Run one part; the exit status is contract.md's, and of `check` its own."""
    if args.action == "check":
        return _check(args)
    from tui.cli.endpoints_run import run_part

    return run_part(args)


# Checking an address.


def _check(args: argparse.Namespace) -> int:
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
