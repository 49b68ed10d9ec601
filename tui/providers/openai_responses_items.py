"""The output items of a response: what they show, whether it came in deltas or at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tui.events.stream import Sealed
from tui.providers.base import (
    BlockEnded,
    ServerToolUsed,
    StreamPart,
    TextDelta,
    ThinkingDelta,
    ToolCallBlock,
    ToolCalled,
    ToolCallProgress,
)
from tui.providers.loose import rows, table, text, word
from tui.providers.openai_shared import ToolNames, read_args

_CALLS = {"function_call", "custom_tool_call"}
_TEXT = {"response.output_text.delta", "response.refusal.delta"}
_THOUGHT = {
    "response.reasoning_summary_text.delta": "summary",
    "response.reasoning_text.delta": "content",
    "response.reasoning_summary.delta": "summary",
    "response.reasoning.delta": "content",
}
_ARGS = {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}


@dataclass(slots=True)
class _Item:
    """An item that has begun. `said` is a message's text that came in deltas; `shown` counts the
    characters of reasoning that did.

    In all, not by part: servers number the parts otherwise in deltas than in the item.
    """

    kind: str
    id: str | None = None
    name: str = ""
    said: list[str] = field(default_factory=list[str])
    shown: int = 0
    source: str | None = None
    part: int = 0
    done: bool = False


class Items:
    """The items of one answer, by their place in the output.

    Args:
        names: The tools' names on the wire.
        seal: Makes a maker's own form one that only its maker gets back.
    """

    def __init__(self, names: ToolNames, seal: Callable[[dict[str, Any]], Sealed]) -> None:
        self._names, self._seal = names, seal
        self._items: dict[int, _Item] = {}
        self._open: Literal["text", "thinking"] | None = None
        self._ids: set[str] = set()
        self.counted: list[dict[str, Any]] = []
        """What of the items bears on the price: type, status and action of each."""
        self.called = False
        self.refused = False

    def take(self, kind: str, data: dict[str, Any]) -> Iterator[StreamPart]:
        """The parts that an event about an item makes."""
        index = _number(data.get("output_index"))
        if kind in _TEXT:
            yield from self._text(index, kind, data)
        elif kind in _THOUGHT:
            yield from self._thought(index, _THOUGHT[kind], data)
        elif kind in _ARGS:
            yield self._progress(index, text(data.get("delta")))
        elif kind == "response.output_item.added":
            item = table(data.get("item"))
            kind, id, name = text(item.get("type")), word(item.get("id")), text(item.get("name"))
            self._items[index] = _Item(kind, id, name)
        elif kind == "response.output_item.done":
            yield from self.done(index, table(data.get("item")))

    def _item(self, index: int, kind: str) -> _Item:
        return self._items.setdefault(index, _Item(kind))

    def _text(self, index: int, kind: str, data: dict[str, Any]) -> Iterator[StreamPart]:
        piece = text(data.get("delta"))
        if not piece:
            return
        self.refused = self.refused or "refusal" in kind
        self._item(index, "message").said.append(piece)
        yield from self._begin("text")
        yield TextDelta(text=piece)

    def _thought(self, index: int, source: str, data: dict[str, Any]) -> Iterator[StreamPart]:
        piece = text(data.get("delta"))
        item = self._item(index, "reasoning")
        item.source = item.source or source
        if not piece or item.source != source:
            return  # the reasoning itself and its summary are not both shown
        item.shown += len(piece)
        part = _number(data.get("summary_index"))
        if part != item.part:
            yield from self.close()  # each part of a summary is a paragraph of its own
        item.part = part
        yield from self._begin("thinking")
        yield ThinkingDelta(text=piece)

    def _progress(self, index: int, piece: str) -> ToolCallProgress:
        name = self._item(index, "function_call").name
        return ToolCallProgress(name=self._names.came(name), chars=len(piece))

    def rest(self, output: list[dict[str, Any]]) -> Iterator[StreamPart]:
        """What of the response's output, at its end, no event has brought.

        An item that is not known by its id is new only where no event told of its kind: servers
        leave gaps in the numbering and give other ids at the end.
        """
        known = {item.kind for item in self._items.values()}
        for index, item in enumerate(output):
            at = next((n for n, i in self._items.items() if i.id and i.id == item.get("id")), None)
            if at is None and text(item.get("type")) in known:
                begun = self._items.get(index)
                if begun is None or begun.kind != item.get("type"):
                    continue
                at = index
            yield from self.done(index if at is None else at, item)

    def done(self, index: int, item: dict[str, Any]) -> Iterator[StreamPart]:
        """An item is whole."""
        kind = text(item.get("type"))
        begun = self._item(index, kind)
        if begun.done:
            return
        begun.id = begun.id or word(item.get("id"))
        begun.done = True
        self._count(item, kind)
        match kind:
            case "message":
                yield from self._message(begun, item)
            case "reasoning":
                yield from self._reasoning(begun, item)
            case _ if kind in _CALLS:
                yield from self.close()
                yield from self._call(item, kind)
            case "":
                pass
            case _:
                yield from self.close()
                yield ServerToolUsed(name=kind, id=word(item.get("id")))

    def _count(self, item: dict[str, Any], kind: str) -> None:
        if kind in {"message", "reasoning", *_CALLS}:
            return
        kept = {name: item[name] for name in ("type", "status", "action") if name in item}
        self.counted.append(kept)

    def _message(self, begun: _Item, item: dict[str, Any]) -> Iterator[StreamPart]:
        parts = [table(part) for part in rows(item.get("content"))]
        self.refused = self.refused or any(part.get("refusal") for part in parts)
        whole = "".join(text(part.get("text")) or text(part.get("refusal")) for part in parts)
        shown = "".join(begun.said)
        # What the deltas brought stays as it is, also where the item says it otherwise.
        if whole.startswith(shown) and (rest := whole[len(shown) :]):
            yield from self._begin("text")
            yield TextDelta(text=rest)
        phase = word(item.get("phase"))
        yield from self._end("text", {"phase": phase} if phase else None)

    def _reasoning(self, begun: _Item, item: dict[str, Any]) -> Iterator[StreamPart]:
        source = begun.source or ("summary" if rows(item.get("summary")) else "content")
        left = begun.shown
        for part in map(table, rows(item.get(source))):
            piece = text(part.get("text"))
            if rest := piece[left:]:
                if not left and source == "summary":
                    yield from self.close()
                yield from self._begin("thinking")
                yield ThinkingDelta(text=rest)
            left = max(0, left - len(piece))
        yield from self._end("thinking", _replayable(item))

    def _call(self, item: dict[str, Any], kind: str) -> Iterator[StreamPart]:
        id = word(item.get("call_id")) or word(item.get("id"))
        if id is None or id in self._ids:
            id = f"call_{uuid.uuid4().hex[:24]}"
        self._ids.add(id)
        custom = kind == "custom_tool_call"
        args, raw = (None, text(item.get("input"))) if custom else read_args(item.get("arguments"))
        name = self._names.came(text(item.get("name")))
        self.called = True
        yield ToolCalled(call=ToolCallBlock(id=id, name=name, args=args, raw=raw))

    def _begin(self, kind: Literal["text", "thinking"]) -> Iterator[StreamPart]:
        if self._open is not None and self._open != kind:
            yield from self.close()
        self._open = kind

    def _end(
        self, kind: Literal["text", "thinking"], payload: dict[str, Any] | None
    ) -> Iterator[StreamPart]:
        """End a block; one that showed nothing is one only if it has something sealed."""
        if self._open is not None and self._open != kind:
            yield from self.close()
        if self._open is None and (payload is None or kind == "text"):
            return
        self._open = None
        yield BlockEnded(kind=kind, sealed=self._seal(payload) if payload else None)

    def close(self) -> Iterator[StreamPart]:
        """End what is open."""
        if self._open is not None:
            yield BlockEnded(kind=self._open)
            self._open = None


def _replayable(item: dict[str, Any]) -> dict[str, Any] | None:
    """A reasoning item as it goes back; one without its encrypted form was never stored."""
    if word(item.get("encrypted_content")) is None:
        return None
    kept = ("type", "id", "summary", "content", "encrypted_content")
    return {name: item[name] for name in kept if item.get(name) or name == "summary"}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
