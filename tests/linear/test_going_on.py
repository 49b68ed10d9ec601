from __future__ import annotations

import pytest

from tests.linear.test_parts import NOW, ONE, FakeLines, Heard, Told
from tests.scenes_failing import CREDITS, KEY, MODEL, WAIT
from tui.events.base import CallId, SessionId
from tui.events.failing import PayerAsked, WayOut, WayOutAsked, WayOutTaken
from tui.events.turn import ErrorRaised, TurnFinished, TurnStarted
from tui.linear.asking import Questions


def question(*ways: WayOut, kind: str = "rate_limit", until=None, always=None) -> WayOutAsked:
    return WayOutAsked(
        call=CallId("w"), request=ONE, kind=kind, model="anthropic/opus", connection="k",
        payer="own_key", label="work", ways=ways, until=until, always_nano=always,
    )  # fmt: skip


def ask(asked, *answers: str):
    voice = Heard()
    made = Questions(voice, FakeLines(*answers)).ask(asked, None, "/work", (1, 1))
    return made(SessionId("s")), voice.text


@pytest.mark.parametrize(
    ("number", "way", "always"),
    [("1", 0, False), ("3", 2, False), ("4", 2, True), ("5", None, False)],
)
def test_a_number_takes_its_way_and_the_last_one_stops(number, way, always):
    answer, said = ask(question(KEY, MODEL, CREDITS, always=500_000_000), number)
    assert (answer.way, answer.always) == (way, always)
    assert "rate limit on your key work" in said
    assert "on house credits, about $0.190 cold." in said
    assert "up to $0.50 a turn" in said


def test_a_key_that_was_refused_is_asked_for_before_the_turn_goes_on():
    asked = question(WayOut(what="new_key", payer="own_key", label="work"), kind="invalid_key")
    questions = Questions(Heard(), FakeLines("1"))
    replaced = []
    questions.replace_key = replaced.append
    answer = questions.ask(asked, None, "/work", (1, 1))(SessionId("s"))
    assert (replaced, answer.way) == ([asked], 0)


@pytest.mark.parametrize(("number", "choice"), [("1", "once"), ("2", "session"), ("3", "stop")])
def test_another_payer_is_answered_by_a_number(number, choice):
    asked = PayerAsked(
        call=CallId("p"), before="own_key", before_label="work", before_model="a/b",
        payer="credits", label="house", model="a/b", connection="house", why="the key is gone",
    )  # fmt: skip
    answer, said = ask(asked, number)
    assert answer.choice == choice
    assert "at a price that nobody knows" in said


def test_while_it_waits_the_ways_are_told_with_their_numbers():
    told = Told()
    told.tell(TurnStarted(prompt="hi"))
    said = told.tell(question(WAIT, KEY, until=NOW))
    assert "1. Wait, then go on here: " in said
    assert "2. Go on now with another own key: " in said


def test_a_turn_that_went_on_ends_without_the_error():
    told = Told()
    error = ErrorRaised(kind="rate_limit", message="slow down", hint="wait")
    told.tell(TurnStarted(prompt="hi"), error, question(KEY))
    assert "on your key personal, for this turn" in told.tell(
        WayOutTaken(call=CallId("w"), way=KEY)
    )
    assert "Error" not in told.tell(TurnFinished(stop="end"))
    assert told.teller.status == 0
