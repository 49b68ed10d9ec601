"""What changing a file has in common: foreseen for the approval, done as it was approved."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tui.protected import Border
from tui.tools.base import NOT_APPROVED, CallFailed, ToolContext, failed
from tui.tools.effects import Changing, Effect, Reading
from tui.tools.output import shown_name
from tui.tools.placing import find_spot, put

Plan = Callable[[Border], Changing]
"""Works the change out, opening what the border lets it. Raises CallFailed, OSError."""


def foreseen(path: Path, context: ToolContext, plan: Plan) -> Effect:
    """The effect that `plan` works out of a border, for the person's eyes before a yes.

    What only a yes opens is read for that; where the call then fails, its reason may tell of the
    file, so that it stays a reading call, and is run and told after the yes alone.

    Raises:
        CallFailed: the call fails, and the reason tells of nothing that is closed.
    """
    border = context.border()
    real = Path(os.path.realpath(path))
    closed = border.closed(real)
    if closed and border.place(real) in ("own", "system"):
        raise CallFailed(f"{shown_name(str(path))} was not opened: {closed}")
    try:
        return plan(replace(border, granted=border.granted | {real}))
    except (CallFailed, OSError) as error:
        if closed:
            return Reading((path,))
        raise CallFailed(failed(error, {"path": str(path)}).output) from error


def approved_change(plan: Plan, context: ToolContext) -> Changing:
    """What was approved.

    Raises:
        CallFailed: nothing was; the reason why the call fails anyway comes first.
        OSError: as `plan` raises it.
    """
    if isinstance(context.approved, Changing):
        return context.approved
    plan(context.border())
    raise CallFailed(NOT_APPROVED)


def apply(change: Changing, context: ToolContext) -> None:
    """Write what was shown, if the file still is as it was shown.

    Raises:
        CallFailed: it is not, or the border does not let it.
        OSError: it cannot be written.
    """
    with find_spot(change.asked, context.border()) as spot:
        if spot.real != change.path or spot.before != change.before:
            raise CallFailed(
                f"{shown_name(str(change.asked))} has changed since this was approved: "
                "read it again, then call again."
            )
        assert change.after is not None
        context.seen.note(spot.real, put(spot, change.after))


def shown_path(real: Path, context: ToolContext) -> str:
    """A real path as a diff names it: from the workspace, or absolute."""
    inside = real.is_relative_to(context.cwd)
    return str(real.relative_to(context.cwd) if inside else real)
