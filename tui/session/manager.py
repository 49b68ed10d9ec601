"""Every session of this engine; commands in, events and notices out. No screen in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from tui.errors import StoreError, UsageError
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.money import ChargeRecorded
from tui.events.route import RouteDecided
from tui.session.actor import SessionActor
from tui.session.bus import Batch, Bus
from tui.session.commands import (
    AnswerApproval,
    AnswerBudget,
    AnswerPayer,
    AnswerPerson,
    AnswerWayOut,
    AnyCommand,
    AskReceipts,
    AskUsage,
    ChooseMode,
    ChooseModel,
    Compact,
    DeleteSession,
    DeskCommand,
    EditQueued,
    ForkSession,
    Interrupt,
    ListBudgets,
    ListRules,
    ListSessions,
    OpenSession,
    RemoveRule,
    RenameSession,
    RetryNow,
    RewindSession,
    RunShell,
    Shutdown,
    StartTurn,
    Unqueue,
)
from tui.session.ports import Ports
from tui.session.replies import (
    AnyNotice,
    AnyReply,
    Done,
    DriverGone,
    SessionOpened,
    Sessions,
    SpentToday,
    Trouble,
)
from tui.session.shelf import Shelf, ShelfCommand
from tui.session.spending import answer_spending
from tui.session.wall import Wall
from tui.store.forking import new_session_id
from tui.store.lease import Lease
from tui.store.log import Store
from tui.store.merged import Row
from tui.store.summary import Summary

T = TypeVar("T")

TAIL_ROWS = 4_000
TAIL_BYTES = 1_000_000
"""How much is read of the end of a session that is being opened: some screens."""

FOLLOW_OTHERS_S = 0.2
"""How often a session that another process drives is read on."""
DRIVER_LOOKS = 5
"""After so many readings without anything new it is looked whether the driver is still there."""
LEASE_AGAIN_S = 0.05
"""Who looks whether a lease is held has it for less."""


class Desk(Protocol):
    """Answers what is asked about keys and models."""

    async def answer(self, command: DeskCommand) -> AnyReply: ...

    def used(self, model: str) -> None:
        """A request goes to this model; told without waiting."""
        ...


class Engine(Protocol):
    """The engine as all its users see it: here, or behind a socket (`tui.engine.client`)."""

    async def call(self, command: AnyCommand) -> AnyReply:
        """Carry out a command.

        Raises:
            OwnkeyError: why it could not be.
        """
        ...

    def follow(self, session: SessionId, after: int) -> AsyncGenerator[Batch]:
        """Batches of a session's records above `after`, without end."""
        ...


class Tail(NamedTuple):
    """The end of a session: its last rows, and the sums of all of it."""

    session: SessionId
    rows: list[Row]
    summary: Summary


