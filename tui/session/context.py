"""What is sent: the log's events folded into the neutral history that adapters translate.

What `Message` promises is made true here, whatever broke off before: roles alternate, the first
is the person's, nothing is empty, and each call is followed by its result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from tui.events.codec import Recorded
from tui.events.route import RouteDecided
from tui.events.stream import BlockClosed, Sealed, TextStreamed, ThinkingStreamed
from tui.events.tool import ToolCalled, ToolReturned
from tui.events.turn import TurnFinished, TurnStarted
from tui.providers.base import (
    Block,
    FileBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)

GO_ON = "Go on where you stopped."
INTERRUPTED = "interrupted before it finished"

Role = Literal["user", "assistant"]


class Conversation:
    """A fold of one session's events; `messages` is what a request may carry."""

    def __init__(self) -> None:
        self._said: list[tuple[Role, Block]] = []
        self._text: list[str] = []
        self._thinking: list[str] = []
        self.characters = 0  # of text so far, for estimates

    def apply(self, record: Recorded) -> None:
        """Take in the next event."""
        event = record.event
        match event:
            case TurnStarted():
                self._end_stream()
                for file in event.attachments:
                    block = FileBlock(name=file.name, media_type=file.media_type, data=file.data)
                    self._add("user", block)
                self._add("user", TextBlock(text=event.prompt.strip() or GO_ON))
                self.characters += len(event.prompt)
            case RouteDecided():
                self._end_stream()
            case TextStreamed():
                self._text.append(event.delta)
                self.characters += len(event.delta)
            case ThinkingStreamed():
                self._thinking.append(event.delta)
            case BlockClosed():
                self._close(event.kind, event.sealed)
            case ToolCalled():
                self._end_stream()
                call = ToolCallBlock(
                    id=event.id,
                    name=event.name,
                    args=event.args,
                    raw=event.raw,
                    sealed=event.sealed,
                )
                self._add("assistant", call)
                self.characters += len(str(event.args))
            case ToolReturned():
                result = ToolResultBlock(
                    call=event.call, name=event.name, ok=event.ok, output=event.output
                )
                self._add("user", result)
                self.characters += len(event.output)
            case TurnFinished():
                self._end_stream()
            case _:
                pass

    def _add(self, role: Role, block: Block) -> None:
        self._said.append((role, block))

    def _close(self, kind: Literal["text", "thinking"], sealed: Sealed | None) -> None:
        parts = self._text if kind == "text" else self._thinking
        text = "".join(parts)
        parts.clear()
        if kind == "text" and (text or sealed is not None):
            self._add("assistant", TextBlock(text=text, sealed=sealed))
        if kind == "thinking" and (text or sealed is not None):
            self._add("assistant", ThinkingBlock(text=text, sealed=sealed))

    def _end_stream(self) -> None:
        """What streamed and was never closed (a break) counts as it stands."""
        self._close("thinking", None)
        self._close("text", None)

    def messages(self) -> tuple[Message, ...]:
        """The history as promised by `Message`, what is streaming included."""
        self._end_stream()
        return tuple(_alternate(_answered(self._said)))


def _answered(said: list[tuple[Role, Block]]) -> list[tuple[Role, Block]]:
    """Each call's result moved, or made up as interrupted, to right after its message's calls."""
    answers = _pair(said)
    out: list[tuple[Role, Block]] = []
    waiting: list[tuple[Role, Block]] = []
    for place, (role, block) in enumerate(said):
        if isinstance(block, ToolResultBlock):
            out += waiting
            waiting = []
            continue
        if waiting and not isinstance(block, ToolCallBlock):
            out += waiting
            waiting = []
        out.append((role, block))
        if isinstance(block, ToolCallBlock):
            made_up = ToolResultBlock(call=block.id, name=block.name, ok=False, output=INTERRUPTED)
            waiting.append(("user", answers.get(place, made_up)))
    return out + waiting


def _pair(said: list[tuple[Role, Block]]) -> dict[int, ToolResultBlock]:
    """Results by the place of their call; some servers begin at `call_0` in every answer."""
    open_calls: dict[str, int] = {}
    answers: dict[int, ToolResultBlock] = {}
    for place, (_, block) in enumerate(said):
        match block:
            case ToolCallBlock():
                open_calls[block.id] = place
            case ToolResultBlock() if block.call in open_calls:
                answers[open_calls.pop(block.call)] = block
            case _:
                pass
    return answers


def _alternate(said: Iterable[tuple[Role, Block]]) -> list[Message]:
    grouped: list[tuple[Role, list[Block]]] = []
    for role, block in said:
        if grouped and grouped[-1][0] == role:
            grouped[-1][1].append(block)
        else:
            grouped.append((role, [block]))
    messages: list[Message] = []
    for role, blocks in grouped:
        if role == "assistant" and all(isinstance(block, ThinkingBlock) for block in blocks):
            continue  # a break while it thought: no wire takes a message of thoughts alone
        if messages and messages[-1].role == role:
            blocks = [*messages.pop().blocks, *blocks]
        messages.append(Message(role=role, blocks=tuple(blocks)))
    if messages and messages[0].role == "assistant":
        messages.insert(0, Message(role="user", blocks=(TextBlock(text=GO_ON),)))
    return messages
