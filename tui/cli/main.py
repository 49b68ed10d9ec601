"""The command line: parse, then import only what the command needs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.crash import harden, hush

if TYPE_CHECKING:
    import argparse

COMMANDS: dict[str, str] = {
    "run": "one turn without a screen",
    "keys": "add, check and remove API keys",
    "models": "every model that can be picked, and who serves it",
    "route": "who would serve a request, who would pay, and why",
    "price": "what a request cost, by its usage",
    "usage": "what was spent: by day, model, key, folder, session or payer",
    "sessions": "list, show, export, delete and check conversations",
    "settings": "read, change and search settings",
    "privacy": "what is kept where, which hosts were contacted; forget everything",
    "permissions": "what was approved for good, and what the rules say of a command",
    "mcp": "MCP servers whose tools the agent is offered",
    "credits": "credit services: what is left there, and of your budgets",
    "endpoints": "your own OpenAI-compatible endpoints and local servers",
    "local": "fetch and manage models on this machine",
    "probe": "one request through one provider adapter",
    "neutralise": "standard input as the console would show it",
    "doctor": "check this machine and say what to do",
    "completion": "a script that completes these commands in bash, zsh or fish",
}
"""Each command is a module of this folder with `configure(parser)` and `run(args) -> int`;
one whose words are not all ours also has `parse(parser, words)`."""


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
    import argparse

    from tui.errors import OwnkeyError, UsageError

    module = importlib.import_module(f"tui.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"ownkey {name}", description=COMMANDS[name] + ".")
    module.configure(parser)
    _note_hosts(name)
    try:
        parse = getattr(module, "parse", argparse.ArgumentParser.parse_args)
        return module.run(parse(parser, words))
    except OwnkeyError as error:
        from tui.cli.output import say_error

        say_error(error)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _reader_left()


def _note_hosts(name: str) -> None:
    """Note which hosts are contacted, but by what promises to store nothing."""
    import os

    from tui import hosts
    from tui.paths import find_paths

    nothing = os.environ.get("OWNKEY_KEYRING", "").strip().lower() == "env"
    if name == "probe" or (name == "keys" and nothing):
        hosts.keep_none()
    else:
        environ = dict(os.environ)
        hosts.keep_at(lambda: find_paths(environ).hosts_file)


def _reader_left() -> int:
    """Standard output's reader is gone (`| head`): end quietly, as other tools do."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def console_parser() -> argparse.ArgumentParser:
    """What `ownkey` takes without a command."""
    import argparse

    from tui.cli.values import takes

    parser = argparse.ArgumentParser(
        prog="ownkey",
        description="A full-screen console for coding agents on your own API keys.",
        epilog="commands: "
        + "; ".join(f"{name} ({summary})" for name, summary in COMMANDS.items())
        + ". `ownkey COMMAND --help` tells more; `ownkey completion --help` says how a shell "
        "completes them.",
    )
    session = parser.add_argument("--session", metavar="ID|last", help="go on with this session")
    takes(session, "sessions")
    takes(parser.add_argument("--model", metavar="ID", help="the model to talk with"), "models")
    parser.add_argument(
        "--linear", action="store_true", help="line by line, for screen readers and poor terminals"
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="look around in a scripted world: no key, no network, nothing is kept",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def _console(words: list[str]) -> int:
    if not words:  # the usual start does without a parser
        return _full_screen()
    args = console_parser().parse_args(words)
    if args.version:
        from tui import __version__

        print(f"ownkey {__version__}")
        return 0
    if args.linear:
        from tui.cli.linear import run as run_linear

        return run_linear(args)
    return _full_screen(session=args.session, model=args.model, demo=args.demo)


def _full_screen(
    *, session: str | None = None, model: str | None = None, demo: bool = False
) -> int:
    from tui.cli.console import Wanted, run

    return run(Wanted(session=session, model=model, demo=demo))


if __name__ == "__main__":
    sys.exit(main())
