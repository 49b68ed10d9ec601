"""What stands in a transcript: a closed union of blocks, each with an id and a version."""

from __future__ import annotations

import datetime as dt
from typing import Any, NewType

import msgspec

from tui.events.base import CallId, RequestId
from tui.events.route import Payer, RouteDecided
from tui.events.tool import FileChanged
from tui.session.turn_sums import Paid, PlatformSum
from tui.session.words import SentFile, Tone

BlockId = NewType("BlockId", int)
"""Blocks are numbered from 0 in the order in which they stand; none is ever taken out."""


class Base(msgspec.Struct, kw_only=True):
    """`version` rises with every change; only the model changes a block.

    `seq` is that of the event it came with; one that is `gone` was taken back and takes no room.
    """

    id: BlockId
    version: int = 0
    seq: int = 0
    gone: bool = False


class Prompt(Base, kw_only=True):
    """What the person sent; empty where it goes on with what broke off."""

    text: str
    at: dt.datetime
    files: tuple[SentFile, ...] = ()


class Streamed(Base, kw_only=True):
    """Text that came in pieces. `size` and `breaks` count its characters and newlines."""

    request: RequestId
    parts: list[str] = msgspec.field(default_factory=list[str])
    size: int = 0
    breaks: int = 0
    streaming: bool = True
    payer: Payer | None = None

    @property
    def text(self) -> str:
        """All of it."""
        if len(self.parts) > 1:
            # One string instead of thousands, the next time somebody asks.
            self.parts[:] = ["".join(self.parts)]
        return self.parts[0] if self.parts else ""


class Reply(Streamed, kw_only=True):
    """What the model said, in Markdown; a long reply is several, each but the first a `part`.

    `lead` is what a part goes on with; it stands `apart` where a blank line is between.
    """

    part: bool = False
    lead: str = ""
    apart: bool = False


class Thinking(Streamed, kw_only=True):
    """What the model thought; `ended` is None while it thinks."""

    began: dt.datetime
    ended: dt.datetime | None = None


class ToolCard(Base, kw_only=True):
    """A tool call. `output` is None while it runs.

    Args:
        granted: For how long a yes of the person's holds, in words; empty for this call alone.
        said: The person's words with a no, or the answer to what the model asked.
        question: What the model asks the person.
        tail: The last of what it has given so far while it runs.
        streamed: Characters of all that it has given so far.
        lines: Line ends among them.
        files: How many files it has changed.
        change: What it does to its one file, where the log has that.
        outdated: A later call of the same tool says more than this one.
    """

    call: CallId
    name: str
    args: dict[str, Any] | None
    raw: str | None
    started: dt.datetime | None = None  # when it was allowed to run
    asked: bool = False  # waits for the person
    decision: str = ""  # what was decided, in words, where a person would want to know
    denied: bool = False
    output: str | None = None
    ok: bool = True
    truncated: bool = False
    seconds: float | None = None
    granted: str = ""
    said: str = ""
    question: str | None = None
    tail: str = ""
    streamed: int = 0
    lines: int = 0
    files: int = 0
    change: FileChanged | None = None
    outdated: bool = False


class ServerTool(Base, kw_only=True):
    """A tool that the provider ran itself."""

    name: str


class Failure(Base, kw_only=True):
    """A request or turn that failed, and the wait for the next try where there is one."""

    kind: str
    message: str
    hint: str
    route: RouteDecided | None = None  # of the request that failed
    since: dt.datetime | None = None  # when the wait for the next try began
    until: dt.datetime | None = None  # when it is tried again
    attempt: int = 0
    waited_s: float | None = None  # set once the wait is over
    asked: bool = False  # a panel asks how it goes on, and counts down
    settled: bool = False  # it went on
    raw: str = ""  # all that the other side said, where that is more than the message
    theirs: str = ""  # its id of the request


class Notice(Base, kw_only=True):
    """One sentence about how something ended or changed; `receipts` as of a footer, if any."""

    text: str
    tone: Tone = "mute"
    receipts: bytes = b""


class Footer(Base, kw_only=True):
    """The end of a turn: one entry for each route that it took, the fee of the platform apart.

    `receipts`: of its requests, as `tui.session.turn_sums.read_receipts` reads them.
    """

    paid: list[Paid]
    platform: PlatformSum | None = None
    receipts: bytes = b""


Block = Prompt | Thinking | Reply | ToolCard | ServerTool | Failure | Notice | Footer


def gap_before(previous: Block | None, block: Block) -> int:
    """Blank lines above a block: steps stand together, turns apart (look/README.md, air)."""
    match block:
        case _ if previous is None:
            return 1
        case Prompt():
            return 2
        case Reply(part=True) if isinstance(previous, Reply):
            return int(block.apart)
        case Thinking() | ToolCard() | ServerTool():
            return 0 if isinstance(previous, Thinking | ToolCard | ServerTool) else 1
        case Reply() | Failure() | Notice() | Footer():
            return 1
