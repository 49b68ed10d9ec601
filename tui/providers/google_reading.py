"""Gemini's stream of chunks, or a whole response, as parts.

Proof of completion is a candidate's `finishReason`, or a prompt that was blocked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

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
from tui.providers.google_args import PartialCall, begun
from tui.providers.loose import as_rows, rows, table, text, word

_STOPS: dict[str, Stop] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "MODEL_ARMOR",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
        ),
        "filter",
    ),
}
_NO_REASON = "FINISH_REASON_UNSPECIFIED"
_NUMBERED = (_NO_REASON, "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "BLOCKLIST",
             "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL")  # fmt: skip
"""The reasons by their numbers, as Vertex sends them when asked for `enum-encoding=int`."""
_RAN = {"executableCode", "toolCall"}
_TIER_HEADER = "x-gemini-service-tier"


class GoogleReading:
    """One answer.

    Args:
        seal: Makes a maker's own signature one that only its maker gets back.
        headers: Of the response.
    """

    complete = False  # chunks may follow the one with the reason, so it is read to its end

    def __init__(
        self, seal: Callable[[dict[str, Any]], Sealed], headers: Mapping[str, str]
    ) -> None:
        self._seal = seal
        self._tier = headers.get(_TIER_HEADER)
        self._kind: Literal["text", "thinking"] | None = None
        self._said = 0
        self._pending: PartialCall | None = None
        self._calls = 0
        self._usage: dict[str, Any] = {}
        self._queries: list[str] = []
        self._tools: set[str] = set()
        self._model: str | None = None
        self._answer = uuid.uuid4().hex[:16]
        self._reason: str | None = None
        self._blocked: str | None = None
        self._why = ""

    @property
    def proven(self) -> bool:
        return self._reason is not None or self._blocked is not None

    def take(self, event: sse.Event) -> Iterator[StreamPart]:
        """The parts that `event` makes.

        Raises:
            RequestError: it tells an error, or is a broken piece of the answer.
        """
        value = sse.parsed(event)
        if value is None and event.whole and '"candidates"' in event.data:
            raise ProtocolBroken("a piece of the answer is not valid JSON")
        for chunk in as_rows(value) or [value]:
            yield from self._chunk(table(chunk))

    def usage(self) -> UsageReported | None:
        """The usage so far: every chunk brings it, later numbers overwrite earlier ones."""
        if not self._usage:
            return None
        context: dict[str, Any] = {}
        if self._tier is not None:
            context["headers"] = {_TIER_HEADER: self._tier}
        if self._queries:
            context["web_search_queries"] = self._queries
        return UsageReported(raw=self._usage, context=context)

    def finish(self) -> Iterator[StreamPart]:
        """The end of an answer that has its proof.

        Raises:
            ProtocolBroken: it stopped for a reason that has no word here.
        """
        if self._reason is None:
            yield Stopped(stop="filter", said=self._blocked or "", model=self._model)
            return
        stop = _STOPS.get(self._reason)
        if stop is None:
            raise ProtocolBroken(
                f"the model stopped with {self._reason[:80]}{f': {self._why}' if self._why else ''}"
            )
        if stop == "end" and self._calls:
            stop = "tool"
        yield Stopped(stop=stop, said=self._reason, model=self._model)

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[StreamPart]:
        if "error" in chunk:
            raise failures.from_error(chunk)
        self._usage = {**self._usage, **table(chunk.get("usageMetadata"))}
        self._model = word(chunk.get("modelVersion")) or self._model
        self._answer = word(chunk.get("responseId")) or self._answer
        self._blocked = word(table(chunk.get("promptFeedback")).get("blockReason")) or self._blocked
        candidate = table(next(iter(rows(chunk.get("candidates"))), None))
        for part in rows(table(candidate.get("content")).get("parts")):
            yield from self._part(table(part))
        yield from self._grounding(candidate)
        reason = _reason(candidate.get("finishReason"))
        if reason is not None and reason != _NO_REASON:
            self._reason = reason
            self._why = text(candidate.get("finishMessage"))[:400]
        if self.proven:
            yield from self._end_block()
            yield from self._end_call(whole=self._reason == "STOP")

    def _part(self, part: dict[str, Any]) -> Iterator[StreamPart]:
        signature = word(part.get("thoughtSignature"))
        if "functionCall" in part:
            yield from self._function(table(part["functionCall"]), signature)
            return
        for key in _RAN & part.keys():
            yield from self._ran(key, table(part[key]))
        # Inline data, results of the provider's own tools and what later versions bring show
        # nothing, but the signature of such a part, and one that stands alone, is kept.
        if signature or isinstance(part.get("text"), str):
            kind = "thinking" if part.get("thought") is True else "text"
            yield from self._say(kind, text(part.get("text")), signature)

    def _ran(self, key: str, call: dict[str, Any]) -> Iterator[StreamPart]:
        """A tool that the provider ran; a search is told of again in the grounding."""
        yield from self._end_block()
        name = "code_execution" if key == "executableCode" else text(call.get("toolType")).lower()
        name = "google_search" if name.startswith("google_search") else name or "tool"
        self._tools.add(name)
        yield ServerToolUsed(name=name, id=word(call.get("id")))

    def _say(
        self, kind: Literal["text", "thinking"], piece: str, signature: str | None
    ) -> Iterator[StreamPart]:
        if self._kind != kind:
            yield from self._end_block()
        if not piece and not signature:
            return
        self._kind = kind
        start = self._said
        if piece:
            self._said += len(piece)
            yield TextDelta(text=piece) if kind == "text" else ThinkingDelta(text=piece)
        if signature:
            # The signed part goes back as a part of its own: the block ends with it.
            sealed = self._seal({"thoughtSignature": signature, "start": start})
            yield from self._end_block(sealed)

    def _end_block(self, sealed: Sealed | None = None) -> Iterator[StreamPart]:
        kind, self._kind, self._said = self._kind, None, 0
        if kind is not None:
            yield BlockEnded(kind=kind, sealed=sealed)

    def _function(self, call: dict[str, Any], signature: str | None) -> Iterator[StreamPart]:
        yield from self._end_block()
        begins = begun(call, signature)
        if begins is not None:
            yield from self._end_call(whole=True)
            self._pending = begins
        if self._pending is None:
            return
        self._pending.signature = self._pending.signature or signature
        chars = self._pending.add(call)
        if chars:
            yield ToolCallProgress(name=self._pending.name, chars=chars)
        if call.get("willContinue") is not True:
            yield from self._end_call(whole=True)

    def _end_call(self, *, whole: bool) -> Iterator[StreamPart]:
        call, self._pending = self._pending, None
        if call is None:
            return
        self._calls += 1
        usable = whole and not call.broken
        yield ToolCalled(
            call=ToolCallBlock(
                id=call.id or f"{self._answer}-{self._calls}",
                name=call.name,
                args=call.args if usable else None,
                raw=None if usable else call.raw(),
                sealed=self._seal({"thoughtSignature": call.signature}) if call.signature else None,
            )
        )

    def _grounding(self, candidate: dict[str, Any]) -> Iterator[StreamPart]:
        found = rows(table(candidate.get("groundingMetadata")).get("webSearchQueries"))
        for query in found:
            if isinstance(query, str) and query not in self._queries:
                self._queries.append(query)
        used = {
            "google_search": bool(self._queries),
            "url_context": bool(table(candidate.get("urlContextMetadata"))),
        }
        for name, happened in used.items():
            if happened and name not in self._tools:
                self._tools.add(name)
                yield ServerToolUsed(name=name, id=None)


def _reason(said: object) -> str | None:
    """A finish reason by its name, also where its number came."""
    if not isinstance(said, int):
        return word(said)
    return _NUMBERED[said] if 0 <= said < len(_NUMBERED) else f"finish reason {said}"
