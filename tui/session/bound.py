"""How many tokens a text can have at most: for budgets, which must not be passed (pure).

Tokenizers differ and are not at hand. Counted is what dense text takes: half a token for a letter
or blank of words, one for every other byte, and one for each letter of long unbroken runs (keys,
hashes, encoded data). Prose and code take less than half of it.
"""

from __future__ import annotations

import re

import msgspec

from tui.providers.base import (
    Block,
    FileBlock,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)

REQUEST = 2_000
"""What providers put around a request with tools, and what they count for it."""
MESSAGE = 20
IMAGE = 10_000
FILE = 10_000
FILE_BYTES = 20
"""A document has a token for so many bytes of it."""

_WORDS = bytes(range(ord("a"), ord("z") + 1)) + bytes(range(ord("A"), ord("Z") + 1)) + b" \n\t"
_RUN = re.compile(rb"[A-Za-z0-9+/=_-]{40,}")


def text_tokens(text: str) -> int:
    """The most tokens that `text` has."""
    data = text.encode("utf-8", "surrogatepass")
    other = len(data.translate(None, _WORDS))
    runs = sum(len(found.translate(None, b"0123456789+/=_-")) for found in _RUN.findall(data))
    return other + (len(data) - other + runs + 1) // 2


def request_tokens(request: ModelRequest) -> int:
    """The most tokens that a request's prompt has."""
    found = REQUEST + text_tokens(request.system)
    for spec in request.tools:
        found += MESSAGE + text_tokens(spec.name + spec.description)
        found += text_tokens(msgspec.json.encode(spec.schema).decode("utf-8"))
    for message in request.messages:
        found += MESSAGE + sum(_block(block) for block in message.blocks)
    return found


def _block(block: Block) -> int:
    match block:
        case TextBlock() | ThinkingBlock():
            return text_tokens(block.text)
        case ToolCallBlock():
            args = block.raw if block.args is None else repr(block.args)
            return MESSAGE + text_tokens(block.name) + text_tokens(args or "")
        case ToolResultBlock():
            return MESSAGE + text_tokens(block.output)
        case FileBlock() if block.media_type.startswith("image/"):
            return IMAGE
        case FileBlock() if block.media_type.startswith("text/"):
            return text_tokens(block.data.decode("utf-8", "replace"))
        case FileBlock():
            return FILE + len(block.data) // FILE_BYTES
