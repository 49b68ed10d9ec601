"""Neutral conversations that tests send through every adapter."""

from __future__ import annotations

from collections.abc import Iterable

from tui.events.stream import Sealed
from tui.events.tool import ToolSpec
from tui.providers.base import (
    Block,
    BlockEnded,
    FileBlock,
    Message,
    StreamPart,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    ToolCalled,
    ToolResultBlock,
)

PNG = b"\x89PNG\r\n\x1a\n made up"
PDF = b"%PDF-1.4 made up"
INTERRUPTED = "interrupted before it finished"

READ = ToolSpec(
    name="read",
    description="Read a file.",
    schema={
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"path": {"type": "string"}, "$schema": {"type": "string"}},
        "required": ["path"],
        "additionalProperties": False,
    },
)
GREP = ToolSpec(
    name="grep",
    description="Search in files.",
    schema={"type": "object", "properties": {"pattern": {"type": "string"}}},
)


def user(*blocks: Block) -> Message:
    return Message(role="user", blocks=blocks)


def assistant(*blocks: Block) -> Message:
    return Message(role="assistant", blocks=blocks)


def call(id: str, name: str = "read", sealed: Sealed | None = None) -> ToolCallBlock:
    return ToolCallBlock(id=id, name=name, args={"path": f"{id}.txt"}, sealed=sealed)


def result(id: str, name: str = "read", output: str = "found", ok: bool = True) -> ToolResultBlock:
    return ToolResultBlock(call=id, name=name, ok=ok, output=output)


def rich() -> tuple[Message, ...]:
    """Files, thinking, parallel calls, a failure, a broken call, an interruption, odd ids."""
    return (
        user(
            FileBlock(name="shot.png", media_type="image/png", data=PNG),
            FileBlock(name="paper.pdf", media_type="application/pdf", data=PDF),
            TextBlock(text="What is in these?"),
        ),
        assistant(
            ThinkingBlock(text="I should look at both."),
            TextBlock(text="Let me look."),
            call("call_1"),
            ToolCallBlock(id="odd id|/é", name="grep", args={"pattern": "x", "deep": {"n": None}}),
        ),
        user(result("call_1"), result("odd id|/é", "grep", output="", ok=True)),
        assistant(
            TextBlock(text="  \n"),
            ToolCallBlock(id="call_3", name="no such/tool", args=None, raw='{"path": "a'),
        ),
        user(result("call_3", "no such/tool", output="", ok=False)),
        assistant(TextBlock(text="Nothing there."), call("call_4")),
        user(
            result("call_4", output=INTERRUPTED, ok=False),
            TextBlock(text="Go on, then. \ud83d\ude00 \udc80"),
        ),
    )


def said(parts: Iterable[StreamPart]) -> tuple[Block, ...]:
    """The assistant's blocks that a stream's parts make, as the session folds them."""
    blocks: list[Block] = []
    text, thinking = "", ""
    for part in parts:
        match part:
            case TextDelta():
                text += part.text
            case ThinkingDelta():
                thinking += part.text
            case BlockEnded(kind="text"):
                blocks.append(TextBlock(text=text, sealed=part.sealed))
                text = ""
            case BlockEnded():
                blocks.append(ThinkingBlock(text=thinking, sealed=part.sealed))
                thinking = ""
            case ToolCalled():
                blocks.append(part.call)
            case _:
                pass
    assert not text and not thinking, "a block was left open"
    return tuple(blocks)


def answered(blocks: tuple[Block, ...], prompt: str = "Go on.") -> tuple[Message, ...]:
    """A conversation in which `blocks` were the answer and every call got a result."""
    calls = [block for block in blocks if isinstance(block, ToolCallBlock)]
    results = [result(c.id, c.name, ok=at == 0, output="one") for at, c in enumerate(calls)]
    return (
        user(TextBlock(text="Begin.")),
        *((assistant(*blocks),) if blocks else ()),
        user(*results, TextBlock(text=prompt)),
    )
