"""A chat completion, streamed or whole, as parts; of OpenAI and of those who speak its wire.

Proof of completion is a `finish_reason`. `[DONE]` is none: gateways send it behind answers that
broke off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from tui.errors import ProtocolBroken, RequestError
from tui.events.stream import Sealed
from tui.providers import failures, sse
from tui.providers.base import (
    BlockEnded,
    Stop,
    Stopped,
    StreamPart,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    ToolCallProgress,
    UsageReported,
)
from tui.providers.loose import as_rows, as_table, rows, table, text, word
from tui.providers.openai_chat_calls import CallPieces, pieces_in
from tui.providers.openai_chat_thought import Thought, thought_in
from tui.providers.openai_shared import ToolNames, price_headers

_STOPS: dict[str, Stop] = {
    "stop": "end",
    "end": "end",
    "end_turn": "end",
    "eos": "end",
    "eos_token": "end",
    "complete": "end",
    "completed": "end",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool",
    "tool_call": "tool",
    "tool_use": "tool",
    "function_call": "tool",
    "content_filter": "filter",
    "content_filtered": "filter",
    "safety": "filter",
    "sensitive": "filter",
    "recitation": "filter",
    "prohibited_content": "filter",
    "blocklist": "filter",
    "guardrails": "filter",
    "refusal": "refusal",
    "stop_sequence": "stop_sequence",
    "pause_turn": "pause",
}
_FAILED = {
    "error": "server_error",
    "network_error": "server_error",
    "abort": "server_error",
    "insufficient_system_resource": "overloaded",
}
_Kind = Literal["text", "thinking"]


class ChatReading:
    """One answer.

    Args:
        names: The tools' names on the wire.
        seal: Makes a maker's own form one that only its maker gets back.
        heads: The response's headers.
        vendor: As in `Access`.
    """

    def __init__(
        self,
        names: ToolNames,
        seal: Callable[[dict[str, Any]], Sealed],
        heads: Mapping[str, str],
        vendor: str | None,
    ) -> None:
        self._seal, self._heads, self._vendor = seal, heads, vendor
        self._calls = CallPieces(names, seal)
        self._thought = Thought()
        self._open: _Kind | None = None
        self._usage: dict[str, Any] | None = None
        self._spare_usage: dict[str, Any] | None = None
        self._tier: str | None = None
        self._model: str | None = None
        self._finish: str | None = None
        self._unnamed = self._absent = self._nulls = False
        self._refused = self._called = self._done = False

    @property
    def complete(self) -> bool:
        return self._done

    @property
    def proven(self) -> bool:
        return self._finish is not None

    def take(self, event: sse.Event) -> Iterator[StreamPart]:
        """The parts that `event` makes.

        Raises:
            RequestError: it is an error, or holds one.
        """
        if event.data.strip() == "[DONE]":
            yield from self._close()
            self._done = True
            return
        value = sse.parsed(event)
        documents = as_rows(value)  # some send an error as a list of one
        data = as_table(documents[0] if documents else value)
        if data is None:
            if event.name == "error" and event.whole:
                raise failures.from_error(event.data, headers=self._heads, vendor=self._vendor)
            return  # a broken piece: what stands around it is still an answer
        yield from self._chunk(data, event)

    def _chunk(self, data: dict[str, Any], event: sse.Event) -> Iterator[StreamPart]:
        self._note(data)
        choices = rows(data.get("choices"))
        for choice in map(table, choices):
            if choice.get("index") in {None, 0}:
                yield from self._choice(choice)
        if (failed := self._failure(data, event)) is not None:
            yield from self._end_block()
            raise failed
        document = not event.whole and not event.name
        if document and self._finish is None and "message" in table(next(iter(choices), None)):
            self._end_unnamed()  # a document that could be read is whole

    def _note(self, data: dict[str, Any]) -> None:
        self._model = word(data.get("model")) or self._model
        self._tier = word(data.get("service_tier")) or self._tier
        self._usage = as_table(data.get("usage")) or self._usage
        self._spare_usage = as_table(table(data.get("x_groq")).get("usage")) or self._spare_usage

    def _failure(self, data: dict[str, Any], event: sse.Event) -> RequestError | None:
        choice = table(next(iter(rows(data.get("choices"))), None))
        told = data.get("error") or choice.get("error")
        wrong = event.name == "error" or text(data.get("object")) == "error"
        empty = "choices" not in data and not event.whole and self._finish is None
        if told or wrong or (empty and _tells_error(data)):
            error: object = data if data.get("error") or not told else {"error": told}
            return failures.from_error(error, headers=self._heads, vendor=self._vendor)
        if empty and not event.name:
            return ProtocolBroken("what came is not a chat completion")
        if (kind := _FAILED.get((self._finish or "").lower())) is not None:
            words = f"the provider ended the answer with {self._finish!r}"
            error = {"error": {"message": words, "code": kind}}
            return failures.from_error(error, headers=self._heads, vendor=self._vendor)
        return None

    def _choice(self, choice: dict[str, Any]) -> Iterator[StreamPart]:
        given = as_table(choice.get("delta"))
        message = given if given is not None else table(choice.get("message"))
        yield from self._message(message)
        # Old completion servers put the text beside the delta.
        if not message and (piece := text(choice.get("text"))):
            yield from self._text(piece)
        self._spare_usage = as_table(choice.get("usage")) or self._spare_usage
        finish = choice.get("finish_reason")
        if finish == "":
            self._unnamed = True
        elif "finish_reason" not in choice:
            self._absent = True
        elif finish is None:
            self._nulls = True
        self._finish = word(finish) or self._finish

    def _message(self, message: dict[str, Any]) -> Iterator[StreamPart]:
        if piece := self._thought.take(message):
            yield from self._think(piece)
        content: object = message.get("content")
        for part in [content] if isinstance(content, str) else rows(content):
            yield from self._part(part)
        if refusal := text(message.get("refusal")):
            self._refused = True
            yield from self._text(refusal)
        for piece in pieces_in(message):
            yield from self._end_block()
            name, chars = self._calls.add(piece)
            if chars:
                yield ToolCallProgress(name=name, chars=chars)

    def _part(self, part: object) -> Iterator[StreamPart]:
        """A piece of content: a string, or one of the parts that Mistral and Databricks send."""
        if isinstance(part, str):
            yield from self._text(part)
            return
        fields = table(part)
        if (thought := thought_in(fields)) is not None:
            self._thought.add_part(thought)
            yield from self._think(thought)
        elif word(fields.get("text")):
            yield from self._text(text(fields.get("text")))

    def _text(self, piece: str) -> Iterator[StreamPart]:
        if piece:
            yield from self._begin("text")
            yield TextDelta(text=piece)

    def _think(self, piece: str) -> Iterator[StreamPart]:
        if piece:
            yield from self._begin("thinking")
            yield ThinkingDelta(text=piece)

    def _begin(self, kind: _Kind) -> Iterator[StreamPart]:
        if self._open is not None and self._open != kind:
            yield from self._end_block()
        self._open = kind

    def _end_block(self) -> Iterator[StreamPart]:
        """End what is open; reasoning that came without a word is a block of its own."""
        payload = self._thought.sealed() if self._open != "text" else None
        if payload is not None:
            yield BlockEnded(kind="thinking", sealed=self._seal(payload))
        elif self._open is not None:
            yield BlockEnded(kind=self._open)
        self._open = None

    def _close(self) -> Iterator[StreamPart]:
        yield from self._end_block()
        yield from self._end_block()  # what came sealed behind a text
        if not self._proves():
            return
        for call in self._calls.blocks():
            self._called = True
            yield ToolCalled(call=call)

    def _proves(self) -> bool:
        """Whether the answer is whole. Snowflake ends a whole one by a reason that is empty, and
        names none in a whole stream, not even as null: there the usage and [DONE] are the end.
        """
        unnamed = self._unnamed or (self._absent and not self._nulls)
        if self._finish is None and unnamed and self._usage is not None:
            self._end_unnamed()
        return self._finish is not None

    def _end_unnamed(self) -> None:
        self._finish = "tool_calls" if self._calls else "stop"

    def usage(self) -> UsageReported | None:
        """The last usage that came, whichever chunk carried it."""
        raw = self._usage or self._spare_usage
        context: dict[str, Any] = {}
        if self._tier is not None:
            context["service_tier"] = self._tier
        if heads := price_headers(self._heads):
            context["headers"] = heads
        if raw is None and "headers" not in context:
            return None
        return UsageReported(raw=raw or {}, context=context)

    def finish(self) -> Iterator[StreamPart]:
        """The end of an answer that has its proof.

        Raises:
            ProtocolBroken: it stopped for a reason that has no word here.
        """
        yield from self._close()
        said = self._finish or ""
        stop = _STOPS.get(said.lower().replace("-", "_"))
        if stop is None:
            raise ProtocolBroken(f"the model stopped for an unknown reason: {said[:80]}")
        if stop == "end":
            stop = "tool" if self._called else "refusal" if self._refused else "end"
        yield Stopped(stop=stop, said=said, model=self._model)


def _tells_error(data: dict[str, Any]) -> bool:
    """Whether a document without choices is an error in one of the known shapes."""
    if (code := table(data.get("base_resp")).get("status_code")) is not None:
        return code != 0
    return any(data.get(name) for name in ("message", "detail", "msg", "errors", "error_msg"))
