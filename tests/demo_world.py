"""The demo in a test: its whole world in this process, without a pace; or what a child saw of it.

async with played(tmp_path) as demo:
    done = await demo.turn("anything")
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tui.demo.engine import DemoRuntime
from tui.demo.world import DemoWorld
from tui.events.codec import Recorded
from tui.events.tool import ApprovalAsked, PersonAsked
from tui.events.turn import RetryScheduled, TurnFinished
from tui.session.commands import (
    AnswerApproval,
    AnswerPerson,
    ChooseModel,
    OpenSession,
    RetryNow,
    StartTurn,
)
from tui.session.manager import SessionManager

SCENES = 4


class Played:
    """A session of the demo, whose person says yes, waits for nothing and takes the first answer.

    Args:
        world: Its folder.
        manager: Its sessions.
        says_yes: What the person answers to a call.
    """

    def __init__(self, world: DemoWorld, manager: SessionManager, *, says_yes: bool) -> None:
        self.world = world
        self.manager = manager
        self.says_yes = says_yes
        self.session = None
        self._seq = 0

    async def open(self) -> None:
        """Begin a session in the project."""
        opened = await self.manager.call(
            OpenSession(session=None, cwd=str(self.world.folder), model=None)
        )
        self.session, self._seq = opened.session, 0

    async def choose(self, model: str) -> None:
        await self.manager.call(ChooseModel(session=self.session, model=model))

    async def turn(self, prompt: str) -> list[Recorded]:
        """Send a prompt; what was told until the turn's end."""
        await self.manager.call(StartTurn(session=self.session, prompt=prompt))
        told: list[Recorded] = []
        async for batch in self.manager.follow(self.session, self._seq):
            for record in batch:
                told.append(record)
                self._seq = record.seq
                await self._answer(record)
                if isinstance(record.event, TurnFinished):
                    return told
        raise AssertionError("the session ended before its turn")

    async def _answer(self, record: Recorded) -> None:
        match record.event:
            case ApprovalAsked(call=call):
                yes = self.says_yes
                await self.manager.call(AnswerApproval(session=self.session, call=call, allow=yes))
            case PersonAsked(call=call, choices=choices):
                await self.manager.call(
                    AnswerPerson(session=self.session, call=call, answer=choices[0])
                )
            case RetryScheduled():
                await self.manager.call(RetryNow(session=self.session))
            case _:
                pass


@asynccontextmanager
async def played(*, says_yes: bool = True) -> AsyncIterator[Played]:
    """The demo behind a session manager in this process, in a folder of its own."""
    with DemoWorld(os.environ) as world:
        runtime = DemoRuntime(world.environ, lambda notice: None, pace=0)
        async with runtime, runtime.manager() as manager:
            demo = Played(world, manager, says_yes=says_yes)
            await demo.open()
            yield demo
