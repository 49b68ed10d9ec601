"""What a call's paths really are: where they lead, links followed, and what lies there.

Looks at the file system and decides nothing; `tui.permissions.rules` decides and looks at nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tui.protected import Border, Place, secret_reason


class PathFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One path that a call would open.

    Args:
        asked: As the call has it, absolute.
        real: Where it leads at this moment. What a yes to the call covers.
        place: Where `real` lies.
        secret: Why it counts as a secret (by the name asked for or the real one), or None.
    """

    asked: Path
    real: Path
    place: Place
    secret: str | None

    @property
    def elsewhere(self) -> bool:
        """Whether links or `..` lead to another path than the one asked for."""
        return self.asked != self.real


def look_at(paths: Sequence[Path], border: Border) -> tuple[PathFacts, ...]:
    """The facts of each path, in order. A path that is not there has facts too."""
    return tuple(_look(path, border) for path in paths)


def _look(path: Path, border: Border) -> PathFacts:
    real = Path(os.path.realpath(path))
    return PathFacts(
        asked=path,
        real=real,
        place=border.place(real),
        secret=secret_reason(real) or secret_reason(path),
    )
