"""The exit status that a turn's end asks for (contract.md, exit status; pure)."""

from __future__ import annotations

from tui.events.turn import DoneStop

FAILED = 1
REFUSED = 3
BUDGET = 4
NO_ROUTE = 5
INTERRUPTED = 130


def exit_status(stop: DoneStop, error: str | None, *, refused: bool) -> int:
    """The status of a turn.

    Args:
        stop: How it ended.
        error: The kind of its last error that was not got over, or None.
        refused: Whether a call was refused for want of approval, even if the model went on.
    """
    if stop == "interrupted":
        return INTERRUPTED
    if error == "no_route":
        return NO_ROUTE
    if error in {"budget", "out_of_credits"} or stop == "budget":
        return BUDGET
    if stop in {"error", "incomplete", "filter"}:
        return FAILED
    return REFUSED if refused else 0
