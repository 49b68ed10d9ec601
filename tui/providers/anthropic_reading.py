"""Anthropic's stream of a message, or a whole message, as parts.

Proof of completion is `message_stop`. `message_delta` with its stop reason comes before it, but
all 25 recorded streams that ended well have both, and the documentation calls `message_stop` the
end; a stream that lacks it was cut.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tui.errors import ProtocolBroken
from tui.events.stream import Sealed
from tui.providers import failures, sse
from tui.providers.base import (
    BlockEnded,
    ServerToolUsed,
    Stop,
    Stopped,
    StreamPart,
    TextDelta,
    ThinkingDelta,
    ToolCallBlock,
    ToolCalled,
    ToolCallProgress,
    UsageReported,
)
from tui.providers.loose import as_table, rows, table, text, word

_STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool",
    "pause_turn": "pause",
    "refusal": "refusal",
}

_OURS = {
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
}


@dataclass(slots=True)
class _Open:
    """A block that has begun; `said` collects its thinking or arguments (text only passes)."""

    native: dict[str, Any]
    shown: bool = False
    said: list[str] = field(default_factory=list[str])
    signature: str = ""

    @property
    def kind(self) -> str:
        return text(self.native.get("type"))


class AnthropicReading:
    """One answer.

    Args:
        seal: Makes a maker's own block one that only its maker gets back.
    """

    def __init__(self, seal: Callable[[dict[str, Any]], Sealed]) -> None:
        self._seal = seal
        self._open: dict[int, _Open] = {}
        self._usage: dict[str, Any] = {}
        self._model: str | None = None
        self._stop: str | None = None
        self._called = False
        self._stopped = False

    @property
    def complete(self) -> bool:
        return self._stopped

    @property
    def proven(self) -> bool:
        return self._stopped

    def take(self, event: sse.Event) -> Iterator[StreamPart]:
        """The parts that `event` makes.

        Raises:
            RequestError: it tells an error, or is a broken piece of the message.
        """
        data = as_table(sse.parsed(event))
        if data is None:
            if event.name == "error":
                raise failures.from_error(event.data)
            if event.whole and event.name in _OURS:
                # Going on without it could run a call with a hole in its arguments.
                raise ProtocolBroken("a piece of the answer is not valid JSON")
            return
        kind = text(data.get("type")) or event.name
        if kind == "error" or (kind not in _OURS and "error" in data):
            raise failures.from_error(data)
        match kind:
            case "message":
                yield from self._message(data)
            case "message_start":
                yield from self._begin(table(data.get("message")))
            case "content_block_start":
                yield from self._start(_index(data), table(data.get("content_block")))
            case "content_block_delta":
                yield from self._delta(_index(data), table(data.get("delta")))
            case "content_block_stop":
                yield from self._end(_index(data))
            case "message_delta":
                self._merge(data.get("usage"))
                self._stop = word(table(data.get("delta")).get("stop_reason")) or self._stop
            case "message_stop":
                yield from self._close()
            case _:  # ping, and what later versions bring
                pass

    def usage(self) -> UsageReported | None:
        """The usage so far: of the message's start, overwritten by what came later."""
        return UsageReported(raw=self._usage, context={}) if self._usage else None

    def finish(self) -> Iterator[StreamPart]:
        """The end of a message that has its proof.

        Raises:
            ProtocolBroken: it stopped for a reason that has no word here.
        """
        if self._stop is None:  # `message_stop` proves the end; some servers leave the reason out
            yield Stopped(
                stop="tool" if self._called else "end", said="message_stop", model=self._model
            )
            return
        stop = _STOPS.get(self._stop)
        if stop is None:
            raise ProtocolBroken(f"the model stopped for an unknown reason: {self._stop[:80]}")
        yield Stopped(stop=stop, said=self._stop, model=self._model)

    def _message(self, message: dict[str, Any]) -> Iterator[StreamPart]:
        yield from self._begin(message)
        for index, block in enumerate(rows(message.get("content"))):
            yield from self._start(index, table(block))
            yield from self._end(index)
        self._stop = word(message.get("stop_reason"))
        yield from self._close()

    def _begin(self, message: dict[str, Any]) -> Iterator[StreamPart]:
        """A message starts, perhaps anew: calls that a first one left unfinished are void."""
        for index, block in list(self._open.items()):
            if block.kind != "tool_use":
                yield from self._end(index)
        self._open.clear()
        self._model = word(message.get("model")) or self._model
        self._usage = {}
        self._merge(message.get("usage"))

    def _merge(self, usage: object) -> None:
        said = {key: value for key, value in table(usage).items() if value is not None}
        unknown = {key: None for key in table(usage) if key not in self._usage}
        self._usage = {**self._usage, **unknown, **said}

    def _start(self, index: int, block: dict[str, Any]) -> Iterator[StreamPart]:
        yield from self._end(index)
        opened = self._open[index] = _Open(block)
        match opened.kind:
            case "text":
                yield from self._text(opened, text(block.get("text")))
            case "thinking":
                opened.signature = text(block.get("signature"))
                yield from self._thought(opened, text(block.get("thinking")))
            case "tool_use" | "redacted_thinking":
                pass
            case kind if kind.endswith("_tool_use"):
                name = word(block.get("name")) or kind.removesuffix("_use")
                yield ServerToolUsed(name=name, id=word(block.get("id")))
            case _:  # results of the provider's own tools, and what later versions bring
                pass

    def _delta(self, index: int, delta: dict[str, Any]) -> Iterator[StreamPart]:
        kind = text(delta.get("type"))
        if index not in self._open and kind in {"text_delta", "thinking_delta"}:
            self._open[index] = _Open({"type": kind.removesuffix("_delta")})
        block = self._open.get(index)
        if block is None:
            return
        match kind:
            case "text_delta":
                yield from self._text(block, text(delta.get("text")))
            case "thinking_delta":
                yield from self._thought(block, text(delta.get("thinking")))
            case "signature_delta":
                block.signature += text(delta.get("signature"))
            case "input_json_delta" if block.kind == "tool_use":
                piece = text(delta.get("partial_json"))
                if piece:
                    block.said.append(piece)
                    yield ToolCallProgress(name=text(block.native.get("name")), chars=len(piece))
            case _:  # citations, arguments of the provider's own tools
                pass

    def _text(self, block: _Open, piece: str) -> Iterator[StreamPart]:
        if piece:
            block.shown = True
            yield TextDelta(text=piece)

    def _thought(self, block: _Open, piece: str) -> Iterator[StreamPart]:
        if piece:
            block.said.append(piece)
            yield ThinkingDelta(text=piece)

    def _end(self, index: int) -> Iterator[StreamPart]:
        block = self._open.pop(index, None)
        if block is None:
            return
        match block.kind:
            case "text":
                if block.shown:
                    yield BlockEnded(kind="text")
            case "thinking":
                sealed = self._signed(block)
                if block.said or sealed is not None:
                    yield BlockEnded(kind="thinking", sealed=sealed)
            case "redacted_thinking":
                yield BlockEnded(kind="thinking", sealed=self._seal(block.native))
            case "tool_use":
                self._called = True
                yield ToolCalled(call=_call(block))
            case _:
                pass

    def _signed(self, block: _Open) -> Sealed | None:
        if not block.signature:
            return None
        thinking = "".join(block.said)
        return self._seal({"type": "thinking", "thinking": thinking, "signature": block.signature})

    def _close(self) -> Iterator[StreamPart]:
        for index in sorted(self._open):
            yield from self._end(index)
        self._stopped = True


def _index(data: dict[str, Any]) -> int:
    index = data.get("index")
    return index if isinstance(index, int) else 0


def _call(block: _Open) -> ToolCallBlock:
    name, id = text(block.native.get("name")), text(block.native.get("id"))
    raw = "".join(block.said)
    given: object = block.native.get("input")
    if raw:
        try:
            given = json.loads(raw)
        except (ValueError, RecursionError):
            return ToolCallBlock(id=id, name=name, args=None, raw=raw)
    args = {} if given is None else as_table(given)
    unfit = None if args is not None else raw or json.dumps(given)
    return ToolCallBlock(id=id, name=name, args=args, raw=unfit)
