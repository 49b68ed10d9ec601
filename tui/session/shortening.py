"""A conversation too long for its model, as far as the writer of a summary can read it (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tui.providers.base import Block, Message, TextBlock, ToolResultBlock

LONGEST = 1_500
"""Characters that are left of a long text or result, from its beginning and its end."""
UNKNOWN_ROOM = 120_000
"""Characters, where nobody knows what the model takes."""
_SHARE = 0.6
_CHARACTERS_A_TOKEN = 3
"""Fewer than prose has: what is dense must fit, too."""
_MARK = "\n[ownkey left out {count:,} characters here]\n"


def fitting(context: int | None, output: int) -> int:
    """The characters that surely fit a model's context beside so many output tokens."""
    if context is None:
        return UNKNOWN_ROOM
    return max(int(context * _SHARE) - output, 1_000) * _CHARACTERS_A_TOKEN


def shortened(messages: Sequence[Message], room: int) -> tuple[Message, ...]:
    """The messages in at most about `room` characters; the first is the person's.

    Long results and texts are cut, the oldest first; where that is not enough the oldest messages
    go, with the calls whose results they hold. The last two stay.
    """
    kept = list(messages)
    left = sum(_size(one) for one in kept) - room
    for at, message in enumerate(kept[:-1]):
        if left <= 0:
            break
        blocks = tuple(_cut(block) for block in message.blocks)
        kept[at] = replace(message, blocks=blocks)
        left -= _size(message) - _size(kept[at])
    while left > 0 and len(kept) > 2:
        left -= _size(kept.pop(0))
    while len(kept) > 1 and not _begins(kept[0]):
        kept.pop(0)
    return tuple(kept)


def _begins(message: Message) -> bool:
    """Whether a conversation can begin with it: the person's own words, no results alone."""
    answers = any(isinstance(block, ToolResultBlock) for block in message.blocks)
    return message.role == "user" and not answers


def _size(message: Message) -> int:
    return sum(len(_text(block)) for block in message.blocks)


def _text(block: Block) -> str:
    match block:
        case TextBlock():
            return block.text
        case ToolResultBlock():
            return block.output
        case _:
            return ""


def _cut(block: Block) -> Block:
    text = _text(block)
    if len(text) <= LONGEST:
        return block
    half = LONGEST // 2
    short = text[:half] + _MARK.format(count=len(text) - 2 * half) + text[-half:]
    if isinstance(block, ToolResultBlock):
        return replace(block, output=short)
    assert isinstance(block, TextBlock)
    return replace(block, text=short, sealed=None)
