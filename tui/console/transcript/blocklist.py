"""Blocks in order, and which of them changed; what a fold of events does to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tui.console.transcript.blocks import (
    Block,
    BlockId,
    Notice,
    Reply,
    Streamed,
    Thinking,
    Tone,
)
from tui.console.transcript.parts import MOST_CHARACTERS, cut


def _hold(block: Streamed, text: str) -> None:
    block.parts, block.size, block.breaks = [text], len(text), text.count("\n")


class BlockList:
    """Blocks are added at the end, grow, and may be taken back; none ever leaves its place."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._changed: set[BlockId] = set()
        self._open: Reply | Thinking | None = None
        self._seq = 0  # of the event that is being taken in

    def take_changes(self) -> set[BlockId]:
        """Blocks that are new or changed since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def _add(self, block: Block) -> None:
        block.seq = self._seq
        self.blocks.append(block)
        self._changed.add(block.id)

    def _touch(self, block: Block) -> None:
        block.version += 1
        self._changed.add(block.id)

    @property
    def _next(self) -> BlockId:
        return BlockId(len(self.blocks))

    def note(self, text: str, tone: Tone = "mute") -> None:
        """Add a sentence of the console's own; no log has it."""
        self._say(text, tone)

    def _say(self, text: str, tone: Tone = "mute") -> None:
        self._add(Notice(id=self._next, text=text, tone=tone))

    def _begin(self, block: Reply | Thinking) -> None:
        self._open = block
        self._add(block)

    def _grow(self, block: Streamed, delta: str) -> None:
        block.parts.append(delta)
        block.size += len(delta)
        block.breaks += delta.count("\n")
        block.version += 1
        self._changed.add(block.id)
        if isinstance(block, Reply) and block.size >= MOST_CHARACTERS:
            self._part(block)

    def _part(self, block: Reply) -> None:
        """Go on in another block, so that none is too long to be laid out at once."""
        text, start, lead = block.text, 0, block.lead
        while (found := cut(text[start : start + MOST_CHARACTERS], lead)) is not None:
            _hold(block, text[start : start + found.end])
            block.streaming = False
            self._touch(block)
            start, lead = start + found.end, found.lead
            block = Reply(
                id=self._next,
                request=block.request,
                payer=block.payer,
                part=True,
                lead=lead,
                apart=found.apart,
            )
            _hold(block, text[start : start + MOST_CHARACTERS])
            self._begin(block)
        _hold(block, text[start:])

    def _close_open(self, at: dt.datetime) -> None:
        block, self._open = self._open, None
        if block is not None:
            block.streaming = False
            if isinstance(block, Thinking):
                block.ended = at
            self._touch(block)

    def _last_notice(self) -> Notice | None:
        last = self.blocks[-1]
        return last if isinstance(last, Notice) else None

    def _take_back(self, which: Callable[[Block], bool]) -> None:
        """Blocks that are no longer shown; they come last, and keep their numbers."""
        for block in reversed(self.blocks):
            if not block.gone and which(block):
                block.gone = True
                self._touch(block)
