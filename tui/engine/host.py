"""The engine as a process: the session manager behind a socket that the console holds.

It ends when the console does: the socket closes, what runs is interrupted and written, and after
`END_LIMIT_S` at most the process is gone whatever hangs.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from tui import __version__
from tui.crash import hush, places_of
from tui.engine import frames
from tui.engine.frames import (
    Call,
    DownFrame,
    Follow,
    Hello,
    Peek,
    Peeked,
    Ready,
    Unfollow,
    UpFrame,
)
from tui.errors import OwnkeyError, ServerFailed
from tui.events.base import SessionId
from tui.process import harden
from tui.session.commands import OpenSession, Shutdown
from tui.session.manager import SessionManager
from tui.session.replies import AnyNotice

if TYPE_CHECKING:
    from tui.runtime import Runtime

END_LIMIT_S = 4.0


class _Connection:
    """One console, served until it goes."""

    def __init__(self, manager: SessionManager, send: Callable[[UpFrame], None]) -> None:
        self._manager = manager
        self._send = send
        self._followed: dict[SessionId, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._peeks: set[asyncio.Task[None]] = set()

    def take(self, frame: DownFrame, drain: Callable[[], object]) -> bool:
        """Act on a frame; False when the console says goodbye."""
        match frame:
            case Call(command=Shutdown()):
                return False
            case Call():
                task = asyncio.create_task(self._call(frame))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)
            case Follow():
                self._unfollow(frame.session)
                self._followed[frame.session] = asyncio.create_task(self._follow(frame, drain))
            case Unfollow():
                self._unfollow(frame.session)
            case Peek():
                task = asyncio.create_task(self._peek(frame))
                self._peeks.add(task)
                task.add_done_callback(self._peeks.discard)
            case Hello():
                pass
        return True

    def _unfollow(self, session: SessionId) -> None:
        if task := self._followed.pop(session, None):
            task.cancel()

    async def _call(self, call: Call) -> None:
        try:
            reply = await self._manager.call(call.command)
            if self._peeks and isinstance(call.command, OpenSession):
                await asyncio.wait(self._peeks)  # its end is shown before it counts as open
        except OwnkeyError as error:
            self._send(frames.pack_error(call.id, error))
        except Exception as error:  # the call's outermost edge: the console gets an answer
            # Places alone: its message may hold a key that was just pasted.
            where = f"{type(error).__name__}: {places_of(error)}"
            failure = ServerFailed(f"ownkey itself failed ({where})")
            self._send(frames.pack_error(call.id, failure))
        else:
            self._send(frames.Replied(id=call.id, reply=reply))

    async def _peek(self, frame: Peek) -> None:
        with suppress(OwnkeyError):  # whoever opens it is told why it cannot be
            if (tail := await self._manager.tail(frame.session, frame.cwd)) is not None:
                summary = tail.summary
                peeked = Peeked(
                    session=tail.session,
                    records=tuple(map(frames.wire_record, tail.rows)),
                    cwd=summary.cwd,
                    title=summary.title,
                    branch=summary.branch,
                    model=summary.model,
                    nano=summary.nano,
                    unknown=summary.unknown,
                )
                self._send(peeked)

    async def _follow(self, frame: Follow, drain: Callable[[], object]) -> None:
        after = frame.after
        if frame.merged:
            async for rows in self._manager.history(frame.session, after):
                for told in frames.pack_rows(frame.session, rows):
                    self._send(told)
                    await drain()  # pyright: ignore[reportGeneralTypeIssues]
                after = rows[-1][0]
        async for batch in self._manager.follow(frame.session, after):
            self._send(frames.pack_records(frame.session, batch))
            # A console that is slow to read slows this follower alone; the bus lets it lag.
            await drain()  # pyright: ignore[reportGeneralTypeIssues]

    async def close(self) -> None:
        tasks = [*self._followed.values(), *self._calls, *self._peeks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve(connection: socket.socket) -> None:
    """Serve one console over `connection` until it closes."""
    reader, writer = await asyncio.open_connection(sock=connection)
    body = await frames.read_frame(reader)
    hello = frames.decode_down(body) if body is not None else None
    if not isinstance(hello, Hello):
        return

    def send(frame: UpFrame) -> None:
        if not writer.is_closing():
            writer.write(frames.encode(frame))

    environ = dict(os.environ) | {n: s.reveal() for n, s in hello.environ.items()}
    send(Ready(version=__version__))
    try:
        runtime = _runtime(environ, lambda notice: send(frames.Noticed(notice=notice)))
        served_manager = runtime.manager()
    except OwnkeyError as error:
        await _refuse(reader, send, error)
    else:
        async with runtime, served_manager as manager:
            await _serve_calls(reader, writer, _Connection(manager, send))
    with suppress(ConnectionError):
        await writer.drain()
    writer.close()


def _runtime(environ: Mapping[str, str], notify: Callable[[AnyNotice], None]) -> Runtime:
    """What is behind the sessions: the person's own, or the demo's. Raises OwnkeyError."""
    if environ.get("OWNKEY_DEMO"):
        from tui.demo.engine import DemoRuntime, stay_off_the_network

        stay_off_the_network()
        return DemoRuntime(environ, notify)
    from tui.runtime import Runtime

    return Runtime(environ, notify)


async def _serve_calls(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: _Connection
) -> None:
    try:
        while (body := await frames.read_frame(reader)) is not None:
            if not served.take(frames.decode_down(body), writer.drain):
                break
    finally:
        threading.Timer(END_LIMIT_S, os._exit, (0,)).start()
        await served.close()


async def _refuse(
    reader: asyncio.StreamReader, send: Callable[[UpFrame], None], error: OwnkeyError
) -> None:
    """Answer every call with why nothing can be done, until the console goes or starts anew."""
    while (body := await frames.read_frame(reader)) is not None:
        match frames.decode_down(body):
            case Call(command=Shutdown()):
                return
            case Call(id=id):
                send(frames.pack_error(id, error))
            case _:
                pass


def _end_after_hangup(descriptor: int) -> None:
    """End the process `END_LIMIT_S` after the console is gone, even where the loop hangs."""
    watched = select.poll()
    watched.register(descriptor, getattr(select, "POLLRDHUP", select.POLLHUP))

    def watch() -> None:
        watched.poll()
        time.sleep(END_LIMIT_S)
        os._exit(0)

    threading.Thread(target=watch, name="console-watch", daemon=True).start()


def main() -> None:
    """`python -P -m tui.engine.host FD`: the socket's descriptor is inherited."""
    harden()
    hush()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl+C is the console's
    connection = socket.socket(fileno=int(sys.argv[1]))
    _end_after_hangup(connection.fileno())
    try:
        asyncio.run(serve(connection))
    finally:
        os._exit(0)  # a thread that hangs in a keyring must not hold the process


if __name__ == "__main__":
    main()
