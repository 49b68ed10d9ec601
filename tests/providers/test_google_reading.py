"""Gemini's chunks as parts, without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conversations import said
from tui.errors import Overloaded, ProtocolBroken
from tui.events.stream import Sealed
from tui.providers.base import (
    BlockEnded,
    ServerToolUsed,
    Stopped,
    StreamPart,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ToolCallBlock,
    UsageReported,
)
from tui.providers.google_reading import GoogleReading
from tui.providers.sse import Event


def seal(payload: dict[str, Any]) -> Sealed:
    return Sealed(api="google", host="h", model="m", payload=payload)


def chunk(*parts: dict[str, Any], reason: str | None = None, **fields: Any) -> Event:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    candidate |= fields.pop("candidate", {})
    if reason is not None:
        candidate["finishReason"] = reason
    return Event("", json.dumps({"candidates": [candidate], "modelVersion": "gemini-x", **fields}))


def read(
    *events: Event, headers: dict[str, str] | None = None
) -> tuple[list[StreamPart], GoogleReading]:
    reading = GoogleReading(seal, headers or {})
    return [part for e in events for part in reading.take(e)], reading


def stopped(*events: Event) -> Stopped:
    _, reading = read(*events)
    (last,) = reading.finish()
    assert isinstance(last, Stopped)
    return last


def called(*calls: dict[str, Any], reason: str = "STOP") -> list[ToolCallBlock]:
    parts, _ = read(*[chunk({"functionCall": call}) for call in calls], chunk(reason=reason))
    return [block for block in said(parts) if isinstance(block, ToolCallBlock)]


def piece(path: str, **fields: Any) -> dict[str, Any]:
    return {"partialArgs": [{"jsonPath": path, **fields}], "willContinue": True}


def pieces(*calls: dict[str, Any]) -> ToolCallBlock:
    (call,) = called({"name": "cook", "willContinue": True}, *calls, {})
    return call


def test_pieces_of_text_are_one_block() -> None:
    parts, _ = read(chunk({"text": "Hel"}), chunk({"text": "lo"}, {"text": "!"}, reason="STOP"))
    assert said(parts) == (TextBlock(text="Hello!"),)


def test_thoughts_are_thinking() -> None:
    parts, _ = read(
        chunk({"text": "Hm.", "thought": True}), chunk({"text": "So."}), chunk(reason="STOP")
    )
    assert said(parts) == (ThinkingBlock(text="Hm."), TextBlock(text="So."))


def test_a_signed_part_ends_its_block_and_is_known_by_where_it_began() -> None:
    signed = {"text": "lo", "thoughtSignature": "c2ln"}
    parts, _ = read(chunk({"text": "Hel"}), chunk(signed), chunk({"text": "!"}, reason="STOP"))
    sealed = seal({"thoughtSignature": "c2ln", "start": 3})
    assert said(parts) == (TextBlock(text="Hello", sealed=sealed), TextBlock(text="!"))


def test_a_signature_behind_the_text_is_kept() -> None:
    signed = {"text": "", "thoughtSignature": "c2ln"}
    parts, _ = read(chunk({"text": "Hi"}), chunk(signed, reason="STOP"))
    assert said(parts) == (
        TextBlock(text="Hi", sealed=seal({"thoughtSignature": "c2ln", "start": 2})),
    )


def test_a_signed_thought_seals_thinking() -> None:
    parts, _ = read(chunk({"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"}))
    assert isinstance(parts[-1], BlockEnded)
    assert (parts[-1].kind, parts[-1].sealed is not None) == ("thinking", True)


def test_a_signed_call_is_sealed() -> None:
    part = {"functionCall": {"name": "read", "args": {}}, "thoughtSignature": "c2ln"}
    parts, _ = read(chunk(part, reason="STOP"))
    (call,) = said(parts)
    assert isinstance(call, ToolCallBlock)
    assert call.sealed == seal({"thoughtSignature": "c2ln"})


@pytest.mark.parametrize("args", [{}, {"args": None}, {"args": {}}])
def test_no_arguments_are_an_empty_object(args: dict[str, Any]) -> None:
    (call,) = called({"name": "read", **args})
    assert call.args == {}


def test_arguments_that_are_no_object_are_kept_as_they_came() -> None:
    (call,) = called({"name": "read", "args": "x"})
    assert (call.args, call.raw) == (None, '["x"]')


def test_calls_without_ids_get_one_each() -> None:
    first, second = called({"name": "read"}, {"name": "read"})
    assert first.id and second.id and first.id != second.id


def test_made_up_ids_differ_between_answers() -> None:
    assert called({"name": "read"})[0].id != called({"name": "read"})[0].id


def test_made_up_ids_follow_the_answers_own_id() -> None:
    parts, _ = read(chunk({"functionCall": {"name": "read"}}, reason="STOP", responseId="r-1"))
    (call,) = said(parts)
    assert isinstance(call, ToolCallBlock)
    assert call.id == "r-1-1"


def test_the_ids_of_the_wire_are_kept() -> None:
    assert called({"name": "read", "id": "x32knero"})[0].id == "x32knero"


def test_a_string_in_pieces_is_put_together() -> None:
    call = pieces(
        piece("$.a", stringValue="one ", willContinue=True),
        piece("$.a", stringValue="two", willContinue=True),
        piece("$.a", stringValue=""),
    )
    assert call.args == {"a": "one two"}


def test_a_second_value_for_an_ended_path_replaces_the_first() -> None:
    call = pieces(piece("$.a", stringValue="one"), piece("$.a", stringValue="two"))
    assert call.args == {"a": "two"}


def test_pieces_reach_into_lists_and_objects() -> None:
    call = pieces(
        piece("$.steps[0].name", stringValue="boil"),
        piece("$.steps[1]['how long']", numberValue=5),
        piece('$["odd.key"]', boolValue=True),
        piece("$.none", nullValue="NULL_VALUE"),
    )
    assert call.args == {
        "steps": [{"name": "boil"}, {"how long": 5}],
        "odd.key": True,
        "none": None,
    }


@pytest.mark.parametrize("path", ["", "$", "a", "$..a", "$[0]", "$.a[999999]", "$.a[-1]", "$.a b["])
def test_a_path_that_leads_nowhere_makes_the_call_unfit(path: str) -> None:
    call = pieces(piece(path, stringValue="x"))
    assert (call.args, path in (call.raw or "")) == (None, True)


def test_pieces_that_contradict_each_other_make_the_call_unfit() -> None:
    assert pieces(piece("$.a", stringValue="x"), piece("$.a.b", stringValue="y")).args is None


def test_a_call_that_the_limit_cut_is_not_usable() -> None:
    (call,) = called(
        {"name": "cook", "willContinue": True},
        piece("$.a", stringValue="half", willContinue=True),
        reason="MAX_TOKENS",
    )
    assert (call.args, "half" in (call.raw or "")) == (None, True)


def test_a_new_name_ends_the_call_before_it() -> None:
    first, second = called({"name": "a", "willContinue": True}, {"name": "b"})
    assert (first.name, second.name) == ("a", "b")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, "code_execution"),
        ({"toolCall": {"toolType": "URL_CONTEXT", "id": "t1"}}, "url_context"),
        ({"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "id": "t1"}}, "google_search"),
    ],
)
def test_a_tool_that_the_provider_ran_is_named(part: dict[str, Any], name: str) -> None:
    parts, _ = read(chunk(part), chunk({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}))
    (used,) = parts
    assert isinstance(used, ServerToolUsed)
    assert used.name == name


@pytest.mark.parametrize("key", ["executableCode", "toolCall", "toolResponse"])
def test_a_signed_part_of_the_providers_own_tool_is_named_and_its_seal_kept(key: str) -> None:
    parts, _ = read(chunk({key: {"toolType": "FILE_SEARCH"}, "thoughtSignature": "s"}))
    used = [part.name for part in parts if isinstance(part, ServerToolUsed)]
    assert len(used) == (key != "toolResponse")
    sealed = [part.sealed for part in parts if isinstance(part, BlockEnded)]
    assert len(sealed) == 1 and sealed[0] is not None


def test_a_search_that_was_called_and_is_grounded_is_named_once() -> None:
    grounded = {"groundingMetadata": {"webSearchQueries": ["a"]}}
    parts, _ = read(chunk({"toolCall": {"toolType": "GOOGLE_SEARCH_WEB"}}, candidate=grounded))
    assert [p.name for p in parts if isinstance(p, ServerToolUsed)] == ["google_search"]


def test_a_search_is_named_once_and_its_queries_are_reported() -> None:
    grounded = {"groundingMetadata": {"webSearchQueries": ["a", "b", "a"]}}
    parts, reading = read(
        chunk({"text": "x"}, candidate={"groundingMetadata": {}}),
        chunk(candidate=grounded),
        chunk(candidate=grounded, reason="STOP", usageMetadata={"promptTokenCount": 1}),
    )
    assert [p.name for p in parts if isinstance(p, ServerToolUsed)] == ["google_search"]
    usage = reading.usage()
    assert usage is not None
    assert usage.context == {"web_search_queries": ["a", "b"]}


def test_the_last_usage_counts_in_the_spelling_of_the_wire() -> None:
    _, reading = read(
        chunk({"text": "a"}, usageMetadata={"promptTokenCount": 4, "trafficType": "ON_DEMAND"}),
        chunk(reason="STOP", usageMetadata={"promptTokenCount": 4, "candidatesTokenCount": 9}),
        headers={"x-gemini-service-tier": "flex"},
    )
    assert reading.usage() == UsageReported(
        raw={"promptTokenCount": 4, "trafficType": "ON_DEMAND", "candidatesTokenCount": 9},
        context={"headers": {"x-gemini-service-tier": "flex"}},
    )


def test_pictures_and_sounds_in_a_reply_are_passed_over() -> None:
    data = {"inlineData": {"mimeType": "audio/L16", "data": "AAAA"}}
    assert said(read(chunk(data, {"text": "Hi."}, reason="STOP"))[0]) == (TextBlock(text="Hi."),)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("STOP", "end"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filter"),
        ("PROHIBITED_CONTENT", "filter"),
        ("MODEL_ARMOR", "filter"),
        ("RECITATION", "filter"),
    ],
)
def test_each_reason_has_its_word(reason: str, word: str) -> None:
    last = stopped(chunk({"text": "x"}, reason=reason))
    assert (last.stop, last.said, last.model) == (word, reason, "gemini-x")


@pytest.mark.parametrize(("number", "name", "word"), [(1, "STOP", "end"), (3, "SAFETY", "filter")])
def test_a_reason_that_came_as_its_number_has_its_word(number: Any, name: str, word: str) -> None:
    last = stopped(chunk({"text": "x"}, reason=number))
    assert (last.stop, last.said) == (word, name)


def test_an_unspecified_number_proves_nothing_and_an_unknown_one_breaks_the_protocol() -> None:
    assert not read(chunk({"text": "x"}, candidate={"finishReason": 0}))[1].proven
    reading = read(chunk({"text": "x"}, candidate={"finishReason": 99}))[1]
    with pytest.raises(ProtocolBroken, match="99"):
        list(reading.finish())


def test_an_answer_with_calls_stops_for_them() -> None:
    assert stopped(chunk({"functionCall": {"name": "read"}}, reason="STOP")).stop == "tool"


def test_a_blocked_prompt_is_a_filter() -> None:
    blocked = {"promptFeedback": {"blockReason": "JAILBREAK"}, "usageMetadata": {}}
    last = stopped(Event("", json.dumps(blocked)))
    assert (last.stop, last.said) == ("filter", "JAILBREAK")


@pytest.mark.parametrize(
    "reason", ["MALFORMED_FUNCTION_CALL", "OTHER", "UNEXPECTED_TOOL_CALL", "?"]
)
def test_other_reasons_break_the_protocol_with_the_makers_words(reason: str) -> None:
    event = chunk({"text": "x"}, reason=reason, candidate={"finishMessage": "why it was"})
    parts, reading = read(event)
    assert TextDelta(text="x") in parts
    with pytest.raises(ProtocolBroken, match="why it was"):
        list(reading.finish())


def test_an_unspecified_reason_proves_nothing() -> None:
    assert not read(chunk({"text": "x"}, reason="FINISH_REASON_UNSPECIFIED"))[1].proven


def test_an_error_in_the_stream_becomes_its_kind() -> None:
    error = {"error": {"code": 503, "message": "Busy", "status": "UNAVAILABLE"}}
    with pytest.raises(Overloaded, match="Busy"):
        read(chunk({"text": "x"}), Event("", json.dumps(error)))


def test_an_array_of_chunks_is_read_as_a_stream() -> None:
    array = f"[{chunk({'text': 'a'}).data}, {chunk({'text': 'b'}, reason='STOP').data}]"
    assert said(read(Event("", array, whole=False))[0]) == (TextBlock(text="ab"),)


def test_a_broken_piece_of_the_answer_is_not_passed_over() -> None:
    with pytest.raises(ProtocolBroken):
        read(Event("", '{"candidates": [{"content": '))


@pytest.mark.parametrize("data", ['{"type": "broken", "cho', "7", "null", '"x"', "[[], 3]"])
def test_what_is_no_chunk_is_passed_over(data: str) -> None:
    assert read(Event("", data))[0] == []
