"""Sees that a model goes in circles: the same call with the same result, again and again (pure)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

MOST_ALIKE = 3
"""The third time is told to the model, the next one ends the turn."""

NOTE = (
    "\n[ownkey: this is time {count} for this very call with this very result. Do something else, "
    "or say what is missing: the next time ends the turn.]"
)


class LoopWatch:
    """Counts the calls of one turn.

    What changed something makes looking again worthwhile: it lets the other counts begin anew,
    but not its own, so that two changes back and forth are seen, too.

    Attributes:
        circling: What is called over and over, once it has to end.
    """

    def __init__(self) -> None:
        self.circling: str | None = None
        self._counts: dict[bytes, int] = {}
        self._changing: set[bytes] = set()

    def note(self, name: str, args: dict[str, Any], ok: bool, output: str, *, changes: bool) -> str:
        """Take in a call and its result; what the model has to be told behind the result."""
        # Of a call that fails, how it fails is no matter: times and numbers may differ.
        key = _key(name, args, output if ok else "failed")
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if changes and ok:
            self._changing.add(key)
            if count == 1:
                kept = {one: n for one, n in self._counts.items() if one in self._changing}
                self._counts = kept
        if count > MOST_ALIKE:
            self.circling = name
        return NOTE.format(count=count) if count == MOST_ALIKE else ""


def _key(name: str, args: dict[str, Any], result: str) -> bytes:
    whole = repr((name, msgspec.to_builtins(args), result)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).digest()
