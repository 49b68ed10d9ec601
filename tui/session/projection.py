"""Events folded into the state of one session, for whoever shows or drives it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from tui.billing.counting import Family, family_of, live_tokens, streamed
from tui.billing.forecast import Habit
from tui.events.budget import BudgetAnswered, BudgetReached, CeilingAsked
from tui.events.codec import Recorded
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.events.money import IN_CREDITS, ChargeRecorded, LimitSeen, LimitsReported, UsageReported
from tui.events.route import RequestFinished, RouteDecided
from tui.events.session import (
    GuidesRead,
    HistoryCompacted,
    Mode,
    ModeChosen,
    ModelChosen,
    SessionCreated,
    SessionForked,
    SessionRewound,
    SessionTitled,
)
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import (
    ApprovalAsked,
    ApprovalDecided,
    PersonAnswered,
    PersonAsked,
    ShellRun,
    ToolCalled,
    ToolReturned,
)
from tui.events.turn import (
    ErrorRaised,
    MessageQueued,
    MessageUnqueued,
    RetryBegun,
    RetryScheduled,
    TurnFinished,
    TurnStarted,
)
from tui.money import nano_credits, to_nano
from tui.session.warmth import WarmCache, seen

Activity = Literal["resting", "asking", "thinking", "writing", "tool", "approval", "waiting"]

LEAST_RATIO, MOST_RATIO = 0.5, 2.0
"""Beyond these what a provider tells is no count of what was sent to it."""


class SessionState:
    """What is so after the events seen so far. Money in nano-dollars; None is unknown."""

    def __init__(self) -> None:
        self.seq = 0
        self.cwd = ""
        self.title: str | None = None
        self.branch: str | None = None
        self.model: str | None = None
        self.effort: str | None = None
        self.mode: Mode = "ask"
        self.given: dict[str, int] = {}  # allowed for the whole session, and by which event
        self.question: PersonAsked | None = None
        self.budget: BudgetReached | CeilingAsked | None = None  # what waits for the person
        self.way_out: WayOutAsked | None = (
            None  # a failed request waits for the person, or for time
        )
        self.payer_asked: PayerAsked | None = None
        self.payers_agreed = False  # whoever pays from now on in this session
        self.usual: RouteDecided | None = None  # the last route that nobody left the usual way for
        self.model_picked = False  # since then
        self.ceilings: dict[str, int] = {}  # what a request of a model without a price may cost
        self.guides: tuple[str, ...] = ()  # files with the folder's words that the model is told
        self.begun_at = 0  # what stands up to this event was copied out of another session
        self.turn = 0
        self.working = False
        self.activity: Activity = "resting"
        self.tool: str | None = None
        self.turn_began: dt.datetime | None = None
        self.waiting_until: dt.datetime | None = None
        self.approval: ApprovalAsked | None = None
        self.queued: dict[str, str] = {}
        self.open_calls: dict[str, str] = {}
        self.route: RouteDecided | None = None
        self.session_nano = 0
        self.session_unknown = 0
        self.turn_nano = 0
        self.turn_unknown = 0
        self.turn_credits: int | None = 0  # nano-credits
        self.limits: tuple[LimitSeen, ...] = ()
        self.context_tokens: int | None = None
        self.counted_by: str | None = None  # the model whose provider has told them
        # By model: a provider's count of a prompt for one of ours.
        self.ratios: dict[str, float] = {}
        self.cache: WarmCache | None = None  # that the last request left; None: none is known
        self.habit = Habit()
        self._turn_took = (0, 0)  # requests and output tokens of the turn so far
        self._streamed = 0
        self._family: Family = "other"
        self._live = False

    def apply(self, record: Recorded) -> None:
        """Take in the next event."""
        self.seq = record.seq
        event = record.event
        match event:
            case SessionCreated():
                self.cwd, self.branch = event.cwd, event.branch
            case SessionTitled():
                self.title = event.title
            case ModelChosen():
                self.model, self.effort, self.model_picked = event.model, event.effort, True
            case ModeChosen():
                self.mode = event.mode
            case TurnStarted() | TurnFinished():
                self._turn(record, event)
            case MessageQueued():
                self.queued[event.message] = event.text
            case MessageUnqueued():
                self.queued.pop(event.message, None)
            case RetryScheduled():
                self._end_live()
                self.activity = "waiting"
                self.waiting_until = record.at + dt.timedelta(seconds=event.after)
            case RetryBegun():
                self.activity, self.waiting_until = "asking", None
            case ToolCalled() | ToolReturned() | ApprovalAsked() | ApprovalDecided():
                self._tool(event)
            case PersonAsked() | PersonAnswered() | ShellRun():
                self._person(event)
            case BudgetReached() | CeilingAsked() | BudgetAnswered():
                self._budget(event)
            case WayOutAsked() | WayOutTaken() | PayerAsked() | PayerAnswered():
                self._failing(event)
            case GuidesRead():
                self.guides = event.files
            case SessionForked() | SessionRewound() | HistoryCompacted():
                self._lived(event)
            case LimitsReported():
                self.limits = event.limits
            case _:
                self._request(record)

    def _turn(self, record: Recorded, event: TurnStarted | TurnFinished) -> None:
        self.working = isinstance(event, TurnStarted)
        self._end_live()
        self.waiting_until = None
        if isinstance(event, TurnStarted):
            self.turn, self.turn_began = record.turn, record.at
            self.turn_nano = self.turn_unknown = self.turn_credits = 0
            self._turn_took = (0, 0)
            self.activity = "asking"
            if self.title is None and event.prompt.strip():
                self.title = event.prompt.strip().splitlines()[0]
        else:
            self.activity, self.approval, self.question = "resting", None, None
            self.budget = self.way_out = self.payer_asked = None
            if self._turn_took[0]:
                self.habit = self.habit.after(*self._turn_took)
            self._turn_took = (0, 0)

    def _tool(self, event: ToolCalled | ToolReturned | ApprovalAsked | ApprovalDecided) -> None:
        match event:
            case ToolCalled():
                self.open_calls[event.id] = event.name
                self.activity, self.tool = "tool", event.name
            case ToolReturned():
                self.open_calls.pop(event.call, None)
                if self.working and not self.open_calls:
                    self.activity, self.tool = "asking", None
            case ApprovalAsked():
                self.activity, self.approval = "approval", event
            case ApprovalDecided():
                self.activity, self.approval = "tool", None
                if event.by == "person" and event.scope != "once" and event.rule is not None:
                    self.given.setdefault(event.rule, self.seq)

    def _person(self, event: PersonAsked | PersonAnswered | ShellRun) -> None:
        match event:
            case PersonAsked():
                self.activity, self.question = "approval", event
            case PersonAnswered():
                self.activity, self.question = "tool", None
            case ShellRun():
                self.open_calls[event.call] = "shell"

    def _budget(self, event: BudgetReached | CeilingAsked | BudgetAnswered) -> None:
        if not isinstance(event, BudgetAnswered):
            self.activity, self.budget = "approval", event
            return
        self.activity, self.budget = "asking", None
        if event.choice == "ceiling" and event.nano is not None and event.model is not None:
            self.ceilings[event.model] = event.nano

    def _failing(self, event: WayOutAsked | WayOutTaken | PayerAsked | PayerAnswered) -> None:
        match event:
            case WayOutAsked():
                self.way_out = event
                self.activity = "approval" if event.until is None else "waiting"
            case WayOutTaken():
                self.way_out, self.waiting_until = None, None
                self.activity = "asking"
            case PayerAsked():
                self.activity, self.payer_asked = "approval", event
            case PayerAnswered():
                self.activity, self.payer_asked = "asking", None
                self.payers_agreed = self.payers_agreed or event.choice == "session"

    def _lived(self, event: SessionForked | SessionRewound | HistoryCompacted) -> None:
        if not isinstance(event, SessionForked):  # it begins with just what stands before it
            self.context_tokens = self.cache = None  # known again with the next request
        match event:
            case SessionForked():
                self.begun_at = self.seq
                self.session_nano = self.session_unknown = 0
                self.turn_nano = self.turn_unknown = 0
            case SessionRewound():
                self.given = {rule: seq for rule, seq in self.given.items() if seq <= event.to}
            case HistoryCompacted():
                pass

    def _request(self, record: Recorded) -> None:
        event = record.event
        match event:
            case RouteDecided():
                self.route = event
                if not event.chosen:
                    self.usual, self.model_picked = event, False
                if self.working:  # else it is a summary, by the person's wish
                    self.activity = "asking"
                self._live, self._streamed = True, 0
                self._family = family_of(event.model)
            case TextStreamed():
                self.activity = "writing"
                self._streamed += streamed(event.delta)
            case ThinkingStreamed():
                self.activity = "thinking"
                self._streamed += streamed(event.delta)
            case UsageReported():
                self._used(record.at, event)
            case ChargeRecorded():
                self.session_nano += event.nano or 0
                self.turn_nano += event.nano or 0
                self.session_unknown += event.nano is None
                self.turn_unknown += event.nano is None
                if event.payer in IN_CREDITS and self.turn_credits is not None:
                    more = nano_credits(event.credits)
                    self.turn_credits = None if more is None else self.turn_credits + more
                self._end_live()
            case ErrorRaised():
                self._end_live()  # what it may have cost was said before
            case RequestFinished():
                pass
            case _:
                pass

    def _used(self, at: dt.datetime, event: UsageReported) -> None:
        if event.input is not None:
            self.context_tokens = event.input + (event.output or 0)
        route = self.route
        if route is not None and route.request == event.request:
            self.cache = seen(route, event, at)
            self.counted_by = route.model
            if event.input and route.counted:
                told = event.input / route.counted
                self.ratios[route.model] = min(max(told, LEAST_RATIO), MOST_RATIO)
        if self.working and event.output is not None:  # else it is a summary
            requests, output = self._turn_took
            self._turn_took = (requests + 1, output + event.output)

    def rest(self) -> None:
        """Take it that nobody works on it: so it is shown while only its end is known."""
        self.working, self.activity, self.approval = False, "resting", None
        self.question = self.budget = self.way_out = self.payer_asked = None
        self.waiting_until, self.tool = None, None
        self.queued.clear()
        self._end_live()

    def _end_live(self) -> None:
        self._live = False
        self._streamed = 0

    @property
    def live_tokens(self) -> int:
        """About how many tokens the open request has written."""
        return live_tokens(self._streamed, self._family)

    @property
    def live_nano(self) -> int | None:
        """About what the open request costs so far; 0 with none open, None without a price."""
        if not self._live or self.route is None:
            return 0
        if self.route.payer == "nobody":
            return 0
        if self.route.estimate_nano is None or self.route.token_usd is None:
            return None
        return self.route.estimate_nano + to_nano(self.route.token_usd * Decimal(self.live_tokens))
