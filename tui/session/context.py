"""What is sent: the log's events folded into the neutral history that adapters translate.

What `Message` promises is made true here, whatever broke off before: roles alternate, the first
is the person's, nothing is empty, and each call is followed by its result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from tui.events.codec import Recorded
from tui.events.money import UsageReported
from tui.events.route import RouteDecided
from tui.events.session import HistoryCompacted, SessionRewound
from tui.events.stream import BlockClosed, Sealed, TextStreamed, ThinkingStreamed
from tui.events.tool import ShellRun, ToolCalled, ToolReturned
from tui.events.turn import PromptAdded, TurnFinished, TurnStarted
from tui.providers.base import (
    Block,
    FileBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from tui.session.attached import block_of
from tui.session.running import Counts, RunningCount

GO_ON = "Go on where you stopped."
INTERRUPTED = "interrupted before it finished"

Role = Literal["user", "assistant"]


_SUMMARY = """\
What follows is a summary of the conversation before this point; the original is no longer at \
hand.

{summary}"""

_OWN = """\
The person ran a command of their own:
$ {command}
{output}"""

_MOST_OWN = 10_000
"""So many characters of what the person's own command gave are told to the model."""


class Conversation:
    """A fold of one session's events; `messages` is what a request may carry."""

    def __init__(self) -> None:
        self._said: list[tuple[int, Role, Block]] = []
        self._sums: list[tuple[int, HistoryCompacted]] = []
        self._own: dict[str, str] = {}
        self._aside: list[tuple[int, TextBlock]] = []  # told with the person's next words
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._seq = 0
        self._tokens = RunningCount()
        self.characters = 0  # of text so far: whether it is long

    def apply(self, record: Recorded) -> None:
        """Take in the next event."""
        event, self._seq = record.event, record.seq
        match event:
            case TurnStarted() | PromptAdded():
                self._prompted(event)
            case RouteDecided():
                self._end_stream()
                self._tokens.asked()
            case TurnFinished():
                self._end_stream()
            case UsageReported() if event.input is not None:
                self._tokens.told()
            case TextStreamed():
                self._text.append(event.delta)
                self.characters += len(event.delta)
            case ThinkingStreamed():
                self._thinking.append(event.delta)
            case BlockClosed():
                self._close(event.kind, event.sealed)
            case ToolCalled() | ToolReturned():
                self._called(event)
            case ShellRun():
                self._own[event.call] = event.command
            case HistoryCompacted():
                self._end_stream()
                self._sums.append((record.seq, event))
                self._count()
            case SessionRewound():
                self._rewind(event.to)
            case _:
                pass

    def _prompted(self, event: TurnStarted | PromptAdded) -> None:
        self._end_stream()
        for _, block in self._aside:
            self._add("user", block)
        self._aside.clear()
        for file in event.attachments:
            block = block_of(file)
            self._add("user", block)
            self.characters += _size(block)
        self._add("user", TextBlock(text=event.prompt.strip() or GO_ON))
        self.characters += len(event.prompt)

    def _called(self, event: ToolCalled | ToolReturned) -> None:
        match event:
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
            case ToolReturned() if event.call in self._own:
                command = self._own.pop(event.call)
                output = event.output
                if len(output) > _MOST_OWN:
                    output = f"[the last {_MOST_OWN:,} characters]\n{output[-_MOST_OWN:]}"
                text = _OWN.format(command=command, output=output)
                self._aside.append((self._seq, TextBlock(text=text)))
                self.characters += len(text)
            case ToolReturned():
                result = ToolResultBlock(
                    call=event.call, name=event.name, ok=event.ok, output=event.output
                )
                self._add("user", result)
                self.characters += len(event.output)

    def _rewind(self, to: int) -> None:
        self._end_stream()
        self._said = [one for one in self._said if one[0] <= to]
        self._aside = [one for one in self._aside if one[0] <= to]
        self._sums = [one for one in self._sums if one[0] <= to]
        self._count()

    def _count(self) -> None:
        """Anew: what is sent has become less."""
        _, said = self._sent()
        self._tokens.renew(said)
        self.characters = sum(_size(block) for _, block in said)
        self.characters += sum(_size(block) for _, block in self._aside)

    def _add(self, role: Role, block: Block) -> None:
        self._said.append((self._seq, role, block))
        self._tokens.add(role, block)

    def counts(self, model: str, api: str = "") -> Counts:
        """About how many tokens it has for a model; only what is new is counted."""
        self._end_stream()
        return self._tokens.counts(model, api)

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

    def _sent(self) -> tuple[int, list[tuple[Role, Block]]]:
        """Behind which event the history begins, and what is sent of it, its summary first."""
        if not self._sums:
            return 0, [(role, block) for _, role, block in self._said]
        last = self._sums[-1][1]
        said: list[tuple[Role, Block]] = [
            ("user", TextBlock(text=_SUMMARY.format(summary=last.summary)))
        ]
        for seq, role, block in self._said:
            if seq > last.upto:
                said.append((role, block))
        return last.upto, said

    @property
    def compactable(self) -> bool:
        """Whether anything was said that is no summary yet."""
        upto, _ = self._sent()
        return any(seq > upto and role == "assistant" for seq, role, _ in self._said)

    def messages(self, *more: Message) -> tuple[Message, ...]:
        """The history as promised by `Message`, what is streaming included, and `more` behind."""
        self._end_stream()
        _, said = self._sent()
        for message in more:
            for block in message.blocks:
                said.append((message.role, block))
        return tuple(_alternate(_answered(said)))


def _size(block: Block) -> int:
    match block:
        case TextBlock():
            return len(block.text)
        case ToolCallBlock():
            return len(str(block.args))
        case ToolResultBlock():
            return len(block.output)
        case ThinkingBlock() | FileBlock():
            return 0


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
