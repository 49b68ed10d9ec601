"""The console's end of the engine: commands down, events up.

Merges only what queued while the console painted. An engine that dies is started again at once,
and every open session is read on from the last number that was seen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import ToolStreamed
from tui.session.bus import Batch
from tui.session.commands import AnyCommand, OpenSession
from tui.session.projection import SessionState
from tui.session.replies import AnyNotice, AnyReply, SessionOpened

if TYPE_CHECKING:
    from tui.engine.client import EngineClient
    from tui.engine.frames import Peeked

RESTARTS_A_MINUTE = 5
SLICE = 250
SLICE_CHARACTERS = 65_536
"""So much is taken in at once: what is held up by it is no more than a key may wait."""
MOST_QUEUED = 2_000
"""Records that wait here before the engine has to."""


class Preview(NamedTuple):
    """The end of a session that is being opened; `state` holds the sums of all of it."""

    session: SessionId
    records: tuple[Recorded, ...]
    state: SessionState


class Listener(Protocol):
    """Who is told; each call is short and on the event loop."""

    def on_records_waiting(self) -> None:
        """Records wait to be taken; called once until they are."""
        ...

    def on_notice(self, notice: AnyNotice) -> None: ...

    def on_preview(self, preview: Preview) -> None:
        """The end of a session that is not open yet; all of its records will be told."""
        ...

    def on_session(self, opened: SessionOpened) -> None:
        """A session is open in the engine that runs now: a new one, or one that was before."""
        ...

    def on_engine_died(self, *, restarting: bool) -> None: ...

    def on_failure(self, error: OwnkeyError) -> None: ...


class Unsent(NamedTuple):
    """A command that waits for its session; None: for the first that opens."""

    make: Callable[[SessionId], AnyCommand]
    session: SessionId | None
    answer: asyncio.Future[AnyReply]


class Bridge:
    """One console's wire to its engine; every session that is open here is followed.

    `session` is the one that commands of a session go to: the one that is shown.

    Args:
        listener: The app.
        environ: Given to the engine in its first frame.
        folder: The working folder.
        session: Session to open first: an id, `last`, or None for a new one.
        model: Model to choose at once, or None.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        environ: Mapping[str, str],
        folder: Path,
        session: str | None,
        model: str | None,
    ) -> None:
        self.session: SessionId | None = None
        self._listener = listener
        self._environ = environ
        self._folder = folder
        self._wanted = session
        self._model = model
        self._seqs: dict[SessionId, int] = {}  # of each open session, the last number seen
        self._queued: list[Recorded] = []
        self._client: EngineClient | None = None
        self._failed = False
        self._opened: set[SessionId] = set()  # in the engine that runs now
        self._restarts: list[float] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._outbox: list[Unsent] = []
        self._room = asyncio.Event()

    async def start(self) -> None:
        """Start the engine and open the session; what fails is told to the listener."""
        self._failed = False
        self._opened.clear()
        refusing, self._client = self._client, None
        if refusing is not None:
            await refusing.stop()
        from tui.engine.client import EngineClient, EngineDied

        client = EngineClient(
            told=self._told,
            noticed=self._listener.on_notice,
            died=self._died,
            peeked=self._peeked,
            ready=self._ready,
        )
        try:
            await client.start(self._environ, self._folder)
            self._client = client
            wanted = self.session or self._wanted
            first = await self._open(client, wanted, model=self._model)
            self._model = None
            for other in [one for one in self._seqs if one != first.session]:
                await self._open(client, other)
        except EngineDied:  # told by `_died`
            return
        except OSError as error:
            self._fail(OwnkeyError(f"the engine cannot be started: {error}"))
            return
        except OwnkeyError as error:
            self._fail(error)

    async def _open(
        self, client: EngineClient, session: str | None, *, model: str | None = None
    ) -> SessionOpened:
        if session is not None and session not in self._seqs:
            client.peek(session, str(self._folder))
        opened = await client.call(OpenSession(session=session, cwd=str(self._folder), model=model))
        assert isinstance(opened, SessionOpened)
        self._failed = False
        self.session = self.session or opened.session
        self._opened.add(opened.session)
        client.watch(opened.session, self._seqs.setdefault(opened.session, 0), merged=True)
        self._listener.on_session(opened)
        waiting, self._outbox = self._outbox, []
        for one in waiting:
            if one.session in (None, opened.session):
                _chain(client.post(one.make(opened.session)), one.answer)
            else:
                self._outbox.append(one)
        return opened

    async def open(self, session: str | None) -> SessionOpened:
        """Open a session beside those that are, by its id, or a new one; `choose` shows it.

        Raises:
            OwnkeyError: it cannot be opened.
        """
        from tui.engine.client import EngineDied

        if self._client is None:
            raise EngineDied("the engine is not running", hint="It is starting again.")
        return await self._open(self._client, session)

    def choose(self, session: SessionId) -> None:
        """Send commands of a session to this one from now on."""
        self.session = session

    def close(self, session: SessionId) -> None:
        """Follow a session no longer; it is opened anew where it is wanted again."""
        self._seqs.pop(session, None)
        self._opened.discard(session)
        self._queued = [record for record in self._queued if record.session != session]
        if self._client is not None:
            self._client.unwatch(session)

    def send(self, command: AnyCommand) -> asyncio.Future[AnyReply]:
        """Send a command now; never waits. The future is its reply or error."""
        if self._client is None:
            return self.in_session(lambda _: command)
        return self._client.post(command)

    def in_session(self, make: Callable[[SessionId], AnyCommand]) -> asyncio.Future[AnyReply]:
        """Send a command of the session, as soon as there is one.

        Where the engine or the session could not be opened it is tried again: the reason may
        have passed.
        """
        if self._client is not None and self.session is not None and self.session in self._opened:
            return self._client.post(make(self.session))
        answer: asyncio.Future[AnyReply] = asyncio.get_running_loop().create_future()
        self._outbox.append(Unsent(make, self.session, answer))
        if self._failed:
            self._failed = False
            self._start_again()
        return answer

    async def open_again(self) -> bool:
        """Open the session anew that another console drove; whether this one drives it now."""
        if self._client is None or self.session is None:
            return False
        return (await self._open(self._client, self.session)).driving

    def _fail(self, error: OwnkeyError) -> None:
        """Nothing can be sent now: whoever waits is told, and keeps what was typed."""
        self._failed = True
        waiting, self._outbox = self._outbox, []
        for one in waiting:
            if not one.answer.done():
                one.answer.set_exception(error)
                one.answer.exception()  # seen: whoever waits still gets it
        self._listener.on_failure(error)

    def _start_again(self) -> None:
        task = asyncio.create_task(self.start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def take(self) -> list[Recorded]:
        """Records that have come since the last call, of all open sessions, in order.

        No more than hold nobody up: of the rest the listener is told again.
        """
        end, size = 0, 0
        while end < min(SLICE, len(self._queued)) and size < SLICE_CHARACTERS:
            event = self._queued[end].event
            if isinstance(event, TextStreamed | ThinkingStreamed | ToolStreamed):
                size += len(event.delta)
            end += 1
        records, self._queued = self._queued[:end], self._queued[end:]
        if self._queued:
            self._listener.on_records_waiting()
        if len(self._queued) < MOST_QUEUED:
            self._room.set()
        return records

    async def _ready(self) -> None:
        await asyncio.sleep(0)
        if len(self._queued) >= MOST_QUEUED:
            self._room.clear()
            await self._room.wait()

    @property
    def engine_pid(self) -> int | None:
        """Process id of the engine."""
        return None if self._client is None else self._client.pid

    async def stop(self) -> None:
        """End the engine in good order."""
        self._queued.clear()
        self._room.set()
        if self._client is not None:
            await self._client.stop()

    def _peeked(self, peeked: Peeked) -> None:
        from tui.engine.frames import unpack_records

        if peeked.session in self._seqs:
            return
        state, records = SessionState(), unpack_records(peeked)
        for record in records:
            state.apply(record)
        state.cwd, state.branch = peeked.cwd, peeked.branch
        state.title, state.model = peeked.title, state.model or peeked.model
        state.session_nano, state.session_unknown = peeked.nano, peeked.unknown
        state.rest()
        self._listener.on_preview(Preview(peeked.session, records, state))

    def _told(self, batch: Batch) -> None:
        session = batch[0].session if batch else None
        if session is None or (seen := self._seqs.get(session)) is None:
            return
        fresh = [record for record in batch if record.seq > seen]
        if not fresh:
            return
        self._seqs[session] = fresh[-1].seq
        first = not self._queued
        self._queued += fresh
        if first:
            self._listener.on_records_waiting()

    def _died(self) -> None:
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if now - at < 60] + [now]
        again = len(self._restarts) <= RESTARTS_A_MINUTE
        self._client = None
        self._opened.clear()
        self._listener.on_engine_died(restarting=again)
        if again:
            self._start_again()
        else:
            from tui.engine.client import EngineDied

            self._fail(EngineDied("the engine keeps stopping", hint="`ownkey doctor` tells more."))


def _chain(source: asyncio.Future[AnyReply], target: asyncio.Future[AnyReply]) -> None:
    def copy(done: asyncio.Future[AnyReply]) -> None:
        if target.done() or done.cancelled():
            return
        if (error := done.exception()) is not None:
            target.set_exception(error)
            target.exception()  # seen: whoever waits still gets it
        else:
            target.set_result(done.result())

    source.add_done_callback(copy)
