"""A process that streams from the fake provider and writes the number of each event it shows.

`python -m tests.streaming_child KIND SLOW_MS` imports all it needs, then forks a child for each
line of standard input, `{"session": ID|"last"|null, "model": …}`, so that a hundred can be killed
in a minute. On standard output, for each: `pid N`, then `shown SEQ CRC` for every event right when
it is shown, `end` when the child is gone.

KIND is `real`, or `mutant`: one that shows before it has written. SLOW_MS is how long the disk
takes for an event, in either.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sys
import time
import zlib
from pathlib import Path
from unittest import mock

from tui.events import codec
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.turn import TurnFinished
from tui.runtime import Runtime, root
from tui.session import actor
from tui.session.commands import OpenSession, StartTurn
from tui.session.replies import SessionOpened
from tui.session.writer import SessionWriter
from tui.store.log import Store


def crc(record: Recorded) -> int:
    """The event's content in short."""
    return zlib.crc32(codec.encode(record.event))


class ShowingFirst(SessionWriter):
    """The mutant: a group is shown, and then written."""

    def __init__(self, append, written, clock) -> None:
        self._shown = 0

        async def show_then_append(group, at):
            records = tuple(
                Recorded(session=SessionId("s"), seq=seq, at=at, turn=turn, event=event)
                for seq, (event, turn) in enumerate(group, start=self._shown + 1)
            )
            self._shown += len(records)
            written(records)
            return await append(group, at)

        super().__init__(show_then_append, lambda records: None, clock)


class SlowStore(Store):
    """A store on a disk that takes its time."""

    slow_s = 0.0

    def _insert(self, *given) -> None:
        super()._insert(*given)
        time.sleep(self.slow_s)


def say(line: str) -> None:
    """A whole line in one write, so that a kill tears none."""
    os.write(1, f"{line}\n".encode())


async def stream(order: dict) -> None:
    """Turn after turn until killed."""
    runtime = Runtime(dict(os.environ), notify=lambda notice: None)
    async with runtime, runtime.manager() as manager:
        opened = await manager.call(
            OpenSession(session=order["session"], cwd=str(Path.cwd()), model=order["model"])
        )
        assert isinstance(opened, SessionOpened)
        start = StartTurn(session=opened.session, prompt="go on", asks=False)
        say(f"session {opened.session}")
        await manager.call(start)
        async for batch in manager.follow(opened.session, 0):
            for record in batch:
                say(f"shown {record.seq} {crc(record)}")
                if isinstance(record.event, TurnFinished) and record.seq > opened.seq:
                    await manager.call(start)


def import_all() -> None:
    """What a child would import by itself, once for all of them."""
    from tui.catalog.prices import PriceBook
    from tui.providers.registry import provider, warm

    for api in ("openai-responses", "anthropic"):
        provider(api)
        asyncio.run(warm(api))
    for model in ("openai/gpt-5.5", "anthropic/claude-opus-4-7"):
        PriceBook(None).shown(model, dt.datetime.now(dt.UTC))


def main() -> None:
    kind, slow_ms = sys.argv[1], int(sys.argv[2])
    import_all()
    SlowStore.slow_s = slow_ms / 1000
    writer = ShowingFirst if kind == "mutant" else SessionWriter
    with (
        mock.patch.object(actor, "SessionWriter", writer),
        mock.patch.object(root, "Store", SlowStore),
    ):
        for line in sys.stdin:
            child = os.fork()
            if child == 0:
                say(f"pid {os.getpid()}")
                try:
                    asyncio.run(stream(json.loads(line)))
                finally:
                    os._exit(1)
            os.waitpid(child, 0)
            say("end")


if __name__ == "__main__":
    main()
