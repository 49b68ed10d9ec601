"""Going from session to session, and back within one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.linear.words import short
from tui.money import show_sum
from tui.session.commands import ForkSession, ListSessions, RewindSession
from tui.session.past import PastPrompt
from tui.session.replies import Forked, Sessions
from tui.text import neutralise

if TYPE_CHECKING:
    from tui.linear.asking import Questions
    from tui.linear.pump import Pump
    from tui.linear.reading import Lines
    from tui.linear.voice import Voice
    from tui.linear.wire import Wire
    from tui.store.summary import Summary

MOST_LISTED = 20
_LONGEST_SHOWN = 2_000


class Going:
    """Opens sessions.

    Args:
        pump: The session.
        wire: The engine.
        voice: Says where it is.
        lines: The person.
        questions: Asks for choices.
    """

    def __init__(
        self, pump: Pump, wire: Wire, voice: Voice, lines: Lines, questions: Questions
    ) -> None:
        self._pump = pump
        self._wire = wire
        self._voice = voice
        self._lines = lines
        self._questions = questions
        self._listed: Sequence[Summary] = ()

    def say_session(self) -> None:
        """Which session is open; of one that goes on, what was said last."""
        pump = self._pump
        opened, state = pump.opened, pump.state
        if opened is None:
            return
        if not state.turn:
            self._voice.say(f"Session: {opened.session}, new.")
        else:
            title = f", {short(state.title)}" if state.title else ""
            cost = show_sum(state.session_nano, state.session_unknown)
            turns = f"{state.turn} turn{'s' * (state.turn != 1)}"
            self._voice.say(f"Session: {opened.session}{title}; {turns}, cost {cost}.")
            if pump.exchanges:
                self._say_last("You said", pump.exchanges[-1].prompt)
                self._say_last("The answer", "".join(pump.exchanges[-1].reply))
        if not opened.driving:
            self._voice.say("Another ownkey drives it: here it can only be read; Enter reads on.")

    def _say_last(self, who: str, text: str) -> None:
        text = text.strip()
        if not text:
            return
        more = len(text) - _LONGEST_SHOWN
        rest = f" … and {more:,} more characters" if more > 0 else ""
        self._voice.say(f"{who} last: {text[:_LONGEST_SHOWN]}{rest}")

    # Other sessions.

    def list(self, words: str) -> None:
        """List them, the latest first, of those that hold every word."""
        here = self._pump.opened
        wanted = words.lower().split()
        sessions = self._pump.ask(ListSessions(), Sessions).sessions
        fits = [
            one
            for one in sorted(sessions, key=lambda one: one.updated, reverse=True)
            if one.messages or (here is not None and one.id == here.session)
            if all(word in f"{one.title or ''} {one.cwd} {one.id}".lower() for word in wanted)
        ]
        self._listed = fits[:MOST_LISTED]
        for number, one in enumerate(self._listed, start=1):
            mark = " (this one)" if here is not None and one.id == here.session else ""
            cost = show_sum(one.nano, one.unknown)
            when = f"{one.updated.astimezone():%d %b %H:%M}"
            where = neutralise(one.cwd, strict=True)
            self._voice.say(
                f"{number}. {short(one.title or 'untitled')}{mark}; {when}; {where}; "
                f"{one.state}; {cost}; {one.id}"
            )
        if len(fits) > len(self._listed):
            self._voice.say(
                f"And {len(fits) - len(self._listed)} more; /sessions with words finds one."
            )
        if not fits:
            self._voice.say("There is no such session." if words else "There is no session yet.")
        else:
            self._voice.say("/resume and a number goes on with one.")

    def resume(self, words: str) -> None:
        """Go on with a session, by its number in the last list or its id. Raises OwnkeyError."""
        if not words:
            self.list("")
            return
        chosen = words
        if words.isascii() and words.isdigit():
            if not self._listed:
                self.list("")
            if not 0 < int(words) <= len(self._listed):
                raise UsageError("no session has that number", hint="/sessions lists them.")
            chosen = self._listed[int(words) - 1].id
        self._go_to(chosen)

    def begin(self) -> None:
        """A new session in this folder."""
        self._go_to(None)

    def fork(self, at: int | None = None) -> None:
        """Go on in a copy of this session, up to an event."""
        reply = self._pump.do(lambda session: ForkSession(session=session, at=at))
        assert isinstance(reply, Forked)
        self._go_to(reply.session)

    def open_again(self) -> None:
        """Drive the session that another ownkey drove. Raises OwnkeyError."""
        opened = self._pump.opened
        if opened is not None:
            self._pump.wait_to_go(self._wire.go_to(opened.session))
        if not self._pump.driving:
            raise UsageError(
                "another ownkey drives this session: here it can only be read",
                hint="/fork goes on in a copy of it.",
            )

    def _go_to(self, session: str | None) -> None:
        self._pump.wait_to_go(self._wire.go_to(session))
        self.say_session()

    # Back within this one.

    def rewind(self, words: str) -> None:
        """Go back to before a prompt. Raises OwnkeyError, Interrupted."""
        prompts = self._pump.past.prompts
        if not prompts:
            self._voice.say("There is nothing to go back to yet.")
        elif words.isascii() and words.isdigit() and 0 < int(words) <= len(prompts):
            self._go_back(prompts[int(words) - 1])
        else:
            for number, one in enumerate(prompts[:MOST_LISTED], start=1):
                files = f"; {len(one.files)} files changed since" if one.files else ""
                self._voice.say(f"{number}. {short(one.text)}{files}")
            self._voice.say("/rewind and a number goes back to before that prompt.")

    def _go_back(self, chosen: PastPrompt) -> None:
        ways = {"1": "The conversation; files stay as they are."}
        if chosen.files:
            for path in chosen.files:
                self._voice.exact(path)
            count = len(chosen.files)
            ways["2"] = f"The conversation and {count} file{'s' * (count != 1)} it changed."
        last = str(len(ways) + 1)
        ways[last] = "A copy from there; this session stays as it is."
        head = f"Go back to before “{short(chosen.text)}”: what goes back?"
        way, to = self._questions.choose(head, ways), chosen.seq - 1
        if way == last:
            self.fork(to)
        else:
            files = way == "2"
            self._pump.do(lambda session: RewindSession(session=session, to=to, files=files))
        self._lines.give_back(chosen.text)
        self._voice.say("That prompt stands in the next line, to be written anew.")
