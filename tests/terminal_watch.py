"""What of a terminal has to stay as it was, whatever the console shows in it."""

from __future__ import annotations

import re
import termios

from tests.emulator import controls_in
from tests.fake_provider import FakeProvider
from tests.live_console import READY, SIDEBAR, LiveConsole

OF_THE_NEXT_TURN = re.compile(r"\s*(next |cache warm)")
"""Rows of the picker that tell what the conversation's next turn costs: each turn changes them."""
POINTER = {("osc", f"22;{shape}") for shape in ("default", "text", "pointer")}
"""The mouse pointer's shape over what it points at."""

_HALF = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?\Z")
"""A control function of which the rest has not been read yet."""


class Watch:
    """What has to be as it was, whatever is shown."""

    def __init__(self, seen: LiveConsole) -> None:
        self._seen = seen
        self.before = self._state()
        self._mark = len(seen.raw)

    def _state(self) -> dict[str, object]:
        seen = self._seen
        lines = seen.lines
        return {
            "title": seen.title,
            "size": seen.size,
            "answers": tuple(seen.answers),
            "line discipline": termios.tcgetattr(seen.master)[:4],
            "header": lines[0][:20],
            "picker": tuple(
                line[: SIDEBAR - 1].rstrip()
                for line in lines[2:-2]
                if not OF_THE_NEXT_TURN.match(line)
            ),
            "composer": READY in seen.text,
            "status": lines[-1][:40],
            "below": lines[-2],
        }

    def broken(self, allowed: set[tuple[str, str]]) -> list[str]:
        """What is no longer as it was, and control functions that are not ours."""
        found = [
            f"{name}: {was!r} is now {now!r}"
            for (name, was), now in zip(self.before.items(), self._state().values(), strict=True)
            if was != now
        ]
        written = _HALF.sub(b"", bytes(self._seen.raw[self._mark :]))
        told = {(c.kind, c.what) for c in controls_in(written)}
        return found + [f"not ours: {one}" for one in sorted(told - allowed)]


def harmless_controls(seen: LiveConsole, fake: FakeProvider) -> set[tuple[str, str]]:
    """The control functions that the console itself uses, seen while it shows harmless text."""
    fake.script(
        [{"thinking": "hm", "text": "# plain\n\n`code` [a](https://b.example)\n\n```\nx\n```"}]
    )
    mark = len(seen.raw)
    seen.ask()
    seen.open_last("▸")
    found = {(c.kind, c.what) for c in controls_in(bytes(seen.raw[mark:]))}
    strange = {
        one
        for one in found - POINTER
        if one[0] not in {"csi", "c0"} or one[1][-1] not in "mHhl\r\n"
    }
    assert strange == set(), "the console itself does what hostile text must not"
    return found | POINTER
