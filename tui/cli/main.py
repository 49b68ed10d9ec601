"""The command line: parse, then import only what the command needs."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from tui.crash import harden, hush

COMMANDS: dict[str, str] = {
    "run": "one turn without a screen",
    "keys": "add, check and remove API keys",
    "models": "every model that can be picked, and who serves it",
    "route": "who would serve a request, who would pay, and why",
    "price": "what a request cost, by its usage",
    "sessions": "list, show, export, delete and check conversations",
    "settings": "read, change and search settings",
    "permissions": "what was approved for good, and what the rules say of a command",
    "endpoints": "check the address of an endpoint",
    "local": "fetch and manage models on this machine",
    "probe": "one request through one provider adapter",
    "neutralise": "standard input as the console would show it",
    "doctor": "check this machine and say what to do",
}
"""Each command is a module of this folder with `configure(parser)` and `run(args) -> int`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ownkey` and return its exit status (contract.md)."""
    if argv is None:  # a process of its own
        hush()
        harden()
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        return _command(words[0], words[1:])
    return _console(words)


def _command(name: str, words: list[str]) -> int:
    from tui.errors import OwnkeyError, UsageError

    module = importlib.import_module(f"tui.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"ownkey {name}", description=COMMANDS[name] + ".")
    module.configure(parser)
    try:
        return module.run(parser.parse_args(words))
    except OwnkeyError as error:
        from tui.cli.output import say_error

        say_error(error)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _reader_left()


def _reader_left() -> int:
    """Standard output's reader is gone (`| head`): end quietly, as other tools do."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _console(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="ownkey",
        description="A full-screen console for coding agents on your own API keys.",
        epilog="commands: "
        + "; ".join(f"{name} ({summary})" for name, summary in COMMANDS.items())
        + ". `ownkey COMMAND --help` tells more.",
    )
    parser.add_argument("--session", metavar="ID|last", help="go on with this session")
    parser.add_argument("--model", metavar="ID", help="the model to talk with")
    parser.add_argument("--version", action="store_true", help="print the version")
    args = parser.parse_args(words)
    if args.version:
        from tui import __version__

        print(f"ownkey {__version__}")
        return 0
    from tui.cli.console import run

    return run(args)


if __name__ == "__main__":
    sys.exit(main())
