"""A process that spends a house ledger's credits and kills itself between two chosen steps.

`python -m tests.ledger_child KIND` imports all it needs, then forks a child for each line of
standard input, `{"session": ID|null, "point": NAME|null, "skip": N}`. A child goes on turn after
turn; at the point, after N times of passing it, it is gone as by kill -9. Without a point it runs
until it is killed from outside. On standard output, for each: `pid N`, `session ID`, `end`.

KIND is `real`, or a mutant: `late` settles in a step of its own, after the charge is written;
`free` takes what a killed program had sent for not sent.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from tests.ledger_world import live_ledger
from tests.streaming_child import import_all, say
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.events.turn import TurnFinished
from tui.providers import base
from tui.runtime import Runtime
from tui.runtime.router import LiveRouter
from tui.session.commands import OpenSession, StartTurn
from tui.session.replies import SessionOpened
from tui.session.request import RequestRun
from tui.store import log
from tui.store.holds import Holds
from tui.store.ledger import Book
from tui.store.log import Store

POINTS = (
    "before the hold", "held", "route written", "way open", "first byte", "usage told",
    "charge made", "settled, not committed", "charge written", "before the release", "released",
)  # fmt: skip


class Death:
    """Where this child ends."""

    point: str | None = None
    skip = 0

    @classmethod
    def at(cls, point: str) -> None:
        if point == cls.point:
            if cls.skip == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            cls.skip -= 1


def around(kind: type, name: str, before: str | None, after: str | None) -> Any:
    """The method with a place to die before and after it."""
    real = getattr(kind, name)

    def watched(*given: Any, **more: Any) -> Any:
        if before is not None:
            Death.at(before)
        found = real(*given, **more)
        if after is not None:
            Death.at(after)
        return found

    return mock.patch.object(kind, name, watched)


def watched_append() -> Any:
    real = Store.append

    def append(self: Store, session: Any, events: Any, at: Any) -> Any:
        found = real(self, session, events, at)
        kinds = {type(event) for event, _ in events}
        if RouteDecided in kinds:
            Death.at("route written")
        if ChargeRecorded in kinds:
            Death.at("charge written")
        return found

    return mock.patch.object(Store, "append", append)


def watched_settle() -> Any:
    real = log.settle

    def settle(db: Any, record: Any, event: Any) -> None:
        real(db, record, event)
        if isinstance(event, ChargeRecorded):
            Death.at("settled, not committed")

    return mock.patch.object(log, "settle", settle)


def watched_take() -> Any:
    real = RequestRun._take

    def take(self: RequestRun, part: Any, seconds: float) -> None:
        if isinstance(part, base.Opened):
            Death.at("first byte")
        if isinstance(part, base.UsageReported):
            Death.at("usage told")
        real(self, part, seconds)
        if isinstance(part, base.UsageReported):
            Death.at("charge made")

    return mock.patch.object(RequestRun, "_take", take)


def watched_open() -> Any:
    real = LiveRouter.open

    async def opened(self: LiveRouter, decision: Any) -> Any:
        found = await real(self, decision)
        Death.at("way open")
        return found

    return mock.patch.object(LiveRouter, "open", opened)


def late_settling() -> Any:
    """The mutant: the ledger follows the charge in a transaction of its own."""
    inner = log.settle

    def nothing_of_the_ledger(db: Any, record: Any, event: Any) -> None:
        if isinstance(event, RouteDecided):
            inner(db, record, event)

    real = Store.append

    def append(self: Store, session: Any, events: Any, at: Any) -> Any:
        records = real(self, session, events, at)
        for record in records:
            if isinstance(record.event, ChargeRecorded):
                with self._transaction():
                    inner(self._db, record, record.event)
        return records

    stack = ExitStack()
    stack.enter_context(mock.patch.object(log, "settle", nothing_of_the_ledger))
    stack.enter_context(mock.patch.object(Store, "append", append))
    return stack


def free_of_charge() -> Any:
    """The mutant: what was sent by a program that is gone is let go of."""

    def leave(self: Book, session: str, at: Any) -> None:
        found = self._db.execute(
            "SELECT key FROM ledger_holds WHERE session = ? AND state IN ('open', 'sent')",
            (session,),
        ).fetchall()
        for (key,) in found:
            self.release(key, at)

    return mock.patch.object(Book, "leave", leave)


async def spend(order: dict[str, Any]) -> None:
    """Turn after turn until it is killed."""
    Death.point, Death.skip = order["point"], order["skip"]
    runtime = Runtime(dict(os.environ), notify=lambda notice: None)
    async with runtime, runtime.manager() as manager:
        opened = await manager.call(
            OpenSession(session=order["session"], cwd=str(Path.cwd()), model="openai/gpt-5.5")
        )
        assert isinstance(opened, SessionOpened)
        start = StartTurn(session=opened.session, prompt="go on", asks=False)
        say(f"session {opened.session}")
        await manager.call(start)
        async for batch in manager.follow(opened.session, 0):
            for record in batch:
                if isinstance(record.event, TurnFinished) and record.seq > opened.seq:
                    if order["point"] == "one turn":
                        return
                    await manager.call(start)


def main() -> None:
    kind = sys.argv[1]
    import_all()
    with ExitStack() as stack:
        stack.enter_context(live_ledger())
        for patched in (
            watched_append(), watched_settle(), watched_take(), watched_open(),
            around(Holds, "place", "before the hold", "held"),
            around(Holds, "release", "before the release", "released"),
        ):  # fmt: skip
            stack.enter_context(patched)
        if kind == "late":
            stack.enter_context(late_settling())
        if kind == "free":
            stack.enter_context(free_of_charge())
        for line in sys.stdin:
            child = os.fork()
            if child == 0:
                say(f"pid {os.getpid()}")
                try:
                    asyncio.run(spend(json.loads(line)))
                finally:
                    os._exit(1)
            os.waitpid(child, 0)
            say("end")


if __name__ == "__main__":
    main()
