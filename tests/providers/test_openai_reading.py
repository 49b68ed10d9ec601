"""How the two OpenAI adapters read what compatible servers make of the wires."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conversations import said
from tests.wire_cases import Outcome
from tui.errors import RequestError
from tui.events.stream import Sealed
from tui.events.tool import ToolSpec
from tui.providers import sse
from tui.providers.base import BlockEnded, Limit, TextBlock, ThinkingBlock, ToolCallBlock
from tui.providers.limits import openai_limits
from tui.providers.openai_chat_reading import ChatReading
from tui.providers.openai_responses_reading import ResponsesReading
from tui.providers.openai_shared import ToolNames

TOOL = ToolSpec(name="read", description="d", schema={"type": "object"})


def seal(payload: dict[str, Any]) -> Sealed:
    return Sealed(api="x", host="h", model="m", payload=payload)


def run(reading: ChatReading | ResponsesReading, events: list[sse.Event]) -> Outcome:
    """What the parts of an answer make, as `Exchange.parts` drives a reading."""
    outcome = Outcome()
    try:
        for event in events:
            for part in reading.take(event):
                outcome.add(part)
            if reading.complete:
                break
        if (usage := reading.usage()) is not None:
            outcome.add(usage)
        if reading.proven:
            for part in reading.finish():
                outcome.add(part)
    except RequestError as error:
        outcome.error = error
    return outcome


def events_of(chunks: list[Any]) -> list[sse.Event]:
    return [
        chunk
        if isinstance(chunk, sse.Event)
        else sse.Event("", chunk if isinstance(chunk, str) else json.dumps(chunk))
        for chunk in chunks
    ]


def chat(*chunks: Any, heads: Mapping[str, str] | None = None) -> Outcome:
    reading = ChatReading(ToolNames([TOOL]), seal, heads or {}, None)
    return run(reading, events_of([*chunks]))


def responses(*chunks: Any) -> Outcome:
    return run(ResponsesReading(ToolNames([TOOL]), seal, {}, None), events_of([*chunks]))


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def piece(arguments: Any, **fields: Any) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": arguments}
    if "name" in fields:
        function["name"] = fields.pop("name")
    return delta(tool_calls=[{"function": function, **fields}])


def calls(outcome: Outcome) -> list[tuple[str, Any]]:
    return [(call.name, call.args) for call in outcome.calls]


STOP = delta("stop")
TOOLS = delta("tool_calls")


def test_pieces_of_a_call_belong_together_by_index() -> None:
    found = chat(
        piece('{"a"', index=0, id="c1", name="read"),
        piece('{"b"', index=1, id="c2", name="grep"),
        piece(":1}", index=0),
        piece(":2}", index=1),
        TOOLS,
    )
    assert calls(found) == [("read", {"a": 1}), ("grep", {"b": 2})]


def test_pieces_without_an_index_belong_to_the_last_call() -> None:
    found = chat(
        piece('{"a"', id="c1", name="read"), piece(":1}"),
        piece("{}", id="c2", name="grep"), TOOLS,
    )  # fmt: skip
    assert calls(found) == [("read", {"a": 1}), ("grep", {})]


def test_whole_calls_that_share_an_index_are_several() -> None:
    found = chat(
        piece('{"a":1}', index=0, id="c1", name="read"),
        piece('{"a":2}', index=0, id="c2", name="read"),
        TOOLS,
    )
    assert calls(found) == [("read", {"a": 1}), ("read", {"a": 2})]


def test_whole_calls_without_arguments_that_share_an_index_are_several() -> None:
    found = chat(
        piece("{}", index=0, id="c1", name="read"), piece("{}", index=0, id="c2", name="read"),
        TOOLS,
    )  # fmt: skip
    assert calls(found) == [("read", {}), ("read", {})]


def test_a_name_repeated_in_every_piece_is_one_name() -> None:
    found = chat(
        piece('{"a"', index=0, id="c1", name="read"),
        piece(":1}", index=0, id="c1", name="read"),
        TOOLS,
    )
    assert calls(found) == [("read", {"a": 1})]


@pytest.mark.parametrize("id", [None, ""])
def test_a_call_without_an_id_gets_one_of_its_own(id: str | None) -> None:
    found = chat(
        piece("{}", index=0, id=id, name="a"), piece("{}", index=1, id=id, name="b"), TOOLS
    )
    assert len({call.id for call in found.calls} - {"", None}) == 2


def test_two_calls_with_one_id_get_two() -> None:
    found = chat(
        piece("{}", index=0, id="x", name="a"), piece("{}", index=1, id="x", name="b"), TOOLS
    )
    assert len({call.id for call in found.calls}) == 2


@pytest.mark.parametrize(
    ("arguments", "args", "raw"),
    [
        ("", {}, None),
        (None, {}, None),
        ("null", {}, None),
        ({"a": 1}, {"a": 1}, None),
        ('"{\\"a\\": 1}"', {"a": 1}, None),
        ('{"a": ', None, '{"a": '),
        ("[1]", None, "[1]"),
    ],
)
def test_arguments_are_an_object_or_kept_raw(arguments: Any, args: Any, raw: str | None) -> None:
    found = chat(piece(arguments, index=0, id="c1", name="read"), TOOLS)
    assert (found.calls[0].args, found.calls[0].raw) == (args, raw)


def test_a_free_text_tool_is_kept_raw() -> None:
    custom = {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "sql", "input": "{}"}}
    found = chat(delta(tool_calls=[custom]), TOOLS)
    assert (found.calls[0].args, found.calls[0].raw) == (None, "{}")


def test_an_empty_free_text_call_beside_a_function_hides_it_not() -> None:
    shell = {"name": "", "input": ""}
    found = chat(piece('{"a":1}', index=0, id="c1", name="read", custom=shell), TOOLS)
    assert calls(found) == [("read", {"a": 1})]


def test_the_old_function_call_is_a_tool_call() -> None:
    found = chat(delta(function_call={"name": "read", "arguments": "{}"}), delta("function_call"))
    assert (calls(found), found.stopped and found.stopped.stop) == ([("read", {})], "tool")


def test_an_empty_shell_of_a_call_is_none() -> None:
    found = chat(delta(content="hi", tool_calls=[{"index": 0, "function": {}}]), STOP)
    assert (found.calls, found.stopped and found.stopped.stop) == ([], "end")


def test_calls_behind_a_plain_stop_are_calls() -> None:
    found = chat(piece("{}", index=0, id="c1", name="read"), STOP)
    assert found.stopped is not None and found.stopped.stop == "tool"


def test_a_call_of_an_answer_that_broke_off_is_not_made() -> None:
    assert chat(piece("{}", index=0, id="c1", name="read"), "[DONE]").calls == []


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]},
    ],
)
def test_reasoning_is_read_once_in_whichever_form_it_comes(fields: dict[str, Any]) -> None:
    found = chat(delta(**fields), delta(content="hi"), STOP)
    assert (found.thinking, found.text) == ("hm", "hi")


def test_reasoning_and_text_are_blocks_of_their_own() -> None:
    found = chat(delta(reasoning_content="hm"), delta(content="hi"), STOP)
    assert [ended.kind for ended in found.ended] == ["thinking", "text"]


def test_pieces_of_a_detail_are_sealed_as_one() -> None:
    def detail(**fields: Any) -> dict[str, Any]:
        return delta(reasoning_details=[{"type": "reasoning.text", "index": 0, **fields}])

    found = chat(
        detail(text="h"), detail(text="m"), detail(signature="s"), delta(content="a"), STOP
    )
    whole = {"type": "reasoning.text", "index": 0, "text": "hm", "signature": "s"}
    assert found.seals[0].payload == {"reasoning_details": [whole]}


def test_encrypted_reasoning_without_a_word_is_a_block() -> None:
    encrypted = {"type": "reasoning.encrypted", "data": "e", "index": 0}
    found = chat(delta(content="hi"), delta("stop", reasoning_details=[encrypted]))
    assert [(e.kind, bool(e.sealed)) for e in found.ended] == [("text", False), ("thinking", True)]


def test_the_last_usage_counts_and_is_told_once() -> None:
    used = [{"prompt_tokens": 1}, None, {"prompt_tokens": 2}, None]
    found = chat(*({**delta(content="x"), "usage": usage} for usage in used), STOP)
    assert [usage.raw for usage in found.usage] == [{"prompt_tokens": 2}]


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 3}}},
        {"choices": [{"index": 0, "delta": {}, "usage": {"prompt_tokens": 3}}]},
    ],
)
def test_usage_in_a_vendors_own_place_is_found(chunk: dict[str, Any]) -> None:
    assert chat(STOP, chunk).usage[0].raw == {"prompt_tokens": 3}


def test_what_bears_on_the_price_stands_in_the_context() -> None:
    heads = {"x-litellm-response-cost": "0.5", "x-other": "1"}
    found = chat({**STOP, "service_tier": "flex", "usage": {"prompt_tokens": 1}}, heads=heads)
    assert found.usage[0].context == {
        "service_tier": "flex",
        "headers": {"x-litellm-response-cost": "0.5"},
    }


@pytest.mark.parametrize(
    ("said", "stop"),
    [("stop", "end"), ("STOP", "end"), ("length", "length"), ("max_tokens", "length"),
     ("model_length", "length"), ("content_filter", "filter"), ("sensitive", "filter"),
     ("end_turn", "end"), ("stop_sequence", "stop_sequence")],
)  # fmt: skip
def test_a_finish_reason_has_its_word(said: str, stop: str) -> None:
    found = chat(delta(content="x"), delta(said))
    assert found.stopped is not None
    assert (found.stopped.stop, found.stopped.said) == (stop, said)


def test_a_finish_reason_stays_though_an_empty_one_follows() -> None:
    found = chat(delta("stop", content="x"), delta(content=""), "[DONE]")
    assert found.stopped is not None


def test_an_unknown_finish_reason_is_a_broken_protocol_with_the_text_kept() -> None:
    found = chat(delta(content="x"), delta("out_of_cheese"))
    assert found.error is not None
    assert (found.text, found.error.kind) == ("x", "protocol")


@pytest.mark.parametrize(
    ("said", "kind"), [("insufficient_system_resource", "overloaded"), ("network_error", "server")]
)
def test_a_finish_that_is_a_failure_is_an_error(said: str, kind: str) -> None:
    found = chat(delta(content="x"), delta(said))
    assert found.error is not None and found.error.kind == kind


def test_done_is_no_proof_of_completion() -> None:
    assert chat(delta(content="x"), "[DONE]").stopped is None


def test_an_empty_finish_reason_with_usage_and_done_is_an_end() -> None:
    chunk = {**delta("", content="x"), "usage": {"prompt_tokens": 1}}
    found = chat(chunk, "[DONE]")
    assert found.stopped is not None and found.stopped.stop == "end"


def test_a_server_that_never_names_a_reason_ends_with_usage_and_done() -> None:
    nameless = {"choices": [{"index": 0, "delta": {"content": "x"}}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 1}}
    found = chat(nameless, usage, "[DONE]")
    assert found.stopped is not None and found.stopped.stop == "end"
    assert chat(nameless, usage).stopped is None
    assert chat(nameless, "[DONE]").stopped is None
    assert chat(delta(content="x"), nameless, usage, "[DONE]").stopped is None


@pytest.mark.parametrize("reason", [{"finish_reason": ""}, {"finish_reason": None}, {}])
def test_a_whole_message_without_a_reason_is_an_end(reason: dict[str, Any]) -> None:
    message = {"role": "assistant", "content": "x"}
    body = {"object": "chat.completion", "choices": [{"index": 0, "message": message, **reason}]}
    found = chat(sse.Event("", json.dumps(body), whole=False))
    assert found.stopped is not None and found.stopped.stop == "end"


@pytest.mark.parametrize(
    "chunk",
    [
        {"error": {"message": "no", "code": 502}},
        {"choices": [], "error": {"message": "no", "code": 502}},
        {"choices": [{"index": 0, "delta": {}, "error": {"message": "no", "code": 502}}]},
        sse.Event("error", '{"message": "no", "code": 502}'),
        sse.Event("error", "no 502"),
        [{"error": {"message": "no", "code": 502}}],
        {"object": "error", "message": "no", "code": 502},
    ],
)
def test_an_error_inside_the_stream_keeps_the_text_and_fails(chunk: Any) -> None:
    found = chat(delta(content="x"), chunk)
    assert found.error is not None
    assert (found.text, found.error.kind, found.error.message[:2]) == ("x", "server", "no")


def test_other_choices_are_not_mixed_in() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "second"}, "finish_reason": None}]}
    assert chat(delta(content="first"), other, STOP).text == "first"


@pytest.mark.parametrize("chunk", ["{broken", "42", '"text"', "{}", {"choices": None}, "null"])
def test_a_piece_that_is_no_chunk_is_passed_over(chunk: Any) -> None:
    assert chat(delta(content="a"), chunk, delta("stop", content="b")).text == "ab"


@pytest.mark.parametrize("body", [{"hello": 1}, {"choices": "x", "output": 3}, {}])
def test_a_document_that_is_no_answer_never_ends_well(body: dict[str, Any]) -> None:
    found = chat(sse.Event("", json.dumps(body), whole=False))
    assert found.stopped is None


def test_a_models_name_for_a_sanitised_tool_comes_back_as_ours() -> None:
    names = ToolNames([ToolSpec(name="a/b", description="", schema={})])
    reading = ChatReading(names, seal, {}, None)
    found = run(reading, events_of([piece("{}", index=0, id="c", name=names.sent("a/b")), TOOLS]))
    assert found.calls[0].name == "a/b"


def item(kind: str, index: int, **fields: Any) -> dict[str, Any]:
    whole = {"type": kind, "id": f"i{index}", **fields}
    return {"type": "response.output_item.done", "output_index": index, "item": whole}


def over(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{status}", "response": {"status": status, **fields}}


def output_text(text: str) -> dict[str, Any]:
    return {"content": [{"type": "output_text", "text": text}]}


def text_delta(text: str, index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": index, "delta": text}


def test_text_that_no_delta_brought_comes_from_the_item() -> None:
    assert responses(text_delta("he"), item("message", 0, **output_text("hello")), over()).text == (
        "hello"
    )


def test_an_item_that_says_it_otherwise_than_its_deltas_is_not_patched_in() -> None:
    whole = item("message", 0, **output_text("It ran in a container: hello"))
    assert responses(text_delta("It ran."), whole, over()).text == "It ran."


def test_text_that_no_event_brought_comes_from_the_response() -> None:
    output = [{"type": "message", "id": "m", **output_text("hello")}]
    assert responses(over(output=output)).text == "hello"


def test_the_responses_own_output_doubles_nothing() -> None:
    output = [{"type": "message", "id": "another id", **output_text("hello")}]
    found = responses(text_delta("hello", 3), item("message", 3, **output_text("hello")),
                      over(output=output))  # fmt: skip
    assert found.text == "hello"


def test_a_call_in_a_response_is_known_by_its_call_id() -> None:
    found = responses(item("function_call", 0, call_id="c1", name="read", arguments=""), over())
    assert [(c.id, c.args) for c in found.calls] == [("c1", {})]
    assert found.stopped is not None and found.stopped.stop == "tool"


def test_a_custom_call_in_a_response_is_kept_raw() -> None:
    found = responses(
        item("custom_tool_call", 0, call_id="c1", name="sql", input="select 1"), over()
    )
    assert (found.calls[0].args, found.calls[0].raw) == (None, "select 1")


def test_the_providers_own_tools_are_told_and_counted() -> None:
    action = {"type": "search", "query": "q"}
    done = over(usage={"input_tokens": 1}, service_tier="priority")
    found = responses(item("web_search_call", 0, status="completed", action=action), done)
    counted = [{"type": "web_search_call", "status": "completed", "action": action}]
    assert found.server_tools == ["web_search_call"]
    assert found.usage[0].context == {"service_tier": "priority", "output_items": counted}


@pytest.mark.parametrize(
    ("reason", "stop"), [("max_output_tokens", "length"), ("content_filter", "filter")]
)
def test_an_incomplete_response_says_why(reason: str, stop: str) -> None:
    found = responses(text_delta("x"), over("incomplete", incomplete_details={"reason": reason}))
    assert found.stopped is not None
    assert (found.stopped.stop, found.stopped.said) == (stop, reason)


@pytest.mark.parametrize("status", ["completed", "complete"])
def test_a_response_that_is_over_is_an_end(status: str) -> None:
    body = {"object": "response", "status": status, "output": []}
    found = responses(sse.Event("", json.dumps(body), whole=False))
    assert found.stopped is not None and found.stopped.stop == "end"


@pytest.mark.parametrize("status", ["queued", "cancelled", "in_progress"])
def test_a_response_that_is_not_over_is_a_broken_protocol(status: str) -> None:
    body = {"object": "response", "status": status, "output": []}
    found = responses(sse.Event("", json.dumps(body), whole=False))
    assert found.error is not None and found.error.kind == "protocol"


@pytest.mark.parametrize(
    "event",
    [
        over("failed", error={"code": "rate_limit_exceeded", "message": "no"}),
        {"type": "error", "code": "rate_limit_exceeded", "message": "no", "param": None},
        {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "no"}},
        {"error": {"code": "rate_limit_exceeded", "message": "no"}},
        sse.Event("error", '{"error": {"code": "rate_limit_exceeded", "message": "no"}}'),
    ],
)
def test_a_failed_response_keeps_its_text_and_fails(event: Any) -> None:
    found = responses(text_delta("x"), event)
    assert found.error is not None
    assert (found.text, found.error.kind, found.error.message) == ("x", "rate_limit", "no")


def test_usage_of_a_failed_response_is_told() -> None:
    failed = over("failed", error={"message": "no"}, usage={"input_tokens": 9})
    reading = ResponsesReading(ToolNames([]), seal, {}, None)
    run(reading, events_of([failed]))
    usage = reading.usage()
    assert usage is not None and usage.raw == {"input_tokens": 9}


def test_a_refusal_is_shown_and_is_the_stop() -> None:
    refusal = {"type": "response.refusal.delta", "output_index": 0, "delta": "I will not."}
    found = responses(refusal, over())
    assert found.stopped is not None
    assert (found.text, found.stopped.stop) == ("I will not.", "refusal")


def test_parts_of_a_summary_are_paragraphs_of_their_own() -> None:
    def summary(text: str, at: int) -> dict[str, Any]:
        kind = "response.reasoning_summary_text.delta"
        return {"type": kind, "output_index": 0, "summary_index": at, "delta": text}

    parts = [{"text": "one"}, {"text": "two"}]
    whole = item("reasoning", 0, summary=parts, encrypted_content="e")
    streamed = responses(summary("one", 0), summary("two", 1), whole, over())
    at_once = responses(whole, over())
    for found in (streamed, at_once):
        assert (found.thinking, [bool(e.sealed) for e in found.ended]) == ("onetwo", [False, True])


def test_reasoning_without_its_encrypted_form_is_not_sealed() -> None:
    found = responses(item("reasoning", 0, summary=[{"text": "hm"}]), over())
    assert found.ended == [BlockEnded(kind="thinking")]


def test_text_behind_a_call_makes_blocks_in_the_order_of_the_wire() -> None:
    call = item("function_call", 1, call_id="c", name="read", arguments="{}")
    parts: list[Any] = []
    reading = ResponsesReading(ToolNames([]), seal, {}, None)
    for event in events_of(
        [item("message", 0, **output_text("a")), call, text_delta("b", 2), over()]
    ):
        parts += reading.take(event)
    assert [type(block) for block in said(parts)] == [TextBlock, ToolCallBlock, TextBlock]


def test_thinking_text_and_call_make_blocks_in_the_order_of_the_wire() -> None:
    parts: list[Any] = []
    reading = ChatReading(ToolNames([]), seal, {}, None)
    chunks = [
        delta(reasoning="hm"),
        delta(content="a"),
        piece("{}", index=0, id="c", name="r"),
        TOOLS,
    ]
    for event in events_of([*chunks, "[DONE]"]):
        parts += reading.take(event)
    assert [type(block) for block in said(parts)] == [ThinkingBlock, TextBlock, ToolCallBlock]


def test_limits_are_told_with_seconds_until_their_reset() -> None:
    heads = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-tokens": "many",
        "x-ratelimit-reset-tokens": "1760000000000",
    }
    assert openai_limits(heads) == (
        Limit(what="requests", limit=500, remaining=499, reset_s=360.0),
        Limit(what="tokens", limit=None, remaining=None, reset_s=None),
    )
