"""One session as an actor: one task, one mailbox, so that nothing happens twice or out of order."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from tui import __version__
from tui.billing.budget import Spent
from tui.errors import StoreError, UsageError
from tui.events.base import CallId, SessionId
from tui.events.codec import AnyEvent, Recorded
from tui.events.money import ChargeRecorded
from tui.events.session import EngineRestarted, ModeChosen, ModelChosen, SessionCreated
from tui.events.tool import ToolReturned
from tui.events.turn import MessageQueued, MessageUnqueued, TurnFinished, TurnStarted
from tui.session.commands import (
    AnswerApproval,
    ChooseMode,
    ChooseModel,
    Interrupt,
    RetryNow,
    StartTurn,
    Unqueue,
)
from tui.session.context import INTERRUPTED, Conversation
from tui.session.ports import Ports
from tui.session.projection import SessionState
from tui.session.turn import Choice, Turn
from tui.session.writer import Append, SessionWriter

SessionCommand = (
    StartTurn | Interrupt | RetryNow | ChooseModel | ChooseMode | Unqueue | AnswerApproval
)
STOP_LIMIT_S = 5.0
MAILBOX = 1_000


class SessionActor:
    """Drives one session; made by the manager, which holds its lease.

    Args:
        publish: Told of each group of records after it is written.
        trouble: Told when the store fails and no event can say so.
        spent_since: Nano-dollars of all sessions' known charges since a moment.
    """

    def __init__(
        self,
        session: SessionId,
        *,
        ports: Ports,
        append: Append,
        publish: Callable[[tuple[Recorded, ...]], None],
        trouble: Callable[[StoreError], None],
        spent_since: Callable[[dt.datetime], Awaitable[int]],
    ) -> None:
        self.session = session
        self.state = SessionState()
        self._conversation = Conversation()
        self._ports = ports
        self._publish = publish
        self._trouble = trouble
        self._spent_since = spent_since
        self._writer = SessionWriter(append, self._written, ports.clock)
        self._choice = Choice(model="")
        self._mailbox: asyncio.Queue[tuple[SessionCommand, asyncio.Future[None]]] = asyncio.Queue(
            MAILBOX
        )
        self._turn: Turn | None = None
        self._turn_task: asyncio.Task[None] | None = None
        self._waiting: list[tuple[str, StartTurn]] = []
        self._held = False  # the queue rests after an interrupt, until the person goes on
        self._turn_ended = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()  # between the mailbox and the queue of messages

    def replay(self, records: list[Recorded]) -> None:
        """Fold what the log already holds."""
        for record in records:
            self.state.apply(record)
            self._conversation.apply(record)

    async def begin(self, cwd: str, model: str | None, last_used: str | None) -> None:
        """Make the session's first event, or tidy what a dead engine left open.

        Raises:
            StoreError: it cannot be written.
        """
        if self.state.seq == 0:
            branch = self._ports.branch(Path(cwd))
            self._record(SessionCreated(cwd=cwd, version=__version__, branch=branch))
            if (mode := self._ports.mode()) != self.state.mode:
                self._record(ModeChosen(mode=mode))
        elif self.state.working:
            self._tidy()
        self._waiting = [
            (message, StartTurn(session=self.session, prompt=text))
            for message, text in self.state.queued.items()
        ]
        chosen = model or self.state.model or self._ports.router.default_model(last_used)
        self._choice = Choice(model=chosen or "", effort=self.state.effort)
        if chosen is not None and chosen != self.state.model:
            self._record(ModelChosen(model=chosen))
        await self._written_down()
        self._ports.router.warm(self._choice.model)

    def _tidy(self) -> None:
        """End the turn that a dead engine left open; what it spent nobody told us."""
        state = self.state
        self._record(EngineRestarted())
        for call, name in state.open_calls.items():
            self._record(ToolReturned(call=CallId(call), name=name, ok=False, output=INTERRUPTED))
        cut_off = state.route if state.live_tokens > 0 else None
        if cut_off is not None:
            self._record(
                ChargeRecorded(
                    request=cut_off.request,
                    payer=cut_off.payer,
                    nano=None,
                    lines=(),
                    priced_by="ownkey stopped before usage arrived",
                    sureness="unknown",
                )
            )
        unknown = state.turn_unknown + (cut_off is not None)
        self._record(TurnFinished(stop="interrupted", nano=state.turn_nano, unknown=unknown))

    async def _written_down(self) -> None:
        """Flush with a writer of the moment, before `run` has started its own."""
        writing = asyncio.create_task(self._writer.run())
        try:
            await self._writer.flush()
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing

    def post(self, command: SessionCommand) -> Awaitable[None]:
        """Put a command into the mailbox; the awaitable is its end, or its error."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._mailbox.put_nowait((command, done))
        except asyncio.QueueFull:
            done.set_exception(UsageError("too much at once", hint="Wait a moment."))
        return done

    async def run(self) -> None:
        """Serve the mailbox until cancelled; a running turn is interrupted then."""
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._writer.run())
            ending = group.create_task(self._watch_turns())
            try:
                while True:
                    command, done = await self._mailbox.get()
                    try:
                        async with self._one_at_a_time:
                            await self._handle(command)
                    except (StoreError, UsageError) as error:
                        if not done.cancelled():
                            done.set_exception(error)
                    else:
                        if not done.cancelled():
                            done.set_result(None)
            finally:
                await self._stop_turn()
                writing.cancel()
                ending.cancel()

    async def _watch_turns(self) -> None:
        """Begin the next queued turn when one has ended."""
        while True:
            await self._turn_ended.wait()
            self._turn_ended.clear()
            async with self._one_at_a_time:
                if not self._waiting or self._turn_task is not None or self._held:
                    continue
                message, start = self._waiting[0]
                try:
                    await self._begin_turn(start, MessageUnqueued(message=message))
                except StoreError as error:
                    self._held = True
                    self._trouble(error)
                else:
                    self._waiting = [item for item in self._waiting if item[0] != message]

    async def _handle(self, command: SessionCommand) -> None:
        commit, turn = self._writer.commit, self.state.turn
        match command:
            case StartTurn() if self._turn_task is not None:
                message = f"q_{uuid4().hex[:12]}"
                text = self._ports.scrub.text(command.prompt)
                await commit([MessageQueued(message=message, text=text)], turn)
                self._waiting.append((message, command))
            case StartTurn():
                self._held = False
                await self._begin_turn(command)
            case Interrupt():
                self._held = bool(self._waiting)
                await self._stop_turn()
            case RetryNow():
                if self._turn is not None:
                    self._turn.retry_now()
            case ChooseModel():
                await commit([ModelChosen(model=command.model, effort=command.effort)], turn)
                self._choice.model, self._choice.effort = command.model, command.effort
                self._ports.router.warm(command.model)
                if self._turn is not None:
                    self._turn.retry_now()
            case Unqueue():
                if any(message == command.message for message, _ in self._waiting):
                    await commit([MessageUnqueued(message=command.message)], turn)
                self._waiting = [item for item in self._waiting if item[0] != command.message]
            case ChooseMode():
                await commit([ModeChosen(mode=command.mode)], turn)
            case AnswerApproval():
                if self._turn is not None:
                    self._turn.answer(command)
        await self._writer.flush()

    async def _begin_turn(self, start: StartTurn, *before: AnyEvent) -> None:
        await self._ports.ready()
        scrub = self._ports.scrub.text
        number = self.state.turn + 1
        event = TurnStarted(prompt=scrub(start.prompt), attachments=start.attachments)
        await self._writer.commit([*before, event], number)
        self._turn = Turn(
            number,
            start,
            cwd=Path(self.state.cwd),
            choice=self._choice,
            ports=self._ports,
            writer=self._writer,
            state=self.state,
            conversation=self._conversation,
            spent=self._spent_so_far,
        )
        self._turn_task = asyncio.create_task(self._turn.run())
        self._turn_task.add_done_callback(self._on_turn_end)
        await asyncio.sleep(0)  # a task that is cancelled before its first step ends no turn

    async def _spent_so_far(self, turn_nano: int) -> Spent:
        midnight = self._ports.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return Spent(
            turn=turn_nano,
            session=self.state.session_nano,
            day=await self._spent_since(midnight),
            month=await self._spent_since(midnight.replace(day=1)),
        )

    def _on_turn_end(self, task: asyncio.Task[None]) -> None:
        self._turn = self._turn_task = None
        if not task.cancelled() and isinstance(error := task.exception(), StoreError):
            self._trouble(error)
        self._turn_ended.set()

    async def _stop_turn(self) -> None:
        task = self._turn_task
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=STOP_LIMIT_S)

    def _written(self, records: tuple[Recorded, ...]) -> None:
        for record in records:
            self.state.apply(record)
            self._conversation.apply(record)
        self._publish(records)

    def _record(self, event: AnyEvent) -> None:
        self._writer.record(event, self.state.turn)
