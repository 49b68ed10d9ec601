from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.console.transcript.heights import Heights
from tui.console.transcript.lines import Line, Span, prefixed, width_of, wrap
from tui.text import cell_width, neutralise

WORDS = st.text(alphabet="ab-. 漢字、あ한é\u0301👩\u200d👧🏽🇩🇪∑…“", max_size=120).map(
    lambda text: neutralise(text).replace("\n", " ")
)


def text_of(lines: list[Line]) -> str:
    return "".join(line.text if i == 0 else line.join + line.text for i, line in enumerate(lines))


@given(WORDS, st.integers(2, 30))
def test_wrapping_loses_nothing_but_blanks_at_the_end(text: str, width: int):
    assert text_of(wrap((Span(text),), width)).rstrip(" ") == text.rstrip(" ")


@given(WORDS, st.integers(2, 30))
def test_no_row_is_wider_than_asked(text: str, width: int):
    assert all(cell_width(line.text) <= width for line in wrap((Span(text),), width))


@given(st.lists(WORDS, min_size=1, max_size=6), st.integers(2, 30))
def test_styles_stay_on_their_own_characters(texts: list[str], width: int):
    spans = [Span(text, f"s{i}") for i, text in enumerate(texts) if text]
    lines = wrap(spans, width)
    styled = [
        (c, span.style) for line in lines for span in line.spans for c in span.text if c != " "
    ]
    assert styled == [(c, span.style) for span in spans for c in span.text if c != " "]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("go to /a/very/long/path", 8, ["go to", "/a/very/", "long/pat", "h"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
        ("ab漢字、漢字", 6, ["ab漢", "字、漢", "字"]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ("👩\u200d👩\u200d👧👩\u200d👩\u200d👧", 3, ["👩\u200d👩\u200d👧"] * 2),
        ("“quoted words” — here", 10, ["“quoted", "words” —", "here"]),
        ("", 5, [""]),
    ],
)
def test_rows_break_where_a_reader_expects(text: str, width: int, rows: list[str]):
    assert [line.text for line in wrap((Span(text),), width)] == rows


def test_a_wide_character_is_shown_even_where_only_one_cell_is_left():
    assert [line.text for line in wrap((Span("漢字"),), 1)] == ["漢", "字"]


def test_a_marker_shifts_the_ground_behind_it():
    line = prefixed([Line((Span("x"),), "code-ground")], (Span("1. "),), (Span("   "),))[0]
    assert (line.inset, width_of(line.spans)) == (3, 4)


HEIGHTS = st.lists(st.integers(0, 9), max_size=40)


@given(HEIGHTS, st.data())
def test_heights_agree_with_a_plain_list(heights: list[int], data: st.DataObject):
    tree = Heights(heights[: len(heights) // 2])
    for height in heights[len(heights) // 2 :]:
        tree.append(height)
    plain = list(heights)
    for _ in range(data.draw(st.integers(0, 5)) if plain else 0):
        at, height = data.draw(st.integers(0, len(plain) - 1)), data.draw(st.integers(0, 9))
        assert tree.set(at, height) == height - plain[at]
        plain[at] = height
    before = [0, *itertools.accumulate(plain)]
    assert [tree.before(i) for i in range(len(plain) + 1)] == before
    assert tree.total == sum(plain)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 400))
def test_a_line_is_found_in_its_block(heights: list[int], line: int):
    block, rest = Heights(heights).find(line)
    if line < sum(heights):
        assert sum(heights[:block]) + rest == line
        assert 0 <= rest < heights[block]
    else:
        assert block == len(heights) - 1


def test_no_blocks_have_no_height():
    assert (Heights().total, Heights().find(7)) == (0, (0, 7))
