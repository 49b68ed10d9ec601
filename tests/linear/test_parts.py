from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.events.base import CallId, RequestId, SessionId
from tui.events.codec import Recorded
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import RouteDecided
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import ApprovalAsked, ToolCalled
from tui.events.turn import ErrorRaised, RetryScheduled, TurnFinished, TurnStarted
from tui.linear.asking import Questions
from tui.linear.commands import COMMANDS, Found, written_command
from tui.linear.reading import Pipe, joined
from tui.linear.telling import Teller
from tui.linear.voice import Voice
from tui.linear.words import Names, here
from tui.session.projection import SessionState
from tui.text import neutralise

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ONE = RequestId("r_1")


class Heard(Voice):
    """A voice whose words are kept."""

    def __init__(self, *, looks: bool = False) -> None:
        self.stream_of = io.StringIO()
        super().__init__(self.stream_of.write, looks=looks)

    @property
    def text(self) -> str:
        return self.stream_of.getvalue()


class FakeLines:
    """Somebody who has made up their mind: answers in order."""

    person = True

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.starts: list[str] = []

    def answer(self, mark: str, start: str = "") -> str:
        self.starts.append(start)
        return self.answers.pop(0)

    def listen(self) -> bool:
        return False


# The voice.


@given(st.lists(st.sampled_from(
    ["a", "é", "\r", "\n", "\r\n", "\u200d", "\ufe0f", "👩", "💻", "1", "\u20e3", "\x1b[2J",
     "می", "\u200c", "خواهم", "\u202e", " "]), max_size=12))  # fmt: skip
def test_what_streams_in_pieces_is_shown_as_the_whole_would_be(pieces):
    voice = Heard()
    for piece in pieces:
        voice.stream(piece)
    voice.end_line()
    whole = neutralise("".join(pieces))
    split = any(
        one[-1:].isascii() and two[:1] in "\u200d\ufe0f\u200c" for one, two in pairwise(pieces)
    )
    assert split or voice.text.rstrip("\n") == whole.rstrip("\n")
    assert "\x1b" not in voice.text and "\u202e" not in voice.text


def test_a_line_of_ours_never_stands_behind_streamed_text():
    voice = Heard()
    voice.stream("half")
    voice.say("ours")
    assert voice.text == "half\nours\n"


def test_weights_are_written_only_where_the_terminal_has_them():
    plain, looks = Heard(), Heard(looks=True)
    for voice in (plain, looks):
        voice.aside("one\ntwo")
    assert plain.text == "one\ntwo\n"
    assert looks.text == "\x1b[2mone\x1b[0m\n\x1b[2mtwo\x1b[0m\n"


def test_outside_text_that_counts_to_the_letter_stands_behind_a_bar():
    voice = Heard()
    voice.exact("rm x\n4. No.\n\tа\x1b[1m")
    assert voice.text == "| rm x\n| 4. No.\n| \t⟨U+0430⟩␛[1m\n"


# Lines and commands.


@pytest.mark.parametrize(
    ("lines", "prompt"),
    [(["a"], "a"), (["a\\", "b"], "a\nb"), (["a", "", "b"], "a\n\nb"), (["a\\"], "a\\")],
)
def test_a_backslash_at_the_end_goes_on_with_the_next_line(lines, prompt):
    assert joined(lines) == prompt


def test_a_pipe_gives_a_prompt_a_line_and_then_ends():
    shown: list[str] = []
    pipe = Pipe(io.BytesIO(b"one\r\ntwo\\\nthree\nlast"), shown.append)
    assert [pipe.prompt() for _ in range(3)] == ["one", "two\nthree", "last"]
    with pytest.raises(EOFError):
        pipe.prompt()
    assert shown == ["one", "two\nthree", "last"]


