"""Takes in what the engine tells and what is typed meanwhile, until what was begun has ended."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tui.errors import OwnkeyError
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.events.failing import WayOutAsked
from tui.events.session import HistoryCompacted, SessionRewound
from tui.events.stream import TextStreamed
from tui.events.tool import ShellRun
from tui.events.turn import ErrorRaised, MessageQueued, MessageUnqueued, TurnStarted
from tui.linear.reading import Interrupted
from tui.linear.telling import Teller
from tui.linear.wire import EngineStopped, Happening, Pending
from tui.linear.words import Names, here
from tui.session.commands import AnyCommand, Interrupt
from tui.session.credit_talk import CreditsTold
from tui.session.past import Past
from tui.session.projection import SessionState
from tui.session.replies import (
    AnyReply,
    DriverGone,
    KeysChanged,
    LocalProgress,
    ModelsChanged,
    Remark,
    SessionOpened,
    SpentToday,
    Trouble,
)
from tui.session.waiting import Waiting

if TYPE_CHECKING:
    import datetime as dt

    from tui.linear.asking import Questions
    from tui.linear.reading import Lines
    from tui.linear.voice import Voice
    from tui.linear.wire import Wire

LOOK_S = 1.0
"""So often it is looked whether a silence has become long."""
LOST_QUEUE_S = 3.0
"""A message that waits, while nothing works and nothing happens, is not sent by itself."""

Reply = TypeVar("Reply")


class Exchange(NamedTuple):
    """A prompt and the pieces of what was answered."""

    seq: int
    prompt: str
    reply: list[str]


class Pump:
    """One session at a time, followed.

    Args:
        wire: The engine.
        lines: The person.
        voice: Says what happens.
        questions: Asks what the agent asks.
        clock: Now, aware of its zone.
    """

    def __init__(
        self,
        wire: Wire,
        lines: Lines,
        voice: Voice,
        questions: Questions,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.names = Names()
        self.opened: SessionOpened | None = None
        self.today: SpentToday | None = None
        self.fetching: LocalProgress | None = None
        self.reborn = False
        """An engine that was started again is open: it does not have what the last one was told."""
        self.stale = True
        """What can be picked has changed since it was asked for."""
        self.lost: OwnkeyError | None = None
        """Why nothing can be sent any more."""
        self.on_typed: Callable[[str], None] = lambda _: None
        """Takes a line that was typed while something works."""
        self._wire = wire
        self._lines = lines
        self._voice = voice
        self._questions = questions
        self._clock = clock
        self._interrupted = False
        self._pending: list[Pending] = []
        self._unseen = 0  # prompts that were taken and that the log has not told yet
        self._compacting = False
        self._last = time.monotonic()
        self._unqueued = False
        self._shows_thinking = False
        self._begin()

    def _begin(self) -> None:
        self.state = SessionState()
        self.waiting = Waiting()
        self.past = Past()
        self.exchanges: list[Exchange] = []
        self.teller = Teller(self._voice, self.names, self.state)
        self.teller.shows_thinking = self._shows_thinking
        self._history_ends = 0
        self._unseen, self._compacting = 0, False

    # Sending.

    def ask(self, command: AnyCommand, kind: type[Reply]) -> Reply:
        """Send a command of no session and wait for its reply.

        Raises:
            OwnkeyError: why there is none.
            Interrupted: the person did not want to wait.
        """
        reply = self.wait(self._wire.send(command))
        assert isinstance(reply, kind)
        return reply

    def ask_done(self, command: AnyCommand) -> None:
        """Send a command of no session that has no other reply than that it is done."""
        self.wait(self._wire.send(command))

    def do(self, make: Callable[[SessionId], AnyCommand]) -> object:
        """Send a command of the session and wait for its reply. Raises as `ask`."""
        return self.wait(self._wire.in_session(make))

    def wait(self, pending: Future[AnyReply] | Future[SessionOpened]) -> object:
        """Wait for a reply while the session goes on. Raises as `ask`."""
        while not pending.done():
            self.wait_a_moment()
        return pending.result()

    def wait_to_go(self, going: Future[SessionOpened]) -> None:
        """Wait until another session is open and all of it was read. Raises as `ask`."""
        self.wait(going)
        self.look()
        self.until_open()

    def until_fetched(self) -> None:
        """Wait for the small model, saying how far it is. Raises OwnkeyError, Interrupted."""
        said, self.fetching = 0, None
        while self.fetching is None or not self.fetching.finished:
            self.wait_a_moment()
            if (now := self.fetching) is None:
                continue
            if now.error is not None:
                raise OwnkeyError(f"the small model did not come: {now.error}")
            part = now.done_bytes * 4 // max(now.total_bytes, 1)
            if part > said:
                said = part
                self._voice.aside(f"{part * 25} % of {now.total_bytes / 1e6:.0f} MB.")

    def until_stale(self, seconds: float) -> None:
        """Wait for news of what can be picked, at most so long. Raises Interrupted."""
        ends = time.monotonic() + seconds
        while not self.stale and time.monotonic() < ends:
            self.wait_a_moment()

    def wait_a_moment(self) -> None:
        """Take in what happens next. Raises Interrupted."""
        self._step(listens=False)
        if self._interrupted:
            self._interrupted = False
            raise Interrupted(empty=True)

    def begin(self, make: Callable[[SessionId], AnyCommand], *, prompt: bool = False) -> Pending:
        """Send what sets something going; `settle` waits for its end."""
        pending = self._wire.in_session(make)
        self._pending.append(pending)
        self._unseen += prompt
        return pending

    def begin_compacting(self, make: Callable[[SessionId], AnyCommand]) -> None:
        """The same, of a summary: only its events tell its end."""
        self.do(make)
        self._compacting = True

    # Waiting.

    def on_interrupt(self) -> None:
        """In the signal's handler: what runs is stopped at the next step."""
        self._interrupted = True
        self._wire.wake()

    def look(self) -> None:
        """Take in what has happened, without waiting."""
        self._step(listens=False, patience_s=0.0)

    def show_thinking(self, shows: bool) -> None:
        """Tell what the model thinks, or only for how long."""
        self.teller.shows_thinking = self._shows_thinking = shows

    def until_open(self) -> None:
        """Wait until a session is open and all of it was read. Raises OwnkeyError, Interrupted."""
        while self.opened is None or self.state.seq < self.opened.seq:
            self.wait_a_moment()
            if self.lost is not None:
                raise self.lost

    def settle(self) -> None:
        """Wait until nothing works any more. Raises EOFError."""
        while self.busy:
            self._step(listens=self._lines.person)
            self._ask_what_waits()
            if self._interrupted:
                self._interrupted = self._compacting = False
                self._stop()
            self.teller.say_silence(self._clock())
        self._voice.end_line()

    @property
    def busy(self) -> bool:
        """Whether something works, or is about to."""
        if self.lost is not None:
            return False
        self._pending = [one for one in self._pending if not self._answered(one)]
        rests = time.monotonic() - self._last > LOST_QUEUE_S
        queued = bool(self.state.queued) or self._unseen > 0
        state = self.state
        works = bool(state.working or state.open_calls) and self.driving
        return works or bool(self._pending) or self._compacting or (queued and not rests)

    @property
    def driving(self) -> bool:
        """Whether this engine drives the session."""
        return self.opened is None or self.opened.driving

    def _answered(self, pending: Pending) -> bool:
        if not pending.done():
            return False
        if pending.exception() is not None:
            self._unseen = max(0, self._unseen - 1)
        return True

    def _stop(self) -> None:
        self.begin(lambda session: Interrupt(session=session))

    def _step(self, *, listens: bool, patience_s: float = LOOK_S) -> None:
        """Wait for the next thing that happens, and take it in."""
        typing = self._lines.fileno() if listens else None
        watched = [self._wire.fileno(), *([] if typing is None else [typing])]
        ready = select.select(watched, [], [], patience_s)[0]
        for one in self._wire.happened():
            self._last = time.monotonic()
            self._take(one)
        if typing in ready:
            for line in self._lines.typed():
                self.on_typed(line)

    def _take(self, one: Happening) -> None:
        match one:
            case list():
                for record in one:
                    self._fold(record)
            case SessionOpened():
                self._open(one)
            case EngineStopped():
                self._voice.end_line()
                again = "; it is started again" if one.restarting else ""
                self._voice.say(f"The engine stopped{again}. What was said is kept.")
                self.reborn = self.reborn or one.restarting
            case OwnkeyError():
                self.lost = one
                self._pending.clear()
            case SpentToday():
                self.today = one
            case LocalProgress():
                self.fetching = one
            case ModelsChanged() | KeysChanged() | CreditsTold():
                self.stale = True
            case Trouble():
                self._voice.say(f"Error: {one.message}\nNext: {here(one.hint)}")
            case Remark():
                self._voice.say(f"{one.message.rstrip('.')}. {here(one.hint)}")
            case DriverGone():
                self._voice.say("The other ownkey has gone: your next line takes over.")

    def _open(self, opened: SessionOpened) -> None:
        self.lost = None
        if self.opened is None or self.opened.session != opened.session:
            self._begin()
            self._history_ends = opened.seq
        self.opened = opened

    def _fold(self, record: Recorded) -> None:
        if self.opened is not None and record.session != self.opened.session:
            return
        self.state.apply(record)
        self.waiting.apply(record)
        self.past.apply(record)
        event = record.event
        match event:
            case MessageQueued() | ShellRun():
                self._unseen = max(0, self._unseen - 1)
            case TurnStarted() if not self._unqueued:
                self._unseen = max(0, self._unseen - 1)
            case HistoryCompacted() | ErrorRaised() if not self.state.working:
                self._compacting = False
            case _:
                pass
        self._unqueued = isinstance(event, MessageUnqueued)
        if record.seq > self._history_ends:
            self.teller.tell(record)
        else:
            self._recall(record)

    def _recall(self, record: Recorded) -> None:
        """What was said before this session was opened here."""
        match event := record.event:
            case TurnStarted():
                self.exchanges.append(Exchange(record.seq, event.prompt, []))
            case TextStreamed() if self.exchanges:
                self.exchanges[-1].reply.append(event.delta)
            case SessionRewound():
                self.exchanges = [one for one in self.exchanges if one.seq <= event.to]
            case _:
                pass

    # What the agent asks.

    def _ask_what_waits(self) -> None:
        first = self.waiting.first if self.driving else None
        if first is None or self._interrupted:
            return
        if isinstance(first, WayOutAsked) and first.until is not None:
            return  # it goes on by itself: a number that is typed meanwhile picks another way
        self._voice.end_line()
        made, place = self.waiting.called(first.call), self.waiting.place(first.call)
        self.waiting.settle(first.call)
        try:
            answer = self._questions.ask(first, made, self.state.cwd, place)
        except Interrupted:
            self._stop()
            return
        try:
            self.wait(self._wire.in_session(answer))
        except OwnkeyError as error:
            self._voice.say(f"Error: {error.message}\nNext: {here(error.hint)}")
            if self.state.working:
                self.waiting.open_again(first)
        except Interrupted:
            self._stop()
