"""Undoes a session's own changes of files, where nobody else has changed them since."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tui.events.tool import FileChanged
from tui.protected import Border
from tui.session.ports import TakenBack
from tui.tools.base import CallFailed
from tui.tools.placing import find_spot, put


def take_back(changes: Sequence[FileChanged], border: Border) -> TakenBack:
    """Make each file as it was before its first change, or leave it as it is. Blocks.

    Args:
        changes: In the order in which they were made.
        border: What tools may open; the yes to a change covers its being taken back.
    """
    by_path: dict[str, list[FileChanged]] = {}
    for change in changes:
        by_path.setdefault(change.path, []).append(change)
    done = {path: _restored(Path(path), group, border) for path, group in by_path.items()}
    return TakenBack(
        files=tuple(path for path, restored in done.items() if restored),
        left=tuple(path for path, restored in done.items() if not restored),
    )


def _restored(path: Path, changes: Sequence[FileChanged], border: Border) -> bool:
    try:
        with find_spot(path, replace(border, granted=border.granted | {path})) as spot:
            if spot.real != path:
                return False  # something else lies there now
            now, known = spot.before, True
            for change in reversed(changes):
                if now == change.after:
                    now = change.before
                elif now != change.before:  # else this change was foreseen and never made
                    known = False
            if not known:
                return False
            if now is None:
                if spot.before is not None:
                    os.unlink(spot.name, dir_fd=spot.folder)
            elif now != spot.before:
                put(spot, now)
            return True
    except (CallFailed, OSError):
        return False
