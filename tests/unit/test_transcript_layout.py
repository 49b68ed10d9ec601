from __future__ import annotations

import datetime as dt

import pytest

from tests.transcript_text import drawn, parser
from tests.transcript_world import Script
from tui.console.transcript.blocks import BlockId
from tui.console.transcript.diff import Change, Row, from_texts, from_unified, lay_out
from tui.console.transcript.flow import Flow
from tui.console.transcript.highlight import Highlighter
from tui.console.transcript.layout import Setting, queue_line, working_line
from tui.console.transcript.lines import Line
from tui.console.transcript.model import TranscriptModel
from tui.events.base import CallId
from tui.events.tool import ApprovalAsked, ApprovalDecided, ToolCalled
from tui.events.turn import ErrorRaised, RetryBegun, RetryScheduled
from tui.session.words import countdown, counted, lasted, ticking


def flow_of(script: Script, width: int = 93, *, letters: bool = False) -> Flow:
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    setting = Setting(width, letters=letters, tz=dt.UTC)
    flow = Flow(model, setting, clock=script.clock, highlighter=Highlighter())
    flow.use_parser(parser())
    return flow


def lines_of(script: Script, width: int = 93, *, opened: bool = False) -> list[Line]:
    flow = flow_of(script, width)
    id = flow.model.blocks[-1].id
    if opened and not flow.opened(id):
        flow.toggle(id)
    return flow.laid(id).lines


def rows_of(script: Script, width: int = 93, *, opened: bool = False) -> list[str]:
    return drawn(lines_of(script, width, opened=opened), width)


def called(*, ok: bool = True, output: str = "a\nb", seconds: float = 0.04) -> Script:
    script = Script().prompt("x").route()
    return script.tool("read", {"path": "a.py"}, output, ok=ok, seconds=seconds)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (812, "812"), (999, "999"), (1_000, "1.0k"), (41_200, "41.2k"), (99_949, "99.9k"),
     (99_960, "100k"), (412_000, "412k"), (999_960, "1.0M"), (1_234_567, "1.2M")],
)  # fmt: skip
def test_a_number_is_short(number: int, shown: str):
    assert counted(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (1.44, "1.4 s"), (9.94, "9.9 s"), (9.96, "9 s"), (59.9, "59 s"), (125, "2:05"),
     (3725, "1:02:05"), (-3, "0.0 s")],
)  # fmt: skip
def test_a_time_that_is_over_is_short(seconds: float, shown: str):
    assert lasted(seconds) == shown


def test_a_wait_counts_down_to_nothing():
    assert [countdown(s) for s in (41, 40.2, 0.1, 0, -5)] == [
        "0:41",
        "0:41",
        "0:01",
        "0:00",
        "0:00",
    ]
    assert ticking(14.9) == "14 s"


def test_a_prompt_has_its_bar_and_its_time():
    lines = lines_of(Script().prompt("one\ntwo"), width=30)
    assert drawn(lines, 30) == ["one" + " " * 22 + "14:02", "two"]
    assert {line.bar for line in lines} == {"person"}


def test_going_on_is_said():
    assert rows_of(Script().prompt(""), width=30)[0].startswith("go on")


def test_times_are_those_of_the_persons_zone():
    model = TranscriptModel()
    script = Script().prompt("x")
    model.apply(script.records[0])
    setting = Setting(30, tz=dt.timezone(dt.timedelta(hours=2)))
    flow = Flow(model, setting, clock=script.clock, highlighter=Highlighter())
    flow.sync()
    assert drawn(flow.laid(BlockId(0)).lines, 30)[0].endswith("16:02")


def test_thinking_is_one_line_until_it_is_opened():
    script = Script().prompt("x").route().opened().think("one\ntwo").wait(6).close("thinking")
    assert rows_of(script) == ["▸ thought for 6 s"]
    assert rows_of(script, opened=True) == ["▾ thought for 6 s", "  │ one", "  │ two"]


def test_thinking_that_goes_on_counts():
    script = Script().prompt("x").route().think("one").wait(4)
    assert rows_of(script) == ["▸ thinking for 4 s"]


def test_a_card_is_one_line_with_its_seconds():
    assert rows_of(called(), width=40) == ["▸ read a.py  2 lines" + " " * 15 + "0.0 s"]


