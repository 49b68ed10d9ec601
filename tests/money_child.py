"""A process that spends an own key's money and a house's credits, and dies between chosen steps.

`python -m tests.money_child KIND` imports all it needs, then forks a child for each line of
standard input: `{"session": ID|null, "model": ID, "turns": N, "point": NAME|null, "says": W|null}`.
A child opens the session, goes N turns with it, and ends; at the point it is gone as by kill -9.
With `says` a person is there, who answers the question what goes on by that way once. On standard
output, for each: `pid N`, `session ID`, `stop WHY` for each turn, `end`.

A point is a step of one payer's request: `own_key: held`, `credits: first byte`.

KIND is `real`, or a mutant: `forgetful` takes what a killed program had sent for not sent; `late`
records a charge without closing its hold in the same step; `faithful` remembers over a kill that a
request had fallen to credits and goes on there.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from tests.ledger_child import Death, late_settling
from tests.streaming_child import import_all, say
from tui.events.failing import WayOutAsked
from tui.events.money import ChargeRecorded
from tui.events.route import FallbackTaken, RouteDecided
from tui.events.turn import TurnFinished
from tui.providers import base
from tui.runtime import Runtime
from tui.runtime.router import LiveRouter
from tui.session.actor import SessionActor
from tui.session.commands import AnswerWayOut, OpenSession, StartTurn
from tui.session.recovery import Recovery
from tui.session.replies import SessionOpened
from tui.session.request import RequestRun
from tui.session.sending import Chosen, Sender
from tui.store import log
from tui.store.holds import Hold, Holds
from tui.store.ledger import Book
from tui.store.log import Store

STEPS = (
    "before the hold", "held", "route written", "way open", "taken", "first byte", "usage told",
    "charge made", "settled, not committed", "charge written", "turn ended",
)  # fmt: skip
"""Of a request that is answered; `taken`: the other side has it, and nothing came back."""

REFUSED = ("before the release", "released")
"""Of one that is refused."""

FALLING = ("own_key: failed", "own_key: before the fallback", "own_key: fallback told")
"""Of one that falls back, in this order; then those of the request on credits."""


@contextmanager
def watched() -> Any:
    """Every step of a request with a place to die."""
    payers: dict[str, str] = {}
    place, release = Holds.place, Holds.release
    append, settle, opening = Store.append, log.settle, LiveRouter.open
    take, after = RequestRun._take, Recovery.after

    def placed(self: Holds, hold: Hold, *given: Any) -> bool:
        payers[hold.request] = hold.payer
        Death.at(f"{hold.payer}: before the hold")
        found = place(self, hold, *given)
        Death.at(f"{hold.payer}: held")
        return found

    def released(self: Holds, request: Any, at: Any) -> None:
        Death.at(f"{payers[request]}: before the release")
        release(self, request, at)
        Death.at(f"{payers[request]}: released")

    def appended(self: Store, session: Any, events: Any, at: Any) -> Any:
        for event, _ in events:
            if isinstance(event, FallbackTaken):
                Death.at("own_key: before the fallback")
        found = append(self, session, events, at)
        for event, _ in events:
            match event:
                case FallbackTaken():
                    Death.at("own_key: fallback told")
                case RouteDecided():
                    Death.at(f"{event.payer}: route written")
                case ChargeRecorded():
                    Death.at(f"{event.payer}: charge written")
                case TurnFinished():
                    for payer in payers.values():
                        Death.at(f"{payer}: turn ended")
                case _:
                    pass
        return found

    def settled(db: Any, record: Any, event: Any) -> None:
        settle(db, record, event)
        if isinstance(event, ChargeRecorded):
            Death.at(f"{event.payer}: settled, not committed")

    async def opened(self: LiveRouter, decision: Any) -> Any:
        found = await opening(self, decision)
        Death.at(f"{decision.payer}: way open")
        return found

    def taken(self: RequestRun, part: Any, seconds: float) -> None:
        payer = self.decision.payer
        if isinstance(part, base.Opened):
            Death.at(f"{payer}: first byte")
        if isinstance(part, base.UsageReported):
            Death.at(f"{payer}: usage told")
        take(self, part, seconds)
        if isinstance(part, base.UsageReported):
            Death.at(f"{payer}: charge made")

    async def failed(self: Recovery, error: Any, request: Any, attempt: int) -> int:
        Death.at(f"{request.decision.payer}: failed")
        return await after(self, error, request, attempt)

    with (
        mock.patch.object(Holds, "place", placed),
        mock.patch.object(Holds, "release", released),
        mock.patch.object(Store, "append", appended),
        mock.patch.object(log, "settle", settled),
        mock.patch.object(LiveRouter, "open", opened),
        mock.patch.object(RequestRun, "_take", taken),
        mock.patch.object(Recovery, "after", failed),
        mock.patch("tui.session.retry.TRIES", 1),
    ):
        yield


@contextmanager
def forgetful() -> Any:
    """The mutant: what a program that is gone had sent costs nothing."""

    def left(self: Holds, session: Any, at: Any) -> list[Hold]:
        with self._transaction():
            for (key,) in self._db.execute(
                "SELECT key FROM ledger_holds WHERE session = ? AND state IN ('open', 'sent')",
                (session,),
            ).fetchall():
                Book(self._db).release(key, at)
            self._db.execute("DELETE FROM holds WHERE session = ?", (session,))
        return []

    with mock.patch.object(Holds, "left", left):
        yield


@contextmanager
def faithful() -> Any:
    """The mutant: a fallback that a kill has cut off is gone on with."""
    replay, begin = SessionActor.replay, Sender.__init__
    fallen: list[FallbackTaken] = []

    def replayed(self: SessionActor, records: Any) -> None:
        replay(self, records)
        fallen.extend(one.event for one in records if isinstance(one.event, FallbackTaken))

    def begun(self: Sender, *given: Any, **more: Any) -> None:
        begin(self, *given, **more)
        if fallen:
            last = fallen.pop()
            self.way = Chosen(model=last.model, connection=last.target, by="fallback", once=True)

    with (
        mock.patch.object(SessionActor, "replay", replayed),
        mock.patch.object(Sender, "__init__", begun),
    ):
        yield


MUTANTS = {"forgetful": forgetful, "faithful": faithful, "late": late_settling}


async def spend(order: dict[str, Any]) -> None:
    """Some turns, or as far as the point."""
    Death.point, Death.skip = order["point"], 0
    runtime = Runtime(dict(os.environ), notify=lambda notice: None)
    async with runtime, runtime.manager() as manager:
        opened = await manager.call(
            OpenSession(session=order["session"], cwd=str(Path.cwd()), model=order["model"])
        )
        assert isinstance(opened, SessionOpened)
        say(f"session {opened.session}")
        if not order["turns"]:
            return
        asks, left = order["says"] is not None, order["turns"]
        start = StartTurn(session=opened.session, prompt="go on", asks=asks, tools="none")
        await manager.call(start)
        async for batch in manager.follow(opened.session, opened.seq):
            for event in (record.event for record in batch):
                if isinstance(event, WayOutAsked):
                    ways = [way.what for way in event.ways]
                    answer = AnswerWayOut(
                        session=opened.session, call=event.call, way=ways.index(order["says"])
                    )
                    await manager.call(answer)
                elif isinstance(event, TurnFinished):
                    say(f"stop {event.stop}")
                    left -= 1
                    if not left:
                        return
                    await manager.call(start)


def main() -> None:
    kind = sys.argv[1]
    import_all()
    with ExitStack() as stack:
        stack.enter_context(watched())
        if kind in MUTANTS:
            stack.enter_context(MUTANTS[kind]())
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