class SessionManager:
    """Owns every session as an actor.

    Use as an async context: leaving it interrupts what runs and writes everything.

    Args:
        store: Called in one thread of its own.
        ports: What sessions need from outside.
        desk: Answers about keys and models.
        locks: Folder of the leases.
        notify: Told of notices.
    """

    def __init__(
        self,
        store: Store,
        *,
        ports: Ports,
        desk: Desk,
        locks: Path,
        notify: Callable[[AnyNotice], None],
    ) -> None:
        self._store = store
        self._ports = ports
        self._desk = desk
        self._locks = locks
        self._notify = notify
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._bus = Bus(self._read)
        self._actors: dict[SessionId, SessionActor] = {}
        self._tasks: dict[SessionId, asyncio.Task[None]] = {}
        self._leases: dict[SessionId, Lease] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        self._shelf = Shelf(store, ports=ports, locks=locks)
        self._wall = Wall(
            store.holds, blocking=self._blocking, locks=locks, limits=ports.limits,
            keep=ports.keep_limit, clock=ports.clock,
        )  # fmt: skip

    async def __aenter__(self) -> SessionManager:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.gather(*self._telling)
        await self._blocking(self._store.close)
        for lease in self._leases.values():
            lease.release()
        self._thread.shutdown(wait=True)

    async def call(self, command: AnyCommand) -> AnyReply:
        """Carry out a command; see `Engine.call`."""
        match command:
            case OpenSession():
                async with self._opening:
                    return await self._open(command)
            case (
                StartTurn()
                | Interrupt()
                | RetryNow()
                | ChooseModel()
                | Unqueue()
                | EditQueued()
                | AnswerApproval()
                | AnswerPerson()
                | AnswerBudget()
                | AnswerWayOut()
                | AnswerPayer()
                | ChooseMode()
                | RunShell()
                | Compact()
                | RewindSession()
            ):
                await self._actor(command.session).post(command)
                sent = isinstance(command, StartTurn)
                return Done(said=self._ports.scrub.text(command.prompt) if sent else None)
            case RenameSession() if command.session in self._actors:
                await self._actors[command.session].post(command)
                return Done()
            case RenameSession() | ForkSession() | DeleteSession() | ListRules() | RemoveRule():
                return await self._shelve(command)
            case ListSessions():
                return Sessions(sessions=tuple(await self._blocking(self._summaries)))
            case AskUsage() | AskReceipts():
                return await answer_spending(self._store.path, command)
            case ListBudgets():
                actor = self._actors.get(command.session) if command.session else None
                return await self._wall.listed(None if actor is None else actor.counted())
            case Shutdown():
                return Done()
            case _:
                return await self._desk.answer(command)

    def _summaries(self) -> list[Summary]:
        """Every session; what a process left open that is gone does not work any more."""
        known = self._store.summaries()
        for one in known:
            session = SessionId(one.id)
            if one.state not in {"working", "waiting"} or session in self._leases:
                continue
            if not Lease.held(self._locks, session):
                one.state = "interrupted"
        return known

    async def _shelve(self, command: ShelfCommand) -> AnyReply:
        """What concerns a session that need not be open, or none."""
        async with self._opening:
            if isinstance(command, DeleteSession):
                await self._close(command.session)
            return await self._blocking(lambda: self._shelf.answer(command))

    async def _close(self, session: SessionId) -> None:
        """Let go of a session: what runs there is interrupted."""
        self._actors.pop(session, None)
        if (task := self._tasks.pop(session, None)) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if (lease := self._leases.pop(session, None)) is not None:
            lease.release()

    async def follow(self, session: SessionId, after: int) -> AsyncGenerator[Batch]:
        """Batches of records above `after`; see `Engine.follow`."""
        if session in self._actors:
            async for batch in self._bus.follow(session, after):
                yield batch
        quiet, gone = 0, False
        while True:  # another process drives it: its log is the truth here too
            if page := await self._read(session, after, 2_000):
                after, quiet, gone = page[-1].seq, 0, False
                yield tuple(page)
                continue
            await asyncio.sleep(FOLLOW_OTHERS_S)
            quiet += 1
            if quiet % DRIVER_LOOKS == 0 and session not in self._leases:
                was, gone = gone, not Lease.held(self._locks, session)
                if gone and not was:
                    self._notify(DriverGone(session=session))

    async def history(self, session: SessionId, after: int) -> AsyncGenerator[list[Row]]:
        """Records above `after` up to now, as they are kept, their streams joined; see `merged`."""
        pages = self._store.pages(session, after)
        while page := await self._blocking(lambda: next(pages, None)):
            yield page

    async def tail(self, wanted: str, cwd: str) -> Tail | None:
        """The end of a session that may not be open yet, to be shown until all of it is read."""
        session = await self._find(OpenSession(session=wanted, cwd=cwd))

        def read() -> Tail | None:
            summary = self._store.summary(session)
            rows = self._store.tail(session, TAIL_ROWS, TAIL_BYTES)
            return Tail(session, rows, summary) if rows and summary else None

        return await self._blocking(read)

    async def spent_today(self) -> SpentToday:
        """What today (UTC) has cost so far, over all sessions."""
        midnight = self._ports.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        nano, unknown = await self._blocking(lambda: self._store.spent_since(midnight))
        return SpentToday(nano=nano, unknown=unknown)

    def _actor(self, session: SessionId) -> SessionActor:
        if session not in self._actors:
            raise UsageError(
                "this session is driven by another ownkey",
                hint="Close that one first, or start a new session here.",
            )
        return self._actors[session]

    async def _open(self, command: OpenSession) -> SessionOpened:
        session = await self._find(command)
        if session not in self._actors:
            lease = Lease.take(self._locks, session)
            if lease is None:
                await asyncio.sleep(LEASE_AGAIN_S)
                lease = Lease.take(self._locks, session)
            if lease is None:
                seq = await self._blocking(lambda: self._store.newest(session))
                return SessionOpened(session=session, driving=False, seq=seq, model=None)
            self._leases[session] = lease
            try:
                await self._start_actor(session, command)
            except BaseException:
                self._leases.pop(session).release()
                raise
        elif command.model is not None:
            await self.call(ChooseModel(session=session, model=command.model))
        state = self._actors[session].state
        self._notify(await self.spent_today())
        return SessionOpened(
            session=session, driving=True, seq=state.seq, model=state.model,
            plan=self._ports.plan(),
        )  # fmt: skip

    async def _start_actor(self, session: SessionId, command: OpenSession) -> None:
        self._store.forget_cached(session)
        actor = SessionActor(
            session,
            ports=self._ports,
            append=lambda events, at: self._blocking(
                lambda: self._store.append(session, events, at)
            ),
            publish=lambda records: self._publish(session, records),
            trouble=self._on_trouble,
            wall=self._wall,
            read=lambda after: self._read(session, after, -1),
        )
        loading = self._store.load(session)
        while page := await self._blocking(lambda: next(loading, None)):
            actor.replay(page)
        known = await self._blocking(self._store.summaries)
        last_used = next((s.model for s in known if s.model), None)
        await actor.begin(command.cwd, command.model, last_used)
        self._actors[session] = actor
        self._tasks[session] = asyncio.create_task(actor.run())
        self._tasks[session].add_done_callback(self._on_actor_end)

    async def _find(self, command: OpenSession) -> SessionId:
        if command.session is None:
            return new_session_id(self._ports.clock())
        exact = SessionId(command.session)
        deleted = await self._blocking(lambda: self._store.summaries(deleted=True))
        if any(one.id == exact for one in deleted):
            raise UsageError(
                f"the session {exact} was deleted",
                hint=f"`ownkey sessions delete {exact} --undo` brings it back.",
            )
        if await self._blocking(lambda: self._store.has(exact)):
            return exact
        known = await self._blocking(self._store.summaries)
        if command.session == "last":
            here = [s for s in known if s.cwd == command.cwd] or known
            if not here:
                raise UsageError("there is no session yet", hint="Start one with `ownkey`.")
            return SessionId(here[0].id)
        found = [s for s in known if s.id.startswith(exact)]
        if len(found) != 1:
            which = "no session" if not found else "more than one session"
            raise UsageError(
                f"{which} has the id {command.session!r}", hint="`ownkey sessions list` shows all."
            )
        return SessionId(found[0].id)

    def _publish(self, session: SessionId, records: tuple[Recorded, ...]) -> None:
        self._bus.publish(session, records)
        for record in records:
            if isinstance(record.event, RouteDecided):
                self._desk.used(record.event.model)
        if any(isinstance(record.event, ChargeRecorded) for record in records):
            telling = asyncio.create_task(self._tell_today())
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def _tell_today(self) -> None:
        try:
            self._notify(await self.spent_today())
        except StoreError as error:
            self._on_trouble(error)

    def _on_actor_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            words = self._ports.scrub.text(f"the session stopped: {error}")
            self._notify(Trouble(message=words, hint="Start ownkey again; nothing shown is lost."))

    def _on_trouble(self, error: StoreError) -> None:
        self._notify(Trouble(message=error.message, hint=error.hint))

    async def _read(self, session: SessionId, after: int, limit: int) -> list[Recorded]:
        wanted = None if limit < 0 else limit
        return await self._blocking(lambda: self._store.read(session, after, wanted))

    async def _blocking(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
