"""A session's events as lines, one for each thing that a person would want to know."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tui.events.base import CallId
from tui.events.budget import BudgetAnswered, BudgetNeared
from tui.events.codec import Recorded
from tui.events.failing import PayerAnswered, WayOutAsked, WayOutTaken
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import FallbackTaken, RequestFinished, RouteDecided
from tui.events.session import (
    EngineRestarted,
    GuidesRead,
    HistoryCompacted,
    ModeChosen,
    ModelChosen,
    SessionForked,
    SessionRewound,
    SessionTitled,
)
from tui.events.stream import BlockClosed, TextStreamed, ThinkingStreamed
from tui.events.tool import (
    ApprovalDecided,
    FileChanged,
    ServerTold,
    ServerToolUsed,
    ShellRun,
    ToolCalled,
    ToolReturned,
    ToolStreamed,
)
from tui.events.turn import (
    ErrorRaised,
    MessageQueued,
    PromptAdded,
    RetryScheduled,
    TurnFinished,
    TurnStarted,
)
from tui.linear.words import (
    Names,
    error_lines,
    footer,
    here,
    model_line,
    retry_line,
    sentence,
    short,
)
from tui.session import life
from tui.session.call_words import did, result_words, subject
from tui.session.exit_status import exit_status
from tui.session.turn_sums import TurnSum
from tui.session.way_words import fallback_words, payer_words, taken_words, way_line
from tui.session.words import decided, ending, granted, lasted
from tui.text import neutralise, truncate

if TYPE_CHECKING:
    from tui.linear.voice import Voice
    from tui.session.projection import SessionState

SILENT_S = 15.0
"""From here on a silence is said."""
_LONGEST_SUBJECT = 100


class Teller:
    """Tells one session.

    Args:
        voice: Says the lines.
        names: Names for people.
        state: The session's state, which has each event already when it is told.
    """

    def __init__(self, voice: Voice, names: Names, state: SessionState) -> None:
        self.shows_thinking = False
        self.broken_off = False
        """Whether the last turn can be gone on with."""
        self.status = 0
        """What the last turn asks a program to exit with."""
        self._voice = voice
        self._names = names
        self._state = state
        self._sum = TurnSum(began=dt.datetime.min.replace(tzinfo=dt.UTC))
        self._thinks_since: dt.datetime | None = None
        self._calls: dict[CallId, ToolCalled] = {}
        self._notes: dict[CallId, str] = {}
        self._own: set[CallId] = set()
        self._files: dict[CallId, int] = {}
        self._failed: ErrorRaised | None = None
        self._error: str | None = None
        self._refused = False
        self._silence_said = 0.0
        self._heard = self._sum.began

    def tell(self, record: Recorded) -> None:
        """Tell the next event."""
        event, at = record.event, record.at
        self._silence_said, self._heard = 0.0, at
        if not isinstance(event, ThinkingStreamed):
            self._end_thinking(at)
        match event:
            case TextStreamed():
                self._sum.streamed(event.request, "writing", event.delta, at)
                self._voice.stream(event.delta)
            case ThinkingStreamed():
                self._think(event, at)
            case BlockClosed():
                self._voice.end_line()
            case ToolCalled() | ToolReturned() | ToolStreamed() | ApprovalDecided() | FileChanged():
                self._tool(event)
            case ShellRun():
                self._own.add(event.call)
            case ServerToolUsed():
                self._voice.aside(f"The provider used {short(event.name)}.")
            case ErrorRaised() | RetryScheduled():
                self._went_wrong(event)
            case TurnStarted() | TurnFinished() | PromptAdded() | MessageQueued():
                self._turn(event, at)
            case RouteDecided() | RequestFinished() | UsageReported() | ChargeRecorded():
                self._request(event, at)
            case _:
                self._session(record)

    # The model's own words.

    def _think(self, event: ThinkingStreamed, at: dt.datetime) -> None:
        self._sum.streamed(event.request, "thinking", event.delta, at)
        if self._thinks_since is None:
            self._thinks_since = at
            if self.shows_thinking:
                self._voice.aside("Thinking:")
        if self.shows_thinking:
            self._voice.stream(event.delta)

    def _end_thinking(self, at: dt.datetime) -> None:
        if self._thinks_since is not None:
            took = lasted((at - self._thinks_since).total_seconds())
            self._thinks_since = None
            self._voice.aside(f"Thought for {took}.")

    # Tools.

    def _tool(
        self, event: ToolCalled | ToolReturned | ToolStreamed | ApprovalDecided | FileChanged
    ) -> None:
        match event:
            case ToolCalled():
                self._calls[event.id] = event
                self._voice.end_line()
            case ToolStreamed() if event.call in self._own:
                self._voice.stream(event.delta)
            case ToolStreamed():
                pass
            case ApprovalDecided():
                said = granted(event) or decided(event.decision, event.by, event.rule)
                if event.decision == "deny":
                    self._refused = True
                    said = f"{said}: {short(event.said)}" if event.said else said
                if said and (event.decision == "deny" or event.scope != "once"):
                    self._notes[event.call] = said
            case FileChanged():
                self._files[event.call] = self._files.get(event.call, 0) + 1
            case ToolReturned():
                self._voice.end_line()
                self._returned(event)

    def _returned(self, event: ToolReturned) -> None:
        made = self._calls.pop(event.call, None)
        about = subject(event.name, made.args if made is not None else None)
        shown = truncate(neutralise(about, strict=True), _LONGEST_SUBJECT)
        went = result_words(event.name, event.output, ok=event.ok).text
        note = self._notes.pop(event.call, "")
        if event.call in self._own:
            self._own.discard(event.call)
            ended = went if went.startswith("exit ") or not event.ok else "done"
            self._voice.aside(f"Your command: {ended}.")
            return
        denied = note.startswith("refused")
        verb = did(event.name, done=not denied and event.ok)
        parts = [part for part in (note, "" if denied else went) if part]
        parts += ["changed a file"] if self._files.pop(event.call, 0) and event.ok else []
        if event.seconds is not None and not denied:
            parts.append(lasted(event.seconds))
        failed = "" if event.ok or denied else "failed: "
        behind = f": {failed}{', '.join(parts)}" if parts else ""
        self._voice.aside(f"Tool: {verb} {shown}".rstrip() + behind)

    # What failed.

    def _went_wrong(self, event: ErrorRaised | RetryScheduled) -> None:
        self._sum.broke_off(event.request)
        match event:
            case ErrorRaised(kind="cancelled"):
                pass
            case ErrorRaised():
                self._voice.end_line()
                self._failed, self._error = event, event.kind
                if not self._state.working:
                    self._say_failed()
            case RetryScheduled():
                self._voice.aside(retry_line(event, self._failed, self._who))
                self._failed = self._error = None

    def _say_failed(self) -> None:
        failed, self._failed = self._failed, None
        if failed is not None:
            self._voice.say(error_lines(failed, self._who))

    @property
    def _who(self) -> str | None:
        route = self._sum.route
        return None if route is None else self._names.provider(route.model, route.connection)

    # Turns and requests.

    def _turn(
        self, event: TurnStarted | TurnFinished | PromptAdded | MessageQueued, at: dt.datetime
    ) -> None:
        match event:
            case TurnStarted():
                self._sum = TurnSum(began=at)
                self._calls.clear()
                self._failed, self._error, self._refused = None, None, False
                self.broken_off = False
            case PromptAdded():
                self._voice.aside(f"The agent has read: {short(event.prompt)}")
            case MessageQueued():
                self._voice.aside(f"Waits for the agent: {short(event.text)}")
            case TurnFinished():
                self._finish(event)

    def _finish(self, event: TurnFinished) -> None:
        self._voice.end_line()
        self._say_failed()
        said = ending(
            event.stop, engine_died=self._sum.engine_died, failed=self._error is not None
        )  # fmt: skip
        if said is not None:
            self._voice.say(sentence(here(said[0])))
        self.broken_off = event.stop not in ("end", "stop_sequence", "refusal", "filter")
        self.status = exit_status(event.stop, self._error, refused=self._refused)
        state = self._state
        for line in footer(
            self._sum.paid(),
            self._names,
            turn=(event.nano, event.unknown),
            session=(state.session_nano, state.session_unknown),
            platform=self._sum.platform,
        ):
            self._voice.aside(line)

    def _request(
        self,
        event: RouteDecided | RequestFinished | UsageReported | ChargeRecorded,
        at: dt.datetime,
    ) -> None:
        match event:
            case RouteDecided():
                self._sum.routed(event, at)
            case RequestFinished():
                self._sum.answered(event.request, event.model)
            case UsageReported() | ChargeRecorded():
                self._sum.accounts(event)

    # The session's own life.

    def _session(self, record: Recorded) -> None:
        said = ""
        match event := record.event:
            case ModelChosen():
                said = model_line(self._names, event.model, event.effort)
            case ModeChosen():
                said = life.from_now_on(event.mode)
            case SessionTitled():
                said = f"its title is {short(event.title)}"
            case SessionForked():
                said = life.forked(event)
            case SessionRewound():
                said = life.rewound(event)
                self.broken_off = False
            case HistoryCompacted():
                usage = self._sum.used(event.request) if event.request is not None else None
                said = life.compacted(usage)
            case GuidesRead() | ServerTold() | BudgetAnswered() | BudgetNeared():
                said = life.around(event)
            case FallbackTaken():
                said = fallback_words(event, self._names)
            case WayOutAsked() if event.until is not None:
                self._voice.aside("Another way than to wait: its number, and Enter.")
                for number, way in enumerate(event.ways, start=1):
                    self._voice.say(f"{number}. {way_line(way, event, self._names)}")
            case WayOutTaken():
                said = taken_words(event, self._names)
                if event.way is not None and event.way.what != "edit":
                    self._failed = self._error = None
            case PayerAnswered():
                said = payer_words(event)
            case EngineRestarted():
                self._sum.engine_died = True
            case _:
                pass
        if said:
            self._voice.aside(sentence(said))

    def say_silence(self, now: dt.datetime) -> None:
        """Say that nothing has been heard for long: after 15 s, then each time it has doubled."""
        silent = (now - self._heard).total_seconds()
        waits = self._state.activity in ("resting", "approval", "waiting")
        if waits or silent < max(SILENT_S, self._silence_said * 2):
            return
        self._silence_said = silent
        running = next(iter(self._calls.values()), None)
        doing = "it waits for the model"
        if running is not None:
            doing = f"{did(running.name, done=False)} is still running"
        self._voice.aside(f"Nothing was heard for {lasted(silent)}: {doing}. Ctrl+C stops it.")
