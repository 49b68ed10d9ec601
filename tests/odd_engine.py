"""The engine's process with a clock that a test turns, or without one of its defences.

    monkeypatch.setattr("tui.process.python_command", odd_engine(clock=FILE, mutant="no hold"))

and every engine that is started is one. The clock stands still at what the file says (ISO, UTC);
without a file it is the machine's. Mutants: `no hold` holds nothing for a request that is on its
way; `end alone` counts a charge by the clock at its end, whenever it was let through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.engine_world import child_program
from tui import process


def odd_engine(*, clock: Path | None = None, mutant: str = "") -> Callable[..., list[str]]:
    """In place of `tui.process.python_command`."""
    usual = process.python_command
    code = f"from tests.odd_engine import main; main({str(clock or '')!r}, {mutant!r})"

    def command(module: str, *words: str) -> list[str]:
        return child_program(code, *words) if module == "tui.engine.host" else usual(module, *words)

    return command


def turned(file: Path, now: dt.datetime) -> None:
    """Turn the clock; whoever reads it meanwhile finds the old time or the new one."""
    fresh = file.with_suffix(".new")
    fresh.write_text(now.isoformat(), "utf-8")
    fresh.replace(file)


def main(clock: str, mutant: str) -> None:
    """The engine's own `main`, with its arguments."""
    from tui.engine import host
    from tui.runtime import house, root
    from tui.session import wall
    from tui.store import holds

    if clock:

        def now() -> dt.datetime:
            return dt.datetime.fromisoformat(Path(clock).read_text("utf-8"))

        root.utc_now = house.utc_now = now
    if mutant == "no hold":
        decided = wall._decided

        def nothing_held(*given: Any, **more: Any) -> Any:
            found = decided(*given, **more)
            held = isinstance(found, wall.Held)
            return wall.Held(tokens=found.tokens, nano=0) if held else found

        wall._decided = nothing_held
    if mutant == "end alone":
        holds._LATER_KNOWN = "SELECT :at, :session, :seq, :request"
    host.main()
