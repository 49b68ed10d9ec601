"""`ownkey permissions`: what was approved for good, and what the rules say of a command."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tui.cli.output import print_json, print_row, print_text, say
from tui.cli.values import takes

if TYPE_CHECKING:
    from tui.permissions.book import ApprovalBook
    from tui.permissions.lookups import Machine
    from tui.permissions.shell import CommandVerdict

EXIT_STATUS = {"allow": 0, "ask": 1, "deny": 2}
"""`ask` is 1: nobody was asked, so there is no yes."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what was approved for good, by folder")
    listing.add_argument("--json", action="store_true", help="one JSON value")
    remove = actions.add_parser("remove", help="take an approval back")
    remove.add_argument("rule", metavar="RULE", help="named as `list` shows it")
    cwd = remove.add_argument("--cwd", metavar="D", help="its folder, this one by default")
    takes(cwd, "folders")
    check = actions.add_parser(
        "check",
        help="say of a shell command whether it would run, ask, or be refused",
        description="Say of a shell command whether it would run at once, ask, or be refused, by "
        "the rules in force in the folder. Nothing is run. "
        "Exit status: 0 allow, 1 ask, 2 deny; with --json or --batch always 0.",
    )
    cwd = check.add_argument("--cwd", metavar="D", help="the folder, this one by default")
    takes(cwd, "folders")
    check.add_argument("--json", action="store_true", help="one JSON value")
    check.add_argument(
        "--batch",
        action="store_true",
        help="JSON lines {command, cwd} in, one answer a line out, in order",
    )
    check.add_argument("command", nargs="*", metavar="COMMAND", help="behind --, as one argument")


def run(args: argparse.Namespace) -> int:
    """List or remove rules, or judge one command or one a line."""
    match args.action:
        case "list":
            return _list(as_json=args.json)
        case "remove":
            return _remove(args.rule, args.cwd)
        case _:
            return _check(args)


def _list(*, as_json: bool) -> int:
    book = _book()
    listed = book.listed()
    _say_damage(book)
    if as_json:
        rows = [{"folder": folder, "rule": rule} for folder in listed for rule in listed[folder]]
        print_json(rows)
        return 0
    if not listed:
        say("Nothing was approved for good.")
    for folder, rules in listed.items():
        print_row(folder)
        for rule in rules:
            print_row(f"  {rule}")
    return 0


def _remove(rule: str, cwd: str | None) -> int:
    from tui.errors import UsageError

    book = _book()
    removed = book.remove(cwd or os.getcwd(), rule)
    _say_damage(book)
    if not removed:
        raise UsageError(
            f"{rule!r} is not approved in {cwd or os.getcwd()}.",
            hint="`ownkey permissions list` names each rule and its folder; --cwd says which.",
        )
    print_text(f"Taken back: {rule}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from tui.errors import UsageError

    checker = _Checker()
    if args.batch:
        for line in sys.stdin.buffer:
            print_json(_answer(checker, line, args.cwd))
        _say_damage(checker.book)
        return 0
    if not args.command:
        raise UsageError("There is no command.", hint="ownkey permissions check -- 'git status'")
    # Words of a command typed without quotes around it belong together.
    judged = checker.judge(" ".join(args.command), args.cwd)
    _say_damage(checker.book)
    if args.json:
        print_json(_fields(judged))
        return 0
    print_text(f"{judged.verdict}: {judged.why}")
    if judged.rule:
        print_row(f"rule: {judged.rule}")
    return EXIT_STATUS[judged.verdict]


class _Checker:
    """Judges commands by the book; what is known of a folder is looked up once."""

    def __init__(self) -> None:
        self.book = _book()
        self._machines: dict[str, Machine] = {}
        self._rules: dict[str, tuple[str, ...]] = {}

    def judge(self, command: str, cwd: str | None) -> CommandVerdict:
        from tui.permissions.shell import judge_command

        folder = os.path.realpath(cwd or os.getcwd())
        machine = self._machines.get(folder)
        if machine is None:
            machine = self._machines[folder] = _machine(Path(folder))
            self._rules[folder] = self.book.rules_for(Path(folder))
        return judge_command(
            command,
            cwd=Path(folder),
            border=machine.border,
            lookups=machine,
            rules=self._rules[folder],
        )


def _machine(folder: Path) -> Machine:
    from tui.permissions.lookups import Machine
    from tui.process import command_environment
    from tui.tools.base import ToolContext

    context = ToolContext(folder, os.environ)
    return Machine(context.border(), command_environment(os.environ))


def _book() -> ApprovalBook:
    from tui.paths import find_paths
    from tui.permissions.book import ApprovalBook

    return ApprovalBook(find_paths(os.environ).config / "approvals.json")


def _say_damage(book: ApprovalBook) -> None:
    if book.damaged is not None:
        say(
            f"The approvals could not be read: the file is kept as {book.damaged}, "
            "and nothing counts as approved."
        )


def _answer(checker: _Checker, line: bytes, cwd: str | None) -> dict[str, str | None]:
    from tui.text import decode

    try:
        value: Any = json.loads(decode(line))
    except (ValueError, RecursionError):
        return _bad_line("The line is no JSON.")
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    command, where = fields.get("command"), fields.get("cwd", cwd)
    if not isinstance(command, str) or not (where is None or isinstance(where, str)):
        return _bad_line("The line is no object with a text as command, and one as cwd.")
    return _fields(checker.judge(command, where))


def _fields(judged: CommandVerdict) -> dict[str, str | None]:
    return {"verdict": judged.verdict, "why": judged.why, "rule": judged.rule}


def _bad_line(why: str) -> dict[str, str | None]:
    return {"verdict": "ask", "why": why, "rule": None}
