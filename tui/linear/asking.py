"""The agent's questions: each a few numbered answers, and a number with Enter answers.

What was typed before a question stood there never answers it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.events.base import SessionId
from tui.events.budget import BudgetReached, CeilingAsked
from tui.events.failing import PayerAsked, WayOutAsked
from tui.events.tool import ApprovalAsked, PersonAsked, ToolCalled
from tui.keys.paste import contains_key
from tui.session.approving import Scope, editable, title_of
from tui.session.budget_choices import answers_to, body_of
from tui.session.budget_choices import title_of as budget_title
from tui.session.commands import (
    AnswerApproval,
    AnswerPayer,
    AnswerPerson,
    AnswerWayOut,
    AnyCommand,
)
from tui.session.waiting import Asked
from tui.session.way_words import (
    always_words,
    failed_body,
    failed_title,
    payer_answers,
    payer_body,
    payer_title,
    way_line,
)
from tui.session.words import Names, PlainNames
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.linear.reading import Lines
    from tui.linear.voice import Voice

Answered = Callable[[SessionId], AnyCommand]
"""What is sent, once the session is known."""

_SCOPES: dict[str, Scope] = {"1": "once", "2": "session", "3": "always"}
_KEPT = "(What was typed before is kept for the next prompt.)"


class Questions:
    """Asks the person.

    Args:
        voice: Says the question.
        lines: Where the answer comes from.
        names: Of models.

    Attributes:
        replace_key: Asks for another key in place of one that was refused.
    """

    def __init__(self, voice: Voice, lines: Lines, names: Names | None = None) -> None:
        self._names: Names = names or PlainNames()
        self.replace_key: Callable[[WayOutAsked], None] = lambda _: None
        self._voice = voice
        self._lines = lines

    def ask(
        self,
        asked: Asked,
        made: ToolCalled | None,
        folder: str,
        place: tuple[int, int],
    ) -> Answered:
        """What answers the question. Raises EOFError, Interrupted.

        Args:
            asked: The question.
            made: The call that it is about.
            folder: Where it would happen.
            place: Which of how many questions.
        """
        count = f" ({place[0]} of {place[1]})" if place[1] > 1 else ""
        match asked:
            case PersonAsked():
                return self._ask_person(asked, count)
            case BudgetReached() | CeilingAsked():
                return self._ask_budget(asked)
            case WayOutAsked():
                return self._ask_way_out(asked)
            case PayerAsked():
                return self._ask_payer(asked)
            case ApprovalAsked():
                pass
        self._show_call(asked, folder, count)
        return self._approve(asked, (made.args if made is not None else None) or {})

    def choose(self, head: str, choices: dict[str, str]) -> str:
        """The number of one of a few choices of ours. Raises EOFError, Interrupted."""
        self._voice.head(head)
        for number, words in choices.items():
            self._voice.say(f"{number}. {words}")
        return self._number(tuple(choices))

    # A call that waits.

    def _show_call(self, asked: ApprovalAsked, folder: str, count: str) -> None:
        voice = self._voice
        voice.head(f"The agent asks{count}: {title_of(asked)}")
        sandbox = f", {asked.sandbox}" if asked.sandbox else ""
        voice.say(neutralise(f"In {folder}{sandbox}.", strict=True))
        voice.exact(asked.what)
        if asked.diff is not None:
            voice.exact(asked.diff)
        why = asked.why.replace("\n", " ")
        voice.say(f"It asks because {neutralise(why, strict=True)}.")
        pieces = [asked.what[low:high].strip() for low, high in asked.marks]
        if unsaid := [one for one in dict.fromkeys(pieces) if one and one not in why]:
            voice.say("Look at this part of it:")
            for piece in unsaid:
                voice.exact(piece)

    def _approve(self, asked: ApprovalAsked, args: dict[str, Any]) -> Answered:
        voice, command = self._voice, editable(asked, args)
        voice.say("1. Yes, once.")
        voice.say("2. Yes, for this session.")
        if asked.rule is not None:
            voice.say(f"3. Yes, always here: {_rule_words(asked.rule)}")
        voice.say("4. No.")
        voice.say("5. No, and say why.")
        if command is not None:
            voice.say("6. Change the command, then run it.")
        numbers = ("1", "2", *(("3",) if asked.rule is not None else ()), "4", "5")
        match self._number((*numbers, "6") if command is not None else numbers):
            case "4":
                return _decision(asked, allow=False)
            case "5":
                return _decision(asked, allow=False, said=self._words("Why not: "))
            case "6" if command is not None:
                return self._change(asked, args, command)
            case number:
                return _decision(asked, allow=True, scope=_SCOPES[number])

    def _change(self, asked: ApprovalAsked, args: dict[str, Any], command: str) -> Answered:
        if "\n" in command:
            self._voice.say("It has several lines: write the whole command anew.")
        changed = self._words("Command: ", start="" if "\n" in command else command)
        made = None if changed == command else {**args, "command": changed}
        return _decision(asked, allow=True, args=made)

    # What the model asks.

    def _ask_person(self, asked: PersonAsked, count: str) -> Answered:
        self._voice.head(f"The agent asks{count}:")
        self._voice.exact(asked.question.strip("\n"))
        for number, words in enumerate(asked.choices, start=1):
            self._voice.say(f"{number}. {neutralise(words, strict=True)}")
        numbers = f"A number from 1 to {len(asked.choices)}, or " if asked.choices else ""
        self._listen()
        said = self._words(f"{numbers}{'your' if numbers else 'Your'} own words: ")
        if said.isascii() and said.isdigit() and 0 < int(said) <= len(asked.choices):
            said = asked.choices[int(said) - 1]
        call = asked.call
        return lambda session: AnswerPerson(session=session, call=call, answer=said)

    # A budget that is in the way.

    def _ask_budget(self, asked: BudgetReached | CeilingAsked) -> Answered:
        answers = {str(number): one for number, one in enumerate(answers_to(asked), start=1)}
        self._voice.say(body_of(asked))
        said = {
            number: f"{one.words}, {one.aside}." if one.aside else f"{one.words}."
            for number, one in answers.items()
        }
        chosen = answers[self.choose(f"{budget_title(asked)}.", said)]
        return lambda session: chosen.command(session, asked)

    # A request that failed, and a payer that changes.

    def _ask_way_out(self, asked: WayOutAsked) -> Answered:
        title, label = failed_title(asked, self._names)
        self._voice.say(failed_body(asked, None))
        lines = [way_line(way, asked, self._names) for way in asked.ways]
        always = always_words(asked)
        credits = next((n for n, way in enumerate(asked.ways) if way.what == "credits"), None)
        if always is not None and credits is not None:
            lines.append(f"{always}.")
        lines.append("Stop here; what is above stays.")
        head = f"{title} {label}".rstrip()
        chosen = int(self.choose(f"{head}.", {str(n): said for n, said in enumerate(lines, 1)})) - 1
        rule = always is not None and credits is not None and chosen == len(asked.ways)
        way = credits if rule else chosen if chosen < len(asked.ways) else None
        if way is not None and asked.ways[way].what == "new_key":
            self.replace_key(asked)
        return lambda session: AnswerWayOut(session=session, call=asked.call, way=way, always=rule)

    def _ask_payer(self, asked: PayerAsked) -> Answered:
        answers = {str(number): one for number, one in enumerate(payer_answers(asked), start=1)}
        self._voice.say(payer_body(asked, self._names))
        said = {number: f"{one.words}, {one.aside}." for number, one in answers.items()}
        choice = answers[self.choose(f"{payer_title(asked)}.", said)].choice
        return lambda session: AnswerPayer(session=session, call=asked.call, choice=choice)

    # Reading.

    def _listen(self) -> None:
        if self._lines.listen():
            self._voice.aside(_KEPT)

    def _number(self, numbers: tuple[str, ...]) -> str:
        self._listen()
        mark = f"Answer {', '.join(numbers[:-1])} or {numbers[-1]}: "
        while (said := self._lines.answer(mark).strip().rstrip(".")) not in numbers:
            if said:
                self._voice.say(f"Only the numbers {', '.join(numbers)} answer this.")
        return said

    def _words(self, mark: str, start: str = "") -> str:
        while True:
            said = self._lines.answer(mark, start).strip()
            if contains_key(said):
                self._voice.say("There is a key in that: it was not sent. Say it without.")
            elif said:
                return said


def _rule_words(rule: str) -> str:
    """A rule as it is listed; the mark at its end is ours: whatever follows."""
    open_end = rule.endswith(" …")
    shown = neutralise(rule.removesuffix(" …"), strict=True)
    return f"{shown} and whatever follows" if open_end else shown


def _decision(
    asked: ApprovalAsked,
    *,
    allow: bool,
    scope: Scope = "once",
    said: str | None = None,
    args: dict[str, Any] | None = None,
) -> Answered:
    def make(session: SessionId) -> AnswerApproval:
        return AnswerApproval(
            session=session, call=asked.call, allow=allow, scope=scope, said=said, args=args
        )

    return make
