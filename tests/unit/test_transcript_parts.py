from __future__ import annotations

import datetime as dt

import pytest

from tests.transcript_text import drawn, markdown, parser
from tests.transcript_world import Script
from tui.console.transcript.blocks import Reply
from tui.console.transcript.flow import Flow
from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.layout import Setting
from tui.console.transcript.model import TranscriptModel
from tui.console.transcript.parts import MOST_CHARACTERS
from tui.console.transcript.pieces import Piece, codes_of, message_text, wanted

PARAGRAPH = "Some words of a paragraph, **bold** ones and `code` among them.\nA second line.\n\n"
CODE = "```python\ndef f():\n    return 1\n```\n\n"
MIXED = (PARAGRAPH * 3 + CODE + "- one\n- two\n\n") * 200
FENCE = "before\n\n```python\n" + "x = 1\n" * 8_000 + "```\nbehind\n"
TABLE = "| name | value |\n|:--|--:|\n" + "".join(f"| row {n} | {n * 7} |\n" for n in range(5_000))
LINE = "word " * 40_000


def model_of(text: str, piece: int) -> TranscriptModel:
    script = Script().prompt("x").route()
    script.say(*(text[at : at + piece] for at in range(0, len(text), piece)))
    script.close().finished().done()
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    return model


def replies(model: TranscriptModel) -> list[Reply]:
    return [one for one in model.blocks if isinstance(one, Reply)]


def rows_of(model: TranscriptModel, width: int = 80) -> list[str]:
    """What stands on the screen of all replies, the blank lines between them included."""
    script = Script()
    flow = Flow(model, Setting(width), clock=script.clock, highlighter=Highlighter())
    flow.use_parser(parser())
    flow.sync()
    rows: list[str] = []
    for one in replies(model):
        laid = flow.laid(one.id)
        rows += drawn([laid.line(index) for index in range(laid.height)])
    return rows[1:]


@pytest.mark.parametrize("text", [MIXED, FENCE, TABLE, LINE])
def test_a_long_reply_is_several_blocks_of_bounded_size_and_nothing_is_lost(text: str):
    model = model_of(text, 700)
    parts = replies(model)
    assert len(parts) > 3
    assert max(one.size for one in parts) <= MOST_CHARACTERS
    assert "".join(one.text for one in parts) == text
    assert [one.part for one in parts] == [False, *[True] * (len(parts) - 1)]
    assert not any(one.streaming for one in parts)
    assert message_text(model.blocks, parts[1].id) == text


@pytest.mark.parametrize("text", [MIXED, FENCE, TABLE, LINE])
def test_where_it_is_cut_depends_on_the_text_alone(text: str):
    cuts = {piece: [one.size for one in replies(model_of(text, piece))] for piece in (97, 65_536)}
    assert cuts[97] == cuts[65_536]


def test_parts_of_markdown_look_as_the_whole_does():
    assert rows_of(model_of(MIXED, 700)) == drawn(markdown(MIXED, 80))


def test_code_goes_on_as_code_in_the_next_part():
    rows = rows_of(model_of(FENCE, 700))
    assert [row.strip() for row in rows].count("x = 1") == 8_000
    assert rows[-1] == "behind"
    assert not any("```" in row for row in rows)


def test_five_thousand_rows_are_one_table():
    rows = rows_of(model_of(TABLE, 700))
    shown = [row for row in rows if row.startswith("row ")]
    assert len(shown) == 5_000
    assert not any("|" in row for row in rows)
    assert sum(row.startswith("name") for row in rows) == 1
    ends = {len(row) for row in shown[1_000:]}
    assert len(ends) == 1
    assert shown[-1] == "row 4999   34993"


def test_rows_that_are_wider_than_those_above_are_whole():
    text = TABLE.replace("row 4000 ", "a row with many more words than the others ")
    assert any("a row with many more words than the others   28000" in row for row in
               rows_of(model_of(text, 700)))  # fmt: skip


def test_a_table_too_wide_for_columns_is_records_to_its_end():
    head = "|" + "|".join(f"c{n}" for n in range(20)) + "|\n" + "|-" * 20 + "|\n"
    text = head + ("|" + "|".join(f"v{n}" for n in range(20)) + "|\n") * 400
    rows = rows_of(model_of(text, 700), 60)
    assert rows.count("c19  v19") == 400


def test_a_rewritten_part_is_laid_out_anew_while_it_streams():
    script = Script().prompt("x").route()
    model = TranscriptModel()
    flow = Flow(model, Setting(80), clock=script.clock, highlighter=Highlighter())
    flow.use_parser(parser())
    for record in script.take():
        model.apply(record)
    for at in range(0, 40_000, 500):
        for record in script.say(MIXED[at : at + 500]).take():
            model.apply(record)
        flow.sync()
        for one in replies(model):
            flow.laid(one.id)
    flow.late.clear()
    whole = [
        row
        for one in replies(model)
        for row in drawn([flow.laid(one.id).line(n) for n in range(flow.laid(one.id).height)])
    ]
    assert whole[1:200] == drawn(markdown(MIXED, 80))[:199]


def test_what_is_taken_of_a_long_reply_is_all_of_it():
    model = model_of(MIXED, 700)
    reply, everything = (wanted(words, model.blocks, dt.UTC) for words in ("", "all"))
    assert isinstance(reply, Piece)
    assert isinstance(everything, Piece)
    assert reply.text == MIXED.strip("\n")
    assert everything.text.endswith(MIXED.strip("\n"))
    assert len(codes_of(MIXED)) == 200
    assert "200 of 200" in str(wanted("code", model.blocks, dt.UTC))
