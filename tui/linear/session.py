"""The session itself: says where it is, reads a line, acts on it, waits, and again."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui import __version__
from tui.errors import OwnkeyError, UsageError
from tui.events.base import SessionId, utc_now
from tui.events.failing import WayOutAsked
from tui.linear.acting import Acting, Leave
from tui.linear.asking import Questions
from tui.linear.commands import Found, written_command
from tui.linear.keys import KeyCounter
from tui.linear.pump import Pump
from tui.linear.reading import Interrupted, Lines
from tui.linear.wire import Wire
from tui.linear.words import here, mode_line, model_line, short
from tui.session.commands import (
    AnswerWayOut,
    AnyCommand,
    Interrupt,
    RetryNow,
    RunShell,
    StartTurn,
    Unqueue,
)
from tui.session.exit_status import INTERRUPTED
from tui.session.replies import Done
from tui.text import neutralise

if TYPE_CHECKING:
    from types import FrameType

    from tui.linear.voice import Voice
    from tui.session.projection import SessionState
    from tui.store.history import History

DEMO = (
    "DEMO: a scripted world. No key, no network; the prices are real, the money is not. "
    "Type anything: each prompt plays the next scene."
)
LEAVE_AGAIN_S = 3.0
LONGEST_KEY = 70_000
"""Characters of a line that may still be a key and what stands around it (`tui.keys.paste`)."""
NOT_SENT = 2


class Ended(BaseException):
    """A signal asks for the end; the status says which."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class Left(NamedTuple):
    """How it ended."""

    status: int
    session: SessionId | None
    state: SessionState


