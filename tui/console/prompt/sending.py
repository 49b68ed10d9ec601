"""What happens to what was written: sent, queued, run, done as a command, or given back."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from tui.billing.counting import family_of, text_tokens
from tui.console.commands import ConsoleCommand, find_command, lone_word, with_words
from tui.console.prompt.attachments import Gathered, Reader
from tui.console.prompt.editor import Editor
from tui.console.prompt.limits import too_much
from tui.console.prompt.mentions import mentions
from tui.console.prompt.pasted import Pasted
from tui.console.sessions.desk import SessionsDesk
from tui.console.sessions.view import SessionView
from tui.console.transcript.blocks import Failure
from tui.errors import OwnkeyError
from tui.events.base import SessionId, utc_now
from tui.events.codec import Recorded
from tui.events.tool import ShellRun
from tui.events.turn import Attachment, MessageUnqueued, PromptAdded, TurnStarted
from tui.paths import Paths
from tui.secret import Secret
from tui.session.commands import EditQueued, RetryNow, RunShell, StartTurn, Unqueue
from tui.session.replies import AnyReply, Done

Result = TypeVar("Result")

READ_ONLY = "Another ownkey drives this session: it can only be read here."
LONGEST_KEY = 70_000
"""Characters of a paste that may still be a key and what stands around it (`tui.keys.paste`)."""
MOST_KEPT = 20


class Parcel(NamedTuple):
    """A prompt with what goes with it."""

    text: str
    pasted: tuple[Pasted, ...] = ()
    later: bool = False

    @property
    def prompt(self) -> str:
        """Its words; of pastes alone, what they are called."""
        named = ", ".join(f"[{one.name}]" for one in self.pasted)
        return self.text if self.text.strip() else named


class Sending(SessionsDesk[Result], inherit_bindings=False):
    """The part of the console that sends."""

    environ: Mapping[str, str]

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self._gathering = asyncio.Lock()
        self._gathered_soon = 0
        self._warned: str | None = None  # what stood in the prompt then
        self._insisted: str | None = None
        self._with_files: list[Parcel] = []  # sent while the agent worked: their pastes
        self._changing: tuple[str, str] | None = None  # a queued message, and the draft before

    @property
    def workspace(self) -> Path:
        """The folder of the session that is shown."""
        return Path(self.state.cwd) if self.state.cwd else self.folder

    def reader(self) -> Reader:
        """What looks at files for a prompt."""
        return Reader(self.workspace, self.environ)

    def on_editor_submitted(self, event: Editor.Submitted) -> None:
        text = event.text
        if self._changed_queued(text) or self.take_words(text):
            return
        word = lone_word(text)
        if word is not None and (command := find_command(text)) is not None:
            self.run_command(command)
        elif (found := with_words(text)) is not None:
            self.run_command(*found)
        elif word is not None and not os.path.lexists(text.strip()):
            self.flash(f"No such command: {text.strip()}. F1 lists them.")
            self.composer.editor.put_back(text)
        elif self.looks_like_key(text):
            self.offer_key(text)
        elif text.startswith("!") and text[1:].strip():
            self._run_shell(text)
        else:
            self._send_parcel(Parcel(text, self.composer.chips.take(), event.later))

    def run_command(self, command: ConsoleCommand, words: str = "") -> None:
        """Do what a command says, with the words that follow it."""
        if words:
            action = self.run_action(("", command.takes, (words.strip(),)))
        else:
            action = self.run_action(command.action)
        self.run_worker(action, exit_on_error=True)

    def _send_parcel(self, parcel: Parcel) -> None:
        if not self.driving:
            self.run_worker(self._take_over(parcel), group="take over", exclusive=True)
        elif not parcel.prompt.strip():
            self.go_on()
        elif parcel.pasted or mentions(parcel.text) or self._gathered_soon:
            self._gathered_soon += 1
            self.run_worker(self._gather(parcel), group="gather")
        else:
            self._send(parcel, ())

    async def _gather(self, parcel: Parcel) -> None:
        """Read what goes with a prompt, then send it; prompts keep their order."""
        view, row = self.open_sessions.here, self.chosen_row
        reader, context = self.reader(), self.state.context_tokens
        found = mentions(parcel.text)
        insists, self._insisted = self._insisted == parcel.text, None

        from tui.session.attached import is_text

        def work() -> tuple[Gathered, int]:
            got = reader.gather(found, parcel.pasted, row, insists=insists)
            texts = [one.data.decode("utf-8", "replace") for one in got.files if is_text(one)]
            family = family_of("" if row is None else row.id)
            return got, round(sum(text_tokens(one, family) for one in (parcel.text, *texts)))

        try:
            async with self._gathering:
                got, tokens = await asyncio.to_thread(work)
        finally:
            self._gathered_soon -= 1
        problem = got.problem or too_much(tokens, row, context)
        if problem is None:
            self._send(parcel, got.files, view)
            return
        again = "" if not got.missing else ". Enter again sends it as words"
        self._insisted = parcel.text if got.missing else None
        self.give_back(view, parcel)
        if view is self.open_sessions.here:
            self.warn(f"not sent: {problem}{again}")

    def warn(self, problem: str | None) -> None:
        """Say at the prompt what is wrong with it, until it is changed."""
        self._warned = self.composer.editor.text if problem else None
        self.composer.chips.warn(problem)

    def _send(
        self, parcel: Parcel, files: tuple[Attachment, ...], view: SessionView | None = None
    ) -> None:
        here = view or self.open_sessions.here

        def done(answer: asyncio.Future[AnyReply]) -> None:
            if answer.cancelled():
                return
            if isinstance(error := answer.exception(), OwnkeyError):
                self.could_not_send(here, parcel.text, error)
                if here is self.open_sessions.here and not self.composer.chips.pasted:
                    self.composer.chips.set_pasted(parcel.pasted)
            elif error is None and isinstance(reply := answer.result(), Done):
                self.sent_from(here)
                self.keep_prompt(reply.said or "")

        works = here.state.working if view is not None else self.state.working
        if works and parcel.pasted:
            self._with_files = [*self._with_files[-MOST_KEPT:], parcel]

        def start(session: SessionId) -> StartTurn:
            return StartTurn(
                session=session,
                prompt=parcel.prompt,
                attachments=files,
                steer=works and not parcel.later,
            )

        self.composer.editor.remember(parcel.text)
        self._sent = True
        if here is self.open_sessions.here or here.id is None:
            sent = self.bridge.in_session(start)
            self.transcript.follow_end()
        else:
            sent = self.bridge.send(start(here.id))
        sent.add_done_callback(done)

    def keep_prompt(self, said: str) -> None:
        """Write a prompt down for later runs, unless a key stands in it."""
        from tui.keys.paste import contains_key

        if len(said) <= LONGEST_KEY and not contains_key(said):
            self.composer.editor.keep(said)

    def sent_from(self, view: SessionView) -> None:
        """What was written in a session has been taken."""

    def give_back(self, view: SessionView, parcel: Parcel) -> None:
        """What is not sent is a draft again, where it was written."""
        if view is self.open_sessions.here:
            self.composer.editor.put_back(parcel.text)
            if not self.composer.chips.pasted:
                self.composer.chips.set_pasted(parcel.pasted)
        elif not view.draft.text:
            view.draft = view.draft._replace(text=parcel.text)

    def _run_shell(self, text: str) -> None:
        """`!command`: on this machine, as the person."""
        if not self.driving:
            self.flash(READ_ONLY)
            self.composer.editor.put_back(text)
            return
        view = self.open_sessions.here

        def done(answer: asyncio.Future[AnyReply]) -> None:
            if answer.cancelled():
                return
            if isinstance(error := answer.exception(), OwnkeyError):
                self.could_not_send(view, text, error)
            else:
                self.sent_from(view)

        self.composer.editor.remember(text)
        sent = self.bridge.in_session(lambda s: RunShell(session=s, command=text[1:].strip()))
        sent.add_done_callback(done)
        self.transcript.follow_end()

    def go_on(self) -> None:
        """Enter in an empty prompt: try now, or go on with what broke off."""
        if self.state.activity == "waiting":
            self.in_session(lambda s: RetryNow(session=s))
        elif self.transcript.model.broken_off:
            self.in_session(lambda s: StartTurn(session=s, prompt=""))

    def go_on_unserved(self) -> None:
        blocks = self.transcript.model.blocks
        failed = next((one for one in reversed(blocks) if isinstance(one, Failure)), None)
        if self._sent and failed is not None and failed.kind == "no_route":
            self.go_on()

    async def _take_over(self, parcel: Parcel) -> None:
        """Another console drove the session: drive it from here if that one has gone."""
        view = self.open_sessions.here
        if await self.bridge.open_again():
            if parcel.prompt.strip():
                self._send_parcel(parcel)
            return
        self.flash(READ_ONLY)
        self.give_back(view, parcel)

    # Taken back, or changed, while it waits.

    def on_editor_take_back(self) -> None:
        if self.state.queued and self._taking_back is None:
            self.take_back(list(self.state.queued)[-1])

    def take_back(self, message: str) -> None:
        """Take a queued message out; its text becomes the draft."""
        self._taking_back = message, self.state.queued[message]
        asked = self.bridge.in_session(lambda s: Unqueue(session=s, message=message))
        asked.add_done_callback(self._taken_back)

    def _taken_back(self, done: asyncio.Future[AnyReply]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._taking_back = None
            self._command_done(done)

    def give_back_taken(self, records: Sequence[Recorded]) -> None:
        """What was taken back goes to the editor; what was sent meanwhile does not."""
        for record, following in zip(records, [*records[1:], None], strict=True):
            event = record.event
            if isinstance(event, ShellRun):
                self.keep_prompt(f"!{event.command}")
            if self._taking_back is None or not isinstance(event, MessageUnqueued):
                continue
            message, text = self._taking_back
            if event.message == message:
                self._taking_back = None
                if following is None or not isinstance(following.event, TurnStarted | PromptAdded):
                    self._put_back_taken(text)

    def _put_back_taken(self, text: str) -> None:
        parcel = next((one for one in self._with_files if one.prompt == text), Parcel(text))
        self.give_back(self.open_sessions.here, parcel)

    def _changed_queued(self, text: str) -> bool:
        """Enter while a queued message is written anew: whether it was for that."""
        if self._changing is None:
            return False
        message = self._changing[0]
        self.leave_change()
        if not text.strip():
            self.in_session(lambda s: Unqueue(session=s, message=message))
        elif (before := self.state.queued.get(message)) is not None:
            if _paths(before) == _paths(text):
                self.in_session(lambda s: EditQueued(session=s, message=message, text=text))
            else:  # what goes with it was read when it was queued
                self.in_session(lambda s: Unqueue(session=s, message=message))
                self._send_parcel(Parcel(text, later=True))
        else:
            self.flash("That message has gone out already: this is a draft now.")
            self.composer.editor.show_text(text)
        return True

    def leave_change(self) -> bool:
        """Write no queued message any more, but what was written before; whether one was."""
        if self._changing is None:
            return False
        draft, self._changing = self._changing[1], None
        self.composer.editor.show_text(draft)
        self.refresh_status()
        return True

    def swap_queued(self, one: str, other: str) -> None:
        """Let two queued messages change places."""
        first, second = self.state.queued.get(one), self.state.queued.get(other)
        if first is None or second is None:
            return
        pastes = {parcel.prompt for parcel in self._with_files}
        if _paths(first) or _paths(second) or pastes & {first, second}:
            self.flash("A message that files go with keeps its place.")
            return
        self.in_session(lambda s: EditQueued(session=s, message=one, text=second))
        self.in_session(lambda s: EditQueued(session=s, message=other, text=first))

    # Keys that come through the prompt.

    def looks_like_key(self, text: str) -> bool:
        """Whether a text is a key and nothing else."""
        from tui.keys.paste import recognise

        return len(text) <= LONGEST_KEY and recognise(text) is not None

    def offer_key(self, text: str) -> None:
        """Offer to keep a key that came through the prompt; it is not sent."""
        from tui.keys.paste import recognise

        self.flash("That is a key: it was not sent.")
        self.open_key_dialog(recognise(text) or "anthropic", pasted=Secret(text))


def _paths(text: str) -> list[tuple[str, ...]]:
    return [one.paths for one in mentions(text)]
