"""What can be taken out of a transcript: a message, its code, all of it. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tui.console.transcript.blocks import (
    Block,
    BlockId,
    Failure,
    Notice,
    Prompt,
    Reply,
    Thinking,
    ToolCard,
)
from tui.console.transcript.calls import subject
from tui.console.transcript.highlight import language_name
from tui.console.transcript.selection import source_of
from tui.text import neutralise

_OPENS = re.compile(
    r"(?P<lead>[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*)(?P<mark>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)"
)
_SUFFIXES = {
    "python": "py", "py": "py", "javascript": "js", "js": "js", "typescript": "ts", "ts": "ts",
    "bash": "sh", "sh": "sh", "shell": "sh", "rust": "rs", "ruby": "rb", "markdown": "md",
    "yaml": "yaml", "json": "json", "toml": "toml", "html": "html", "css": "css", "sql": "sql",
    "go": "go", "java": "java", "c": "c", "cpp": "cpp", "diff": "diff", "xml": "xml",
}  # fmt: skip
_FENCE = "````"


class Code(NamedTuple):
    """A fenced block of code, without its fences; `text` as it came."""

    language: str
    text: str


class Piece(NamedTuple):
    """Something to copy or to open.

    Attributes:
        name: What it is, as it stands in a sentence.
        text: Neutral.
        suffix: Of a file that holds it, without the dot.
    """

    name: str
    text: str
    suffix: str = "md"

    @property
    def size(self) -> str:
        """How long it is, in words."""
        lines = self.text.count("\n") + 1
        if lines > 1:
            return f"{lines:,} lines"
        return f"{len(self.text):,} character{'s' * (len(self.text) != 1)}"


def codes_of(text: str) -> list[Code]:
    """The fenced code in a Markdown text, in order; that in lists and quotes, too."""
    found: list[Code] = []
    opened: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if opened is None:
            opened = _OPENS.fullmatch(line)
        elif _closes(line, opened["mark"]):
            found.append(Code(language_name(opened["info"]), "\n".join(lines)))
            opened, lines = None, []
        else:
            lines.append(_without_lead(line, len(opened["lead"])))
    if opened is not None and lines:
        found.append(Code(language_name(opened["info"]), "\n".join(lines)))
    return found


def _closes(line: str, mark: str) -> bool:
    bare = line.strip(" \t>")
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def _without_lead(line: str, most: int) -> str:
    own = min(len(line) - len(line.lstrip(" >")), most)
    return line[own:]


def code_piece(codes: Sequence[Code], index: int) -> Piece:
    """One of several blocks of code."""
    code = codes[index]
    count = f" {index + 1} of {len(codes)}" if len(codes) > 1 else ""
    name = f"the {code.language} code{count}" if code.language else f"the code{count}"
    return Piece(name, neutralise(code.text), _SUFFIXES.get(code.language, "txt"))


def message_text(blocks: Sequence[Block], id: BlockId) -> str:
    """What a block says, as it came: all of a reply's Markdown, what a tool gave."""
    block = blocks[id]
    if isinstance(block, Reply):
        return "".join([part.text for part in parts_of(blocks, block)])
    return block.output or block.tail if isinstance(block, ToolCard) else source_of(block)


def parts_of(blocks: Sequence[Block], block: Reply) -> list[Reply]:
    """All blocks of the reply that a block belongs to, in order."""
    first = last = int(block.id)
    while _is_part(blocks, first):
        first -= 1
    while last + 1 < len(blocks) and _is_part(blocks, last + 1):
        last += 1
    return [one for one in blocks[first : last + 1] if isinstance(one, Reply)]


def _is_part(blocks: Sequence[Block], id: int) -> bool:
    block = blocks[id]
    return isinstance(block, Reply) and block.part and id > 0


def message_piece(blocks: Sequence[Block], id: BlockId) -> Piece:
    """A block as it may be shown."""
    match blocks[id]:
        case Reply():
            name = "the reply"
        case Prompt():
            name = "the prompt"
        case Thinking():
            name = "the thought"
        case ToolCard():
            name = "the tool's output"
        case _:
            name = "the message"
    suffix = "txt" if isinstance(blocks[id], ToolCard) else "md"
    return Piece(name, neutralise(message_text(blocks, id)).strip("\n"), suffix)


def last_reply(blocks: Sequence[Block], *, with_code: bool = False) -> BlockId | None:
    """The last reply, or the last that holds code."""
    for block in reversed(blocks):
        if not isinstance(block, Reply) or block.gone or not block.size:
            continue
        if not with_code or codes_of(message_text(blocks, block.id)):
            return block.id
    return None


def wanted(words: str, blocks: Sequence[Block], tz: dt.tzinfo | None) -> Piece | str:
    """What is named by `reply`, `code`, `code 2`, `all` or nothing; or why there is no such thing.

    Code is that of the last reply that holds any; without a number the last of it.
    """
    what, _, rest = words.strip().lower().partition(" ")
    if what == "all":
        piece = whole(blocks, tz)
        return piece if piece.text else "Nothing stands here yet."
    if what not in ("", "reply", "code"):
        return f"{words} is nothing to take: reply, code, code 2 or all."
    id = last_reply(blocks, with_code=what == "code")
    if id is None:
        return "No reply holds code." if what == "code" else "There is no reply yet."
    if what != "code":
        return message_piece(blocks, id)
    codes = codes_of(message_text(blocks, id))
    number = int(rest) if rest.isdecimal() and len(rest) < 6 else 0 if rest else len(codes)
    if not 0 < number <= len(codes):
        count = len(codes)
        return f"That reply holds {count} block{'s' * (count != 1)} of code: there is no {rest}."
    return code_piece(codes, number - 1)


def whole(blocks: Sequence[Block], tz: dt.tzinfo | None) -> Piece:
    """All of a transcript as Markdown."""
    parts = [part for block in blocks if not block.gone for part in _markdown(blocks, block, tz)]
    return Piece("the conversation", "\n\n".join(parts))


def _markdown(blocks: Sequence[Block], block: Block, tz: dt.tzinfo | None) -> Iterator[str]:
    if _is_part(blocks, block.id):
        return  # said with the first
    text = neutralise(message_text(blocks, block.id)).strip("\n")
    match block:
        case Prompt():
            yield f"## You, {block.at.astimezone(tz):%Y-%m-%d %H:%M}"
            yield text or "(go on)"
            for file in block.files:
                yield f"(with {neutralise(f'{file.name}, {file.about}', strict=True)})"
        case Reply() if text:
            yield text
        case Thinking() if text:
            yield "\n".join(f"> {line}" for line in text.split("\n"))
        case ToolCard():
            about = neutralise(subject(block.name, block.args), strict=True)
            yield f"**{neutralise(block.name, strict=True)}** {about}".rstrip()
            if text:
                yield f"{_FENCE}\n{text}\n{_FENCE}"
        case Failure() | Notice() if text:
            yield f"*{text.replace(chr(10), ' ').strip()}*"
        case _:
            pass
