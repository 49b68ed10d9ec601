"""The engine from outside: the same interface as the manager, over the socket pair."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from tui import process
from tui.engine import frames
from tui.engine.frames import (
    Call,
    DownFrame,
    Failed,
    Follow,
    Noticed,
    Peeked,
    Ready,
    Replied,
    Told,
    UpFrame,
)
from tui.errors import OwnkeyError, StoreError
from tui.events.base import SessionId
from tui.session.bus import Batch
from tui.session.commands import AnyCommand, Shutdown
from tui.session.replies import AnyNotice, AnyReply
from tui.tools.mcp.servers import variables_given

STOP_LIMIT_S = 5.0


class EngineDied(OwnkeyError):
    """The engine's process ended while something was asked of it."""


class EngineClient:
    """One engine process and the wire to it.

    Args:
        told: Called with each batch of records that is followed.
        noticed: Called with each notice.
        died: Called once when the engine is gone without having been asked to.
        peeked: Called with the end of a session that `peek` asked for.
        ready: Waited for behind each batch of records before more is read.
    """

    def __init__(
        self,
        *,
        told: Callable[[Batch], None],
        noticed: Callable[[AnyNotice], None],
        died: Callable[[], None],
        peeked: Callable[[Peeked], None] = lambda _: None,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._told = told
        self._peeked = peeked
        self._ready_for_more = ready
        self._noticed = noticed
        self._died = died
        self._next = 0
        self._waiting: dict[int, asyncio.Future[AnyReply]] = {}
        self._queues: dict[SessionId, asyncio.Queue[Batch | None]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._child: process.Child | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id of the engine, or None before `start`."""
        return None if self._child is None else self._child.pid

    async def start(self, environ: Mapping[str, str], folder: Path) -> None:
        """Start the process and say hello; returns before it is ready, calls wait for it.

        Raises:
            OSError: no process can be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            try:
                self._child = process.start(
                    process.python_command("tui.engine.host", str(descriptor)),
                    environ=environ,
                    pass_fds=(descriptor,),
                    cwd=folder,
                )
            except OSError:
                ours.close()
                raise
        reader, self._writer = await asyncio.open_connection(sock=ours)
        named = await asyncio.to_thread(variables_given, environ)
        told = frames.environment_for_engine(environ, named)
        hello = frames.Hello(environ=told, folder=str(folder))
        self._send(hello)
        self._reading = asyncio.create_task(self._read(reader))

    def post(self, command: AnyCommand) -> asyncio.Future[AnyReply]:
        """Send a command without waiting; the future is its reply or error."""
        self._next += 1
        answer: asyncio.Future[AnyReply] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_seen)
        if self._writer is None or self._writer.is_closing():
            answer.set_exception(EngineDied("the engine is not running"))
            return answer
        self._waiting[self._next] = answer
        self._send(Call(id=self._next, command=command))
        return answer

    async def call(self, command: AnyCommand) -> AnyReply:
        """Send a command and wait for its reply; see `tui.session.manager.Engine`."""
        return await self.post(command)

    def watch(self, session: SessionId, after: int, *, merged: bool = False) -> None:
        """Have the records of `session` above `after` told; `merged`: past streams joined."""
        self._send(Follow(session=session, after=after, merged=merged))

    def peek(self, session: str, cwd: str) -> None:
        """Have the end of a session told, which may not be open yet; before what is asked next."""
        self._send(frames.Peek(session=session, cwd=cwd))

    def unwatch(self, session: SessionId) -> None:
        """Have no records of `session` told any more."""
        self._send(frames.Unfollow(session=session))

    async def follow(self, session: SessionId, after: int) -> AsyncGenerator[Batch]:
        """Batches of a session's records; ends when the engine does."""
        queue: asyncio.Queue[Batch | None] = asyncio.Queue()
        self._queues[session] = queue
        self.watch(session, after)
        try:
            while (batch := await queue.get()) is not None:
                yield batch
        finally:
            del self._queues[session]
            self.unwatch(session)

    async def stop(self) -> None:
        """End the engine in good order, by force after `STOP_LIMIT_S`."""
        self._stopping = True
        self._send(Call(id=0, command=Shutdown()))
        if self._writer is not None:
            with suppress(ConnectionError):
                await self._writer.drain()
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=STOP_LIMIT_S)
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()
        if self._child is not None:
            await asyncio.to_thread(process.end, self._child, 1.0)

    def _send(self, frame: DownFrame) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frames.encode(frame))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (body := await frames.read_frame(reader)) is not None:
                self._take(frame := frames.decode_up(body))
                if isinstance(frame, Told) and self._ready_for_more is not None:
                    await self._ready_for_more()
        except (msgspec.MsgspecError, StoreError):
            pass  # it says what nobody understands: as good as dead, and made so below
        finally:
            self._gone()
        if self._child is not None and not self._stopping:
            await asyncio.to_thread(process.end, self._child, 0.0)

    def _take(self, frame: UpFrame) -> None:
        match frame:
            case Told():
                batch = frames.unpack_records(frame)
                if queue := self._queues.get(frame.session):
                    queue.put_nowait(batch)
                self._told(batch)
            case Peeked():
                self._peeked(frame)
            case Replied():
                self._answer(frame.id, frame.reply)
            case Failed():
                self._answer(frame.id, frames.unpack_error(frame))
            case Noticed():
                self._noticed(frame.notice)
            case Ready():
                pass

    def _answer(self, id: int, answer: AnyReply | OwnkeyError) -> None:
        waiting = self._waiting.pop(id, None)
        if waiting is None or waiting.done():
            return
        if isinstance(answer, OwnkeyError):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)

    def _gone(self) -> None:
        if self._writer is not None:
            self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(EngineDied("the engine stopped"))
        self._waiting.clear()
        for queue in self._queues.values():
            queue.put_nowait(None)
        if not self._stopping:
            self._died()


def _seen(answer: asyncio.Future[AnyReply]) -> None:
    """An error nobody awaited is no news: what matters of it comes as an event or notice."""
    if not answer.cancelled():
        answer.exception()
