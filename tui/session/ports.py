"""What a session needs from outside; `tui.runtime` picks who gives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from tui.billing.budget import Limits
from tui.events.base import RequestId
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import Payer
from tui.events.session import Mode
from tui.events.tool import ToolSpec
from tui.providers.base import Access, Api, ModelRequest, StreamPart


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who serves the next request and who pays: all a session may know of it."""

    model: str  # as picked
    wire_model: str  # as it is called there
    api: Api
    provider: str  # whose prices and names count
    connection: str
    payer: Payer
    why: str
    label: str
    host: str  # "scheme://host:port"
    base_url: str
    vendor: str | None = None
    local: bool = False
    thinking: str | None = None
    efforts: tuple[str, ...] = ()
    tools: bool = True
    context: int | None = None  # tokens
    max_output: int | None = None  # tokens


class Router(Protocol):
    """Decides routes and opens connections."""

    def decide(self, model: str) -> Decision:
        """The route of a request to `model` now.

        Raises:
            NoRoute: nothing can serve it; the message says why and what would help.
        """
        ...

    async def open(self, decision: Decision) -> Access:
        """The way in: the secret fetched, a local model started.

        Raises:
            RequestError: it cannot be opened (no key any more, keyring locked, model missing).
        """
        ...

    def warm(self, model: str) -> None:
        """`model` was chosen: get ready for its first request, without waiting."""
        ...

    def default_model(self, last_used: str | None) -> str | None:
        """The model when none is named (design.md §6), or None."""
        ...


class Pricer(Protocol):
    """What requests cost."""

    def prompt_estimate(self, decision: Decision, tokens: int, at: dt.datetime) -> int | None:
        """Nano-dollars of a prompt of `tokens` at the uncached price, or None."""
        ...

    def token_price(self, decision: Decision, at: dt.datetime) -> Decimal | None:
        """Dollars of one output token, or None."""
        ...

    def receipt(
        self,
        request: RequestId,
        decision: Decision,
        raw: dict[str, Any] | None,
        context: dict[str, Any],
        at: dt.datetime,
    ) -> tuple[UsageReported | None, ChargeRecorded]:
        """Usage in our words, and what it cost; no usage: a charge that is unknown."""
        ...


Offered = Literal["read", "all"]
"""The tools that only read, or all."""


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    output: str
    truncated: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A file's bytes before (None: not there) and after, and the same for a person."""

    path: str
    before: bytes | None
    after: bytes
    diff: str


class ToolVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a call may run: `verdict` is allow, ask or deny."""

    verdict: str
    why: str
    what: str
    rule: str | None = None  # what "always here" would remember
    change: Change | None = None  # what it would do to a file


class Toolbox(Protocol):
    """The tools of one folder."""

    def specs(self, offered: Offered) -> tuple[ToolSpec, ...]:
        """The tools that the model is told of."""
        ...

    async def judge(self, name: str, args: dict[str, Any], mode: Mode) -> ToolVerdict:
        """Whether the rules let the call run."""
        ...

    async def run(self, name: str, args: dict[str, Any]) -> ToolResult:
        """Run it; a tool that fails gives a result that says so."""
        ...


class Scrub(Protocol):
    """Takes stored keys out of text."""

    def text(self, text: str) -> str: ...

    def data(self, data: bytes) -> bytes: ...

    def stream(self) -> ScrubFeed: ...


class ScrubFeed(Protocol):
    """Takes stored keys out of a stream; holds back what may be the start of one."""

    def feed(self, delta: str) -> str: ...

    def finish(self) -> str: ...


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    router: Router
    pricer: Pricer
    scrub: Scrub
    ready: Callable[[], Awaitable[None]]  # every stored key is known to `scrub` from then on
    limits: Callable[[], Limits]  # the budgets in force
    toolbox: Callable[[Path], Toolbox]
    mode: Callable[[], Mode]  # of a session that begins now
    stream: Callable[[Api, ModelRequest, Access], AsyncGenerator[StreamPart]]
    clock: Callable[[], dt.datetime]
    branch: Callable[[Path], str | None]