def test_a_failed_call_shows_why_in_bad():
    (line,) = lines_of(called(ok=False, output="a.py was not found.\nmore"))
    assert (line.spans[-1].text, line.spans[-1].style) == ("a.py was not found.", "bad")


def test_a_failed_command_shows_its_last_line():
    script = Script().prompt("x").route()
    script.tool("shell", {"command": "pytest -q"}, "F..\n==== 1 failed ====\n", ok=False)
    assert rows_of(script)[0].startswith("▸ ran  pytest -q  1 failed")


def test_a_command_over_several_lines_stays_on_one():
    script = Script().prompt("x").route().call("shell", {"command": "a\nb"})
    assert rows_of(script) == ["▸ run  a ⏎ b"]


def test_a_running_call_shows_its_seconds():
    script = Script().prompt("x").route().call("shell", {"command": "make"}).allow().wait(12)
    assert rows_of(script, width=30) == ["▸ run  make" + " " * 15 + "12 s"]


def test_a_call_that_waits_for_the_person_says_so():
    script = Script().prompt("x").route().call("shell", {"command": "make"})
    script.add(ApprovalAsked(call=CallId("c1"), name="shell", what="make", why="runs"))
    assert rows_of(script) == ["▸ run  make  waits for you"]


def test_a_refused_call_says_by_whom():
    script = Script().prompt("x").route().call("shell", {"command": "make"})
    script.add(ApprovalDecided(call=CallId("c1"), decision="deny", by="person"))
    script.give("shell", "Refused.", ok=False)
    assert rows_of(script) == ["▸ run  make  refused by you"]


def test_an_open_card_shows_arguments_and_output_in_its_gutter():
    script = Script().prompt("x").route()
    script.tool("ask", {"n": 1, "text": "one\ntwo"}, "out")
    assert rows_of(script, opened=True)[1:] == [
        "  │ n     1",
        "  │ text  one",
        "  │       two",
        "  │",
        "  │ out",
    ]


def test_what_the_cards_line_says_already_is_not_said_again():
    assert rows_of(called(), opened=True)[1:] == ["  │ a", "  │ b"]


def test_arguments_that_are_no_object_are_shown_raw():
    script = Script().prompt("x").route()
    script.add(
        ToolCalled(request=script.request, id=CallId("c1"), name="read", args=None, raw='{"a')
    )
    assert rows_of(script, opened=True)[1:] == ["  │ arguments that are no JSON object:", '  │ {"a']


def test_a_long_output_is_cut_with_its_size():
    rows = rows_of(called(output="line\n" * 5000), opened=True)
    assert len(rows) == 202
    assert "4,800 more lines" in rows[-1]


def test_a_long_path_is_cut_before_what_became_of_it():
    script = Script().prompt("x").route().tool("read", {"path": "a/" * 60}, "a\nb")
    (row,) = rows_of(script, width=60)
    assert "…  2 lines" in row
    assert len(row) <= 60


EDIT = {"path": "app/session.py", "old": "a\nif not x:\nb", "new": "a\nif x is None:\nb"}
UNIFIED = """--- a
+++ b
@@ -13,3 +13,3 @@
 cookie = get()
-if not cookie:
+if cookie is None:
     raise X()
"""


def test_an_edit_shows_its_lines_without_being_asked():
    script = Script().prompt("x").route().tool("edit", EDIT, "done")
    assert rows_of(script)[0].startswith("▾ edit app/session.py  +1 -1")
    assert [line.fill for line in lines_of(script)] == [
        "",
        "",
        "removed-ground",
        "added-ground",
        "",
    ]


def test_a_diff_in_the_output_has_line_numbers():
    script = Script().prompt("x").route().tool("edit", EDIT, UNIFIED)
    assert rows_of(script)[1:] == [
        "   13    cookie = get()",
        "   14 -  if not cookie:",
        "   14 +  if cookie is None:",
        "   15        raise X()",
    ]


def test_a_failed_edit_shows_no_change():
    script = Script().prompt("x").route().tool("edit", EDIT, "old text not found", ok=False)
    assert rows_of(script) == ["▸ edit app/session.py  old text not found" + " " * 47 + "0.0 s"]


