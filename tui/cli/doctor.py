"""`ownkey doctor`: checks this machine and says what to do; gives a broken terminal back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tui.cli.checks import Check, all_checks
from tui.cli.output import print_json, print_text
from tui.paths import find_paths

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--reset-terminal",
        action="store_true",
        help="only repair a terminal that a killed program left in its modes",
    )


def run(args: argparse.Namespace) -> int:
    """Exit status 0 where nothing fails, else 1."""
    checks = [_reset()] if args.reset_terminal else all_checks(os.environ, find_paths(os.environ))
    failed = False
    listed: list[dict[str, Any]] = []
    for check in checks:
        failed = failed or check.state == "fail"
        if args.json:
            listed.append(_object(check))
        else:
            print_text(f"{check.state:<5} {check.check:<13} {check.found}")
            if check.remedy:
                print_text(f"{'':<20}{check.remedy}")
    if args.json:
        print_json(listed)
    return 1 if failed else 0


def _reset() -> Check:
    from tui.cli.terminal_reset import reset_terminal

    if reset_terminal():
        return Check(check="terminal", state="ok", found="reset")
    return Check(
        check="terminal",
        state="fail",
        found="there is none to reset",
        remedy="Run it in the terminal that needs it.",
    )


def _object(check: Check) -> dict[str, Any]:
    return {
        "check": check.check,
        "state": check.state,
        "found": check.found,
        "remedy": check.remedy,
    }
