from __future__ import annotations

import sys

import pytest

from tests.console_world import MINE, model_row, some_models
from tests.transcript_world import OPUS
from tui.console.sidebar.listing import Listing
from tui.console.sidebar.rows import (
    FIRST_OF_SERVED,
    Line,
    finder,
    found,
    nothing,
    price,
    sections,
    standings,
)
from tui.session.replies import Marks, ModelRow
from tui.text.filter import BEGINNINGS, EXACT, PIECES, PREFIX, STREWN, Finder

FLASH, SONNET, HAIKU = (
    "google/gemini-3.7-flash", "anthropic/claude-sonnet-4-6", "anthropic/claude-haiku-4-5",
)  # fmt: skip


def many(count: int, maker: str = "google", **fields) -> tuple[ModelRow, ...]:
    return tuple(
        model_row(f"{maker}/m-{n}", f"Model {n}", ("1", "2", "0.1"), **(MINE | fields), label="k")
        for n in range(count)
    )


def names(rows: tuple[ModelRow, ...], lines: list[Line]) -> list[str]:
    return [rows[line.row].name for line in lines if line.row is not None]


def hits(query: str, rows: tuple[ModelRow, ...], **marks) -> list[str]:
    return names(rows, found(query, finder(rows), standings(rows, Marks(**marks))))


@pytest.mark.parametrize(
    ("query", "fit"),
    [
        ("gpt-5.5", EXACT), ("openai/gpt-5.5", EXACT), ("GPT 5.5", EXACT), ("gpt", PREFIX),
        ("openai/g", PREFIX), ("5.5 gpt", BEGINNINGS), ("pt-5", PIECES), ("gp55", STREWN),
    ],
)  # fmt: skip
def test_the_nearer_to_the_name_the_better_it_fits(query, fit):
    by = Finder([("gpt 5.5", "openai/gpt-5.5", "gpt-5.5")], ["OpenAI"])
    assert [one.fit for one in by.find(query)] == [fit]


def test_an_exact_name_stands_before_those_that_begin_with_it():
    rows = (model_row("a/gpt-5-pro", "GPT 5 Pro"), model_row("a/gpt-5", "GPT 5"))
    assert hits("gpt-5", rows) == ["GPT 5", "GPT 5 Pro"]


def test_the_beginning_of_a_word_stands_before_its_middle():
    rows = (model_row("a/1", "Abopus"), model_row("a/2", "Claude Opus"))
    assert hits("opus", rows) == ["Claude Opus", "Abopus"]


def test_strewn_letters_count_only_where_nothing_has_them_together():
    rows = (model_row("a/1", "Old Pious"), model_row("a/2", "Big Opus"))
    assert hits("opus", rows) == ["Big Opus"]
    assert hits("gops", rows) == ["Big Opus"]


def test_of_those_that_fit_alike_what_is_served_stands_first():
    rows = (model_row("a/1", "Opus A"), model_row("b/2", "Opus B", **MINE))
    assert hits("opus", rows) == ["Opus B", "Opus A"]


def test_an_exact_id_that_nothing_serves_stands_before_a_served_one_that_resembles_it():
    rows = (model_row("a/opus-max", "Opus Max", **MINE), model_row("b/opus", "Opus"))
    assert hits("opus", rows)[0] == "Opus"


def test_favourites_and_then_the_last_used_win_ties():
    rows = many(4)
    found = hits("model", rows, favourites=("google/m-3",), recent=("google/m-2",))
    assert found == ["Model 3", "Model 2", "Model 0", "Model 1"]


@pytest.mark.parametrize("word", ["work", "anthropic", "your key"])
def test_models_are_found_by_who_serves_them(word):
    assert "Claude Opus 4.7" in hits(word, some_models())


def test_favourites_stand_on_top_then_what_was_used_last_then_all():
    rows = some_models()
    marks = Marks(favourites=(FLASH,), recent=(OPUS, FLASH, SONNET))
    lines = sections(rows, OPUS, marks=marks)
    heads = [line.head for line in lines if line.head is not None and line.more is None]
    assert heads[:3] == ["Favourites", "Recent", "Anthropic"]
    assert names(rows, lines)[:3] == ["Gemini 3.7 Flash", "Claude Opus 4.7", "Claude Sonnet 4.6"]


