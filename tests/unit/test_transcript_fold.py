from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

import pytest

from tests.transcript_world import Script, long_session
from tui.console.transcript.blocks import (
    Block,
    Failure,
    Footer,
    Notice,
    Prompt,
    Reply,
    ServerTool,
    Thinking,
    ToolCard,
    gap_before,
)
from tui.console.transcript.layout import Setting, lay_out
from tui.console.transcript.model import TranscriptModel
from tui.events.base import CallId
from tui.events.money import ChargeRecorded
from tui.events.route import FallbackTaken
from tui.events.session import EngineRestarted, ModelChosen, SessionCreated, SessionTitled
from tui.events.tool import ApprovalAsked, ApprovalDecided, ServerToolUsed
from tui.events.turn import (
    Attachment,
    ErrorRaised,
    MessageQueued,
    MessageUnqueued,
    RetryBegun,
    RetryScheduled,
    TurnStarted,
)
from tui.session.turn_sums import PlatformSum
from tui.session.words import about_file

B = TypeVar("B")


def folded(script: Script) -> TranscriptModel:
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    return model


def kinds(model: TranscriptModel) -> list[type[Block]]:
    return [type(block) for block in model.blocks]


def only(model: TranscriptModel, kind: type[B]) -> B:
    (found,) = [block for block in model.blocks if isinstance(block, kind)]
    return found


def test_a_turn_becomes_prompt_reply_and_footer():
    model = folded(Script().turn("hello", ["Hi ", "there."]))
    assert kinds(model) == [Prompt, Reply, Footer]
    assert only(model, Reply).text == "Hi there."


def test_ids_count_up_without_a_gap():
    model = folded(Script().turn("a", "b").turn("c", "d"))
    assert [block.id for block in model.blocks] == list(range(6))


def test_a_reply_streams_until_its_block_is_closed():
    script = Script().prompt("x").route().say("a")
    streaming = only(folded(script), Reply).streaming
    assert (streaming, only(folded(script.close()), Reply).streaming) == (True, False)


def test_text_after_thinking_is_a_block_of_its_own():
    script = Script().prompt("x").route().think("hm").close("thinking").say("so").think("again")
    assert kinds(folded(script)) == [Prompt, Thinking, Reply, Thinking]


def test_thinking_lasts_from_the_head_of_the_answer_to_its_close():
    script = Script().prompt("x").route().wait(2).opened().wait(3).think("a").wait(3)
    thinking = only(folded(script.close("thinking")), Thinking)
    assert thinking.ended is not None
    assert (thinking.ended - thinking.began).total_seconds() == 6


def test_a_new_request_does_not_go_on_in_the_old_ones_reply():
    script = Script().prompt("x").route().say("a").route().say("b")
    assert [b.text for b in folded(script).blocks if isinstance(b, Reply)] == ["a", "b"]


def test_a_call_and_its_result_are_one_card():
    card = only(folded(Script().prompt("x").route().tool("read", {"path": "a"}, "1")), ToolCard)
    assert (card.name, card.output, card.ok) == ("read", "1", True)


def test_calls_side_by_side_find_their_own_results():
    script = Script().prompt("x").route().call("read", {}, "a").call("list", {}, "b")
    script.give("list", "two", id="b").give("read", "one", id="a")
    outputs = [b.output for b in folded(script).blocks if isinstance(b, ToolCard)]
    assert outputs == ["one", "two"]


def test_a_call_runs_from_the_yes_to_the_result():
    script = Script().prompt("x").route().call("shell", {"command": "ls"})
    assert folded(script).running_cards() == []
    assert len(folded(script.allow()).running_cards()) == 1
    assert folded(script.give("shell", "a")).running_cards() == []


def test_an_approval_waits_on_its_card():
    script = Script().prompt("x").route().call("shell", {"command": "ls"})
    script.add(ApprovalAsked(call=CallId("c1"), name="shell", what="ls", why="runs"))
    model = folded(script)
    assert only(model, ToolCard).asked
    assert model.working(script.now).doing == "waiting for you"


@pytest.mark.parametrize(
    ("decision", "by", "said"),
    [
        ("allow", "person", "allowed by you"),
        ("deny", "person", "refused by you"),
        ("deny", "default", "refused: nobody was there to say yes"),
        ("allow", "rule", ""),
    ],
)
def test_a_decision_is_said_where_a_person_would_want_to_know(decision, by, said):
    script = Script().prompt("x").route().call("shell", {"command": "ls"})
    script.add(ApprovalDecided(call=CallId("c1"), decision=decision, by=by))
    assert only(folded(script), ToolCard).decision == said