@pytest.mark.parametrize(
    ("line", "name", "words"),
    [("/model gpt 5", "model", "gpt 5"), ("/thi on", "thinking", "on"), ("/exit", "quit", ""),
     (" /HELP ", "help", "")],
)  # fmt: skip
def test_a_command_is_found_by_its_name_or_a_beginning(line, name, words):
    found = written_command(line)
    assert isinstance(found, Found)
    assert (found.command.name, found.words) == (name, words)


@pytest.mark.parametrize("line", ["/usr/bin is a path", "/", "hello", "/xyzzy what is it", "a\n/b"])
def test_a_line_that_is_near_no_command_is_a_prompt(line):
    assert written_command(line) is None or line == "/"


@pytest.mark.parametrize(
    ("line", "near"),
    [("/modle", "/model"), ("/modle gpt", "/model"), ("/sesions", "/sessions"),
     ("/settings", "`ownkey settings`"), ("/xyzzy", "/help")],
)  # fmt: skip
def test_a_command_that_is_none_says_what_is_near(line, near):
    said = written_command(line)
    assert isinstance(said, str)
    assert near in said


def test_every_command_is_done_by_something():
    from tui.linear.acting import MEANWHILE, Acting

    acting = Acting(*[None] * 6)  # pyright: ignore
    assert set(acting._actions) == {one.name for one in COMMANDS} >= MEANWHILE


@pytest.mark.parametrize(
    ("hint", "said"),
    [("choose another model (F2).", "choose another model (`/model`)."),
     ("Replace the key: F3, API keys; or `ownkey keys add PROVIDER --replace`.",
      "Replace the key: `/key`."),
     ("Raise the budget in Settings (F3), or wait",
      "Raise the budget in the settings (`ownkey settings`), or wait")],
)  # fmt: skip
def test_a_hint_names_no_key_of_the_full_screen(hint, said):
    assert here(hint) == said


def test_no_error_s_next_step_names_a_key_that_does_nothing_here():
    from tui.errors import KINDS

    for kind in KINDS.values():
        assert "F2" not in here(kind.next_step) and "F3" not in here(kind.next_step)


# Telling.


class Told:
    """Events told one after the other."""

    def __init__(self) -> None:
        self.voice, self.state = Heard(), SessionState()
        self.teller = Teller(self.voice, Names(), self.state)
        self.seq = 0

    def tell(self, *events, at: float = 0.0) -> str:
        before = len(self.voice.text)
        for event in events:
            self.seq += 1
            time = NOW + dt.timedelta(seconds=at)
            record = Recorded(
                session=SessionId("s"), seq=self.seq, at=time, turn=1, event=event
            )  # fmt: skip
            self.state.apply(record)
            self.teller.tell(record)
        return self.voice.text[before:]


ROUTE = RouteDecided(
    request=ONE, model="anthropic/claude-opus-4-7", connection="k", payer="own_key", why="",
    host="https://api.anthropic.com:443", label="main",
)  # fmt: skip


def test_a_cost_that_nobody_knows_is_a_question_mark_and_never_nothing():
    told = Told()
    told.tell(TurnStarted(prompt="hi"), ROUTE, TextStreamed(request=ONE, delta="x"))
    counts = dict.fromkeys(("input", "output", "cache_read", "cache_write", "reasoning"))
    told.tell(UsageReported(request=ONE, raw={}, **counts))
    nobody = {"nano": None, "lines": (), "priced_by": "", "sureness": "unknown"}
    told.tell(ChargeRecorded(request=ONE, payer="own_key", **nobody))
    said = told.tell(TurnFinished(stop="end", unknown=1, requests=1))
    assert "tokens ? in, ? out; turn ?; session ?." in said
    assert "your Anthropic key main pays" in said


def test_thinking_is_one_line_and_shown_when_it_is_wanted():
    told = Told()
    thought = ThinkingStreamed(request=ONE, delta="secret plan")
    told.tell(TurnStarted(prompt="hi"), ROUTE, thought)
    assert told.tell(BlockClosed(request=ONE, kind="thinking"), at=4) == "Thought for 4.0 s.\n"
    told.teller.shows_thinking = True
    said = told.tell(thought) + told.tell(BlockClosed(request=ONE, kind="thinking"), at=75)
    assert said == "Thinking:\nsecret plan\nThought for 1:15.\n"


