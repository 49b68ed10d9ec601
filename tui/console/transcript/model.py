"""Events folded into blocks. Pure: no Textual, no clock but an argument, no Markdown."""

from __future__ import annotations

import datetime as dt
from typing import assert_never

from tui.console.transcript import progress
from tui.console.transcript.blocks import (
    Failure,
    Footer,
    Notice,
    Prompt,
    Reply,
    ServerTool,
    Streamed,
    Thinking,
    ToolCard,
)
from tui.console.transcript.calls import doing
from tui.console.transcript.checklist import checklist
from tui.console.transcript.going_on import going_on
from tui.console.transcript.paying import Paying
from tui.events.base import CallId
from tui.events.budget import BudgetAnswered, BudgetNeared, BudgetReached, CeilingAsked
from tui.events.codec import Recorded
from tui.events.failing import PayerAnswered, PayerAsked, WayOutAsked, WayOutTaken
from tui.events.money import ChargeRecorded, LimitsReported, UsageReported
from tui.events.route import FallbackTaken, RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import (
    EngineRestarted,
    GuidesRead,
    HistoryCompacted,
    ModeChosen,
    ModelChosen,
    SessionCreated,
    SessionForked,
    SessionRewound,
    SessionTitled,
)
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import (
    ApprovalAsked,
    ApprovalDecided,
    FileChanged,
    PersonAnswered,
    PersonAsked,
    ServerTold,
    ServerToolUsed,
    ShellRun,
    ToolCalled,
    ToolReturned,
    ToolStreamed,
)
from tui.events.turn import (
    DoneStop,
    ErrorRaised,
    MessageQueued,
    MessageUnqueued,
    PromptAdded,
    RetryBegun,
    RetryScheduled,
    TurnFinished,
    TurnStarted,
)
from tui.session.life import around, compacted, forked, from_now_on, rewound
from tui.session.turn_sums import WAITS_FOR_YOU, TurnSum, Working
from tui.session.words import decided, ending, sent_files

_CAN_GO_ON: frozenset[DoneStop] = frozenset(
    ("incomplete", "interrupted", "length", "pause", "tool", "max_steps", "error", "budget")
)


