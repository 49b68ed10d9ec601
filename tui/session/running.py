"""The tokens of a conversation, kept up as it grows: each request counts only what is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from tui.providers.base import Block, FileBlock, TextBlock, ThinkingBlock, ToolResultBlock
from tui.session.counting import around, block_tokens

MOST_COUNTED = 100_000
"""Characters that are counted at one go; what is older is taken to be like them. About 25 ms."""

Role = Literal["user", "assistant"]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by our own count.

    Args:
        whole: Of all that is sent of the conversation.
        since: Of that, what has come since a provider last told its own count.
    """

    whole: float
    since: float


class RunningCount:
    """What is sent, block by block, with its tokens for the model that was asked about last."""

    def __init__(self) -> None:
        self._said: list[tuple[Role, Block]] = []
        self._counts: list[float] = []
        self._sum = 0.0
        self._for = "", ""
        self._told = 0  # so many blocks are in the provider's own count
        self._answering = False  # what the model still says is in that count, too

    def add(self, role: Role, block: Block) -> None:
        """One more block at the end."""
        self._said.append((role, block))
        if self._answering and role == "assistant":
            self._told = len(self._said)

    def told(self) -> None:
        """The provider has told what the conversation has, its own answer included."""
        self._told, self._answering = len(self._said), True

    def asked(self) -> None:
        """The next request begins."""
        self._answering = False

    def renew(self, said: Iterable[tuple[Role, Block]]) -> None:
        """Something else is sent from now on, which no provider has counted."""
        self._said, self._told, self._answering = list(said), 0, False
        self._forget()

    def counts(self, model: str, api: str = "") -> Counts:
        """Count what is new. `model` and `api`: see `prompt_tokens`."""
        if (model, api) != self._for:
            self._for = model, api
            self._forget()
        start = len(self._counts)
        found = self._count(start)
        self._counts += found
        self._sum += sum(found)
        return Counts(whole=self._sum, since=sum(self._counts[self._told :]))

    def _forget(self) -> None:
        self._counts, self._sum = [], 0.0

    def _count(self, start: int) -> Sequence[float]:
        model, api = self._for
        message = around(model, api).message
        found: list[float] = []
        seen, tokens = 0, 0.0
        for at in range(len(self._said) - 1, start - 1, -1):
            role, block = self._said[at]
            size = _size(block)
            if seen > MOST_COUNTED and size:
                count = size * tokens / seen
            else:
                count = block_tokens(block, model, api)
                seen, tokens = seen + size, tokens + (count if size else 0.0)
            begins = at == 0 or self._said[at - 1][0] != role
            found.append(count + message * (begins and not isinstance(block, ToolResultBlock)))
        found.reverse()
        return found


def _size(block: Block) -> int:
    """Characters of a text; 0 of what is counted at once."""
    match block:
        case TextBlock() | ThinkingBlock():
            return len(block.text)
        case ToolResultBlock():
            return len(block.output)
        case FileBlock() if block.media_type.startswith("text/"):
            return len(block.data)
        case _:
            return 0
