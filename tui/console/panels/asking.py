"""The console's side of questions: opens the panel that waits, takes answers, shows the mode."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from textual.content import Content

from tui.console.panels.going_on import GoingOn
from tui.console.panels.modes import after, mode_content
from tui.console.prompt.editor import PLACEHOLDER
from tui.console.prompt.hints import Hint
from tui.errors import OwnkeyError
from tui.events.base import CallId, SessionId, utc_now
from tui.events.budget import BudgetReached, CeilingAsked
from tui.events.codec import Recorded
from tui.events.failing import PayerAsked, WayOutAsked
from tui.events.session import Mode, ModeChosen
from tui.events.tool import ApprovalAsked, PersonAsked
from tui.paths import Paths
from tui.session.commands import (
    AnswerApproval,
    AnswerPerson,
    AnyCommand,
    ChooseMode,
    ChooseModel,
)
from tui.session.replies import AnyReply
from tui.session.waiting import Asked

if TYPE_CHECKING:
    from tui.session.approving import Scope
    from tui.session.budget_choices import Answer

Result = TypeVar("Result")

READ_ONLY_HERE = "Another ownkey drives this session: it can only be read here."


class Words(NamedTuple):
    """What the composer writes for a panel instead of a prompt."""

    call: CallId
    hints: list[Hint]
    send: Callable[[str], None]
    keeps: bool  # what was typed is the person's own, and stays where the call ends first


class Asking(GoingOn[Result], inherit_bindings=False):
    """The part of the console that asks the person."""

    def __init__(
        self,
        *,
        folder: Path,
        paths: Paths,
        clock: Callable[[], dt.datetime] = utc_now,
        tz: dt.tzinfo | None = None,
    ) -> None:
        super().__init__(folder=folder, paths=paths, clock=clock, tz=tz)
        self._words: Words | None = None
        self._mode_sent: Mode | None = None
        self.composer.editor.scroll_panel = self.choices.move

    def fold_questions(self, records: Sequence[Recorded]) -> None:
        """Take in what the session told."""
        for record in records:
            self.waiting.apply(record)
            if isinstance(record.event, ModeChosen):
                self._mode_sent = None

    def ask_what_waits(self) -> None:
        first = self.waiting.first if self.driving else None
        if self._words is not None and (first is None or first.call != self._words.call):
            self._end_words()
        match first:
            case ApprovalAsked():
                self._ask_approval(first)
            case BudgetReached() | CeilingAsked():
                from tui.console.panels.budget import budget_question

                self.choices.ask(budget_question(first, self.models, self._settling(first)))
            case WayOutAsked():
                self.ask_way_out(first)
            case PayerAsked():
                self.ask_payer(first)
            case PersonAsked():
                from tui.console.panels.questions import person_question

                answer = self._answering(first)
                self.choices.ask(person_question(first, answer, self.waiting.place(first.call)))
            case None if (switch := self.switching) is not None:
                self.ask_switch(switch)
            case None if self.nothing_serves():
                self.ask_first_run()
            case None:
                self.choices.close()
        self.header.show_needs(first is not None)
        self._listen(first)

    def _listen(self, first: Asked | None) -> None:
        editor = self.composer.editor
        asked = self.choices.display and self._words is None
        editor.says("Your answer" if isinstance(first, PersonAsked) else self._placeholder)
        editor.answers = self.choices.answers if asked else frozenset()
        if editor.asked != asked:
            editor.asked = asked
            self.refresh_status()

    @property
    def _placeholder(self) -> str:
        return PLACEHOLDER if self._words is None else self._words.hints[0][1].capitalize()

    def _ask_approval(self, asked: ApprovalAsked) -> None:
        from tui.console.panels.approval import Answers, approval_question
        from tui.session.approving import editable

        made = self.waiting.called(asked.call)
        command = editable(asked, made.args if made else None)

        def allow(scope: Scope) -> None:
            self.answer(
                asked,
                lambda s: AnswerApproval(session=s, call=asked.call, allow=True, scope=scope),
            )

        answers = Answers(
            allow=allow,
            deny=lambda: self._refuse(asked, None),
            say_why=lambda: self._ask_why(asked),
            edit=None if command is None else (lambda: self._edit(asked, command)),
        )
        place = self.waiting.place(asked.call)
        self.choices.ask(approval_question(asked, self.header.folder, answers, place))

    def answer(self, asked: Asked, make: Callable[[SessionId], AnyCommand]) -> None:
        """Send an answer; the panel goes at once, and comes back where it could not be sent."""
        waiting = self.waiting  # another session may be shown by then

        def done(answer: asyncio.Future[AnyReply]) -> None:
            if not answer.cancelled() and isinstance(error := answer.exception(), OwnkeyError):
                self.say_error(error)
                waiting.open_again(asked)
                self.ask_what_waits()

        self.waiting.settle(asked.call)
        self.bridge.in_session(make).add_done_callback(done)
        self.ask_what_waits()

    def _refuse(self, asked: ApprovalAsked, said: str | None) -> None:
        self.answer(
            asked,
            lambda s: AnswerApproval(session=s, call=asked.call, allow=False, said=said),
        )

    def _settling(self, asked: BudgetReached | CeilingAsked) -> Callable[[Answer], None]:
        def answer(given: Answer) -> None:
            if given.choice == "model" and given.model is not None:
                model = given.model  # it is what lets the turn go on
                self.answer(asked, lambda s: ChooseModel(session=s, model=model))
            else:
                self.answer(asked, lambda s: given.command(s, asked))

        return answer

    def _answering(self, asked: PersonAsked) -> Callable[[str], None]:
        return lambda words: self.answer(
            asked, lambda s: AnswerPerson(session=s, call=asked.call, answer=words)
        )

    # Words of the person's own.

    def _ask_why(self, asked: ApprovalAsked) -> None:
        def refuse(text: str) -> None:
            self._refuse(asked, text)

        hints = [("Enter", "no, and this is why"), ("Esc", "back")]
        self._begin_words(Words(asked.call, hints, refuse, keeps=True), "")

    def _edit(self, asked: ApprovalAsked, command: str) -> None:
        def run(text: str) -> None:
            made = self.waiting.called(asked.call)
            args = None if text == command or made is None else {**(made.args or {})}
            if args is not None:
                args["command"] = text
            self.answer(
                asked,
                lambda s: AnswerApproval(session=s, call=asked.call, allow=True, args=args),
            )

        hints = [("Enter", "run it as it stands here"), ("Esc", "back")]
        self._begin_words(Words(asked.call, hints, run, keeps=False), command)

    def _begin_words(self, words: Words, text: str) -> None:
        self._words = words
        self.composer.editor.put_back(text)
        self.focus_prompt()
        self._listen(self.waiting.first)
        self.refresh_status()

    def _end_words(self, *, sent: bool = False) -> None:
        words, self._words = self._words, None
        if words is not None and not sent and not words.keeps:
            self.composer.editor.text = ""

    def leave_words(self) -> bool:
        """Esc: back to the answers; whether words were being written."""
        if self._words is None:
            return False
        self.composer.editor.text = ""
        self._end_words()
        self.ask_what_waits()
        self.refresh_status()
        return True

    def take_words(self, text: str) -> bool:
        """Enter: whether the text was for the panel and not a prompt."""
        words, first = self._words, self.waiting.first if self.driving else None
        if words is None and isinstance(first, WayOutAsked) and self._is_plain(text):
            # Nothing else may come of it: what it would go on with could take credits.
            self.choices.answer_chosen()
            return True
        if words is None and not (isinstance(first, PersonAsked) and self._is_answer(text)):
            return False
        if text.strip() and _holds_key(text):
            self.flash("That is a key: it was not sent.")
        elif words is not None and text.strip():
            self._end_words(sent=True)
            words.send(text)
        elif words is not None:
            self.leave_words()
        elif self.choices.deaf:
            self.composer.editor.put_back(text)  # begun before the question stood there
        elif isinstance(first, PersonAsked):
            self._answering(first)(text)
        return True

    def _is_plain(self, text: str) -> bool:
        """Whether Enter came with nothing written and nothing pasted."""
        return not text.strip() and not self.composer.chips.pasted

    def _is_answer(self, text: str) -> bool:
        from tui.console.commands import find_command

        return bool(text.strip()) and find_command(text) is None

    def asking_hints(self) -> list[Hint]:
        if self._words is not None:
            return self._words.hints
        first = self.waiting.first if self.driving else None
        if first is None:
            return [] if self.switching is None else self._switch_hints()
        more: list[Hint] = [("PageDown", "the rest")] if self.choices.overflows else []
        how = "Alt+1" if self.composer.editor.text else "1"
        match first:
            case ApprovalAsked():
                last = "6" if "6" in self.choices.answers else "5"
                return [(f"{how} … {last}", "answer"), *more, ("Esc", "stop")]
            case BudgetReached() | CeilingAsked() | WayOutAsked() | PayerAsked():
                return [(f"{how} … {len(self.choices.answers)}", "answer"), ("Esc", "stop")]
            case PersonAsked():
                numbers: list[Hint] = (
                    [(f"{how} … {len(first.choices)}", "answer")] if first.choices else []
                )
                return [*numbers, ("Enter", "your own words"), *more, ("Esc", "stop")]

    def _switch_hints(self) -> list[Hint]:
        how = "Alt+1" if self.composer.editor.text else "1"
        return [(f"{how} … 3", "answer"), ("Esc", "stay")]

    # Modes.

    def mode_words(self) -> Content:
        return mode_content(self.state.mode)

    def action_next_mode(self) -> None:
        """Shift+Tab: the next of read only, ask, edit freely."""
        if not self.driving:
            self.flash(READ_ONLY_HERE)
            return

        def done(answer: asyncio.Future[AnyReply]) -> None:
            if not answer.cancelled() and isinstance(error := answer.exception(), OwnkeyError):
                self._mode_sent = None
                self.say_error(error)

        mode = self._mode_sent = after(self._mode_sent or self.state.mode)
        sent = self.bridge.in_session(lambda s: ChooseMode(session=s, mode=mode))
        sent.add_done_callback(done)


def _holds_key(text: str) -> bool:
    from tui.keys.paste import recognise

    return recognise(text) is not None
