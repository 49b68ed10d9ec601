"""The engine, from a thread that waits for a person: the bridge runs on a loop in another thread.

Readline owns the main thread while a line is written. What the engine tells meanwhile waits here,
bounded by the bridge, until it is taken.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tui.engine.bridge import Bridge, Preview
from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.session.commands import AnyCommand
from tui.session.replies import AnyNotice, AnyReply, SessionOpened

STOP_LIMIT_S = 7.0
"""The engine's own time to end, and a little more."""
_TAKE_LIMIT_S = 10.0


class EngineStopped(NamedTuple):
    """The engine died; it is started again where it did not do so too often."""

    restarting: bool


class _RecordsWait:
    """Records wait at the bridge, at this place among what happened."""


Happening = list[Recorded] | SessionOpened | AnyNotice | EngineStopped | OwnkeyError
"""What the engine tells without being asked, or why it cannot."""

Pending = Future[AnyReply]
"""A command that was sent; its reply, or its error."""


class Wire:
    """One engine and its sessions, for a thread that blocks.

    Args:
        environ: Given to the engine in its first frame.
        folder: The working folder.
        session: Session to open first: an id, `last`, or None for a new one.
        model: Model to choose at once, or None.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        folder: Path,
        session: str | None,
        model: str | None,
    ) -> None:
        self._happened: deque[Happening | _RecordsWait] = deque()
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        self._loop = asyncio.new_event_loop()
        self._bridge = Bridge(
            self, environ=environ, folder=folder, session=session, model=model
        )  # fmt: skip
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="engine-wire", daemon=True)

    # For the thread that waits.

    def start(self) -> None:
        """Start the engine and open the session; what becomes of it happens."""
        self._thread.start()

    def fileno(self) -> int:
        """Readable when something has happened: for `select`."""
        return self._woken

    def wake(self) -> None:
        """Make `select` return; may be called in a signal's handler."""
        with suppress(BlockingIOError):
            os.write(self._wake, b".")

    def happened(self) -> Iterator[Happening]:
        """What has happened since the last call, in order."""
        with suppress(BlockingIOError):
            while os.read(self._woken, 4096):
                pass
        while self._happened:
            one = self._happened.popleft()
            if isinstance(one, _RecordsWait):
                taking = asyncio.run_coroutine_threadsafe(self._take(), self._loop)
                yield taking.result(_TAKE_LIMIT_S)
            else:
                yield one

    def send(self, command: AnyCommand) -> Pending:
        """Send a command of no session."""
        return self._post(lambda: self._bridge.send(command))

    def in_session(self, make: Callable[[SessionId], AnyCommand]) -> Pending:
        """Send a command of the session that is open here, as soon as there is one."""
        return self._post(lambda: self._bridge.in_session(make))

    def go_to(self, session: str | None) -> Future[SessionOpened]:
        """Open another session, or a new one, in the place of the one that is open here."""
        going = asyncio.run_coroutine_threadsafe(self._go_to(session), self._loop)
        going.add_done_callback(lambda _: self.wake())
        return going

    def stop(self) -> None:
        """End the engine in good order; what it has is written."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(STOP_LIMIT_S)

    # On the loop.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._put(OwnkeyError("the way to the engine broke", hint="Start ownkey again."))
            self._loop.close()

    async def _serve(self) -> None:
        await self._bridge.start()
        await self._ending.wait()
        await self._bridge.stop()

    def _post(self, post: Callable[[], asyncio.Future[AnyReply]]) -> Pending:
        answer: Pending = Future()
        answer.add_done_callback(lambda _: self.wake())

        def settle(done: asyncio.Future[AnyReply]) -> None:
            if done.cancelled():
                answer.set_exception(OwnkeyError("ownkey is ending"))
            elif (error := done.exception()) is not None:
                answer.set_exception(error)
            else:
                answer.set_result(done.result())

        self._loop.call_soon_threadsafe(lambda: post().add_done_callback(settle))
        return answer

    async def _take(self) -> list[Recorded]:
        return self._bridge.take()

    async def _go_to(self, session: str | None) -> SessionOpened:
        before = self._bridge.session
        opened = await self._bridge.open(session)
        self._bridge.choose(opened.session)
        if before is not None and before != opened.session:
            self._bridge.close(before)
        return opened

    def _put(self, one: Happening | _RecordsWait) -> None:
        self._happened.append(one)
        self.wake()

    # Told by the bridge.

    def on_records_waiting(self) -> None:
        self._put(_RecordsWait())

    def on_notice(self, notice: AnyNotice) -> None:
        self._put(notice)

    def on_preview(self, preview: Preview) -> None:
        """All of it is told again: nothing is shown before."""

    def on_session(self, opened: SessionOpened) -> None:
        self._put(opened)

    def on_engine_died(self, *, restarting: bool) -> None:
        self._put(EngineStopped(restarting))

    def on_failure(self, error: OwnkeyError) -> None:
        self._put(error)
