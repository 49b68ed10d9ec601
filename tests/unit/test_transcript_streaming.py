from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcript_text import drawn, parser, with_lexers
from tui.console.transcript.lines import Line
from tui.console.transcript.markdown import MarkdownLines
from tui.console.transcript.segments import MAX_CHARACTERS

DOCUMENT = """# Heading
Some *text* with `code`
and a second line.

1. one
   - nested

     para
2. two

   ```python
   def f():
       return 1
   ```
3. three
- [x] done
> quote
> - in it

| a | b |
|---|--:|
| 漢字 | `1` |

text
```python
def g():
    \"\"\"Doc

    more\"\"\"
    return 2
```
~~~
open\tfence \x1b[2J
```
~~~

Heading two
---
    indented

* * *
[a](http://b.example) ![p](q)\r
end \ud83d \u202e é 👩\u200d👧
```js
let unclosed = 1
``
"""

FRAGMENTS = st.lists(
    st.sampled_from(
        ["# a\n", "text\n", "\n", "- item\n", "  - nested\n", "1. one\n", "2) two\n", "> q\n",
         "```py\n", "```\n", "~~~\n", "  ```\n", "    code\n", "|a|b|\n|-|-|\n", "|x|y|\n", "---\n",
         "===\n", "**b** ", "`c` ", "[l](http://x.example) ", "*", "\r\n", "\r", "\t", "- \n",
         "#\n", "word ", "* * *\n", "-\n", "10. ten\n"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def cut(text: str, at: list[int]) -> list[str]:
    edges = [0, *sorted(min(i, len(text)) for i in at), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


def whole(text: str, width: int = 50, *, complete: bool = True) -> list[Line]:
    lines = MarkdownLines(parser(), width, None)
    lines.feed(text, complete=complete)
    return lines.lines


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(DOCUMENT)), max_size=40))
def test_any_pieces_give_the_lines_of_the_whole(at: list[int]):
    lines = MarkdownLines(parser(), 50, None)
    for piece in cut(DOCUMENT, at):
        lines.feed(piece)
    lines.feed("", complete=True)
    assert lines.lines == whole(DOCUMENT)


@settings(max_examples=150, deadline=None)
@given(FRAGMENTS, st.lists(st.integers(0, 200), max_size=10))
def test_any_markdown_in_any_pieces_gives_the_lines_of_the_whole(text: str, at: list[int]):
    lines = MarkdownLines(parser(), 40, None)
    for piece in cut(text, at):
        lines.feed(piece)
    lines.feed("", complete=True)
    assert lines.lines == whole(text, 40)


def test_at_every_prefix_the_lines_are_those_of_the_prefix():
    lines = MarkdownLines(parser(), 50, None)
    for end, char in enumerate(DOCUMENT, 1):
        lines.feed(char)
        assert drawn(lines.lines) == drawn(whole(DOCUMENT[:end], complete=False)), DOCUMENT[:end]


def test_colours_of_a_closed_fence_do_not_depend_on_the_pieces():
    colours = with_lexers("python")
    text = "```python\n" + 'def f():\n    """a\n    b"""\n    return 1\n\n' * 60 + "```\nend"
    at_once, piecewise = (MarkdownLines(parser(), 50, colours) for _ in range(2))
    at_once.feed(text, complete=True)
    for start in range(0, len(text), 7):
        piecewise.feed(text[start : start + 7])
    piecewise.feed("", complete=True)
    for _ in [step for wanted in list(colours.wanted) for step in colours.colouring(*wanted)]:
        pass
    at_once.recolour()
    piecewise.recolour()
    assert piecewise.lines == at_once.lines


def test_feeding_tells_the_first_line_that_changed():
    lines = MarkdownLines(parser(), 50, None)
    assert lines.feed("one\n\ntwo\n\nthr") == 0
    assert lines.feed("ee") == 4
    assert lines.feed("\n\nfour") == 5
    assert lines.feed("") == 7


@pytest.mark.parametrize("line", ["x = 1\n", "- item *one*\n", "para **graph** of words\n\n"])
def test_a_piece_changes_only_the_last_lines(line: str):
    start = "```py\n" if line.startswith("x") else ""
    lines = MarkdownLines(parser(), 50, with_lexers("py"))
    lines.feed(start + line * 400)
    assert len(lines.lines) - lines.feed("x") < 140


@pytest.mark.parametrize("size", [MAX_CHARACTERS - 1, MAX_CHARACTERS, MAX_CHARACTERS + 1, 40_000])
@pytest.mark.parametrize("start", ["", "```\n", "a\n", "- a\n"])
def test_a_long_line_is_cut_at_the_same_places_whatever_the_pieces(size: int, start: str):
    text = f"{start}{'a' * size}\nb\n\nc"
    lines = MarkdownLines(parser(), 50, None)
    for begin in range(0, len(text), 977):
        lines.feed(text[begin : begin + 977])
    lines.feed("", complete=True)
    assert lines.lines == whole(text)
    assert "".join(line.text for line in lines.lines).count("a") == text.count("a")


def test_a_long_paragraph_of_lines_is_cut_without_a_gap():
    text = "some words *here*\n" * 2000
    assert all(row for row in drawn(whole(text)))


def test_a_fence_that_is_nothing_but_its_beginning_shows_no_line():
    assert whole("```py", complete=False)[:0] == []
    assert drawn(whole("a\n\n```python\n", complete=False)) == ["a", ""]


def test_the_beginning_of_a_closing_fence_is_not_shown_as_code():
    assert drawn(whole("```\na\n``", complete=False)) == ["  a"]


@pytest.mark.parametrize(
    "line", ["x = call(1, 'two')\n", "- an item *with* `marks`\n", "words **and** words\n\n"]
)
def test_a_piece_costs_the_same_however_long_the_text_is(line: str):
    start = "```python\n" if line.startswith("x") else ""
    lines = MarkdownLines(parser(), 90, with_lexers("python"))
    body = line * (50_000 // len(line))
    lines.feed(start + body[:25_000])
    pieces = [body[25_000 + i : 25_000 + i + 40] for i in range(0, 24_000, 40)]
    begun = time.process_time()
    for piece in pieces:
        lines.feed(piece)
    a_piece = (time.process_time() - begun) / len(pieces)
    print(f"{a_piece * 1000:.2f} ms a piece at 50,000 characters of {line!r}")
    assert a_piece < 0.02
