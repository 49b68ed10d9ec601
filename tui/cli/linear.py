"""`ownkey --linear`: a line-by-line session on the same engine, without Textual."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path


def run(args: argparse.Namespace) -> int:
    """Open the session in the current folder, or the demo's; on leaving, say how to come back."""
    if not args.demo:
        return _run_in(Path.cwd(), args)
    from tui.demo.world import LEFT, DemoWorld

    with DemoWorld(os.environ) as world, world.environment():
        status = _run_in(world.folder, args)
    if sys.stdout is not None:
        with suppress(OSError):
            sys.stdout.write(f"{LEFT}\n")
    return status


def _run_in(folder: Path, args: argparse.Namespace) -> int:
    from tui.cli.asking import read_hidden
    from tui.cli.console import command_again
    from tui.cli.output import put
    from tui.linear.commands import COMMANDS
    from tui.linear.reading import MARK, Pipe, Terminal
    from tui.linear.session import Linear
    from tui.linear.voice import Voice
    from tui.money import show_sum
    from tui.paths import find_paths
    from tui.store.history import History

    def write(text: str) -> None:
        put(sys.stdout, text)

    history = History(find_paths(os.environ).history_file)
    voice = Voice(write, looks=_has_looks())
    if sys.stdin is None or sys.stdout is None:
        return 2  # nobody can be read or told
    if sys.stdin.isatty():
        lines = Terminal(
            sys.stdin.fileno(),
            ask=input,
            hide=read_hidden,
            history=history,
            names=[f"/{command.name}" for command in COMMANDS],
            mark="demo> " if args.demo else MARK,
        )
    else:
        lines = Pipe(sys.stdin.buffer, lambda text: voice.say(f"> {text}"))
    session = Linear(
        voice,
        lines,
        history,
        environ=dict(os.environ),
        folder=folder,
        session=args.session,
        model=args.model,
    )
    try:
        left = session.run()
        if left.session is not None and left.state.turn and not args.demo:
            cost = show_sum(left.state.session_nano, left.state.session_unknown)
            again = f"{command_again()} --linear --session {left.session}"
            voice.say(f"Session {left.session}, cost {cost}.\nGo on with: {again}")
    except BrokenPipeError:  # nobody reads any more (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return left.status


def _has_looks() -> bool:
    """Whether the terminal shows weights, and nobody asked for plain text."""
    environ = os.environ
    plain = environ.get("NO_COLOR") or environ.get("TERM", "dumb") in ("dumb", "")
    return sys.stdout.isatty() and not plain
