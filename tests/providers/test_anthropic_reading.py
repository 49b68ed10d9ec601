"""Anthropic's events as parts, without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conversations import said
from tui.errors import Overloaded, ProtocolBroken, RateLimited
from tui.events.stream import Sealed
from tui.providers.anthropic_reading import AnthropicReading
from tui.providers.base import (
    BlockEnded,
    ServerToolUsed,
    Stopped,
    StreamPart,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    ToolCallProgress,
)
from tui.providers.sse import Event


def seal(payload: dict[str, Any]) -> Sealed:
    return Sealed(api="anthropic", host="h", model="m", payload=payload)


def event(kind: str, **fields: Any) -> Event:
    return Event(kind, json.dumps({"type": kind, **fields}))


def start(index: int, **block: Any) -> Event:
    return event("content_block_start", index=index, content_block=block)


def delta(index: int, **fields: Any) -> Event:
    return event("content_block_delta", index=index, delta=fields)


def stop(index: int) -> Event:
    return event("content_block_stop", index=index)


def ended(reason: str | None = "end_turn", **usage: Any) -> list[Event]:
    return [
        event("message_delta", delta={"stop_reason": reason}, usage=usage),
        event("message_stop"),
    ]


def begun(**usage: Any) -> Event:
    return event("message_start", message={"id": "msg_1", "model": "claude-x", "usage": usage})


def read(*events: Event) -> tuple[list[StreamPart], AnthropicReading]:
    reading = AnthropicReading(seal)
    return [part for e in events for part in reading.take(e)], reading


def stopped(*events: Event) -> Stopped:
    _, reading = read(*events)
    (last,) = reading.finish()
    assert isinstance(last, Stopped)
    return last


def called(*pieces: str, **block: Any) -> ToolCallBlock:
    given = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}, **block}
    deltas = [delta(0, type="input_json_delta", partial_json=piece) for piece in pieces]
    parts, _ = read(begun(), start(0, **given), *deltas, stop(0), *ended("tool_use"))
    (block_said,) = said(parts)
    assert isinstance(block_said, ToolCallBlock)
    return block_said


def test_a_signature_seals_the_whole_native_block() -> None:
    parts, _ = read(
        begun(),
        start(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="Let me "),
        delta(0, type="thinking_delta", thinking="think."),
        delta(0, type="signature_delta", signature="c2ln"),
        stop(0),
    )
    native = {"type": "thinking", "thinking": "Let me think.", "signature": "c2ln"}
    assert said(parts) == (ThinkingBlock(text="Let me think.", sealed=seal(native)),)


def test_thinking_that_is_not_shown_still_has_its_seal() -> None:
    parts, _ = read(
        begun(),
        start(0, type="thinking", thinking="", signature=""),
        delta(0, type="signature_delta", signature="c2ln"),
        stop(0),
    )
    assert [type(part) for part in parts] == [BlockEnded]


def test_redacted_thinking_is_sealed_and_has_no_text() -> None:
    native = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
    parts, _ = read(begun(), start(0, **native), stop(0))
    assert said(parts) == (ThinkingBlock(text="", sealed=seal(native)),)


def test_thinking_without_a_signature_is_not_sealed() -> None:
    parts, _ = read(begun(), start(0, type="thinking", thinking="Hm."), stop(0))
    assert said(parts) == (ThinkingBlock(text="Hm."),)


def test_arguments_are_put_together_from_their_pieces() -> None:
    assert called('{"pa', 'th": "a', '.txt"}').args == {"path": "a.txt"}


@pytest.mark.parametrize("pieces", [(), ("",), ("null",), ("{}",)])
def test_no_arguments_are_an_empty_object(pieces: tuple[str, ...]) -> None:
    assert called(*pieces).args == {}


@pytest.mark.parametrize("raw", ['{"path": "a', "[1]", '"text"', "{" * 2000])
def test_arguments_that_are_no_object_are_kept_as_they_came(raw: str) -> None:
    call = called(raw)
    assert (call.args, call.raw) == (None, raw)


def test_arguments_that_came_with_the_start_count_too() -> None:
    assert called(input={"path": "b"}).args == {"path": "b"}


def test_a_call_that_was_not_closed_is_closed_by_the_end() -> None:
    parts, _ = read(
        begun(),
        start(0, type="tool_use", id="toolu_1", name="read", input={}),
        delta(0, type="input_json_delta", partial_json='{"a": 1'),
        *ended("max_tokens"),
    )
    assert said(parts) == (ToolCallBlock(id="toolu_1", name="read", args=None, raw='{"a": 1'),)


def test_progress_of_a_call_counts_its_characters() -> None:
    parts, _ = read(
        begun(),
        start(0, type="tool_use", id="toolu_1", name="read", input={}),
        delta(0, type="input_json_delta", partial_json='{"a"'),
    )
    assert parts == [ToolCallProgress(name="read", chars=4)]


@pytest.mark.parametrize("kind", ["server_tool_use", "mcp_tool_use", "later_tool_use"])
def test_a_tool_that_the_provider_ran_is_named(kind: str) -> None:
    parts, _ = read(
        begun(),
        start(0, type=kind, id="srvtoolu_1", name="web_search", input={}),
        delta(0, type="input_json_delta", partial_json='{"query": "x"}'),
        stop(0),
        start(1, type="web_search_tool_result", tool_use_id="srvtoolu_1", content=[]),
        stop(1),
    )
    assert parts == [ServerToolUsed(name="web_search", id="srvtoolu_1")]


def test_what_a_later_version_brings_is_passed_over() -> None:
    parts, _ = read(
        begun(),
        event("brand_new_event", x=1),
        start(0, type="brand_new_block", text="?"),
        delta(0, type="brand_new_delta", text="?"),
        stop(0),
        start(1, type="text", text=""),
        delta(1, type="citations_delta", citation={"x": 1}),
        delta(1, type="text_delta", text="Hi."),
        stop(1),
    )
    assert said(parts) == (TextBlock(text="Hi."),)


@pytest.mark.parametrize(
    "data",
    [
        {"index": "x", "content_block": []},
        {"index": None, "content_block": "text"},
        {"content_block": {"type": 7, "text": None}},
        {},
    ],
)
def test_fields_of_a_wrong_type_count_as_not_there(data: dict[str, Any]) -> None:
    parts, _ = read(event("content_block_start", **data))
    assert parts == []


def test_a_stream_without_its_first_event_is_read() -> None:
    parts, reading = read(delta(0, type="text_delta", text="😀"), stop(0), *ended())
    assert (said(parts), reading.proven) == ((TextBlock(text="😀"),), True)


def test_a_message_that_starts_anew_voids_the_calls_of_the_first() -> None:
    parts, reading = read(
        begun(input_tokens=17, output_tokens=1),
        start(0, type="tool_use", id="toolu_1", name="read", input={}),
        delta(0, type="input_json_delta", partial_json='{"a'),
        begun(input_tokens=17, output_tokens=1),
        start(0, type="tool_use", id="toolu_2", name="read", input={}),
        stop(0),
        *ended("tool_use", output_tokens=65),
    )
    usage = reading.usage()
    assert usage is not None
    assert ([b.id for b in said(parts) if isinstance(b, ToolCallBlock)], usage.raw) == (
        ["toolu_2"],
        {"input_tokens": 17, "output_tokens": 65},
    )


def test_usage_keeps_what_only_the_start_says() -> None:
    _, reading = read(
        begun(
            input_tokens=5,
            cache_creation={"ephemeral_5m_input_tokens": 3},
            service_tier="standard",
            inference_geo="us",
            speed="fast",
            output_tokens=1,
        ),
        *ended(input_tokens=5, output_tokens=40, cache_read_input_tokens=None),
    )
    usage = reading.usage()
    assert usage is not None
    assert usage.raw == {
        "input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 3},
        "service_tier": "standard",
        "inference_geo": "us",
        "speed": "fast",
        "output_tokens": 40,
        "cache_read_input_tokens": None,
    }


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("end_turn", "end"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("stop_sequence", "stop_sequence"),
        ("tool_use", "tool"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
    ],
)
def test_each_stop_has_its_word(reason: str, word: str) -> None:
    last = stopped(begun(), *ended(reason))
    assert (last.stop, last.said, last.model) == (word, reason, "claude-x")


def test_an_unknown_stop_breaks_the_protocol_at_the_end() -> None:
    parts, reading = read(begun(), delta(0, type="text_delta", text="Hi."), *ended("brand_new"))
    assert parts[0] == TextDelta(text="Hi.")
    with pytest.raises(ProtocolBroken, match="brand_new"):
        list(reading.finish())


def test_a_message_without_a_reason_to_stop_ends_by_its_last_event() -> None:
    assert stopped(begun(), *ended(None)).stop == "end"


def test_a_reason_to_stop_alone_proves_nothing() -> None:
    _, reading = read(begun(), ended()[0])
    assert not reading.proven


def test_an_error_event_becomes_its_kind() -> None:
    with pytest.raises(RateLimited, match="Slow down"):
        read(begun(), event("error", error={"type": "rate_limit_error", "message": "Slow down"}))


def test_an_error_of_a_gateway_that_has_no_type_becomes_its_kind() -> None:
    data = json.dumps({"error": {"type": "overloaded_error", "message": "Busy"}})
    with pytest.raises(Overloaded):
        read(begun(), Event("", data))


def test_a_broken_piece_of_the_message_is_not_passed_over() -> None:
    with pytest.raises(ProtocolBroken):
        read(begun(), Event("content_block_delta", '{"type": "content_block_delta", "del'))


def test_a_broken_piece_of_something_else_is_passed_over() -> None:
    assert read(Event("", '{"type": "broken", "choices": [{"del'))[0] == []


def test_a_piece_in_which_the_stream_ended_is_left_to_the_missing_proof() -> None:
    _, reading = read(Event("content_block_delta", '{"type": "con', whole=False))
    assert not reading.proven


def test_a_whole_message_gives_the_same_parts_as_a_stream() -> None:
    message = {
        "type": "message",
        "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "text", "text": "Hi."},
            {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a"}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1},
    }
    parts, reading = read(Event("", json.dumps(message), whole=False))
    assert [type(part).__name__ for part in [*parts, *reading.finish()]] == [
        "ThinkingDelta",
        "BlockEnded",
        "TextDelta",
        "BlockEnded",
        "ToolCalled",
        "Stopped",
    ]
    assert parts[0] == ThinkingDelta(text="Hm.")