def test_a_decision_about_an_unknown_call_is_a_line_of_its_own():
    script = Script().prompt("x").route()
    script.add(ApprovalDecided(call=CallId("?"), decision="deny", by="person"))
    assert only(folded(script), Notice).text == "refused by you"


def test_a_providers_own_tool_is_shown():
    script = Script().prompt("x").route()
    script.add(ServerToolUsed(request=script.request, name="web_search"))
    assert only(folded(script), ServerTool).name == "web_search"


def test_an_error_keeps_what_to_do_next():
    script = Script().prompt("x").route()
    script.add(ErrorRaised(kind="quota", message="no", hint="top up", request=script.request))
    failure = only(folded(script.done("error")), Failure)
    assert (failure.kind, failure.hint) == ("quota", "top up")


def test_a_wait_for_the_next_try_belongs_to_its_error():
    script = Script().prompt("x").route()
    script.add(ErrorRaised(kind="overloaded", message="busy", hint="", request=script.request))
    script.add(RetryScheduled(request=script.request, attempt=2, after=4.0, why="overloaded"))
    model = folded(script)
    assert model.waiting is only(model, Failure)
    assert (model.waiting.until - script.now).total_seconds() == 4.0


def test_a_retry_without_its_error_still_shows_the_wait():
    script = Script().prompt("x").route()
    script.add(RetryScheduled(request=script.request, attempt=2, after=4.0, why="server"))
    assert only(folded(script), Failure).kind == "server"


def test_the_second_wait_is_a_block_of_its_own():
    script = Script().prompt("x").route()
    for attempt in (2, 3):
        script.add(ErrorRaised(kind="server", message="", hint="", request=script.request))
        script.add(RetryScheduled(request=script.request, attempt=attempt, after=1, why="server"))
        script.wait(1).add(RetryBegun(request=script.request))
    waited = [b.waited_s for b in folded(script).blocks if isinstance(b, Failure)]
    assert waited == [1.0, 1.0]


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        ("length", "length limit"),
        ("filter", "filter"),
        ("refusal", "refused"),
        ("pause", "paused"),
        ("incomplete", "broke off"),
        ("interrupted", "stopped by you"),
        ("max_steps", "as many steps"),
        ("tool", "before the tool ran"),
        ("budget", "budget"),
    ],
)
def test_an_ending_that_wants_a_word_has_one(stop, words):
    assert words in only(folded(Script().prompt("x").route().say("a").done(stop)), Notice).text


@pytest.mark.parametrize("stop", ["end", "stop_sequence"])
def test_an_ordinary_ending_says_nothing(stop):
    assert Notice not in kinds(folded(Script().prompt("x").route().say("a").done(stop)))


def test_a_broken_answer_is_not_said_twice():
    script = Script().prompt("x").route().say("a")
    script.add(ErrorRaised(kind="protocol", message="ended early", hint="say `go on`"))
    assert kinds(folded(script.done("incomplete")))[2:] == [Failure, Footer]


def test_an_engine_that_died_is_not_the_persons_doing():
    script = Script().prompt("x").route().say("a").add(EngineRestarted()).done("interrupted")
    assert "ownkey stopped" in only(folded(script), Notice).text


def test_an_engine_that_started_again_between_turns_is_a_line():
    assert (
        "started again" in only(folded(Script().turn("a", "b").add(EngineRestarted())), Notice).text
    )


def test_stopped_by_the_person_is_no_error():
    script = Script().prompt("x").route().add(ErrorRaised(kind="cancelled", message="", hint=""))
    assert kinds(folded(script)) == [Prompt, Notice]


def test_going_on_over_another_route_is_said():
    script = Script().prompt("x").route()
    fallback = FallbackTaken(request=script.request, source="a/b", target="c/d", why="rate_limit")
    assert "c/d" in only(folded(script.add(fallback)), Notice).text


def test_queued_messages_come_and_go():
    script = Script().add(
        MessageQueued(message="1", text="a"), MessageQueued(message="2", text="b")
    )
    assert len(folded(script).queued) == 2
    assert list(folded(script.add(MessageUnqueued(message="1"))).queued) == ["2"]


def test_files_of_a_prompt_are_named():
    files = (Attachment(name="a.png", media_type="image/png", data=b""),)
    script = Script().add(TurnStarted(prompt="look", attachments=files))
    assert only(folded(script), Prompt).files == (("a.png", "PNG picture, 0 bytes"),)


def test_what_is_shown_elsewhere_makes_no_block():
    script = Script().add(
        SessionCreated(cwd="/x", version="1"), SessionTitled(title="t"), ModelChosen(model="a/b")
    )
    assert folded(script).blocks == []


