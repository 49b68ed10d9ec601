from __future__ import annotations

import pytest

from tests.transcript_text import drawn, markdown, parser, styles_of, with_lexers
from tui.console.transcript.highlight import AT_ONCE, Highlighter
from tui.console.transcript.lines import Span
from tui.console.transcript.markdown import MarkdownLines
from tui.console.transcript.prose import ProseLayout


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("one\ntwo", ["one", "two"]),
        ("one\n\n\n\ntwo", ["one", "", "two"]),
        ("# T\ntext", ["T", "text"]),
        ("text\n# T\n\nmore", ["text", "", "T", "", "more"]),
        ("- a\n- b", ["• a", "• b"]),
        ("- a\n\n- b", ["• a", "", "• b"]),
        ("Text:\n- a\n  - b\n    - c", ["Text:", "• a", "  ◦ b", "    ◦ c"]),
        ("1. a\n1. b\n1. c", ["1. a", "2. b", "3. c"]),
        ("3. a\n7. b", ["3. a", "7. b"]),
        ("0. a\n1. b", ["0. a", "1. b"]),
        ("1. *a*\n\ntext\n\n1. b", ["1. a", "", "text", "", "1. b"]),
        ("1. a\n   - b\n2. c", ["1. a", "   ◦ b", "2. c"]),
        ("- [ ] a\n- [x] b", ["[ ] a", "[x] b"]),
        ("> a\n> > b\n\nc", ["│ a", "│ │ b", "", "c"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 60, "", "b"]),
        ("a\n===\nb", ["a", "b"]),
        ("**bold** *it* ~~no~~ `code`", ["bold it no code"]),
        ("a\\\nb", ["a", "b"]),
        ("&lt;b&gt; &amp;", ["<b> &"]),
        ("<script>x</script>", ["<script>x</script>"]),
        ("[a]: http://x.example\n\n[a]", ["[a]: http://x.example", "", "[a]"]),
        ("```\ncode\n```", ["  code"]),
        ("```\ncode", ["  code"]),
        ("text\n```py\nx\n```\nmore", ["text", "", "  x", "", "more"]),
        ("~~~\n```\n~~~\nx", ["  ```", "", "x"]),
        ("````\n```\n````", ["  ```"]),
        ("   ```\n   a\n     b\n   ```", ["  a", "    b"]),
        ("1. a\n\n   ```\n   x\n   ```\n2. b", ["1. a", "", "     x", "", "2. b"]),
        ("a\tb", ["a   b"]),
        ("    indented", ["  indented"]),
        ("", []),
        ("\n\n", []),
    ],
)
def test_markdown_reads_as_it_should(text: str, rows: list[str]):
    assert drawn(markdown(text)) == rows


@pytest.mark.parametrize(
    ("text", "piece", "style"),
    [
        ("**a**", "a", "strong"),
        ("*a*", "a", "emphasis"),
        ("***a***", "a", "emphasis strong"),
        ("~~a~~", "a", "strike"),
        ("`a`", "a", "code"),
        ("**`a`**", "a", "strong code"),
        ("# a", "a", "heading"),
        ("### a", "a", "heading-minor"),
        ("# a `b`", "b", "heading code"),
        ("> a", "a", "quote"),
        ("[a](https://x.example)", "a", "link"),
        ("[a](ftp://x.example)", "a", "dead-link"),
        ("|a|\n|-|\n|b|", "a", "table-head"),
    ],
)
def test_styles_have_the_names_of_the_sheet(text: str, piece: str, style: str):
    assert styles_of(markdown(text), piece) == style


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("[docs](https://docs.python.org/3)", "docs (docs.python.org)"),
        ("[docs.python.org](https://docs.python.org)", "docs.python.org"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("[https://a.example](http://evil.example/login)", "https://a.example (evil.example)"),
        ("[x](javascript:alert(1))", "x (javascript:alert(1), not clickable)"),
        ("[**b** and `c`](https://x.example)", "b and c (x.example)"),
        ("![alt](http://x.example/a.png)", "picture alt (http://x.example/a.png)"),
        ("![](a.png)", "picture  (a.png)"),
    ],
)
def test_a_link_shows_where_it_goes(text: str, row: str):
    assert drawn(markdown(text)) == [row]


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("[a](https://x.example/p?q=1)", "https://x.example/p?q=1"),
        ("[a](javascript:alert(1))", None),
        ("[a](file:///etc/passwd)", None),
        ("[a](http://user@x.example)", None),
        ("![a](https://x.example/a.png)", None),
        ("`https://x.example`", None),
    ],
)
def test_only_a_safe_address_can_be_clicked(text: str, href: str | None):
    hrefs = {span.href for line in markdown(text) for span in line.spans if span.text == "a"}
    assert hrefs in ({href}, set())


def test_columns_are_fitted_and_aligned():
    rows = drawn(markdown("|a|num|mid|\n|:-|-:|:-:|\n|long one|1|x|\n|b|1,204|xyz|"))
    assert rows == [
        "a            num   mid",
        "─" * 22,
        "long one       1    x",
        "b          1,204   xyz",
    ]


def test_a_wide_cell_wraps_in_its_column():
    rows = drawn(markdown("|k|what|\n|-|-|\n|a|" + "word " * 12 + "|", width=30))
    assert rows[2:] == [
        "a   word word word word word",
        "    word word word word word",
        "    word word",
    ]


