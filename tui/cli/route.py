"""`ownkey route`: who would serve a request and who would pay, and what follows a failure."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tui.cli.output import print_json, print_row, print_text
from tui.cli.route_lines import BadLine, answer, bad_line, next_object, read_case, route_object
from tui.cli.values import takes
from tui.errors import KINDS, UsageError
from tui.routing.table import Run

if TYPE_CHECKING:
    from tui.routing.policy import Refused, Route, Situation

EXIT_CREDITS = 4
EXIT_NO_ROUTE = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `ownkey route` (contract.md)."""
    asked = parser.add_mutually_exclusive_group(required=True)
    takes(
        asked.add_argument(
            "model", nargs="?", metavar="MODEL", help="as `ownkey models` lists them"
        ),
        "models",
    )
    takes(
        asked.add_argument(
            "--what-if",
            metavar="FILE|-",
            help="answer cases, one JSON object a line, from the line alone",
        ),
        "files",
    )
    asked.add_argument("--rules", action="store_true", help="the table that all this follows")
    parser.add_argument(
        "--run",
        choices=get_args(Run),
        help="where the agent runs, or what the request is for; local unless said",
    )
    parser.add_argument(
        "--fails", choices=tuple(KINDS), metavar="KIND", help="and what would follow this error"
    )
    parser.add_argument("--json", action="store_true", help="print an object")
    parser.epilog = (
        "Nothing is sent. Exit status: 0 it has a route, 4 the credits would be exceeded, "
        "5 nothing may serve it. Error kinds: " + ", ".join(KINDS) + "."
    )


def run(args: argparse.Namespace) -> int:
    """Answer from the rules; the exit status is contract.md's."""
    if args.model is None and (args.run or args.fails):
        raise UsageError("--run and --fails go with a MODEL; a line of --what-if has its own")
    if args.rules:
        from tui.cli.route_rules import print_rules

        print_rules(as_json=args.json)
        return 0
    if args.what_if is not None:
        _what_if(args.what_if, as_json=args.json)
        return 0
    return _route(args)


def _route(args: argparse.Namespace) -> int:
    from tui.routing.policy import Failure, Refused, then
    from tui.session.retry import TRIES

    situation, route = asyncio.run(_now(args.model, args.run or "local"))
    fields = route_object(situation, route)
    if args.fails is not None:
        failure = Failure(kind=args.fails, tries_left=TRIES - 1)  # of the first try
        fields["then"] = next_object(then(route, failure))
    if args.json:
        print_json(fields)
    else:
        _show(fields)
    if isinstance(route, Refused):
        return EXIT_CREDITS if route.reason == "out_of_credits" else EXIT_NO_ROUTE
    return 0


async def _now(model: str, run: Run) -> tuple[Situation, Route | Refused]:
    """The rules' word on what this person has now. Nothing is asked of anyone."""
    from tui.runtime import Runtime

    async with Runtime(dict(os.environ), notify=lambda notice: None) as runtime:
        situation = runtime.router.situation(model, run, folder=str(Path.cwd()))
        return situation, runtime.router.route(situation)


def _what_if(source: str, *, as_json: bool) -> None:
    """One answer a line, in step; a line that asks nothing is answered, too."""
    try:
        lines = sys.stdin.buffer if source == "-" else io.BytesIO(Path(source).read_bytes())
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from error
    for fields in _answers(lines):
        print_json(fields) if as_json else print_row(_sentence(fields))


def _answers(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            yield answer(read_case(line))
        except BadLine as bad:
            yield bad_line(str(bad), line)


PAYERS = {
    "own_key": "your own key pays",
    "endpoint": "your endpoint pays",
    "cloud_account": "your cloud account pays",
    "credits": "credits pay",
    "nobody": "nobody pays",
}


def _sentence(fields: dict[str, Any]) -> str:
    """An answer in one row: what, who pays or why not, and what follows a failure."""
    if "error" in fields:
        return f"?  {fields['why']}"
    said = f"{fields['model']}  {_who(fields)}: {fields['why']}"
    if "then" in fields:
        said += f"  → {_next(fields['then'])}"
    return said


def _show(fields: dict[str, Any]) -> None:
    print_row(f"{fields['model']}  {_who(fields)}")
    print_text(f"  {fields['why']}")
    if "then" in fields:
        print_text(f"  if it fails: {_next(fields['then'])}")


def _who(fields: dict[str, Any]) -> str:
    if fields["refused"] is not None:
        return f"refused ({fields['refused']})"
    where = f" ({fields['connection']})" if fields["connection"] is not None else ""
    platform = ", and platform credits" if fields["platform_credits"] else ""
    return f"{PAYERS[fields['payer']]}{where}{platform}"


def _next(then: dict[str, Any]) -> str:
    payer = "" if then["payer"] is None else f", {PAYERS[then['payer']]}"
    return f"{then['action'].replace('_', ' ')}{payer}: {then['why']}"
