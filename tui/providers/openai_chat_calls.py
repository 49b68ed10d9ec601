"""Tool calls of a chat completion, put together from their pieces."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tui.events.stream import Sealed
from tui.providers.base import ToolCallBlock
from tui.providers.loose import as_table, rows, table, text, word
from tui.providers.openai_shared import ToolNames, read_args
from tui.providers.sendable import wire_id


@dataclass(slots=True)
class _Call:
    """One call that may not be whole yet. `custom` has free text in place of arguments."""

    id: str = ""
    name: str = ""
    said: list[str] = field(default_factory=list[str])
    given: dict[str, Any] | None = None
    custom: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def whole(self) -> bool:
        """Whether what came is a whole JSON object; nothing at all is none."""
        raw = "".join(self.said)
        return self.given is not None or bool(raw.strip() and read_args(raw)[0] is not None)


class CallPieces:
    """The calls of one answer, in the order in which they began.

    Pieces belong together by `index`. Where a server leaves it out, by id, else to the last call;
    where it gives every call the same index (Gemini's surface), a new id behind whole arguments
    begins a new call.
    """

    def __init__(self, names: ToolNames, seal: Callable[[dict[str, Any]], Sealed]) -> None:
        self._names, self._seal = names, seal
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, piece: dict[str, Any]) -> tuple[str, int]:
        """Take a piece in; gives the call's name and how many characters it brought."""
        custom = table(piece.get("custom"))
        if not any(custom.values()):
            custom = {}  # Snowflake sends an empty one beside each function
        function = custom or table(piece.get("function"))
        name, id = text(function.get("name")), text(piece.get("id"))
        call = self._find(piece.get("index"), id, name)
        call.id = call.id or id
        self._name(call, name)
        call.custom = call.custom or bool(custom)
        call.extra.update(table(piece.get("extra_content")))
        said: object = function.get("input") if custom else function.get("arguments")
        if (given := as_table(said)) is not None:
            call.given = given
            return self._names.came(call.name), 0
        call.said.append(text(said))
        return self._names.came(call.name), len(text(said))

    def _find(self, index: object, id: str, name: str) -> _Call:
        known = self._by_index.get(index) if isinstance(index, int) else None
        if not isinstance(index, int):
            known = next((call for call in self._calls if id and call.id == id), None)
            if known is None and self._calls and not (id or name):
                known = self._calls[-1]
        if known is not None and not self._other(known, id, name):
            return known
        call = _Call()
        self._calls.append(call)
        if isinstance(index, int):
            self._by_index[index] = call
        return call

    def _other(self, call: _Call, id: str, name: str) -> bool:
        """Whether a piece begins another call, though it bears this one's index."""
        return bool(id and call.id and id != call.id and name and (call.whole or name != call.name))

    def _name(self, call: _Call, piece: str) -> None:
        # Some repeat the name in every piece, a few stream it.
        if not piece or piece == call.name or any(call.said):
            return
        call.name += piece

    def blocks(self) -> Iterator[ToolCallBlock]:
        """All calls, whole; to be read once, when the answer is over."""
        used: set[str] = set()
        for call in self._calls:
            if not call.name and not any(call.said):
                continue  # the empty shell that some servers send beside a text
            id = call.id if call.id and call.id not in used else f"call_{uuid.uuid4().hex[:24]}"
            used.add(id)
            raw = "".join(call.said)
            args, broken = (None, raw) if call.custom else read_args(call.given or raw)
            yield ToolCallBlock(
                id=id,
                name=self._names.came(call.name),
                args=args,
                raw=broken,
                sealed=self._own(id, call),
            )
        self._calls.clear()

    def _own(self, id: str, call: _Call) -> Sealed | None:
        """What only the same place understands: an id in odd letters, a signature beside it."""
        payload: dict[str, Any] = {}
        if wire_id(id) != id:
            payload["id"] = id
        if call.extra:
            payload["extra_content"] = call.extra
        return self._seal(payload) if payload else None


def legacy_piece(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The old `function_call` of a message as a piece of a call; none where it is an empty one."""
    call = table(message.get("function_call"))
    return (
        [{"index": 0, "function": call}] if word(call.get("name")) or call.get("arguments") else []
    )


def pieces_in(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The pieces of calls in a delta or a whole message."""
    return [table(piece) for piece in rows(message.get("tool_calls"))] or legacy_piece(message)