def test_no_table_is_wider_than_the_screen():
    text = "|" + "|".join(f"column {i}" for i in range(6)) + "|\n" + "|-" * 6 + "|\n"
    text += "|" + "|".join("some words in it" for _ in range(6)) + "|\n"
    assert max(map(len, drawn(markdown(text, width=60)))) <= 60


def test_a_table_of_too_many_columns_becomes_records():
    names = [f"n{i}" for i in range(20)]
    text = "|" + "|".join(names) + "|\n" + "|-" * 20 + "|\n|" + "|".join("v" * 20) + "|\n"
    assert drawn(markdown(text, width=60))[0] == "n0  v"


def test_a_cell_has_as_many_lines_as_it_says():
    assert drawn(markdown("|a|b|\n|-|-|\n|1<br>2|x|"))[2:] == ["1   x", "2"]


def test_wide_characters_keep_columns_straight():
    rows = drawn(markdown("|a|b|\n|-|-|\n|漢字|x|\n|ab|y|"))
    assert rows[2:] == ["漢字   x", "ab     y"]


def test_long_code_wraps_with_a_mark_and_is_copied_whole():
    lines = markdown("```\n" + "x" * 70 + "\n```", width=40)
    assert drawn(lines) == ["  " + "x" * 36, "  ↪ " + "x" * 34]
    assert lines[0].text + lines[1].join + lines[1].text == "x" * 70


def test_code_lies_on_its_own_ground():
    assert [line.fill for line in markdown("a\n```\nb\n```")] == ["", "", "code-ground"]


def test_the_language_stands_at_the_right_where_there_is_room():
    assert markdown("```python title=x\na\n```")[0].right == (Span("python  ", "mark", None, True),)
    assert markdown("```python\n" + "a" * 55 + "\n```")[0].right == ()


def test_a_diff_has_grounds_of_its_own():
    lines = markdown("```diff\n-a\n+b\n c\n```")
    assert [line.fill for line in lines] == ["removed-ground", "added-ground", "code-ground"]


def test_prose_ends_at_a_hundred_columns_and_code_does_not():
    prose = markdown("word " * 60, width=160)
    code = markdown("```\n" + "x" * 140 + "\n```", width=160)
    assert (max(map(len, drawn(prose))) <= 100, len(code)) == (True, 1)


def test_code_has_four_colours():
    lines = markdown(
        '```python\ndef f(a):\n    return "x"  # why\n```', colours=with_lexers("python")
    )
    pieces = {
        "def": "code-keyword",
        "f": "code-name",
        '"x"': "code-string",
        "# why": "code-comment",
    }
    spans = {span.text: span.style for line in lines for span in line.spans}
    assert pieces.items() <= spans.items()


def test_a_string_over_several_lines_keeps_its_colour():
    lines = markdown('```python\na = """one\ntwo"""\n```', colours=with_lexers("python"))
    assert styles_of(lines[1:], "two") == "code-string"


def test_an_unknown_language_is_plain():
    colours = with_lexers("nosuchlanguage")
    assert styles_of(markdown("```nosuchlanguage\na\n```", colours=colours), "a") == "code-plain"
    assert not colours.wanted


def test_a_lexer_that_is_not_there_is_asked_for():
    colours = Highlighter()
    assert (
        styles_of(markdown("```python\ndef f(): ...\n```", colours=colours), "def") == "code-plain"
    )
    assert list(colours.wanted) == [("def f(): ...", "python")]


def test_colours_come_later_in_place():
    colours = Highlighter()
    text = MarkdownLines(parser(), 60, colours)
    text.feed("a\n\n```python\ndef f(): ...\n```\n\nb", complete=True)
    before = drawn(text.lines)
    colours.load("python")
    assert text.recolour() == 2
    assert styles_of(text.lines, "def") == "code-keyword"
    assert drawn(text.lines) == before


def test_long_code_is_coloured_aside():
    colours = with_lexers("python")
    code = "x = 1\n" * (AT_ONCE // 5)
    text = MarkdownLines(parser(), 60, colours)
    text.feed(f"```python\n{code}```", complete=True)
    ((wanted, language),) = colours.wanted
    steps = sum(1 for _ in colours.colouring(wanted, language))
    assert steps > AT_ONCE
    assert text.recolour() == 0
    assert styles_of(text.lines, "1") == "code-string"


def test_what_stands_deeper_than_the_screen_is_wide_is_shown_as_text():
    rows = drawn(markdown("> " * 300 + "x"))
    assert "".join(rows).endswith("x")


def test_without_a_parser_a_reply_is_plain_text():
    text = MarkdownLines(None, 60, None)
    text.feed("# a\n**b**", complete=True)
    assert drawn(text.lines) == ["# a", "**b**"]


SIMPLE = [
    "# one",
    "## one two",
    "#### one",
    "- one",
    "* one, two",
    "+ one",
    "3. one",
    "12) one two",
]


@pytest.mark.parametrize("text", SIMPLE)
def test_the_short_way_gives_what_the_parser_gives(text: str):
    layout = ProseLayout(parser(), 60, 60, None)
    # A mark without effect sends the same text the long way.
    long_way = ProseLayout(parser(), 60, 60, None).lay_out(f"{text}\\!")
    short, number = layout.lay_out(f"{text}!")
    assert (drawn(short), number) == (drawn(long_way[0]), long_way[1])
    assert short[0].spans[-1].style == long_way[0][0].spans[-1].style