class Linear:
    """One line-by-line session.

    Args:
        voice: Says lines.
        lines: The person, or a pipe.
        history: Where prompts that were sent are kept.
        environ: Given to the engine.
        folder: The working folder.
        session: Session to open: an id, `last`, or None for a new one.
        model: Model to choose at once, or None.
    """

    def __init__(
        self,
        voice: Voice,
        lines: Lines,
        history: History,
        *,
        environ: Mapping[str, str],
        folder: Path,
        session: str | None,
        model: str | None,
    ) -> None:
        self._voice = voice
        self._lines = lines
        self._history = history
        self._folder = folder
        self._demo = "OWNKEY_DEMO" in environ
        self._wire = Wire(environ=environ, folder=folder, session=session, model=model)
        questions = Questions(voice, lines)
        questions.replace_key = self._replace_key
        self._pump = Pump(self._wire, lines, voice, questions, utc_now)
        self._pump.on_typed = self._typed
        self._keys = KeyCounter(voice, lines, questions, self._pump.ask)
        self._acting = Acting(self._pump, self._wire, voice, lines, questions, self._keys)
        self._status = 0
        self._interrupted_at = 0.0

    def run(self) -> Left:
        """Until the person leaves or the pipe ends. A person's exit status is 0."""
        status = 0
        with self._signals():
            self._wire.start()
            try:
                self._pump.until_open()
                self._say_where()
                self._loop()
            except (EOFError, Leave):
                self._end_of_line()
            except Interrupted:
                status = INTERRUPTED
            except Ended as ended:
                self._end_of_line()
                status = ended.status
            except OwnkeyError as error:
                self._say_error(error)
                status = 2 if isinstance(error, UsageError) else 1
            finally:
                self._wire.stop()
        self._voice.end_line()
        opened = self._pump.opened
        ours = 0 if self._lines.person else self._status
        return Left(status or ours, opened.session if opened else None, self._pump.state)

    def _end_of_line(self) -> None:
        """The cursor stands behind the mark of a line that was not written."""
        if self._lines.person:
            self._voice.say("")

    @contextmanager
    def _signals(self) -> Generator[None]:
        def interrupt(number: int, frame: FrameType | None) -> None:
            self._lines.on_interrupt()
            self._pump.on_interrupt()

        def end(number: int, frame: FrameType | None) -> None:
            signal.signal(number, signal.SIG_DFL)  # a second one does not wait
            raise Ended(128 + number)

        kept = {
            one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        signal.signal(signal.SIGINT, interrupt)
        for one in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, end)
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    # Saying where it is.

    def _say_where(self) -> None:
        pump, state = self._pump, self._pump.state
        self._voice.say(f"ownkey {__version__}, line by line.")
        if self._demo:
            self._voice.head(DEMO)
        with suppress(OwnkeyError):
            self._keys.open_if_locked()
        with suppress(OwnkeyError):
            self._acting.learn_models()
        branch = f", branch {short(state.branch)}" if state.branch else ""
        self._voice.say(
            f"Folder: {neutralise(state.cwd or str(self._folder), strict=True)}{branch}."
        )
        self._voice.say(model_line(pump.names, state.model, state.effort))
        self._voice.say(mode_line(state.mode))
        self._acting.say_session()
        row = pump.names.row(state.model)
        if row is None or row.payer is None:
            with suppress(OwnkeyError):
                self._keys.found()
        if self._lines.person:
            commands = "/help says the commands, Ctrl+D leaves"
            self._voice.say(f"Type a message and press Enter; {commands}.")

    # Lines.

    def _loop(self) -> None:
        while True:
            self._catch_up()
            if self._pump.lost is not None and not self._lines.person:
                raise self._pump.lost
            try:
                text = self._lines.prompt()
                self._catch_up()
                self._act(text)
                self._pump.settle()
                self._after()
            except Interrupted as interrupted:
                self._interrupted(interrupted)
            except OwnkeyError as error:
                self._say_error(error)

    def _catch_up(self) -> None:
        """Say what happened meanwhile; an engine that was started again wants the passphrase."""
        self._pump.look()
        if self._pump.reborn:
            self._pump.reborn = False
            with suppress(OwnkeyError):
                self._keys.open_if_locked()

    def _interrupted(self, interrupted: Interrupted) -> None:
        if not self._lines.person:
            raise interrupted
        now = time.monotonic()
        if interrupted.empty and now - self._interrupted_at < LEAVE_AGAIN_S:
            raise Leave
        self._interrupted_at = now if interrupted.empty else 0.0
        self._voice.say("\nCtrl+C again leaves." if interrupted.empty else "\nNot sent.")

    def _act(self, text: str) -> None:
        if not text.strip():
            self._go_on()
            return
        if self._is_key(text):
            if (maker := self._keys.offer(text)) is not None:
                self._acting.choose_served(maker)
            else:
                self._status = self._status or NOT_SENT
            return
        match written_command(text):
            case Found(command=command, words=words):
                self._acting.act(command.name, words)
            case str(why):
                self._voice.say(why)
                self._status = self._status or NOT_SENT
            case None if (clean := _without_keys(text)) != text:
                self._voice.say("There is a key in that: it was not sent.")
                self._lines.give_back(clean)
                self._status = self._status or NOT_SENT
            case None if text.startswith("!") and text[1:].strip():
                self._run_own(text)
            case None:
                self._send(text)

    def _is_key(self, text: str) -> bool:
        from tui.keys.paste import recognise

        return len(text) <= LONGEST_KEY and recognise(text) is not None

    def _send(self, text: str) -> None:
        person = self._lines.person
        reply = self._begin(
            text, lambda session: StartTurn(session=session, prompt=text, asks=person)
        )
        self._remember(text, reply.said if isinstance(reply, Done) else None)

    def _run_own(self, text: str) -> None:
        command = text[1:].strip()
        self._begin(text, lambda session: RunShell(session=session, command=command))
        self._remember(text, text)

    def _begin(self, text: str, make: Callable[[SessionId], AnyCommand]) -> object:
        """Send what was written; what is not taken is given back."""
        try:
            if not self._pump.driving:  # another ownkey did: it may have gone
                self._acting.open_again()
            return self._pump.wait(self._pump.begin(make, prompt=True))
        except OwnkeyError:
            self._lines.give_back(text)
            raise

    def _remember(self, text: str, said: str | None) -> None:
        self._lines.remember(text)
        if said and self._lines.person:
            self._history.keep(said)

    def _go_on(self) -> None:
        if self._pump.teller.broken_off and self._pump.driving:
            self._pump.begin(
                lambda session: StartTurn(session=session, prompt="", asks=self._lines.person),
                prompt=True,
            )

    def _after(self) -> None:
        """What waited behind a turn that was stopped is a draft again."""
        self._status = self._status or self._pump.teller.status
        if self._status == INTERRUPTED and not self._lines.person:
            raise Interrupted(empty=True)
        queued = dict(self._pump.state.queued)
        if queued and self._pump.driving:
            for message in queued:
                self._pump.do(lambda session, one=message: Unqueue(session=session, message=one))
            self._lines.give_back("\n".join(queued.values()))
            self._voice.say("What waited is kept for the next prompt.")

    def _typed(self, line: str) -> None:
        """A line that was typed while something works."""
        pump = self._pump
        if not line.strip():
            if pump.state.activity == "waiting":
                pump.begin(lambda session: RetryNow(session=session))
            return
        if self._picks_way(line.strip()):
            return
        if _without_keys(line) != line or self._is_key(line):
            self._voice.say("That is a key: it was not sent. `/key` takes one once it rests.")
            return
        match written_command(line):
            case Found(command=command, words=words):
                if command.name == "stop":
                    pump.begin(lambda session: Interrupt(session=session))
                else:
                    self._acting.act_meanwhile(command.name, words)
            case str(why):
                self._voice.say(why)
            case None:
                self._lines.remember(line)
                pump.begin(
                    lambda session: StartTurn(session=session, prompt=line, steer=True),
                    prompt=True,
                )

    def _picks_way(self, line: str) -> bool:
        """Whether the line is the number of a way on while a failed request waits."""
        asked = self._pump.state.way_out
        if asked is None or asked.until is None or not (line.isascii() and line.isdigit()):
            return False
        way = int(line) - 1
        if not 0 <= way < len(asked.ways):
            return False
        self._pump.begin(lambda session: AnswerWayOut(session=session, call=asked.call, way=way))
        return True

    def _replace_key(self, asked: WayOutAsked) -> None:
        """A key was refused: ask for another one; the turn waits meanwhile."""
        if asked.payer == "own_key":
            self._keys.add(asked.model.partition("/")[0])
        else:
            name = neutralise(asked.connection, strict=True)
            self._voice.say(f"In another terminal: `ownkey endpoints key {name}`.")
            self._lines.answer("Enter goes on once it is done: ")

    def _say_error(self, error: OwnkeyError) -> None:
        self._voice.say(f"Error: {error.message}")
        if error.hint:
            self._voice.say(f"Next: {here(error.hint)}")


def _without_keys(text: str) -> str:
    """The text with each word that holds a key left out."""
    from tui.keys.paste import contains_key

    if not contains_key(text):
        return text
    return re.sub(r"\S+", lambda word: "[key]" if contains_key(word[0]) else word[0], text)
