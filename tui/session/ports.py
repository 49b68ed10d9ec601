"""What a session needs from outside; `tui.runtime` picks who gives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tui.billing.budget import Limits, Worst
from tui.billing.credit_units import Purse, rate_of
from tui.billing.platform_fee import PlatformRate
from tui.errors import UsageError
from tui.events.base import RequestId
from tui.events.budget import Scope
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import Payer
from tui.events.session import Mode
from tui.events.tool import FileChanged, ServerTold, ToolSpec
from tui.providers.base import Access, Api, ModelRequest, StreamPart
from tui.routing.policy import Route, Situation
from tui.session.commands import ToolSet
from tui.session.replies import RuleRow


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who serves the next request and who pays: all a session may know of it."""

    route: Route  # with payer and reason, and what follows a failure
    model: str  # as picked; of `own-best`, the one that it picks
    wire_model: str  # as it is called there
    api: Api
    provider: str  # whose prices and names count
    connection: str
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
    extra_body: dict[str, Any] = {}  # laid over the request's
    price_source: str = ""  # of an endpoint: `tui.endpoints.records.PriceSource`
    listed: dict[str, str] = {}  # and the prices that its own list says, for forecasts
    top_up: str = ""  # where the account behind it is paid into; "": not known
    key_hint: str = ""  # what to do where its key is refused; "": what is always said
    ledger: str = ""  # the service whose ledger here pays; "": none does
    usd_per_credit: str = ""  # that service's rate, a decimal string; "": not known
    platform: PlatformRate | None = None  # of the agent's active time; None: no fee is due

    @property
    def payer(self) -> Payer:
        """Whose money it takes."""
        return self.route.payer

    @property
    def rate(self) -> Decimal | None:
        """Dollars per credit; in a ledger without a rate a credit is a dollar."""
        return rate_of(self.usd_per_credit) or (Decimal(1) if self.ledger else None)

    @property
    def purse(self) -> Purse | None:
        """What the request is held in, where a ledger here pays."""
        rate = self.rate
        return None if not self.ledger or rate is None else Purse(service=self.ledger, rate=rate)


class Router(Protocol):
    """Decides routes and opens connections."""

    def decide(self, model: str, folder: str = "", *, via: str = "") -> Decision:
        """The route of a request to `model` now.

        Args:
            model: As picked.
            folder: The session's; a key that it names is taken first.
            via: The connection that is to serve it, by the person's choice for now; empty: the
                usual way.

        Raises:
            NoRoute, OutOfCredits: nothing may serve it; the message says why, the hint what
                would help.
        """
        ...

    def situation(self, model: str, *, folder: str = "") -> Situation:
        """All that the route of a request to `model` depends on now."""
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

    def worst_case(self, decision: Decision, tokens: int, at: dt.datetime) -> Worst | None:
        """The most that a request with a prompt of at most `tokens` can cost; None: no price.

        Its cache may be written, and the prices are those of the longest prompt.
        """
        ...

    def next_request(
        self, decision: Decision, prompt: int, output: int, at: dt.datetime, *, cached: int = 0
    ) -> int | None:
        """A forecast in nano-dollars of a request whose prompt lies in a cache in part; or None."""
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


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    output: str
    truncated: bool = False


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a call would do to a file, as `tui.events.tool.FileChanged` has it."""

    path: str
    before: bytes | None
    after: bytes | None


class ToolVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a call may run: `verdict` is allow, ask or deny.

    Args:
        what, marks, diff, sandbox: See `tui.events.tool.ApprovalAsked`.
        rule: Of what asks, what "always here" would remember; else the rule that decided.
        exact: What names this very call, where that is more than `what`.
        change: What it does to a file.
        plan: For the toolbox alone: what was judged, and is all that a yes covers.
    """

    verdict: str
    why: str
    what: str
    rule: str | None = None
    exact: str | None = None
    marks: tuple[tuple[int, int], ...] = ()
    diff: str | None = None
    sandbox: str = ""
    change: FileChange | None = None
    plan: Any = None


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is judged by, beside the folder's own rules.

    Args:
        mode: How freely the agent works now.
        given: What the person has allowed for this session, as `ApprovalDecided` names it.
        allow: Rules that hold for this turn.
        tools: Which tools there are for the model.
    """

    mode: Mode
    tools: ToolSet = "all"
    given: frozenset[str] = frozenset()
    allow: tuple[str, ...] = ()


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """A running call's way to those who watch.

    Args:
        emit: Takes what it gives, piece by piece.
        ask: Puts a question with choices to the person and waits; None: nobody is there.
    """

    emit: Callable[[str], None]
    ask: Callable[[str, tuple[str, ...]], Awaitable[str]] | None = None


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """Real paths: those that are again as they were, and those that were left as they are."""

    files: tuple[str, ...]
    left: tuple[str, ...]


class Toolbox(Protocol):
    """The tools of one session in its folder."""

    async def prepare(self, which: ToolSet, *, turn_begins: bool) -> tuple[ServerTold, ...]:
        """Have the tools ready that come from elsewhere; before each request.

        Gives what is to be said of those since the last time. What cannot be had in time is
        left out for now, never waited for without end.
        """
        ...

    def specs(self, which: ToolSet) -> tuple[ToolSpec, ...]:
        """What the model is told of."""
        ...

    def only_reads(self, name: str) -> bool:
        """Whether calls of this tool change nothing, so that several may run at once."""
        ...

    async def judge(self, name: str, args: dict[str, Any], by: Judging) -> ToolVerdict:
        """Whether the rules let the call run."""
        ...

    async def run(
        self, name: str, args: dict[str, Any], verdict: ToolVerdict, live: Live
    ) -> ToolResult:
        """Run what was judged and let pass; a tool that fails gives a result that says so."""
        ...

    async def run_own(self, command: str, live: Live) -> ToolResult:
        """Run a shell command of the person's own, as they could anywhere."""
        ...

    async def remember(self, rule: str) -> None:
        """Let what this rule covers run in this folder from now on. Raises OwnkeyError."""
        ...

    async def take_back(self, changes: Sequence[FileChanged]) -> TakenBack:
        """Undo changes, given in their order, where nobody else has changed the file since."""
        ...

    async def close(self) -> None:
        """The session ends."""
        ...


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """One file with the folder's words for agents; the text is neutralised."""

    path: str
    text: str