def test_a_diff_stands_side_by_side_where_there_is_room():
    change = from_unified(UNIFIED)
    assert change is not None
    rows = drawn(lay_out(change, 130, lambda code: None))
    assert rows[1].split() == [
        "14",
        "-",
        "if",
        "not",
        "cookie:",
        "14",
        "+",
        "if",
        "cookie",
        "is",
        "None:",
    ]
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        ("a", "b", "-+"),
        ("", "b", "+"),
        ("a\nb", "a", " -"),
        ("a\nb\nc", "a\nX\nc", " -+ "),
        ("1\n2\n3\n4\n5\nx", "1\n2\n3\n4\n5\ny", "   -+"),
        ("same", "same", " "),
    ],
)
def test_two_texts_become_rows(old: str, new: str, marks: str):
    assert "".join(row.mark for row in from_texts(old, new).rows) == marks


def test_a_huge_change_counts_all_and_shows_some():
    change = from_texts("a\n" * 50_000, "b\n" * 60_000)
    assert (change.added, change.removed, len(change.rows)) == (60_000, 50_000, 800)
    assert change.hidden == 110_000 - 800


def test_lines_far_apart_are_joined_by_a_mark():
    old = "\n".join(["x", *map(str, range(20)), "y"])
    new = "\n".join(["X", *map(str, range(20)), "Y"])
    assert "".join(row.mark for row in from_texts(old, new).rows) == "-+   @   -+"


def test_no_row_of_a_diff_is_wider_than_the_screen():
    change = Change([Row("+", "long " * 60), Row("-", "漢" * 90), Row(" ", "x" * 300)], 1, 1)
    for width in (40, 93, 150):
        lines = lay_out(change, width, lambda code: None)
        assert max(map(len, drawn(lines))) <= width


def failed(kind: str = "rate_limit", label: str = "work", message: str = "slow down") -> Script:
    script = Script().prompt("x").route(label=label)
    return script.add(
        ErrorRaised(kind=kind, message=message, hint="Do `this` next.", request=script.request)
    )


def test_a_failure_says_who_what_and_what_to_do():
    assert rows_of(failed()) == [
        "Anthropic says: rate limit on your key work",
        "slow down",
        "Do this next.",
    ]


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("invalid_key", "Anthropic refused your key work"),
        ("overloaded", "Anthropic says: overloaded"),
        ("network", "The network failed"),
        ("budget", "The budget is used up"),
        ("something_new", "Something new"),
    ],
)
def test_a_failure_is_named_in_words(kind: str, title: str):
    assert rows_of(failed(kind))[0] == title


def test_a_wait_counts_down_at_the_right():
    script = failed()
    script.add(RetryScheduled(request=script.request, attempt=2, after=41, why="rate_limit")).wait(
        3
    )
    rows = rows_of(script, width=80)
    assert rows[0].endswith("trying again in 0:38")
    assert "Do this next." not in rows


def test_a_wait_that_is_over_is_one_faint_line():
    script = failed()
    script.add(RetryScheduled(request=script.request, attempt=2, after=4, why="rate_limit")).wait(4)
    (line,) = lines_of(script.add(RetryBegun(request=script.request)))
    assert line.text == "Anthropic says: rate limit; tried again after 4.0 s"
    assert line.spans[0].style == "faint"


def test_a_huge_error_is_cut_with_its_size():
    rows = rows_of(failed(message="E" * 5_000_000))
    assert "… 4,999,600 more characters" in rows


def footer(**route: object) -> Script:
    return Script().prompt("x").route(**route).say("a").finished()  # pyright: ignore[reportArgumentType]


def test_the_footer_says_model_payer_tokens_and_cost():
    (row,) = rows_of(footer().usage().charge().done())
    assert " ".join(row.split()) == (
        "🔑 claude-opus-4-7 on your Anthropic key work 1 request 41.2k in, 38.9k cached $0.0132"
    )


@pytest.mark.parametrize(
    ("payer", "label", "model", "said"),
    [
        ("own_key", "work", "openai/gpt-5.5", "gpt-5.5 on your OpenAI key work"),
        ("endpoint", "gateway.acme", "gw/glm-5.2", "glm-5.2 on your endpoint gateway.acme"),
        ("cloud_account", "prod", "bedrock-prod/x", "x on your cloud account prod"),
        ("credits", "OpenRouter", "openrouter/auto", "auto on OpenRouter credits"),
        ("credits", "", "house/a", "a on credits"),
        ("nobody", "", "local/smollm", "smollm on this machine"),
    ],
)
def test_the_footer_names_every_payer(payer: str, label: str, model: str, said: str):
    script = footer(payer=payer, label=label, model=model).charge(5_000, payer=payer).done()
    assert said in rows_of(script)[0]