def test_a_retry_is_one_line_with_what_failed_and_an_error_has_its_next_step():
    told = Told()
    told.tell(TurnStarted(prompt="hi"), ROUTE)
    error = ErrorRaised(kind="rate_limit", message="slow down", hint="choose another (F2)")
    said = told.tell(error, RetryScheduled(request=ONE, attempt=2, after=3, why="rate_limit"))
    assert said == (
        "Anthropic says: rate limit (slow down). Try 2 in 3 s; Enter tries now, Ctrl+C stops.\n"
    )
    said = told.tell(error, TurnFinished(stop="error"))
    assert said.startswith(
        "Error: Anthropic says: rate limit: slow down.\nNext: choose another (`/"
    )
    assert told.teller.broken_off
    assert told.teller.status == 1


def test_a_long_silence_is_said_once_and_again_when_it_has_doubled():
    told = Told()
    call = ToolCalled(request=ONE, id=CallId("c"), name="shell", args={"command": "sleep 99"})
    told.tell(TurnStarted(prompt="hi"), ROUTE, call)

    def said(seconds: float) -> str:
        before = len(told.voice.text)
        told.teller.say_silence(NOW + dt.timedelta(seconds=seconds))
        return told.voice.text[before:]

    assert said(14) == ""
    assert said(16) == "Nothing was heard for 16 s: run is still running. Ctrl+C stops it.\n"
    assert said(20) == said(30) == ""
    assert "for 33 s" in said(33)


# Asking.


def ask(*answers: str, rule: str | None = "shell: make …", marks=(), args=None):
    voice, lines = Heard(), FakeLines(*answers)
    asked = ApprovalAsked(
        call=CallId("c"), name="shell", what="make x && rm y", why="it is not known", rule=rule,
        marks=marks,
    )  # fmt: skip
    made = ToolCalled(
        request=ONE, id=CallId("c"), name="shell", args=args or {"command": "make x && rm y"}
    )
    answered = Questions(voice, lines).ask(asked, made, "/work", (1, 1))(SessionId("s"))
    return answered, voice.text, lines


@pytest.mark.parametrize(
    ("answers", "allow", "scope", "said"),
    [(["1"], True, "once", None), (["2"], True, "session", None), (["3"], True, "always", None),
     (["4"], False, "once", None), (["5", "", "too soon"], False, "once", "too soon"),
     (["yes", "y", "", "4"], False, "once", None)],
)  # fmt: skip
def test_a_number_answers_a_call_that_waits_and_nothing_else_does(answers, allow, scope, said):
    answer, _, lines = ask(*answers)
    assert (answer.allow, answer.scope, answer.said) == (allow, scope, said)
    assert lines.answers == []


def test_always_is_not_offered_where_it_cannot_be_remembered():
    answer, shown, _ = ask("3", "1", rule=None)
    assert "3." not in shown
    assert answer.scope == "once"


def test_a_command_can_be_changed_before_it_runs():
    answer, _, lines = ask("6", "make y")
    assert answer.args == {"command": "make y"}
    assert answer.allow
    assert lines.starts == ["", "make x && rm y"]


def test_the_part_that_made_it_ask_is_shown_to_the_letter():
    _, shown, _ = ask("4", marks=((10, 14),))
    assert "| make x && rm y\n" in shown
    assert "Look at this part of it:\n| rm y\n" in shown


def test_a_key_in_the_words_of_a_refusal_is_not_sent():
    from tests.canary import made_up_key

    answer, shown, _ = ask("5", f"use {made_up_key()}", "no")
    assert answer.said == "no"
    assert "it was not sent" in shown
