"""Engines over one store, each a real process, told what to do by a walk.

`python -m tests.walking_child SOCKET KIND` imports all that they need, then forks one for each line
of standard input and writes its process id. Each connects to SOCKET and serves orders, one JSON
line each: `{"id", "do", …}`; it answers `{"id", "ok", "error", …}` and tells of itself `{"shown":
session, "seq", "crc", "at", "by"}` for every record that one who follows in it is shown, `at` on
the machine's monotonic clock.

KIND is `real`, or `mutant`: one that takes a lease without asking whether it is free.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

from tests.streaming_child import crc, import_all
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.runtime import Runtime
from tui.session.commands import (
    AnyCommand,
    DeleteSession,
    ForkSession,
    OpenSession,
    RenameSession,
    StartTurn,
)
from tui.session.manager import SessionManager
from tui.session.replies import Forked, SessionOpened
from tui.store.lease import Lease


class Walker:
    """One engine and those who follow in it."""

    def __init__(self, manager: SessionManager, writer: asyncio.StreamWriter) -> None:
        self._manager = manager
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._followers = 0

    def _say(self, **told: object) -> None:
        self._writer.write(json.dumps(told).encode() + b"\n")

    def begin(self, order: dict[str, Any]) -> None:
        """Carry an order out beside the others."""
        task = asyncio.create_task(self._answer(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, order: dict[str, Any]) -> None:
        try:
            found = await self._carry_out(order["do"], order)
        except OwnkeyError as error:
            self._say(id=order["id"], ok=False, error=error.message)
        else:
            self._say(id=order["id"], ok=True, at=time.monotonic(), **found)

    async def _carry_out(self, do: str, order: dict[str, Any]) -> dict[str, object]:
        session = SessionId(order.get("session") or "")
        match do:
            case "follow":
                self._followers += 1
                task = asyncio.create_task(self._follow(session, self._followers))
                self._tasks.add(task)
                return {}
            case "open":
                wanted, model = session or None, order["model"]
                reply = await self._manager.call(
                    OpenSession(session=wanted, cwd=str(Path.cwd()), model=model)
                )
                assert isinstance(reply, SessionOpened)
                return {"session": reply.session, "driving": reply.driving}
            case _:
                reply = await self._manager.call(_command(do, session))
                return {"session": reply.session} if isinstance(reply, Forked) else {}

    async def _follow(self, session: SessionId, number: int) -> None:
        async for batch in self._manager.follow(session, 0):
            at = time.monotonic()
            for record in batch:
                self._say(
                    shown=session, seq=record.seq, crc=crc(record), at=at, by=number,
                    kind=str(record.event.__struct_config__.tag),
                )  # fmt: skip


def _command(do: str, session: SessionId) -> AnyCommand:
    match do:
        case "send":
            return StartTurn(session=session, prompt="go on", asks=False)
        case "fork":
            return ForkSession(session=session)
        case "rename":
            return RenameSession(session=session, title="another name")
        case "delete" | "undelete":
            return DeleteSession(session=session, undo=do == "undelete")
        case _:
            raise AssertionError(do)


async def serve(place: str) -> None:
    reader, writer = await asyncio.open_unix_connection(place)
    writer.write(f"{os.getpid()}\n".encode())
    runtime = Runtime(dict(os.environ), notify=lambda notice: None)
    async with runtime, runtime.manager() as manager:
        walker = Walker(manager, writer)
        while line := await reader.readline():
            walker.begin(json.loads(line))


def take_without_asking(folder: Path, session: SessionId) -> Lease:
    """The mutant's lease: everybody gets one."""
    return Lease(os.open(folder, os.O_RDONLY) if folder.exists() else os.open("/", os.O_RDONLY))


def main() -> None:
    place, kind = sys.argv[1:]
    import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    patches = mock.patch.object(Lease, "take", take_without_asking) if kind == "mutant" else None
    with patches or mock.MagicMock():
        for _ in sys.stdin:
            child = os.fork()
            if child == 0:
                try:
                    asyncio.run(serve(place))
                finally:
                    os._exit(1)
            os.write(1, f"{child}\n".encode())


if __name__ == "__main__":
    assert socket.AF_UNIX
    main()