@pytest.mark.parametrize(
    ("charge", "shown"),
    [
        ({"nano": 13_200_000}, "$0.0132"),
        ({"nano": 13_200_000, "sureness": "estimated"}, "~$0.0132"),
        ({"nano": None, "sureness": "unknown"}, "?"),
    ],
)
def test_the_cost_says_how_sure_it_is(charge: dict[str, object], shown: str):
    script = footer().charge(**charge).done()  # pyright: ignore[reportArgumentType]
    assert "".join(span.text for span in lines_of(script)[0].right) == shown


def test_the_cost_of_a_turn_on_credits_is_told_in_credits_too():
    script = footer(payer="credits", label="house").charge(
        188_400_000, payer="credits", credits="18.523400000"
    )
    assert lines_of(script.done())[0].right[0].text == "≈ 18.52 credits  $0.1884"


def test_an_unknown_price_beside_a_known_one_is_never_left_out():
    script = footer().charge(5_000_000).route().say("b").finished().charge(None).done()
    assert lines_of(script)[0].right[0].text == "$0.0050 + ?"


def test_this_machine_is_free():
    script = footer(payer="nobody", model="local/x", label="").charge(0, payer="nobody").done()
    assert lines_of(script)[0].right[0].text == "free"


def test_tokens_that_nobody_told_are_left_out():
    (row,) = rows_of(footer().usage(input=None, cache_read=None).charge().done())
    assert " in" not in row


def test_tokens_that_not_every_request_told_are_a_least_number():
    script = footer().usage().charge().route().say("b").finished().charge().done()
    assert "41.2k+ in" in rows_of(script)[0]


def test_a_narrow_footer_keeps_payer_and_cost():
    (row,) = rows_of(footer().usage().charge().done(), width=54)
    assert "key work" in row
    assert row.endswith("$0.0132")
    assert "cached" not in row


def test_the_working_line_reads_as_one_sentence():
    script = Script().prompt("x").route().opened().wait(4).say("a" * 40).wait(8).say("a" * 1560)
    working = flow_of(script).model.working(script.now)
    (row,) = drawn([working_line(working, Setting(93))])
    assert row == "writing · 12 s · 66 tokens/s · ~$0.0172 · Esc stops"


def test_a_long_silence_comes_first():
    script = Script().prompt("x").route(token_usd=None).wait(23)
    working = flow_of(script).model.working(script.now)
    (row,) = drawn([working_line(working, Setting(93))])
    assert row == "waiting for the model · nothing heard for 23 s · 23 s · Esc stops"


def test_queued_messages_are_counted():
    assert queue_line({"a": "x"}).text == "1 message is queued and goes on after this."
    assert queue_line({"a": "x", "b": "y"}).text == "2 messages are queued and go on after this."


def test_letters_stand_for_markers_where_emoji_are_not_to_be_had():
    flow = flow_of(footer().charge().done(), letters=True)
    assert drawn(flow.laid(BlockId(2)).lines)[0].startswith("K  claude")


def test_a_block_below_an_open_card_stands_apart():
    script = called().tool("read", {"path": "b"}, "x", id="c2")
    flow = flow_of(script)
    before = flow.laid(BlockId(2)).gap
    flow.toggle(BlockId(1))
    assert (before, flow.laid(BlockId(2)).gap) == (0, 1)


def test_estimates_are_near_what_is_laid_out():
    script = Script()
    for number in range(50):
        script.turn(
            f"question {number}", "Some words that are read. " * 20 + "\n\n```\na\nb\n```\n"
        )
    flow = flow_of(script)
    guessed = flow.heights.total
    for block in flow.model.blocks:
        flow.laid(block.id)
    assert abs(flow.heights.total - guessed) < 0.25 * guessed


def test_layouts_that_nobody_looked_at_for_long_are_dropped():
    script = Script()
    for number in range(300):
        script.turn(f"question {number}", "line\n" * 30)
    flow = flow_of(script)
    flow.keep_lines = 500
    for block in flow.model.blocks:
        flow.laid(block.id)
    assert len(flow._laid) < 100  # pyright: ignore[reportPrivateUsage]
