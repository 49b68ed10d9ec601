"""`ownkey`: the full-screen console."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def run(args: argparse.Namespace) -> int:
    """Open the console in the current folder; on leaving, say how to come back."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(
            "ownkey: the console needs a terminal\n"
            "  Without one: `ownkey run PROMPT`, or `ownkey run -` for standard input.\n"
        )
        return 2
    from tui.console.app import ConsoleApp
    from tui.paths import find_paths
    from tui.process import harden

    harden()
    app = ConsoleApp(
        environ=dict(os.environ),
        folder=Path.cwd(),
        paths=find_paths(os.environ),
        session=args.session,
        model=args.model,
    )
    session = app.run()
    if session is not None and app.state.turn:
        from tui.cli.output import say
        from tui.money import show_usd

        state = app.state
        cost = show_usd(None if state.session_unknown else state.session_nano)
        if state.session_unknown and state.session_nano:
            cost = f"{show_usd(state.session_nano)} and {state.session_unknown} of unknown cost"
        say(f"session {session}  cost {cost}\ngo on with: ownkey --session {session}")
    return app.return_code or 0
