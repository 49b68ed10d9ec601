from __future__ import annotations

import time

import pytest

from tests.transcript_text import markdown
from tests.transcript_world import Script, long_session
from tui.console.transcript.blocks import Block, BlockId
from tui.console.transcript.finding import Hit, Needle, Search
from tui.console.transcript.marks import hits_of, marks_of
from tui.console.transcript.model import TranscriptModel
from tui.events.turn import Attachment, TurnStarted


def blocks_of(script: Script) -> list[Block]:
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    return model.blocks


def searched(script: Script, words: str, origin: int = 10**6) -> Search:
    search = Search(blocks_of(script), words, origin)
    while search.step():
        pass
    return search


def talk(*replies: str) -> Script:
    script = Script()
    for reply in replies:
        script.turn("why", reply)
    return script


@pytest.mark.parametrize(
    ("words", "text", "count"),
    [("cookie", "A Cookie, two cookies", 2), ("two  words", "two words two\twords two\nwords", 2),
     ("a.b", "a.b axb", 1), ("(", "((", 2), ("ä", "Ä", 1), ("my_var", "myvar my_var", 1),
     ("", "anything", 0), ("   ", "any thing", 0)],
)  # fmt: skip
def test_words_are_counted(words: str, text: str, count: int):
    assert sum(Needle(words).counted(text)) == count


def test_words_at_the_seam_of_two_pieces_are_counted_once():
    for shift in range(12):
        text = "x" * (100_000 - shift) + "needle" + "y" * 150_000 + "needle"
        assert sum(Needle("needle").counted(text)) == 2


def test_words_are_found_through_the_marks_of_markdown():
    script = talk("**bold** text", "see [the docs](https://docs.example) now", "`a` b")
    for words in ("bold text", "see the docs", "a b"):
        assert searched(script, words).total == 1, words


def test_thoughts_prompts_files_cards_and_failures_are_looked_through():
    script = Script().prompt("needle one").route().think("a needle two")
    script.tool("read", {"path": "needle.py"}, "gives needle four").say("needle five").done()
    file = Attachment(name="needle.png", media_type="image/png", data=b"")
    script.add(TurnStarted(prompt="see", attachments=(file,)))
    assert searched(script, "needle").total == 6


def test_what_was_taken_back_is_not_found():
    blocks = blocks_of(talk("needle", "needle"))
    blocks[1].gone = True
    search = Search(blocks, "needle", 99)
    while search.step():
        pass
    assert search.total == 1


def test_the_first_hit_is_the_nearest_above_and_else_the_last_of_all():
    script = talk("needle", "hay", "hay", "needle needle")
    assert searched(script, "needle", 5).nearest() == Hit(BlockId(1), 0)
    assert searched(script, "needle", 0).nearest() == Hit(BlockId(10), 1)


def test_from_hit_to_hit_both_ways_and_round():
    search = searched(talk("needle", "hay", "needle needle"), "needle")
    at, numbers = search.nearest(), []
    for step in (-1, -1, -1, 1, 1):
        assert at is not None
        numbers.append(search.number(at))
        at = search.beside(at, step)
    assert numbers == [3, 2, 1, 3, 1]


def test_what_comes_later_is_counted_too():
    script = talk("needle")
    model = TranscriptModel()
    for record in script.take():
        model.apply(record)
    search = Search(model.blocks, "needle", 99)
    while search.step():
        pass
    assert not search.recount()
    for record in script.prompt("x").route().say("needle, needle").take():
        model.apply(record)
    assert search.recount()
    while search.step():
        pass
    assert search.total == 3


def test_ten_thousand_messages_are_counted_in_short_steps():
    model = TranscriptModel()
    for record in long_session(10_000):
        model.apply(record)
    search = Search(model.blocks, "cookie", 10**6)
    longest, steps = 0.0, 0
    going = True
    while going:
        begun = time.process_time()
        going = search.step()
        longest, steps = max(longest, time.process_time() - begun), steps + 1
    assert search.total == 5_000 * 5
    assert steps > 5_000
    assert longest < 0.05


def test_all_hits_of_a_row_are_marked_and_our_own_signs_are_not():
    lines = markdown("> a needle, a Needle")
    marks = marks_of(lines, 0, Needle("needle").pattern)
    assert [(one.start, one.end) for one in marks] == [(4, 10), (14, 20)]
    assert marks_of(lines, 0, Needle("│").pattern) == []


def test_a_hit_that_is_wrapped_is_one_with_a_mark_in_each_row():
    lines = markdown("word " * 10 + "needle in the haystack", 60)
    pattern = Needle("needle in the haystack").pattern
    assert hits_of(lines, pattern) == [(0, 50)]
    marks = [mark for row in range(len(lines)) for mark in marks_of(lines, row, pattern)]
    assert len(marks) == 2
    assert len({(one.row, one.at) for one in marks}) == 1


def test_hits_of_a_block_have_their_rows_in_order():
    lines = markdown("needle\n\n```\nx = needle\n```\n\n- a\n- needle needle")
    rows = [row for row, _ in hits_of(lines, Needle("needle").pattern)]
    assert rows == [0, 2, 5, 5]
