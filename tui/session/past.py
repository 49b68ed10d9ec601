"""Where a session can be gone back to: its prompts, and what it changed since each (pure)."""

from __future__ import annotations

import datetime as dt

import msgspec

from tui.events.codec import Recorded
from tui.events.session import SessionRewound
from tui.events.tool import FileChanged
from tui.events.turn import TurnStarted


class PastPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt that can be gone back to: what is kept ends before it.

    Args:
        seq: Of its event.
        text: As it was sent.
        at: When.
        files: Real paths that the session changed since, each once, in the order of their changes.
    """

    seq: int
    text: str
    at: dt.datetime
    files: tuple[str, ...]


class GoneBack(msgspec.Struct, frozen=True, kw_only=True):
    """A going back, whose before can be had again as a fork.

    Args:
        seq: The last event before it.
        at: When.
        prompts: How many it took out.
    """

    seq: int
    at: dt.datetime
    prompts: int


class Past:
    """A fold of one session's events."""

    def __init__(self) -> None:
        self._prompts: list[tuple[int, str, dt.datetime]] = []
        self._changes: list[tuple[int, str]] = []
        self.gone_back: list[GoneBack] = []

    def apply(self, record: Recorded) -> None:
        """Take in the session's next event."""
        match event := record.event:
            case TurnStarted() if event.prompt.strip():
                self._prompts.append((record.seq, event.prompt, record.at))
            case FileChanged():
                self._changes.append((record.seq, event.path))
            case SessionRewound():
                self._go_back(record, event)
            case _:
                pass

    def _go_back(self, record: Recorded, event: SessionRewound) -> None:
        kept = [one for one in self._prompts if one[0] <= event.to]
        taken = len(self._prompts) - len(kept)
        self.gone_back.append(GoneBack(seq=record.seq - 1, at=record.at, prompts=taken))
        self._prompts = kept
        undone = set(event.files)
        self._changes = [
            (seq, path) for seq, path in self._changes if seq <= event.to or path not in undone
        ]

    @property
    def prompts(self) -> list[PastPrompt]:
        """The latest first."""
        return [
            PastPrompt(seq=seq, text=text, at=at, files=self.files_since(seq))
            for seq, text, at in reversed(self._prompts)
        ]

    def files_since(self, seq: int) -> tuple[str, ...]:
        """What the session changed behind an event and has not taken back, each once."""
        return tuple(dict.fromkeys(path for at, path in self._changes if at > seq))
