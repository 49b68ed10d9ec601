from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.console.panels.answers import Choice, answer_lines
from tui.console.panels.exact import exact_lines
from tui.console.transcript.lines import Line, width_of
from tui.session.approving import is_plain
from tui.text import neutralise

TEXT = st.text(
    st.characters() | st.sampled_from("\n \t\x1b\u202e\u200b\u3000⟨⟩аbc👩🏽界'\"&|;\udcff"),
    max_size=200,
)


def ends(text: str):
    return st.integers(0, len(text))


def read(lines: list[Line]) -> str:
    return "".join(span.text for line in lines for span in line.spans if not span.chrome)


@settings(max_examples=60)
@given(TEXT, st.integers(12, 60))
def test_no_character_is_left_out_or_added(text, width):
    shown = "".join(neutralise(line, strict=True) for line in text.split("\n"))
    assert read(exact_lines(text, (), width)) == shown


@settings(max_examples=60)
@given(TEXT, st.integers(12, 60))
def test_rows_fit(text, width):
    assert max(width_of(line.spans) for line in exact_lines(text, (), width)) <= width


@settings(max_examples=60)
@given(st.data())
def test_marks_change_no_text(data):
    text = data.draw(TEXT)
    low, high = sorted((data.draw(ends(text)), data.draw(ends(text))))
    assert read(exact_lines(text, ((low, high),), 40)) == read(exact_lines(text, (), 40))


@settings(max_examples=60)
@given(st.data())
def test_what_is_marked_stands_out_and_nothing_else_of_plain_text_does(data):
    text = data.draw(st.text(st.sampled_from("abc \n-xyz"), max_size=80))
    low, high = sorted((data.draw(ends(text)), data.draw(ends(text))))
    lines = exact_lines(text, ((low, high),), 30)
    loud = "".join(span.text for line in lines for span in line.spans if span.style == "loud")
    assert loud == text[low:high].replace("\n", "")


def test_marks_sit_right_behind_what_cannot_be_seen():
    text = "echo \u202e\x1b; rm -rf /"
    at = text.index("rm")
    lines = exact_lines(text, ((at, len(text)),), 60)
    loud = [span.text for line in lines for span in line.spans if span.style == "loud"]
    assert loud == ["⟨U+202E⟩␛", "rm -rf /"]


@pytest.mark.parametrize("hidden", ["\u00a0", "\u202e", "\u0430", "\u200b", "\t", "\x1b", "\udcff"])
def test_each_mark_of_ours_stands_out_inside_quotes_too(hidden):
    spans = [span for line in exact_lines(f"a 'x{hidden}y' b", (), 60) for span in line.spans]
    assert any(span.style == "loud" and span.text for span in spans)


def test_a_row_that_goes_on_says_so():
    rows = ["".join(span.text for span in line.spans) for line in exact_lines("a " * 20, (), 20)]
    assert [row[:1] for row in rows] == [" ", "↪", "↪"]


def test_lines_of_a_command_are_lines():
    assert len(exact_lines("a\n\nb\n", (), 20)) == 4


@pytest.mark.parametrize(
    ("command", "plain"),
    [("a\nb 'c'", True), ("", True), ("a\tb", False), ("a\u202eb", False), ("b\u0430d", False)],
)
def test_only_what_is_shown_as_it_is_can_be_typed(command, plain):
    assert is_plain(command) == plain


def test_a_rule_that_is_longer_than_the_panel_is_shown_whole():
    rule = " ".join(f"word{number}" for number in range(40))
    choices = [Choice("always here", "", lambda: None, "3", rule), Choice("no", "", print, "4")]
    lines = answer_lines(choices, frozenset(), 40, beside=True)
    said = " ".join("".join(span.text for span in line.spans) for line in lines)
    assert rule in said
    assert max(width_of(line.spans) for line in lines) <= 40
