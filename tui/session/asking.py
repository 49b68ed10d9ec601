"""A question of the running turn to the person: written, waited for, answered once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Generic, TypeVar
from uuid import uuid4

from tui.events.base import CallId
from tui.events.codec import AnyEvent
from tui.session.writer import SessionWriter

Answer = TypeVar("Answer")


class Question(Generic[Answer]):
    """One question at a time; a late, foreign or second answer changes nothing.

    Args:
        writer: Of the session's events.
        turn: The number that they carry.
    """

    def __init__(self, writer: SessionWriter, turn: int) -> None:
        self._writer = writer
        self._turn = turn
        self._call: CallId | None = None
        self._waiting: asyncio.Future[Answer] | None = None

    @property
    def call(self) -> CallId | None:
        """Names the one that is open."""
        return self._call

    def answer(self, call: CallId, answer: Answer) -> None:
        """What the person says."""
        waiting = self._waiting
        if waiting is not None and not waiting.done() and call == self._call:
            waiting.set_result(answer)

    async def put(self, call: CallId, event: AnyEvent, seconds: float | None) -> Answer | None:
        """Ask, and wait for so long (None: for ever); None: nobody has answered in time.

        Raises:
            StoreError: the question cannot be written.
        """
        self._call = call
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        self._writer.record(event, self._turn)
        await self._writer.flush()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await asyncio.shield(waiting)
            return None
        finally:
            self._call = self._waiting = None


def named(what: str) -> CallId:
    """A name for a question."""
    return CallId(f"{what}_{uuid4().hex[:12]}")
