from __future__ import annotations

import pytest

from tests.acting_calls import ActingPlace
from tui.tools.effects import Asking, Nothing


@pytest.fixture
def place(tmp_path):
    return ActingPlace(tmp_path)


async def test_a_list_is_echoed_with_its_state(place):
    items = [
        {"text": "read\nit", "state": "done"},
        {"text": "fix it", "state": "doing"},
        {"text": "test it"},
    ]
    result = await place.call("todo", items=items)
    assert result.output == "[x] read it\n[>] fix it\n[ ] test it\n[1 of 3 items]"


def test_a_list_touches_nothing(place):
    assert place.effect("todo", items=[]) == Nothing()


@pytest.mark.parametrize(
    "items", [[{"text": ""}], [{"text": "a", "state": "x"}], [{"text": "a"}] * 51, "a", [1], None]
)
async def test_a_wrong_list_is_told(place, items):
    assert not (await place.call("todo", items=items)).ok


async def test_an_answer_is_the_result(place):
    asked = []

    async def answer(question, choices):
        asked.append((question, choices))
        return "the second"

    place.settings["ask"] = answer
    result = await place.call("ask", question="Which?", choices=["a", "b"])
    assert (result.ok, result.output) == (True, "the second")
    assert asked == [("Which?", ("a", "b"))]


async def test_without_a_person_it_says_so_at_once(place):
    result = await place.call("ask", question="Which?")
    assert "Nobody is there" in result.output


def test_the_effect_is_the_question(place):
    effect = place.effect("ask", question="Which?", choices=["a"])
    assert effect == Asking(question="Which?", choices=("a",))


@pytest.mark.parametrize(
    "args",
    [{"question": " "}, {"question": "a", "choices": list("abcde")}, {"question": "x" * 2_001},
     {"question": "a", "choices": [""]}, {}],
)  # fmt: skip
async def test_a_wrong_question_is_told(place, args):
    assert not (await place.call("ask", **args)).ok