class RuleBook(Protocol):
    """The approvals that were given for good; calls block."""

    def listed(self) -> tuple[RuleRow, ...]: ...

    def remove(self, rule: str, folder: str) -> bool:
        """Whether there was one of that name in that folder. Raises OwnkeyError."""
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


def no_limit_kept(scope: Scope, name: str, nano: int) -> None:
    """Where there are no settings. Raises UsageError."""
    raise UsageError("budgets cannot be kept here")


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What the person has agreed to of whose money goes where without a question.

    Args:
        fallback: Whether a request that failed on an own route may take credits, once.
        limit_nano: What may cost more a turn is asked again.
        always: The same for single kinds of error, with the limit of each; even where `fallback`
            is off.
        ask_on_change: Whether a payer that changes is asked about.
    """

    fallback: bool = False
    limit_nano: int = 500_000_000
    always: Mapping[str, int] = {}
    ask_on_change: bool = True

    def limit_of(self, kind: str) -> int:
        """What a turn's fallbacks of this kind may cost."""
        if not self.fallback:
            return self.always.get(kind, 0)
        return max(self.limit_nano, self.always.get(kind, 0))


def no_rule_kept(kind: str, nano: int) -> None:
    """Where there are no settings. Raises UsageError."""
    raise UsageError("a rule cannot be kept here")


async def no_credits_looked_at(service: str) -> None:
    """Where there is no credit service to ask."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    router: Router
    pricer: Pricer
    scrub: Scrub
    ready: Callable[[], Awaitable[None]]  # every stored key is known to `scrub` from then on
    plan: Callable[[], str]  # the organisation's, as the route rules count it
    limits: Callable[[], Limits]  # the budgets in force
    toolbox: Callable[[Path], Toolbox]  # of a session that begins in this folder
    mode: Callable[[], Mode]  # of a session that begins now
    guides: Callable[[Path], tuple[Guide, ...]]  # blocks
    rules: RuleBook
    stream: Callable[[Api, ModelRequest, Access], AsyncGenerator[StreamPart]]
    clock: Callable[[], dt.datetime]
    branch: Callable[[Path], str | None]
    # Makes a budget of a scope, or of a key or folder by name, the setting; blocks.
    keep_limit: Callable[[Scope, str, int], None] = no_limit_kept
    consent: Callable[[], Consent] = Consent  # in force now
    # Lets credits be taken after this kind of error from now on, for so much a turn; blocks.
    keep_fallback: Callable[[str, int], None] = no_rule_kept
    # Asks a credit service what is left now, within some seconds; routes go by it from then on.
    look_at_credits: Callable[[str], Awaitable[None]] = no_credits_looked_at