def test_changes_are_taken_once():
    model = folded(Script().turn("a", "b"))
    assert (model.take_changes(), model.take_changes()) == ({0, 1, 2}, set())


def test_a_delta_changes_its_reply_alone():
    script = Script().turn("a", "b").prompt("c").route().say("d")
    model = folded(script)
    model.take_changes()
    script.take()
    script.say("e")
    model.apply(script.records[-1])
    assert model.take_changes() == {4}


def test_the_footer_sums_a_turns_requests():
    script = Script().prompt("x")
    for _ in range(3):
        script.route().say("a").close().finished().usage(input=10, cache_read=4).charge(5_000)
    (paid,) = only(folded(script.done()), Footer).paid
    assert (paid.requests, paid.input, paid.cached, paid.nano) == (3, 30, 12, 15_000)


def test_an_unknown_price_is_counted_and_not_added():
    script = Script().prompt("x").route().say("a").finished().usage().charge(None).done()
    (paid,) = only(folded(script), Footer).paid
    assert (paid.nano, paid.unknown) == (None, 1)


def test_an_estimate_is_not_sure():
    script = Script().prompt("x").route().say("a").charge(7, sureness="estimated").done()
    (paid,) = only(folded(script), Footer).paid
    assert not paid.sure


def test_each_route_of_a_turn_has_its_own_line():
    script = Script().prompt("x").route().say("a").charge(5)
    script.route("openai/gpt-5.5", "credits", "house", "house").say("b").charge(9, payer="credits")
    paid = only(folded(script.done()), Footer).paid
    assert [(one.payer, one.nano) for one in paid] == [("own_key", 5), ("credits", 9)]


def test_a_try_that_never_came_back_is_no_request_of_the_footer():
    script = Script().prompt("x").route()
    script.add(ErrorRaised(kind="server", message="", hint="", request=script.request))
    script.route().say("a").charge(5).done()
    (paid,) = only(folded(script), Footer).paid
    assert paid.requests == 1


def test_a_turn_without_a_request_has_no_footer():
    script = (
        Script().prompt("x").add(ErrorRaised(kind="no_route", message="", hint="")).done("error")
    )
    assert Footer not in kinds(folded(script))


def test_the_model_that_answered_stands_in_the_footer():
    script = Script().prompt("x").route("openrouter/auto", "credits", "", "openrouter").say("a")
    (paid,) = only(folded(script.finished("openai/gpt-5.5").charge(1).done()), Footer).paid
    assert paid.model == "openrouter/openai/gpt-5.5"


def test_a_dated_spelling_keeps_the_name_that_was_chosen():
    script = Script().prompt("x").route().say("a").finished("claude-opus-4-7-20260115").charge(1)
    (paid,) = only(folded(script.done()), Footer).paid
    assert paid.model == "anthropic/claude-opus-4-7"


def test_the_platforms_fee_stands_apart():
    script = Script().prompt("x").route().say("a").charge(5).charge(3, payer="platform_credits")
    footer = only(folded(script.done()), Footer)
    assert (footer.paid[0].nano, footer.platform) == (5, PlatformSum(nano=3, credits=None))


def test_a_fee_at_an_unknown_rate_is_not_taken_for_nothing():
    script = Script().prompt("x").route().say("a").charge(5)
    script.charge(None, payer="platform_credits", sureness="unknown")
    footer = only(folded(script.done()), Footer)
    assert footer.platform == PlatformSum(nano=0, unknown=1, credits=None)


def test_a_price_that_comes_after_the_turn_reaches_its_footer():
    script = Script().prompt("x").route().say("a").charge(None, sureness="unknown").done()
    model = folded(script)
    model.take_changes()
    model.apply(script.charge(42).records[-1])
    assert only(model, Footer).paid[0].nano == 42
    assert model.take_changes() == {only(model, Footer).id}


def test_of_two_receipts_for_one_request_the_later_counts():
    script = Script().prompt("x").route().say("a").charge(5, sureness="estimated").charge(7).done()
    (paid,) = only(folded(script), Footer).paid
    assert (paid.nano, paid.sure) == (7, True)


def test_nothing_works_when_the_agent_rests():
    script = Script().turn("a", "b")
    assert folded(script).working(script.now) is None


@pytest.mark.parametrize(
    ("add", "doing"),
    [
        (lambda s: s, "waiting for the model"),
        (lambda s: s.think("a"), "thinking"),
        (lambda s: s.say("a"), "writing"),
        (lambda s: s.call("read", {"path": "a.py"}), "calling read"),
        (lambda s: s.call("read", {"path": "a.py"}).allow(), "running read a.py"),
        (lambda s: s.call("shell", {"command": "ls"}).allow(), "running ls"),
        (lambda s: s.tool("read", {"path": "a.py"}, "x"), "waiting for the model"),
    ],
)
def test_the_working_line_says_what_is_done(add, doing):
    script = add(Script().prompt("x").route())
    assert folded(script).working(script.now).doing == doing


