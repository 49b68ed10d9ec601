from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tui.events.codec import Recorded
from tui.events.route import RouteDecided
from tui.events.stream import BlockClosed, Sealed, TextStreamed, ThinkingStreamed
from tui.events.tool import ToolCalled, ToolReturned
from tui.events.turn import Attachment, TurnFinished, TurnStarted
from tui.providers.base import (
    FileBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from tui.session.context import GO_ON, INTERRUPTED, Conversation

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
SEAL = Sealed(api="anthropic", host="https://h:443", model="m", payload={"signature": "s"})


def said(*events) -> tuple[Message, ...]:
    conversation = Conversation()
    for seq, event in enumerate(events, start=1):
        conversation.apply(Recorded(session="s", seq=seq, at=NOW, turn=1, event=event))
    return conversation.messages()


def route(request: str = "r1") -> RouteDecided:
    return RouteDecided(
        request=request, model="p/m", connection="k", payer="own_key", why="w", host="h"
    )


def text(delta: str, request: str = "r1") -> TextStreamed:
    return TextStreamed(request=request, delta=delta)


def called(id: str) -> ToolCalled:
    return ToolCalled(request="r1", id=id, name="read", args={"path": id})


def returned(id: str) -> ToolReturned:
    return ToolReturned(call=id, name="read", ok=True, output=f"out {id}")


def test_deltas_become_one_block():
    messages = said(TurnStarted(prompt="hi"), route(), text("a"), text("b"))
    assert messages[1].blocks == (TextBlock(text="ab"),)


def test_thinking_keeps_its_seal_and_its_place():
    messages = said(
        TurnStarted(prompt="hi"), route(), ThinkingStreamed(request="r1", delta="hm"),
        BlockClosed(request="r1", kind="thinking", sealed=SEAL), text("a"),
    )  # fmt: skip
    assert messages[1].blocks == (ThinkingBlock(text="hm", sealed=SEAL), TextBlock(text="a"))


def test_thinking_without_a_visible_word_is_no_message():
    messages = said(
        TurnStarted(prompt="hi"), route(), ThinkingStreamed(request="r1", delta="hm"),
        TurnFinished(stop="interrupted"), TurnStarted(prompt="again"),
    )  # fmt: skip
    assert [m.role for m in messages] == ["user"]


def test_parallel_calls_are_followed_by_their_results_in_order():
    messages = said(
        TurnStarted(prompt="hi"), route(), called("a"), called("b"), returned("a"), returned("b")
    )
    assert [b.call for b in messages[2].blocks] == ["a", "b"]


def test_a_call_without_a_result_gets_one_that_says_so():
    messages = said(TurnStarted(prompt="hi"), route(), called("a"), TurnStarted(prompt="more"))
    result = messages[2].blocks[0]
    assert isinstance(result, ToolResultBlock)
    assert (result.ok, result.output) == (False, INTERRUPTED)


def test_an_id_that_comes_again_keeps_each_calls_own_result():
    second = ToolReturned(call="a", name="read", ok=True, output="second")
    messages = said(
        TurnStarted(prompt="hi"), route(), called("a"), returned("a"), route("r2"), called("a"),
        second,
    )  # fmt: skip
    assert [m.blocks[0].output for m in (messages[2], messages[4])] == ["out a", "second"]


def test_an_empty_prompt_goes_on():
    assert said(TurnStarted(prompt=""))[0].blocks == (TextBlock(text=GO_ON),)


def test_files_stand_before_the_words_about_them():
    file = Attachment(name="a.png", media_type="image/png", data=b"x")
    blocks = said(TurnStarted(prompt="look", attachments=(file,)))[0].blocks
    assert isinstance(blocks[0], FileBlock)


def test_a_failed_try_leaves_nothing():
    messages = said(TurnStarted(prompt="hi"), route("r1"), route("r2"), text("a", "r2"))
    assert len(messages) == 2


EVENTS = st.one_of(
    st.builds(TurnStarted, prompt=st.text(max_size=3)),
    st.just(route()),
    st.builds(text, st.text(max_size=3)),
    st.builds(lambda t: ThinkingStreamed(request="r1", delta=t), st.text(max_size=3)),
    st.sampled_from(
        [
            BlockClosed(request="r1", kind="text"),
            BlockClosed(request="r1", kind="thinking", sealed=SEAL),
            TurnFinished(stop="interrupted"),
        ]
    ),
    st.builds(called, st.sampled_from("abc")),
    st.builds(returned, st.sampled_from("abc")),
)


@given(st.lists(EVENTS, max_size=30))
def test_whatever_broke_off_the_history_keeps_its_promises(events):
    messages = said(*events)
    assert all(m.blocks for m in messages)
    assert [m.role for m in messages] == ["user", "assistant"] * (len(messages) // 2) + (
        ["user"] * (len(messages) % 2)
    )
    for message, after in zip(messages, [*messages[1:], None], strict=False):
        calls = [b.id for b in message.blocks if isinstance(b, ToolCallBlock)]
        if calls:
            assert after is not None
            results = [b.call for b in after.blocks if isinstance(b, ToolResultBlock)]
            assert results == calls