class TranscriptModel(Paying):
    """One session's blocks, in order. Blocks are the model's: readers change none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.queued: dict[str, str] = {}
        self._calls: dict[CallId, ToolCard] = {}
        self._failed: Failure | None = None
        self._stop: DoneStop = "end"
        self._mode: Notice | None = None
        self._list: ToolCard | None = None

    @property
    def running(self) -> bool:
        """Whether a turn runs."""
        return self._turn is not None

    def working(self, now: dt.datetime) -> Working | None:
        """What the running turn does; None while the agent rests."""
        return self._turn.working(now) if self._turn else None

    @property
    def broken_off(self) -> bool:
        """Whether the last turn stopped before its end, so that it can be gone on with."""
        return self._turn is None and self._stop in _CAN_GO_ON

    def running_cards(self) -> list[ToolCard]:
        """Tool calls that run: their seconds tick."""
        return [card for card in self._calls.values() if card.started]

    @property
    def waiting(self) -> Failure | None:
        """The failure whose next try is being waited for."""
        failed = self._failed
        return failed if failed and failed.until and failed.waited_s is None else None

    def apply(self, record: Recorded) -> None:
        """Take in the next event of the session."""
        event, at = record.event, record.at
        self._seq = record.seq
        match event:
            case TextStreamed():
                self._streamed(event, at)
            case ThinkingStreamed():
                self._thought(event, at)
            case BlockClosed() | RequestFinished():
                self._closed(event, at)
            case TurnStarted() | TurnFinished() | EngineRestarted() | PromptAdded():
                self._turned(event, at)
            case ToolCalled() | ToolReturned() | ServerToolUsed() | ShellRun():
                self._used_tool(event, at)
            case RouteDecided() | UsageReported() | ChargeRecorded() | FallbackTaken():
                self._paid(event, at)
            case ErrorRaised() | RetryScheduled() | RetryBegun():
                self._went_wrong(event, at)
            case ApprovalAsked() | ApprovalDecided():
                self._approved(event, at)
            case MessageQueued():
                self.queued[event.message] = event.text
            case MessageUnqueued():
                self.queued.pop(event.message, None)
            case ResponseOpened():
                if served := self._turn or self._beside:
                    served.opened(event, at)
            case SessionCreated() | SessionTitled() | ModelChosen() | LimitsReported():
                pass  # shown elsewhere
            case ModeChosen() | SessionForked() | SessionRewound() | HistoryCompacted():
                self._lived(event, at)
            case GuidesRead() | ServerTold() | BudgetAnswered():
                self._say(around(event))
            case BudgetNeared():
                self._say(around(event), "warn")
            case BudgetReached() | CeilingAsked():
                self._now(WAITS_FOR_YOU)
            case WayOutAsked() | WayOutTaken() | PayerAsked() | PayerAnswered():
                self._asked_how(event)
            case ToolStreamed() | FileChanged() | PersonAsked() | PersonAnswered():
                self._went_on(event)
            case _:
                assert_never(event)

    def _asked_how(self, event: WayOutAsked | WayOutTaken | PayerAsked | PayerAnswered) -> None:
        said, tone = going_on(event, self._failed, self.names)
        if isinstance(event, WayOutAsked | WayOutTaken) and self._failed is not None:
            self._touch(self._failed)
            if self._turn and isinstance(event, WayOutTaken):
                self._turn.failed = event.way is None or event.way.what == "edit"
        if isinstance(event, WayOutAsked | PayerAsked):
            waits = isinstance(event, PayerAsked) or event.until is None
            self._now(WAITS_FOR_YOU if waits else "waiting to try again")
        elif said:
            self._say(said, tone)
            self._now("waiting for the model")

    def _streamed(self, event: TextStreamed, at: dt.datetime) -> None:
        block = self._open
        if not isinstance(block, Reply) or block.request != event.request:
            self._close_open(at)
            payer = self._turn.payer if self._turn else None
            block = Reply(id=self._next, request=event.request, payer=payer)
            self._begin(block)
        self._grow(block, event.delta)
        if self._turn:
            self._turn.streamed(event.request, "writing", event.delta, at)

    def _thought(self, event: ThinkingStreamed, at: dt.datetime) -> None:
        block = self._open
        if not isinstance(block, Thinking) or block.request != event.request:
            self._close_open(at)
            began = (self._turn.heard if self._turn else None) or at
            block = Thinking(id=self._next, request=event.request, began=began)
            self._begin(block)
        self._grow(block, event.delta)
        if self._turn:
            self._turn.streamed(event.request, "thinking", event.delta, at)

    def _closed(self, event: BlockClosed | RequestFinished, at: dt.datetime) -> None:
        self._close_open(at)
        if isinstance(event, RequestFinished) and (served := self._turn or self._beside):
            served.answered(event.request, event.model)

    def _turned(
        self, event: TurnStarted | TurnFinished | EngineRestarted | PromptAdded, at: dt.datetime
    ) -> None:
        self._close_open(at)
        match event:
            case TurnStarted() | PromptAdded():
                files = sent_files(event.attachments)
                self._add(Prompt(id=self._next, text=event.prompt, at=at, files=files))
                self._failed = None
                if isinstance(event, TurnStarted):
                    self._turn = TurnSum(at)
            case EngineRestarted():
                if self._turn:
                    self._turn.engine_died = True
                else:
                    self._say("the engine was started again")
            case TurnFinished():
                self._finish(event)

    def _finish(self, event: TurnFinished) -> None:
        turn, self._turn, self._stop = self._turn, None, event.stop
        self._calls.clear()
        if turn is None:
            return
        said = ending(event.stop, engine_died=turn.engine_died, failed=turn.failed)
        if said:
            self._say(*said)
        if paid := turn.paid():
            fee, receipts = turn.platform, turn.receipts()
            footer = Footer(id=self._next, paid=paid, platform=fee, receipts=receipts)
            self._add(footer)
            self._ended = turn, footer

    def _used_tool(
        self, event: ToolCalled | ToolReturned | ServerToolUsed | ShellRun, at: dt.datetime
    ) -> None:
        self._close_open(at)
        match event:
            case ToolCalled():
                card = ToolCard(
                    id=self._next, call=event.id, name=event.name, args=event.args, raw=event.raw
                )
                self._calls[event.id] = card
                self._add(card)
                self._outdate(card)
                self._now(f"calling {event.name}", heard=at)
            case ShellRun():
                card = self._calls[event.call] = progress.own(self._next, event, at)
                self._add(card)
            case ServerToolUsed():
                self._add(ServerTool(id=self._next, name=event.name))
            case ToolReturned():
                card = self._calls.pop(event.call, None)
                if card is not None:
                    progress.end(card, event)
                    self._touch(card)
                self._now("waiting for the model")

    def _now(self, doing: str, heard: dt.datetime | None = None) -> None:
        if self._turn:
            self._turn.doing, self._turn.heard = doing, heard

    def _approved(self, event: ApprovalAsked | ApprovalDecided, at: dt.datetime) -> None:
        card = self._calls.get(event.call)
        match event:
            case ApprovalAsked():
                self._now(WAITS_FOR_YOU)
                if card:
                    card.asked = True
            case ApprovalDecided():
                said = decided(event.decision, event.by, event.rule)
                if card:
                    progress.decide(card, event, at)
                    self._now(doing(card))
                elif said:
                    self._say(said, "mute" if event.decision == "allow" else "warn")
        if card:
            self._touch(card)

    def _went_on(self, event: ToolStreamed | FileChanged | PersonAsked | PersonAnswered) -> None:
        card = self._calls.get(event.call)
        match event:
            case PersonAsked():
                self._now(WAITS_FOR_YOU)
                if card:
                    progress.ask(card, event)
                else:
                    self._say(f"the agent asked: {event.question}")
            case PersonAnswered():
                self._now("waiting for the model")
                if card:
                    progress.answer(card, event)
                else:
                    self._say(f"you answered: {event.answer}")
            case ToolStreamed() if card:
                progress.stream(card, event)
            case FileChanged() if card:
                progress.change(card, event)
            case _:
                pass
        if card:
            self._touch(card)

    def _outdate(self, card: ToolCard) -> None:
        """Of several lists of what is to do only the last stays open."""
        if checklist(card.name, card.args):
            before, self._list = self._list, card
            if before is not None:
                before.outdated = True
                self._touch(before)

    def _lived(
        self,
        event: ModeChosen | SessionForked | SessionRewound | HistoryCompacted,
        at: dt.datetime,
    ) -> None:
        """The session itself changed."""
        self._close_open(at)
        match event:
            case ModeChosen():
                if self._mode is not None and self._mode is self.blocks[-1]:
                    self._mode.text = from_now_on(event.mode)
                    self._touch(self._mode)
                elif self.blocks:
                    self._say(from_now_on(event.mode))
                    self._mode = self._last_notice()
            case SessionForked():
                self._say(forked(event))
            case SessionRewound():
                self._take_back(lambda block: block.seq > event.to)
                self._stop, self._failed, self._ended, self._mode = "end", None, None, None
                self._calls.clear()
                self._say(rewound(event))
            case HistoryCompacted():
                request = event.request
                self._take_back(
                    lambda block: isinstance(block, Streamed) and block.request == request
                )
                self._say(compacted(None))
                if request is not None and (notice := self._last_notice()):
                    self._sums[request] = notice
                    self._tell_sum(request, notice)

    def _went_wrong(
        self, event: ErrorRaised | RetryScheduled | RetryBegun, at: dt.datetime
    ) -> None:
        self._close_open(at)
        if self._turn and not isinstance(event, RetryBegun):
            self._turn.broke_off(event.request)
        match event:
            case ErrorRaised(kind="cancelled"):
                self._say("stopped by you")
            case ErrorRaised():
                self._fail(event)
            case RetryScheduled():
                failed = self._failed
                if failed is None or failed.until is not None:
                    failed = self._fail(ErrorRaised(kind=event.why, message="", hint=""))
                failed.since, failed.until = at, at + dt.timedelta(seconds=event.after)
                failed.attempt = event.attempt
                self._touch(failed)
                if self._turn:
                    self._turn.failed = False
                self._now("waiting to try again")
            case RetryBegun():
                failed = self.waiting
                if failed and failed.since:
                    failed.waited_s = (at - failed.since).total_seconds()
                    self._touch(failed)

    def _fail(self, event: ErrorRaised) -> Failure:
        turn = self._turn
        failed = self._failed = Failure(
            id=self._next,
            kind=event.kind,
            message=event.message,
            hint=event.hint,
            raw=event.raw,
            theirs=event.provider_request_id or "",
            route=turn.route if turn else None,
        )
        self._add(failed)
        if turn:
            turn.failed, turn.heard = True, None
        return failed
