"""Written first, shown second: the one way of an event into the log and to those who follow.

The first delta of a stream is written at once, those that follow in groups at most `GROUP_S`
apart (the only place that waits); everything else at once. Deltas of a group become one event.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tui.errors import StoreError
from tui.events.codec import AnyEvent, Recorded
from tui.events.stream import TextStreamed, ThinkingStreamed

GROUP_S = 0.016
MOST_WAITING = 1 << 20
"""So many characters may wait to be written before who streams has to wait, too."""

Append = Callable[[list[tuple[AnyEvent, int]], dt.datetime], Awaitable[tuple[Recorded, ...]]]


class SessionWriter:
    """Orders one session's events.

    Args:
        append: Writes a group durably and returns it as recorded.
        written: Told of each group after it is written.
        clock: The time events are stamped with.
    """

    def __init__(
        self,
        append: Append,
        written: Callable[[tuple[Recorded, ...]], None],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._append = append
        self._written = written
        self._clock = clock
        self._pending: list[tuple[AnyEvent, int]] = []
        self._waiting = 0
        self._urgent = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.failure: StoreError | None = None

    def record(self, event: AnyEvent, turn: int) -> None:
        """Queue an event; `flush` waits for it."""
        last = self._pending[-1][0] if self._pending else None
        merged = _merge(last, event)
        if merged is not None:
            self._pending[-1] = (merged, turn)
        else:
            self._pending.append((event, turn))
        if isinstance(event, TextStreamed | ThinkingStreamed):
            self._waiting += len(event.delta)
        else:
            self._urgent = True
        self._idle.clear()
        self._wake.set()

    async def room(self) -> None:
        """Return once there is room for more: a stream faster than the disk waits for it.

        Raises:
            StoreError: what waits could not be written.
        """
        if self._waiting > MOST_WAITING:
            await self.flush()

    async def flush(self) -> None:
        """Return when everything recorded so far is written.

        Raises:
            StoreError: it could not be written.
        """
        self._urgent = True
        if self._pending:
            self._idle.clear()
        self._wake.set()
        await self._idle.wait()
        if self.failure is not None:
            raise self.failure

    async def commit(self, events: Sequence[AnyEvent], turn: int) -> None:
        """Write events now or not at all: what was refused must not happen later by itself.

        Raises:
            StoreError: they could not be written, and are forgotten.
        """
        for event in events:
            self.record(event, turn)
        try:
            await self.flush()
        except StoreError:
            self._pending = [p for p in self._pending if not any(p[0] is e for e in events)]
            if not self._pending:
                self.failure = None
            raise

    async def run(self) -> None:
        """Write until cancelled; the session's task group owns this."""
        loop = asyncio.get_running_loop()
        last = 0.0
        while True:
            await self._wake.wait()
            rest = last + GROUP_S - loop.time()
            while rest > 0 and not self._urgent:
                self._wake.clear()
                try:
                    async with asyncio.timeout(rest):
                        await self._wake.wait()
                except TimeoutError:
                    break
                rest = last + GROUP_S - loop.time()
            self._wake.clear()
            group, self._pending, self._urgent = self._pending, [], False
            self._waiting = 0
            if group:
                try:
                    records = await self._append(group, self._clock())
                except StoreError as error:
                    # Kept, and tried again with the next event: a lock or a full disk may pass.
                    self.failure = error
                    self._pending = group + self._pending
                    last = loop.time()
                    self._idle.set()
                    continue
                else:
                    self.failure = None
                    self._written(records)
                last = loop.time()
            if self._pending:
                self._wake.set()
            else:
                self._idle.set()


def _merge(last: AnyEvent | None, event: AnyEvent) -> AnyEvent | None:
    """One delta out of two of the same kind and request, else None."""
    match last, event:
        case (TextStreamed(), TextStreamed()) | (ThinkingStreamed(), ThinkingStreamed()):
            if last.request == event.request:
                return msgspec.structs.replace(last, delta=last.delta + event.delta)
        case _:
            pass
    return None
