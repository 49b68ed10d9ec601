"""One session as an actor: one task, one mailbox, so that nothing happens twice or out of order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from tui import __version__
from tui.errors import NoRoute, OutOfCredits, StoreError, UsageError
from tui.events.base import SessionId
from tui.events.codec import AnyEvent, Recorded
from tui.events.session import (
    GuidesRead,
    ModeChosen,
    ModelChosen,
    SessionCreated,
    SessionTitled,
)
from tui.events.turn import MessageUnqueued, TurnStarted
from tui.session.answering import (
    AnswerApproval,
    AnswerBudget,
    Answering,
    AnswerPayer,
    AnswerPerson,
    AnswerWayOut,
)
from tui.session.attached import scrubbed
from tui.session.commands import (
    ChooseMode,
    ChooseModel,
    Compact,
    EditQueued,
    Interrupt,
    RenameSession,
    RetryNow,
    RewindSession,
    RunShell,
    StartTurn,
    Unqueue,
)
from tui.session.context import Conversation
from tui.session.left_open import left_open
from tui.session.own_shell import OwnShell
from tui.session.parts import Choice, Measured, Parts
from tui.session.payers import PayerDesk
from tui.session.ports import Guide, Ports, Toolbox
from tui.session.projection import SessionState
from tui.session.queue import MessageQueue
from tui.session.rewinding import ReadLog, rewound
from tui.session.sending import Sender
from tui.session.shelf import checked_title
from tui.session.summing import Summing
from tui.session.turn import Turn
from tui.session.wall import Counted, Wall
from tui.session.writer import Append, SessionWriter

SessionCommand = (
    StartTurn | Interrupt | RetryNow | ChooseModel | ChooseMode | Unqueue | EditQueued
    | Answering | RunShell | Compact | RenameSession | RewindSession
)  # fmt: skip
STOP_LIMIT_S = 5.0
MAILBOX = 1_000


class SessionActor:
    """Drives one session; made by the manager, which holds its lease.

    Args:
        publish: Told of each group of records after it is written.
        trouble: Told when the store fails and no event can say so.
        wall: What every request is held against.
        read: Reads the session's log above a number.
    """

    def __init__(
        self,
        session: SessionId,
        *,
        ports: Ports,
        append: Append,
        publish: Callable[[tuple[Recorded, ...]], None],
        trouble: Callable[[StoreError], None],
        wall: Wall,
        read: ReadLog,
    ) -> None:
        self.session = session
        self.state = SessionState()
        self._conversation = Conversation()
        self._ports = ports
        self._publish = publish
        self._trouble = trouble
        self._wall, self._measured = wall, Measured()
        self._read = read
        self._toolbox: Toolbox | None = None
        self._writer = SessionWriter(append, self._written, ports.clock)
        self._choice = Choice(model="")
        self._mailbox: asyncio.Queue[tuple[SessionCommand, asyncio.Future[None]]] = asyncio.Queue(
            MAILBOX
        )
        self._turn: Turn | None = None
        self._turn_task: asyncio.Task[None] | None = None
        self._queue = MessageQueue(ports.scrub.text)
        self._own_shell = OwnShell(ports.scrub, self._record)
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
        else:
            charges = await self._wall.left_behind(self.session)
            if self.state.working or self.state.open_calls or charges:
                for event in left_open(self.state, charges):
                    self._record(event)
        self._queue.restore(self.session, self.state.queued)
        chosen = model or self.state.model or self._ports.router.default_model(last_used)
        self._choice = Choice(model=chosen or "", effort=self.state.effort)
        if chosen is not None and chosen != self.state.model:
            self._record(ModelChosen(model=chosen))
        await self._written_down()
        self._ports.router.warm(self._choice.model)

    def counted(self) -> Counted | None:
        """What the next request would count against; None: nothing serves it."""
        try:
            decision = self._ports.router.decide(self._choice.model, self.state.cwd)
        except (NoRoute, OutOfCredits):
            return None
        return Counted(
            session=self.session, folder=self.state.cwd, payer=decision.payer,
            connection=decision.connection, label=decision.label, turn=self.state.turn,
            turn_used=self.state.turn_nano if self.state.working else 0,
        )  # fmt: skip

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
                await self._own_shell.stop()
                if self._toolbox is not None:
                    await self._toolbox.close()
                with suppress(StoreError):
                    await self._writer.flush()
                writing.cancel()
                ending.cancel()

    async def _watch_turns(self) -> None:
        """Begin the next queued turn when one has ended."""
        while True:
            await self._turn_ended.wait()
            self._turn_ended.clear()
            async with self._one_at_a_time:
                first = self._queue.first
                if first is None or self._turn_task is not None or self._held:
                    continue
                message, start = first
                try:
                    await self._begin_turn(start, MessageUnqueued(message=message))
                except StoreError as error:
                    self._held = True
                    self._trouble(error)
                else:
                    self._queue.drop(message)

    async def _handle(self, command: SessionCommand) -> None:
        turn = self.state.turn
        match command:
            case StartTurn() | Unqueue() | EditQueued():
                await self._say(command)
            case Interrupt():
                self._held = bool(self._queue)
                await asyncio.gather(self._stop_turn(), self._own_shell.stop())
            case RetryNow():
                if self._turn is not None:
                    self._turn.retry_now()
            case ChooseModel():
                event = ModelChosen(model=command.model, effort=command.effort)
                await self._writer.commit([event], turn)
                self._choice.model, self._choice.effort = command.model, command.effort
                self._ports.router.warm(command.model)
                if self._turn is not None:
                    self._turn.model_chosen(command.model)
            case ChooseMode():
                await self._writer.commit([ModeChosen(mode=command.mode)], turn)
            case (
                AnswerApproval() | AnswerPerson() | AnswerBudget() | AnswerWayOut() | AnswerPayer()
            ):
                if self._turn is not None:
                    self._turn.answer(command)
            case RunShell():
                await self._ports.ready()
                event = self._own_shell.event(command.command)
                await self._writer.commit([event], turn)
                self._own_shell.start(event, command.command, self._tools())
                await asyncio.sleep(0)  # a task that is cancelled before its first step ends it not
            case Compact():
                await self._settled()
                self._sum_up()
            case RenameSession():
                title = checked_title(self._ports.scrub.text(command.title))
                await self._writer.commit([SessionTitled(title=title)], turn)
            case RewindSession():
                await self._rewind(command)
        await self._writer.flush()

    async def _say(self, command: StartTurn | Unqueue | EditQueued) -> None:
        commit, turn, queue = self._writer.commit, self.state.turn, self._queue
        match command:
            case StartTurn() if self._turn_task is not None:
                message, event = queue.queued(command)
                await commit([event], turn)
                queue.put(message, command)
            case StartTurn():
                self._held = False
                await self._begin_turn(command)
            case Unqueue():
                if command.message in queue:
                    await commit([MessageUnqueued(message=command.message)], turn)
                queue.drop(command.message)
            case EditQueued():
                edited = queue.edited(command.message, command.text)
                if edited is None:
                    raise UsageError("this message waits no more: it was sent or taken back")
                await commit([edited], turn)
                queue.edit(command.message, command.text)

    def _tools(self) -> Toolbox:
        if self._toolbox is None:
            self._toolbox = self._ports.toolbox(Path(self.state.cwd))
        return self._toolbox

    def _parts(self, guides: tuple[Guide, ...]) -> Parts:
        return Parts(
            cwd=Path(self.state.cwd),
            choice=self._choice,
            ports=self._ports,
            writer=self._writer,
            state=self.state,
            conversation=self._conversation,
            toolbox=self._tools(),
            session=self.session,
            wall=self._wall,
            measured=self._measured,
            guides=guides,
        )

    async def _begin_turn(self, start: StartTurn, *before: AnyEvent) -> None:
        await self._ports.ready()
        scrub = self._ports.scrub.text
        number = self.state.turn + 1
        files = scrubbed(start.attachments, scrub)
        event = TurnStarted(prompt=scrub(start.prompt), attachments=files)
        guides, told = await self._guides(start)
        await self._writer.commit([*before, event, *told], number)
        self._turn = Turn(number, start, parts=self._parts(guides), joining=self._queue.joining)
        self._turn_task = asyncio.create_task(self._turn.run())
        self._turn_task.add_done_callback(self._on_turn_end)
        await asyncio.sleep(0)  # a task that is cancelled before its first step ends no turn

    async def _guides(self, start: StartTurn) -> tuple[tuple[Guide, ...], list[GuidesRead]]:
        """The folder's words for agents, where the model of this turn is told of them.

        And the event that says so, where they are others than before.
        """
        try:
            decision = self._ports.router.decide(self._choice.model, self.state.cwd)
        except (NoRoute, OutOfCredits):
            return (), []
        if start.tools == "none" or decision.local or not decision.tools:
            return (), []
        guides = await asyncio.to_thread(self._ports.guides, Path(self.state.cwd))
        files = tuple(guide.path for guide in guides)
        return guides, [] if files == self.state.guides else [GuidesRead(files=files)]

    def _sum_up(self) -> None:
        """Begin to put a summary in the place of the conversation, by the person's wish."""
        if self._turn_task is not None:
            raise UsageError("the agent works", hint="Esc stops it; it sums up by itself in time.")
        if not self._conversation.compactable:
            raise UsageError("there is nothing to sum up yet")
        parts, turn = self._parts(()), self.state.turn
        payers = PayerDesk(parts, turn, asks=False, strict=True)
        sender = Sender(parts, turn, tools="none", asks=True, payers=payers)
        self._turn_task = asyncio.create_task(self._summed(Summing(parts, sender, turn), sender))
        self._turn_task.add_done_callback(self._on_turn_end)

    async def _summed(self, summing: Summing, sender: Sender) -> None:
        with suppress(asyncio.CancelledError):
            await summing.run(None)
        for fee in sender.platform.fees():
            self._writer.record(fee, self.state.turn)

    async def _settled(self) -> None:
        """A turn whose end is told already has ended, too."""
        task = self._turn_task
        if task is not None and self._turn is not None and not self.state.working:
            await asyncio.wait([task], timeout=STOP_LIMIT_S)
            await asyncio.sleep(0)  # for what is called when it ends

    async def _rewind(self, command: RewindSession) -> None:
        await self._settled()
        if self._turn_task is not None or self._own_shell.running:
            raise UsageError("the agent works", hint="Esc stops it; then go back.")
        state = self.state
        if not 1 <= command.to < state.seq:
            raise UsageError(f"this session has no event {command.to} to go back to")
        event = await rewound(
            command.to, command.files, begun_at=state.begun_at, read=self._read,
            take_back=self._tools().take_back,
        )  # fmt: skip
        await self._writer.commit([event], state.turn)

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
