"""How high a block will be, guessed without laying it out: a microsecond each."""

from __future__ import annotations

from tui.console.transcript.blocks import (
    Block,
    Failure,
    Footer,
    Notice,
    Prompt,
    Reply,
    ServerTool,
    Thinking,
    ToolCard,
)
from tui.console.transcript.layout import Setting


def estimated_height(block: Block, setting: Setting, opened: bool) -> int:
    """Lines of a block, the blank ones above it not counted."""
    match block:
        case _ if block.gone:
            return 0
        case Reply():
            rows = block.breaks + 1
            return rows + max(block.size - rows * setting.prose // 2, 0) // setting.prose
        case Prompt():
            return 1 + block.text.count("\n") + len(block.text) // setting.prose + len(block.files)
        case ToolCard() if opened:
            return 8
        case Thinking() if opened:
            return 1 + block.breaks + block.size // setting.prose
        case Footer():
            return len(block.paid) + 8 * opened
        case Failure():
            return 1 if block.waited_s is not None else 3
        case Thinking() | ToolCard() | ServerTool() | Notice():
            return 1
