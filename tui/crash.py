"""When ownkey itself fails: its kind and place are said, never what stood there.

A message, a variable, a logged line, a core may hold a key: none of them is shown or written.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from types import TracebackType

MOST_FRAMES = 8


def places_of(error: BaseException) -> str:
    """`file.py:12 function, …`: where it was on the way, the last `MOST_FRAMES` of them."""
    import traceback
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return ", ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def hush() -> None:
    """Say only this much of whatever nobody catches, in any thread, and nothing that is logged."""
    import logging
    import threading

    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_a_thread
    # Without a handler, warnings and asyncio's tracebacks go to standard error.
    logging.getLogger().addHandler(logging.NullHandler())


def harden() -> None:
    """Keep this process's memory to itself: no core file, not readable by other processes."""
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        pr_set_dumpable = 4
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(pr_set_dumpable, 0, 0, 0, 0)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _say(f"it failed by itself ({kind.__name__})", error)


def _in_a_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _say(f"a part of it failed ({args.exc_type.__name__})", args.exc_value)


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """An object failed while it was taken away: nothing depends on it."""


def _say(what: str, error: BaseException) -> None:
    step = "Nothing that was stored is lost: try again."
    sys.stderr.write(f"ownkey: {what}\n  {step}\n  For a report: {places_of(error)}\n")
