"""`ownkey`: the full-screen console."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tui.cli.ending import Ending
    from tui.console.app import ConsoleApp
    from tui.events.base import SessionId

ENGINE_ENDS_S = 6.0
"""An engine ends this long after its console at the latest."""


class Wanted(NamedTuple):
    """What the command line asks for: a session by its id or `last`, a model, the demo."""

    session: str | None = None
    model: str | None = None
    demo: bool = False


def run(args: Wanted) -> int:
    """Open the console in the current folder; on leaving, say how to come back."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        if sys.stderr is not None:
            sys.stderr.write(
                "ownkey: the console needs a terminal\n"
                "  Without one: `ownkey run PROMPT`, or `ownkey run -` for standard input;\n"
                "  line by line: `ownkey --linear`.\n"
            )
        return 2
    if args.demo:
        from tui.demo.world import LEFT, DemoWorld

        with DemoWorld(os.environ) as world, world.environment():
            status = _run_in(world.folder, args)
        with suppress(OSError):
            sys.stdout.write(f"{LEFT}\n")
        return status
    return _run_in(Path.cwd(), args)


def _run_in(folder: Path, args: Wanted) -> int:
    # Nothing is to be restored yet, and Python's own handler can be lost in an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # what is loaded now stays: looking through it takes a tenth of the start
    from tui.console.app import ConsoleApp
    from tui.console.garbage import begin_collecting
    from tui.crash import harden
    from tui.paths import find_paths

    harden()
    app = ConsoleApp(
        environ=dict(os.environ),
        folder=folder,
        paths=find_paths(os.environ),
        session=args.session,
        model=args.model,
        painted=begin_collecting,
    )
    status = show(app)
    return _forget(app) if app.forgetting and not status else status


def _forget(app: ConsoleApp) -> int:
    """Remove everything, as was typed in the console, and say what became of it."""
    from tui.cli.output import say_error
    from tui.cli.privacy import tell
    from tui.errors import OwnkeyError
    from tui.runtime.forgetting import forget_everything

    try:
        done = asyncio.run(forget_everything(app.paths, dict(os.environ), wait_s=ENGINE_ENDS_S))
    except OwnkeyError as error:
        say_error(error)
        return 1
    tell(done)
    return 1 if done.failed else 0


def show(app: ConsoleApp) -> int:
    """Run the console in this terminal and give the terminal back however it ends."""
    from tui.cli.ending import Ending
    from tui.cli.terminal_reset import reset_terminal
    from tui.console.driver import TerminalDriver

    app.driver_class = TerminalDriver
    before = _attributes()
    if before is not None and _left_broken(before):
        reset_terminal()
        before = _attributes()
    ending = Ending(lambda status: app.exit(app.bridge.session, return_code=status), reset_terminal)
    try:
        session = asyncio.run(_open(app, ending))
    finally:
        driver = app._driver  # pyright: ignore[reportPrivateUsage] - Textual has no other way
        lost = isinstance(driver, TerminalDriver) and driver.lost
        if lost or _attributes() != before:
            reset_terminal()
        if lost:
            _speak_to_nobody()
    kept = not app.forgetting and not app.demo
    if session is not None and app.state.turn and kept:
        _say_how_to_come_back(app, session)
    return ending.status or app.return_code or 0


async def _open(app: ConsoleApp, ending: Ending) -> SessionId | None:
    ending.watch(asyncio.get_running_loop())
    return await app.run_async()


def _attributes() -> list[Any] | None:
    """How the terminal treats what is typed."""
    import termios

    try:
        return termios.tcgetattr(0)
    except (termios.error, OSError):
        return None


def _left_broken(attributes: list[Any]) -> bool:
    """No shell starts a program in a terminal without lines: the last one was killed in it."""
    import termios

    return not attributes[3] & termios.ICANON


def _speak_to_nobody() -> None:
    """The terminal is gone: what is still in our buffers must not make the exit fail."""
    with suppress(OSError):
        nobody = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(nobody, descriptor)


def _say_how_to_come_back(app: ConsoleApp, session: SessionId) -> None:
    from tui.cli.output import say
    from tui.money import show_usd

    state = app.state
    cost = show_usd(None if state.session_unknown else state.session_nano)
    if state.session_unknown and state.session_nano:
        cost = f"{show_usd(state.session_nano)} and {state.session_unknown} of unknown cost"
    with suppress(OSError):
        say(f"session {session}  cost {cost}\ngo on with: {command_again()} --session {session}")


def command_again() -> str:
    """How to call this program again: by its name where that finds it, else as it was called."""
    import shlex
    import shutil

    called, found = sys.argv[0], shutil.which("ownkey")
    by_name = found is not None and os.path.realpath(found) == os.path.realpath(called)
    return "ownkey" if by_name or Path(called).name != "ownkey" else shlex.quote(called)
