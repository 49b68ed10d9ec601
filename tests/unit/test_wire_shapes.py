"""The validators of request bodies go red on each fault they are there for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.wire_shapes import complaints, opaque_strings

Body = dict[str, Any]
Fault = Callable[[Body], object]

ANTHROPIC: Body = {
    "model": "m",
    "max_tokens": 4000,
    "thinking": {"type": "enabled", "budget_tokens": 2000},
    "tools": [{"name": "read", "input_schema": {"type": "object"}}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "s"},
                {"type": "tool_use", "id": "c1", "name": "read", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "r"}],
                    "is_error": True,
                },
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"},
                },
            ],
        },
    ],
}
GOOGLE: Body = {
    "generationConfig": {"thinkingConfig": {}},
    "tools": [
        {"functionDeclarations": [{"name": "read", "parametersJsonSchema": {"type": "object"}}]}
    ],
    "contents": [
        {"role": "user", "parts": [{"text": "a"}]},
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"id": "c1", "name": "read", "args": {}},
                    "thoughtSignature": "aaaa",
                }
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "read", "response": {}}},
                {"inlineData": {"mimeType": "image/png", "data": "aaaa"}},
            ],
        },
    ],
}
CHAT: Body = {
    "tools": [{"function": {"name": "read", "parameters": {"type": "object"}}}],
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "function": {"name": "read", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "r"},
        {"role": "user", "content": [{"type": "text", "text": "b"}]},
    ],
}
RESPONSES: Body = {
    "store": False,
    "tools": [{"name": "read", "parameters": {"type": "object"}}],
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"},
        {"type": "function_call", "call_id": "c1", "name": "read", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "r"},
    ],
}
GOOD = {
    "anthropic": ANTHROPIC,
    "google": GOOGLE,
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
}


def _blocks(body: Body, at: int) -> list[Body]:
    return body["messages"][at]["content"]


def _parts(body: Body, at: int) -> list[Body]:
    return body["contents"][at]["parts"]


FAULTS: list[tuple[str, str, Fault]] = [
    ("anthropic", "unknown field", lambda b: b.update(top_p=1)),
    ("anthropic", "no messages", lambda b: b["messages"].clear()),
    ("anthropic", "two of one role", lambda b: b["messages"].insert(1, b["messages"][0])),
    ("anthropic", "assistant last", lambda b: b["messages"].pop()),
    ("anthropic", "empty message", lambda b: _blocks(b, 0).clear()),
    ("anthropic", "blank text", lambda b: _blocks(b, 0)[0].update(text=" ")),
    ("anthropic", "blank system", lambda b: b.update(system=[{"text": ""}])),
    ("anthropic", "no result", lambda b: _blocks(b, 2).pop(0)),
    ("anthropic", "foreign result", lambda b: _blocks(b, 2)[0].update(tool_use_id="c2")),
    ("anthropic", "result later", lambda b: _blocks(b, 2).reverse()),
    ("anthropic", "id of another make", lambda b: _blocks(b, 1)[1].update(id="c|1")),
    ("anthropic", "name of no tool", lambda b: _blocks(b, 1)[1].update(name="a/b")),
    ("anthropic", "args a string", lambda b: _blocks(b, 1)[1].update(input="{}")),
    ("anthropic", "thinking unsigned", lambda b: _blocks(b, 1)[0].update(signature="")),
    ("anthropic", "no thinking first", lambda b: _blocks(b, 1).pop(0)),
    ("anthropic", "budget above", lambda b: b["thinking"].update(budget_tokens=4000)),
    ("anthropic", "temperature", lambda b: b.update(temperature=0)),
    ("anthropic", "silent error", lambda b: _blocks(b, 2)[0].update(content=[])),
    ("anthropic", "image type", lambda b: _blocks(b, 2)[1]["source"].update(media_type="x/y")),
    ("anthropic", "image data", lambda b: _blocks(b, 2)[1]["source"].update(data="é")),
    ("anthropic", "image of model's", lambda b: _blocks(b, 1).append(_blocks(b, 2)[1])),
    ("anthropic", "mark on thinking", lambda b: _blocks(b, 1)[0].update(cache_control={})),
    ("anthropic", "five marks", lambda b: b.update(system=[{"text": "s", "cache_control": 1}] * 5)),
    ("anthropic", "two tools of a name", lambda b: b["tools"].append(b["tools"][0])),
    ("anthropic", "schema of no object", lambda b: b["tools"][0].update(input_schema={})),
    ("anthropic", "lone surrogate", lambda b: _blocks(b, 0)[0].update(text="\ud800")),
    ("google", "unknown field", lambda b: b.update(stream=True)),
    ("google", "role assistant", lambda b: b["contents"][1].update(role="assistant")),
    ("google", "no parts", lambda b: _parts(b, 0).clear()),
    ("google", "blank text", lambda b: _parts(b, 0)[0].update(text="")),
    ("google", "no response", lambda b: _parts(b, 2).pop(0)),
    ("google", "response of another", lambda b: _parts(b, 2)[0]["functionResponse"].update(id="x")),
    ("google", "response later", lambda b: _parts(b, 2).reverse()),
    ("google", "no signature", lambda b: _parts(b, 1)[0].pop("thoughtSignature")),
    ("google", "signature no base64", lambda b: _parts(b, 1)[0].update(thoughtSignature="sig|1")),
    ("google", "args a string", lambda b: _parts(b, 1)[0]["functionCall"].update(args="{}")),
    ("google", "two kinds in a part", lambda b: _parts(b, 1)[0].update(text="t")),
    ("google", "file type", lambda b: _parts(b, 2)[1]["inlineData"].update(mimeType="x/y")),
    ("google", "call last", lambda b: b["contents"].pop()),
    ("google", "$schema", lambda b: b["tools"][0]["functionDeclarations"][0].update(
        parametersJsonSchema={"type": "object", "$schema": "s"})),
    ("openai-chat", "no result", lambda b: b["messages"].pop(3)),
    ("openai-chat", "something between", lambda b: b["messages"].insert(3, b["messages"][1])),
    ("openai-chat", "result without call", lambda b: b["messages"].pop(2)),
    ("openai-chat", "empty calls", lambda b: b["messages"][2].update(tool_calls=[])),
    ("openai-chat", "neither text nor call", lambda b: b["messages"].insert(4, {
        "role": "assistant", "content": None})),
    ("openai-chat", "args an object", lambda b: b["messages"][2]["tool_calls"][0].update(
        function={"name": "read", "arguments": {}})),
    ("openai-chat", "blank text", lambda b: b["messages"][4]["content"][0].update(text="")),
    ("openai-chat", "system later", lambda b: b["messages"].append(b["messages"][0])),
    ("openai-chat", "assistant last", lambda b: b["messages"].append({
        "role": "assistant", "content": "x"})),
    ("openai-chat", "unknown part", lambda b: b["messages"][4]["content"][0].update(type="image")),
    ("openai-chat", "name of no tool", lambda b: b["tools"][0]["function"].update(name="a.b")),
    ("openai-responses", "stored", lambda b: b.pop("store")),
    ("openai-responses", "no output", lambda b: b["input"].pop(3)),
    ("openai-responses", "output without call", lambda b: b["input"].pop(2)),
    ("openai-responses", "reasoning alone", lambda b: b["input"].append(b["input"][1])),
    ("openai-responses", "reasoning unsealed", lambda b: b["input"][1].pop("encrypted_content")),
    ("openai-responses", "unknown item", lambda b: b["input"][0].update(type="thinking")),
    ("openai-responses", "output_text of user's", lambda b: b["input"][0]["content"][0].update(
        type="output_text")),
    ("openai-responses", "long id", lambda b: b["input"][2].update(call_id="c" * 65)),
]  # fmt: skip


@pytest.mark.parametrize("api", GOOD)
def test_a_good_body_has_no_complaint(api: str) -> None:
    assert complaints(api, GOOD[api]) == []


@pytest.mark.parametrize(("api", "name", "fault"), FAULTS, ids=[f"{a}: {n}" for a, n, _ in FAULTS])
def test_a_planted_fault_is_complained_of(api: str, name: str, fault: Fault) -> None:
    body = copy.deepcopy(GOOD[api])
    fault(body)
    assert complaints(api, body)


def test_opaque_strings_are_told_from_words() -> None:
    payload = {"type": "reasoning_x", "id": "rs_12", "parts": [{"signature": "c2ln+/=="}, "word"]}
    assert opaque_strings(payload) == {"rs_12", "c2ln+/=="}