def test_where_only_the_current_model_was_used_nothing_stands_above_the_sections():
    assert sections(some_models(), OPUS, marks=Marks(recent=(OPUS,)))[0].head == "Anthropic"


def test_marks_of_models_that_are_gone_are_left_out():
    marks = Marks(favourites=("gone/x",), recent=("gone/y", OPUS))
    assert sections(some_models(), OPUS, marks=marks)[0].head == "Anthropic"


def test_a_long_section_shows_its_first_models_and_how_many_more():
    lines = sections(many(30), None)
    assert len([line for line in lines if line.row is not None]) == FIRST_OF_SERVED
    assert lines[-1] == Line(head="22", more="google")


def test_one_more_is_shown_rather_than_counted():
    assert len(names(many(FIRST_OF_SERVED + 1), sections(many(FIRST_OF_SERVED + 1), None))) == 9


@pytest.mark.parametrize(
    ("fields", "head", "right"),
    [
        ({"payer": "endpoint", "label": "gateway.acme"}, "gateway.acme", "endpoint"),
        ({"payer": "cloud_account", "label": "bedrock-prod"}, "bedrock-prod", "cloud account"),
        ({"payer": "credits", "label": "1 204 left"}, "Credits", "1 204 left"),
        ({"payer": "nobody", "provider": "local", "label": "x"}, "This machine", "free"),
    ],
)
def test_a_section_is_named_after_who_serves(fields, head, right):
    first = sections((model_row("x/m", "M", **fields),), None)[0]
    assert (first.head, first.right) == (head, right)


def test_auto_always_takes_credits_and_says_so():
    auto = model_row("auto", "Auto", payer="credits", auto=True)
    assert price(auto)[0] == "always"


def test_an_empty_list_says_why_and_what_to_do():
    words = " ".join(line.head or "" for line in nothing("zzz"))
    assert "Nothing fits" in words and "Esc" in words and "/key" in words
    assert nothing("")[0].head == "The list is being read …"


def listing(rows: tuple[ModelRow, ...]) -> Listing:
    made = Listing()
    made.take(rows, None)
    made.to_current()
    return made


def test_the_cursor_stays_on_its_model_when_others_come_before_it():
    made = listing(many(5))
    made.move(3)
    made.take((*many(3, "anthropic"), *many(5)), None)
    made.renew()
    assert made.row is not None and made.row.id == "google/m-3"


def test_the_cursor_stays_in_its_section_when_its_model_becomes_a_favourite():
    made = listing(many(5))
    made.move(3)
    made.mark(Marks(favourites=("google/m-3",)))
    made.renew()
    assert made.row is not None and made.row.id == "google/m-3"
    assert made.standing is not None and made.standing.group == "google"


def test_the_cursor_stays_near_when_its_model_is_gone():
    made = listing(many(5))
    made.move(3)
    made.take(tuple(row for row in many(5) if row.id != "google/m-3"), None)
    made.renew()
    assert made.row is not None and made.row.id == "google/m-4"


def test_a_section_opens_on_the_first_that_was_hidden_and_closes_again():
    made = listing(many(30))
    made.move(100)
    assert made.standing is not None and made.standing.more == "google"
    made.toggle("google")
    assert made.row is not None and made.row.id == f"google/m-{FIRST_OF_SERVED}"
    made.toggle("google")
    assert made.standing is not None and (made.standing.more, made.standing.head) == (
        "google", "22",
    )  # fmt: skip


def calls_of(work) -> int:
    """How many functions, of Python and of C, it calls."""
    count = 0

    def seen(_frame, event, _arg) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("query", ["m", "model 24", "zq", "gm9", "google/m-2499"])
def test_a_letter_looks_at_each_of_2500_models_a_few_times(query):
    made = listing(many(2_500))
    made.ready()
    assert calls_of(lambda: made.filter(query)) < 12 * 2_500


def test_what_the_filter_needs_is_made_once():
    made = listing(many(2_500))
    made.filter("m")
    assert calls_of(made.ready) < 10
