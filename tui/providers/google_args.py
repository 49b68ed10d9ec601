"""A function call of Gemini's, whole or in pieces.

In pieces (`partialArgs`) each names a place by a JSON path and brings a value for it; a string
may come in several, and a call goes on in parts that have no name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tui.providers.loose import as_rows, as_table, rows, table, text, word

_STEP = re.compile(
    r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]"""
)
_MOST_ENTRIES = 10_000


@dataclass(slots=True)
class PartialCall:
    """A call that may not be whole yet."""

    name: str
    id: str | None
    signature: str | None
    args: dict[str, Any] = field(default_factory=dict[str, Any])
    broken: bool = False
    _pieces: list[Any] = field(default_factory=list[Any])
    _unended: set[str] = field(default_factory=set[str])

    def add(self, call: dict[str, Any]) -> int:
        """Take another part of the call in; returns how many characters it brought."""
        given: object = call.get("args")
        if (args := as_table(given)) is not None:
            self.args.update(args)
        elif given is not None:
            self.broken = True
            self._pieces.append(given)
        pieces = rows(call.get("partialArgs"))
        for piece in pieces:
            self._pieces.append(piece)
            if not self._put(table(piece)):
                self.broken = True
        return sum(len(text(table(piece).get("stringValue"))) for piece in pieces)

    def raw(self) -> str:
        """What came for arguments, for a call that does not make an object of them."""
        return json.dumps(self._pieces or self.args, ensure_ascii=False)

    def _put(self, piece: dict[str, Any]) -> bool:
        path = text(piece.get("jsonPath"))
        steps = _steps(path)
        if not steps:
            return False
        value = _value(piece)
        if path in self._unended and isinstance(value, str):
            before = _get(self.args, steps)
            value = before + value if isinstance(before, str) else value
        if piece.get("willContinue") is True:
            self._unended.add(path)
        else:
            self._unended.discard(path)
        return _set(self.args, steps, value)


def _value(piece: dict[str, Any]) -> object:
    for name in ("stringValue", "numberValue", "boolValue"):
        if name in piece:
            return piece[name]
    return None


def _steps(path: str) -> list[str | int]:
    """The keys and indexes of a path such as `$.recipe.steps[8]['a b']`; empty where it is none."""
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return []
        plain, index, single, double = step.groups()
        if index is not None:
            steps.append(int(index))
        elif plain is not None:
            steps.append(plain)
        else:
            steps.append(re.sub(r"\\(.)", r"\1", single if single is not None else double))
        at = step.end()
    return steps if steps and isinstance(steps[0], str) else []


def _get(holder: object, steps: list[str | int]) -> object:
    for step in steps:
        if isinstance(step, int):
            entries = rows(holder)
            holder = entries[step] if step < len(entries) else None
        else:
            holder = table(holder).get(step)
    return holder


def _set(args: dict[str, Any], steps: list[str | int], value: object) -> bool:
    """Put `value` at the end of `steps`, making what lies on the way; False where it cannot be."""
    holder: object = args
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        fresh: object = value if following is None else [] if isinstance(following, int) else {}
        slots = as_rows(holder) if isinstance(step, int) else as_table(holder)
        if slots is None:
            return False
        if isinstance(slots, list) and isinstance(step, int):
            if step >= _MOST_ENTRIES:
                return False
            slots += [None] * (step + 1 - len(slots))
            if following is None or slots[step] is None:
                slots[step] = fresh
            holder = slots[step]
        elif isinstance(slots, dict) and isinstance(step, str):
            if following is None or slots.get(step) is None:
                slots[step] = fresh
            holder = slots[step]
    return True


def begun(call: dict[str, Any], signature: str | None) -> PartialCall | None:
    """The call that this part begins; None where it goes on with one."""
    name = word(call.get("name"))
    if name is None:
        return None
    return PartialCall(name=name, id=word(call.get("id")), signature=signature)