def test_silence_is_said_from_fifteen_seconds():
    script = Script().prompt("x").route()
    model = folded(script)
    assert model.working(script.wait(14.9).now).silent_s is None
    assert model.working(script.wait(0.1).now).silent_s == 15.0


def test_a_tool_that_takes_long_is_not_silence():
    script = Script().prompt("x").route().call("shell", {"command": "make"}).allow()
    assert folded(script).working(script.wait(600).now).silent_s is None


def test_the_running_cost_is_an_estimate_until_the_receipt():
    script = Script().prompt("x").route(token_usd="0.000025", estimate_nano=1_000_000)
    script.say("a" * 400)
    working = folded(script).working(script.now)
    assert (working.nano, working.sure) == (1_000_000 + 132 * 25_000, False)
    working = folded(script.charge(3_000_000)).working(script.now)
    assert (working.nano, working.sure) == (3_000_000, True)


def test_what_tries_again_counts_the_request_that_runs_alone():
    script = Script().prompt("go").route(estimate_nano=1_000_000)
    script.add(RetryScheduled(request=script.request, attempt=2, after=1.0, why="network"))
    assert folded(script).working(script.now).nano is None
    assert folded(script.route(estimate_nano=1_000_000)).working(script.now).nano == 1_000_000


def test_a_model_without_a_price_has_no_running_cost():
    script = Script().prompt("x").route(token_usd=None, estimate_nano=None).say("a")
    assert folded(script).working(script.now).nano is None


def test_tokens_a_second_are_those_of_the_request_that_runs():
    script = Script().prompt("x").route().say("a" * 4).wait(2).say("a" * 396)
    assert folded(script).working(script.now).tokens_per_s == 66.0


@pytest.mark.parametrize("stop", ["incomplete", "interrupted", "length", "pause", "max_steps"])
def test_a_turn_that_broke_off_can_be_gone_on_with(stop):
    assert folded(Script().prompt("x").route().say("a").done(stop)).broken_off


def test_an_ended_turn_cannot_be_gone_on_with():
    assert not folded(Script().turn("a", "b")).broken_off


def test_steps_stand_together_and_turns_apart():
    script = Script().prompt("a").route().think("b").close("thinking").tool("read", {}, "c")
    script.say("d").close().charge(1).done().prompt("e")
    blocks: list[Block | None] = [None, *folded(script).blocks]
    gaps = [gap_before(before, after) for before, after in pairwise(blocks)]
    assert gaps == [1, 1, 0, 1, 1, 2]


def test_records_of_no_running_turn_do_no_harm():
    script = Script().say("a").usage().charge(1).give("read", "x").done()
    script.add(
        ChargeRecorded(
            request=script.request,
            payer="own_key",
            nano=1,
            lines=(),
            priced_by="",
            sureness="exact",
        )
    )
    assert kinds(folded(script)) == [Reply]


def test_the_fold_does_not_join_what_nobody_reads():
    model = folded(Script().prompt("x").route().say(*["a"] * 1000))
    assert len(only(model, Reply).parts) == 1000


def test_a_long_session_has_three_blocks_a_turn():
    model = TranscriptModel()
    for record in long_session(100):
        model.apply(record)
    assert len(model.blocks) == 150


@pytest.mark.parametrize(
    ("media_type", "size", "words"),
    [("image/png", 12_345, "PNG picture, 12 kB"), ("image/svg+xml", 1, "SVG picture, 1 byte"),
     ("application/pdf", 1_234_567, "PDF, 1.2 MB"), ("text/plain", 999, "text, 999 bytes"),
     ("text/x-python", 1_000, "text, 1.0 kB"), ("", 999_600, "file, 1.0 MB")],
)  # fmt: skip
def test_a_file_is_named_by_its_kind_and_size(media_type: str, size: int, words: str):
    assert about_file(media_type, size) == words


def test_a_picture_that_was_sent_is_named_with_its_kind_and_size():
    file = Attachment(name="shot\u202e.png", media_type="image/png", data=b"x" * 4_200)
    script = Script().add(TurnStarted(prompt="see", attachments=(file,)))
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    lines = lay_out(model.blocks[0], Setting(80), opened=False, now=script.now)
    assert "".join(span.text for span in lines[1].spans) == (
        "with shot⟨U+202E⟩.png  PNG picture, 4.2 kB"
    )
