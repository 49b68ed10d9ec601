"""Who hears what happened.

Promises: a follower gets each record of its session once, in order, from the number it asks for.
Records are published after they are written. Nobody waits for a follower: one that falls more
than `QUEUE` batches behind loses its queue and reads the gap from the log, so nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from tui.events.base import SessionId
from tui.events.codec import Recorded

QUEUE = 256
PAGE = 2_000

Batch = tuple[Recorded, ...]
ReadLog = Callable[[SessionId, int, int], Awaitable[list[Recorded]]]
"""`(session, after, limit)` → records from the log."""


class _Follower:
    def __init__(self) -> None:
        self.queue: deque[Batch] = deque()
        self.lagged = False
        self.wake = asyncio.Event()

    def offer(self, batch: Batch) -> None:
        if len(self.queue) >= QUEUE:
            self.queue.clear()
            self.lagged = True
        elif not self.lagged:
            self.queue.append(batch)
        self.wake.set()


class Bus:
    """Publishes what is written to those who follow."""

    def __init__(self, read: ReadLog) -> None:
        self._read = read
        self._followers: dict[SessionId, list[_Follower]] = {}

    def publish(self, session: SessionId, batch: Sequence[Recorded]) -> None:
        """Tell all followers of `session`; never waits."""
        for follower in self._followers.get(session, ()):
            follower.offer(tuple(batch))

    async def follow(self, session: SessionId, after: int) -> AsyncGenerator[Batch]:
        """Batches of records above `after`: first what the log has, then what comes; no end."""
        follower = _Follower()
        self._followers.setdefault(session, []).append(follower)
        try:
            follower.lagged = True  # begin with the log, as one who has fallen behind
            while True:
                if follower.lagged:
                    # Cleared first: what is published while we read is queued, and skipped below.
                    follower.lagged = False
                    while page := await self._read(session, after, PAGE):
                        after = page[-1].seq
                        yield tuple(page)
                        if len(page) < PAGE:
                            break
                while follower.queue and not follower.lagged:
                    batch = tuple(r for r in follower.queue.popleft() if r.seq > after)
                    if batch and batch[0].seq != after + 1:
                        follower.lagged = True
                    elif batch:
                        after = batch[-1].seq
                        yield batch
                if not follower.lagged and not follower.queue:
                    follower.wake.clear()
                    await follower.wake.wait()
        finally:
            self._followers[session].remove(follower)
            if not self._followers[session]:
                del self._followers[session]
