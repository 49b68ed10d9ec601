"""Prompts sent before, by Up and Down; kept over sessions in a private file."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path

from tui.paths import private_folder, write_private

KEEP = 500
LONGEST = 20_000
MOST_BYTES = 4_000_000
"""A file that is longer is cut to what is kept of it."""


class History:
    """A walk through earlier prompts; the draft at its end is kept while walking.

    Args:
        file: Where prompts lie, one JSON string a line; None keeps them in memory alone.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._prompts: deque[str] | None = None
        self._at = 0
        self._draft = ""
        self._kept: str | None = None

    def _all(self) -> deque[str]:
        if self._prompts is None:
            self._prompts = deque(_read(self._file), KEEP)
            self._at = len(self._prompts)
        return self._prompts

    def add(self, text: str) -> None:
        """Remember a sent prompt; one that was sent before is the latest now."""
        prompts = self._all()
        if text.strip() and len(text) <= LONGEST:
            if text in prompts:
                prompts.remove(text)
            prompts.append(text)
        self._at = len(prompts)
        self._draft = ""

    def keep(self, text: str) -> None:
        """Write a prompt down for later runs, as the log has it: with every key masked."""
        if text.strip() and len(text) <= LONGEST and text != self._kept:
            self._append(text)
        self._kept = text

    def latest(self) -> list[str]:
        """All of them, the latest first."""
        return list(reversed(self._all()))

    def older(self, current: str) -> str | None:
        """The prompt before, or None at the beginning."""
        prompts = self._all()
        if self._at == len(prompts):
            self._draft = current
        if self._at == 0:
            return None
        self._at -= 1
        return prompts[self._at]

    def newer(self) -> str | None:
        """The prompt after, at last the draft; None when there."""
        prompts = self._all()
        if self._at >= len(prompts):
            return None
        self._at += 1
        return self._draft if self._at == len(prompts) else prompts[self._at]

    def _append(self, text: str) -> None:
        if self._file is None:
            return
        import json

        with suppress(OSError):  # history is a comfort: a full disk must not stop a prompt
            private_folder(self._file.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._file, flags, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(json.dumps(text) + "\n")


def _read(file: Path | None) -> list[str]:
    """What is kept, each once, where it was sent last; a file that has grown long is cut."""
    if file is None or not file.exists():
        return []
    import json  # 2 ms of the start, and not needed for it

    prompts: dict[str, None] = {}
    with suppress(OSError):
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - MOST_BYTES))
            lines = opened.read().splitlines()
        for line in lines[-2 * KEEP :]:
            with suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, str):
                    prompts.pop(value, None)
                    prompts[value] = None
        kept = list(prompts)[-KEEP:]
        if len(lines) > 2 * KEEP or size > MOST_BYTES:
            write_private(file, "".join(f"{json.dumps(one)}\n" for one in kept).encode("ascii"))
        return kept
    return list(prompts)[-KEEP:]
